// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::test {

/// Whether `send(payload)` is possible with everything that each way of sending a message takes.
template <class Send>
concept takes_every_payload =
    std::invocable<Send, std::string_view> && std::invocable<Send, const char (&)[4]> &&
    std::invocable<Send, std::string&> && std::invocable<Send, std::string> &&
    std::invocable<Send, bytes_view> && std::invocable<Send, mutable_bytes> &&
    std::invocable<Send, std::vector<std::byte>> && std::invocable < Send,
        std::vector<std::byte>
& > &&std::invocable<Send, std::vector<std::uint8_t>>&&
        std::invocable<Send, std::span<const char>>&&
            std::invocable<Send, std::array<std::uint8_t, 3>>&& std::invocable<Send, message_view>&&
                std::invocable<Send, message&>&& std::invocable<Send, const prepared_message&>;

/// The call of `send(payload)`, declared only.
template <class Peer>
struct sending {
  template <class Payload>
  auto operator()(Payload&& payload) const
      -> decltype(std::declval<Peer&>().send(std::forward<Payload>(payload)));
};

/// The same for `write(payload)`.
template <class Peer>
struct writing {
  template <class Payload>
  auto operator()(Payload&& payload) const
      -> decltype(std::declval<Peer&>().write(std::forward<Payload>(payload)));
};

/// The same for `async_write(payload, token)`.
template <class Peer, class Token>
struct async_writing {
  template <class Payload>
  auto operator()(Payload&& payload) const
      -> decltype(std::declval<Peer&>().async_write(std::forward<Payload>(payload),
                                                    std::declval<Token>()));
};

}  // namespace hawser::test
