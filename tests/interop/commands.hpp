// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <hawser/asio.hpp>

/// Pings a silent peer after this time, and waits as long for the answer; for output to move, too.
inline void set_keep_alive(hawser::connection_options& options, const char* milliseconds) {
  options.keep_alive_interval = std::chrono::milliseconds{std::atoi(milliseconds)};
  options.keep_alive_timeout = options.keep_alive_interval;
  options.write_timeout = options.keep_alive_interval;
}

/// One line: `ended CODE clean [REASON]` or `ended CODE: ERROR`.
inline void print_ending(const hawser::closed& end) {
  std::ostringstream line;
  line << "ended " << static_cast<int>(end.code);
  if (end.clean) {
    line << " clean " << end.reason << '\n';
  } else {
    line << ": " << end.error.message() << '\n';
  }
  std::cout << line.str() << std::flush;
}

template <class Peer>
void send_fragments(Peer& peer, std::size_t size, std::string_view text) {
  auto message = peer.begin_message(hawser::message_kind::text);
  for (; text.size() > size; text.remove_prefix(size)) message.write(text.substr(0, size));
  message.finish(text);
}

/// Writes far more than a socket takes at once; if that fails, prints why.
template <class Peer>
void flood(Peer& peer, unsigned megabytes) {
  const std::string megabyte(1'000'000, 'a');
  std::error_code ec;
  while (!ec && megabytes-- > 0) ec = peer.write(megabyte);
  if (ec) std::cout << "not written: " + ec.message() + '\n' << std::flush;
}

/// `/ping PAYLOAD`, `/pong?` (answers whether a pong has come), `/fragments SIZE TEXT`,
/// `/flood MEGABYTES`, `/close [CODE REASON]`, `/drop`. False if `text` is no command.
template <class Peer>
bool obey(Peer& peer, std::string_view text) {
  std::istringstream words{std::string{text}};
  std::string command;
  unsigned number = 0;
  words >> command;
  if (command != "/ping") words >> number;
  std::string rest;
  std::getline(words >> std::ws, rest);
  if (command == "/ping") {
    peer.ping(hawser::as_bytes(rest));
  } else if (command == "/pong?") {
    peer.write(peer.round_trip() ? "yes" : "no");
  } else if (command == "/fragments") {
    send_fragments(peer, number, rest);
  } else if (command == "/flood") {
    flood(peer, number);
  } else if (command == "/close" && number == 0) {
    peer.close(std::nullopt);
  } else if (command == "/close") {
    peer.close(static_cast<hawser::close_code>(number), rest);
  } else if (command == "/drop") {
    peer.close_now();
  } else {
    return false;
  }
  return true;
}

/// Obeys commands and sends everything else back, until the connection ends, and prints how.
template <class Peer>
void follow(Peer& peer) {
  while (const auto message = peer.read()) {
    if (!message->is_text() || !obey(peer, message->text())) peer.write(*message);
  }
  print_ending(peer.close_reason());
}
