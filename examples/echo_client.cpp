// SPDX-License-Identifier: BSL-1.0
// echo_client URL: sends lines and prints what comes back, until Ctrl-D or the server closes.
// echo_client URL --once TEXT: sends one text, prints the first message, closes.
#include <cstdlib>
#include <iostream>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include <hawser/asio.hpp>

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
  const bool once = argc == 4 && std::string_view{argv[2]} == "--once";
  if (argc != 2 && !once) return fail("usage: echo_client URL [--once TEXT]");
  auto peer = hawser::connect(argv[1]);
  return once ? send_once(peer, argv[3]) : send_lines(peer);
} catch (const hawser::connect_error& error) {
  return fail(std::string{"No connection to "} + error.what());
}
