// SPDX-License-Identifier: BSL-1.0
#include <cstdlib>
#include <exception>
#include <iostream>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include <hawser/asio.hpp>

#include "arguments.hpp"

constexpr auto help = R"(echo_client URL [--once TEXT]

Sends each line of its input and prints what comes back.
Ends on Ctrl-D, or when the server closes.

  URL          the server
  --once TEXT  sends TEXT, prints the first message and ends

Example: echo_client ws://127.0.0.1:9001/ --once ahoy
)";

int fail(const std::string& sentence) {
  std::cerr << sentence << std::endl;
  return 1;
}

int report(const hawser::closed& end) {
  if (end.clean && end.code <= hawser::close_code::going_away) return 0;
  return fail(end.message());
}

int send_once(hawser::client_websocket& peer, std::string_view text) {
  if (const auto ec = peer.write(text)) return fail("Not sent: " + ec.message());
  const auto message = peer.read();
  if (message) std::cout << message->text() << std::endl;
  peer.close();
  const int failed = report(peer.close_reason());
  return message || failed ? failed : fail("The server closed without an answer (code 1000).");
}

int send_lines(hawser::client_websocket& peer) {
  std::counting_semaphore answers{0};
  std::thread printer{[&] {
    while (auto message = peer.read()) {
      std::cout << message->text() << std::endl;
      answers.release();
    }
    if (std::cin) std::_Exit(report(peer.close_reason()));  // the server closed the connection
  }};
  int unanswered = 0;
  for (std::string line; std::getline(std::cin, line); ++unanswered) peer.write(line);
  while (unanswered-- > 0 && answers.try_acquire_for(std::chrono::seconds{1})) {
  }
  peer.close();
  printer.join();
  return report(peer.close_reason());
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 1, 3};
  const bool once = given.size() == 3 && given.text(1) == "--once";
  if (given.size() > 1 && !once) given.fail("--once TEXT is expected after URL");
  auto peer = hawser::connect(given.text(0));
  return once ? send_once(peer, given.text(2)) : send_lines(peer);
} catch (const hawser::connect_error& error) {
  return fail(std::string{"No connection to "} + error.what());
} catch (const std::exception& error) {
  return fail(error.what());
}
