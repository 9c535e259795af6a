// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/awaitable.hpp>
#include <hawser/asio.hpp>

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

/// A command that a peer sends as a text: `/ping PAYLOAD`, `/pong?` (whether a pong has arrived), `/flood
/// MEGABYTES`, `/close [CODE REASON]`, `/drop`, and, to a blocking peer, `/fragments SIZE TEXT`.
struct command {
  std::string name;
  unsigned number = 0;
  std::string rest;

  explicit command(std::string_view text) {
    std::istringstream words{std::string{text}};
    words >> name;
    if (name != "/ping") words >> number;
    std::getline(words >> std::ws, rest);
  }
};

inline const std::string megabyte(1'000'000, 'a');

template <class Peer>
void send_fragments(Peer& peer, std::size_t size, std::string_view text) {
  auto message = peer.begin_message(hawser::message_kind::text);
  for (; text.size() > size; text.remove_prefix(size)) message.write(text.substr(0, size));
  message.finish(text);
}

/// Writes far more than a socket takes at once; if that fails, prints why.
template <class Peer>
void flood(Peer& peer, unsigned megabytes) {
  std::error_code ec;
  while (!ec && megabytes-- > 0) ec = peer.write(megabyte);
  if (ec) std::cout << "not written: " + ec.message() + '\n' << std::flush;
}

inline asio::awaitable<void> flood_session(const hawser::session& peer, unsigned megabytes) {
  for (; megabytes > 0; --megabytes) {
    if (const auto ec = co_await peer.drained()) co_return;
    peer.send(megabyte);
  }
}

inline void send(const hawser::session& peer, hawser::message_view message) { peer.send(message); }

template <class Peer>
void send(Peer& peer, hawser::message_view message) requires requires {
  peer.write(message);
}
{ peer.write(message); }

inline bool has_pong(const hawser::session& peer) {
  return peer.statistics().round_trip.has_value();
}

template <class Peer>
bool has_pong(Peer& peer) requires requires {
  peer.round_trip();
}
{ return peer.round_trip().has_value(); }

/// Runs a command that every kind of peer has. False if it is none of these.
template <class Peer>
bool obey(Peer& peer, const command& given) {
  if (given.name == "/ping") {
    peer.ping(hawser::as_bytes(given.rest));
  } else if (given.name == "/pong?") {
    const std::string_view answer = has_pong(peer) ? "yes" : "no";
    send(peer, {hawser::message_kind::text, hawser::as_bytes(answer)});
  } else if (given.name == "/close" && given.number == 0) {
    peer.close(std::nullopt);
  } else if (given.name == "/close") {
    peer.close(static_cast<hawser::close_code>(given.number), given.rest);
  } else if (given.name == "/drop") {
    peer.close_now();
  } else {
    return false;
  }
  return true;
}

/// Runs commands and echoes everything else until the connection ends, and prints how it ended.
template <class Peer>
void follow(Peer& peer) {
  while (const auto message = peer.read()) {
    const command given{message->is_text() ? message->text() : ""};
    if (given.name == "/flood") {
      flood(peer, given.number);
    } else if (given.name == "/fragments") {
      send_fragments(peer, given.number, given.rest);
    } else if (!obey(peer, given)) {
      peer.write(*message);
    }
  }
  print_ending(peer.close_reason());
}

/// The same for a session, whose handlers print how it ends.
inline asio::awaitable<void> follow_session(hawser::session peer) {
  while (const auto message = co_await peer.receive()) {
    const command given{message->is_text() ? message->text() : ""};
    if (given.name == "/flood") {
      co_await flood_session(peer, given.number);
    } else if (!obey(peer, given)) {
      peer.send(*message);
    }
  }
}
