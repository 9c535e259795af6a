// SPDX-License-Identifier: BSL-1.0
// conformance_client URL: requests the cases of a fuzzing server, echoes all messages of each until
// the server ends it, and requests the report.
#include <charconv>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

namespace {

hawser::connect_options options() {
  hawser::connect_options made;
  made.connection.max_message_size = 16 * 1024 * 1024;
  made.extension = hawser::permessage_deflate{{.threshold = 0}};
  return made;
}

int count_of_cases(const std::string& url) {
  auto peer = hawser::connect(url + "/getCaseCount", options());
  const auto answer = peer.read();
  int count = 0;
  if (answer) {
    const auto text = answer->text();
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  peer.close();
  return count;
}

/// Runs one case to its end, which the server judges.
void run_case(const std::string& url, int number) {
  auto peer =
      hawser::connect(url + "/runCase?case=" + std::to_string(number) + "&agent=hawser", options());
  while (const auto message = peer.read()) {
    if (peer.write(*message)) break;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: conformance_client URL\n";
    return 2;
  }
  std::string url = argv[1];
  while (url.ends_with('/')) url.pop_back();
  const int cases = count_of_cases(url);
  for (int number = 1; number <= cases; ++number) run_case(url, number);
  hawser::connect(url + "/updateReports?agent=hawser", options()).close();
  std::cout << cases << " cases" << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
