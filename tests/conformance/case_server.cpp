// SPDX-License-Identifier: BSL-1.0
// case_server: a server with a few cases for conformance_client, like a fuzzing server. Prints its URL, then
// the result of each case and whether the report was requested.
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

namespace {

const std::vector<std::string> cases{"", "echo me", std::string(100'000, 'x')};

/// The number of the requested case; 0 if none.
std::size_t case_of(const hawser::session& peer) {
  const auto query = peer.request().query();
  for (std::size_t i = 1; i <= cases.size(); ++i) {
    if (query == "case=" + std::to_string(i) + "&agent=hawser") return i;
  }
  return 0;
}

}  // namespace

int main() try {
  hawser::server_options options;
  options.extension = hawser::permessage_deflate{{.threshold = 0}};
  hawser::server server{options};
  server.route("/getCaseCount").on_open([](hawser::session& peer) {
    peer.send(std::to_string(cases.size()));
    peer.close();
  });
  auto& judge = server.route("/runCase");
  judge.on_open([](hawser::session& peer) {
    const auto number = case_of(peer);
    number == 0 ? peer.close_now() : void(peer.send(std::string_view{cases[number - 1]}));
  });
  judge.on_message([](hawser::session& peer, hawser::message_view message) {
    const auto number = case_of(peer);
    const bool same = number != 0 && message.is_text() && message.text() == cases[number - 1];
    std::cout << "case " << number << (same ? " passed" : " failed") << std::endl;
    peer.close();
  });
  server.route("/updateReports").on_open([](hawser::session& peer) {
    std::cout << "report for " << peer.request().query() << std::endl;
    peer.close();
  });
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
