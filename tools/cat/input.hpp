// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <iostream>
#include <istream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <hawser/hawser.hpp>

#include "cat/settings.hpp"

namespace tools::cat {

/// The standard input, which is read on a thread of its own. That thread may wait for ever, so the program ends without
/// destroying this object.
class input {
 public:
  explicit input(const settings& given) : given_{given} {}

  /// The next text to send as a message; nothing at the end.
  asio::awaitable<std::optional<std::string>> next() {
    if (!given_.messages.empty()) {
      if (next_message_ == given_.messages.size()) co_return std::nullopt;
      co_return given_.messages[next_message_++];
    }
    co_return co_await on_thread([] {
      std::string line;
      return std::getline(std::cin, line) ? std::optional{std::move(line)} : std::nullopt;
    });
  }

  /// The next piece of the input, of at most 64 KiB; nothing at the end.
  asio::awaitable<std::optional<std::string>> next_piece() {
    co_return co_await on_thread([] {
      std::string piece(std::size_t{64} * 1024, '\0');
      std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      piece.resize(static_cast<std::size_t>(std::cin.gcount()));
      return piece.empty() ? std::nullopt : std::optional{std::move(piece)};
    });
  }

  /// The rest of the input.
  static std::string rest() { return {std::istreambuf_iterator<char>{std::cin}, {}}; }

 private:
  template <class Read>
  asio::awaitable<std::optional<std::string>> on_thread(Read read) {
    return asio::co_spawn(
        thread_, [read]() -> asio::awaitable<std::optional<std::string>> { co_return read(); },
        asio::use_awaitable);
  }

  const settings& given_;
  std::size_t next_message_ = 0;
  asio::thread_pool thread_{1};
};

/// A text as a message of the kind that the settings choose.
inline hawser::message_view as_message(const settings& given, std::string_view text) {
  return {given.binary ? hawser::message_kind::binary : hawser::message_kind::text,
          hawser::as_bytes(text)};
}

/// Sends it as new content, whose text may not be UTF-8.
template <class Peer>
std::error_code send_to(Peer& peer, hawser::message_view what) {
  return what.kind == hawser::message_kind::text ? peer.send(what.text()) : peer.send(what.payload);
}

}  // namespace tools::cat
