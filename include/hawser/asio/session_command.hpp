// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hawser/asio/occupied.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::detail {

/// What can be asked of a session from any thread, as something to keep until its own thread has time.
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
using session_command = std::variant<send_command, ping_command, close_command, abort_command,
                                     flow_command, drained_command, account_command>;

/// How much of the send budget a message or a ping takes while it is queued: what it occupies. The vector
/// of commands may have grown to twice what is in it.
inline std::size_t kept_size(const send_command& command) noexcept {
  return 2 * sizeof(session_command) +
         std::visit([](const auto& held) { return occupied_by(held); }, command.payload);
}
inline std::size_t kept_size(const ping_command& command) noexcept {
  return 2 * sizeof(session_command) + occupied_by(command.payload);
}

/// Whether the send budget limits how many of these wait.
inline bool is_budgeted(const session_command& command) noexcept {
  return std::holds_alternative<send_command>(command) ||
         std::holds_alternative<ping_command>(command);
}

/// What the budget does not limit takes the place of an older command of its kind, unless something that
/// is sent was queued after that: a queue that is not served does not grow by it. Then `command` is the
/// older one, which may own a handle.
inline bool replace_queued(std::vector<session_command>& queue, session_command& command) {
  if (is_budgeted(command)) return false;
  for (auto one = queue.rbegin(); one != queue.rend() && !is_budgeted(*one); ++one) {
    if (one->index() != command.index()) continue;
    one->swap(command);
    return true;
  }
  return false;
}

}  // namespace hawser::detail
