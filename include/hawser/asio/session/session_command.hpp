// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/asio/session/occupied.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::detail {

/// The commands that any thread may give to a session, queued until the session's own thread runs them.
struct send_command {
  message_kind kind;
  std::variant<std::vector<std::byte>, std::string, prepared_message> payload;
  hawser::coding coding = hawser::coding::agreed;
};
struct ping_command {
  std::vector<std::byte> payload;
};
struct close_command {
  std::optional<close_code> code;
  std::string reason;
};
struct abort_command {};
struct flow_command {
  bool paused;
};
struct drained_command {
  std::function<void()> hook;
};
struct account_command {};
struct budget_command {};  ///< The send budget closes the session, or has dropped its first message
using session_command =
    std::variant<send_command, ping_command, close_command, abort_command, flow_command,
                 drained_command, account_command, budget_command>;

/// How many bytes of the send budget a message or a ping uses while it is queued: the memory it
/// occupies. The vector's capacity may be up to twice its size.
inline std::size_t kept_size(const send_command& command) noexcept {
  return 2 * sizeof(session_command) +
         std::visit([](const auto& held) { return occupied_by(held); }, command.payload);
}
inline std::size_t kept_size(const ping_command& command) noexcept {
  return 2 * sizeof(session_command) + occupied_by(command.payload);
}

/// The number of bytes of the message itself.
inline std::size_t payload_size(const send_command& command) noexcept {
  if (const auto* shared = std::get_if<prepared_message>(&command.payload)) {
    return shared->payload().size();
  }
  const auto* const text = std::get_if<std::string>(&command.payload);
  return text != nullptr ? text->size() : std::get<0>(command.payload).size();
}

/// Whether the send budget limits the number of such commands.
inline bool is_budgeted(const session_command& command) noexcept {
  return std::holds_alternative<send_command>(command) ||
         std::holds_alternative<ping_command>(command);
}

/// Swaps two commands of the same kind, which the budget does not limit. Compiles faster than the swap of
/// std::variant, which is compiled for each pair of kinds; the other kinds have no members.
inline void swap_unbudgeted(session_command& one, session_command& other) {
  if (auto* const closing = std::get_if<close_command>(&one)) {
    std::swap(*closing, *std::get_if<close_command>(&other));
  } else if (auto* const flow = std::get_if<flow_command>(&one)) {
    std::swap(*flow, *std::get_if<flow_command>(&other));
  } else if (auto* const drained = std::get_if<drained_command>(&one)) {
    drained->hook.swap(std::get_if<drained_command>(&other)->hook);
  }
}

/// A command outside of the budget replaces an older one of its kind, unless a message was queued
/// after that, so that a queue that is not processed does not grow. `command` is then the older
/// one, which may own a handle.
inline bool replace_queued(std::vector<session_command>& queue, session_command& command) {
  if (is_budgeted(command)) return false;
  for (auto one = queue.rbegin(); one != queue.rend() && !is_budgeted(*one); ++one) {
    if (one->index() != command.index()) continue;
    swap_unbudgeted(*one, command);
    return true;
  }
  return false;
}

}  // namespace hawser::detail
