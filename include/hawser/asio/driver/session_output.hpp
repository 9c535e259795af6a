// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "hawser/asio/session/send_account.hpp"
#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/session_counters.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/owned_payload.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::detail {

/// One type for all sessions over one kind of stream, whatever extension was negotiated.
using session_connection = basic_connection<any_extension>;

/// Passes what a session sends to its connection, and counts it. On the session's thread.
class session_output {
 public:
  session_output(session_connection& connection, send_account& account,
                 session_counters& counters) noexcept
      : connection_{connection}, account_{account}, counters_{counters} {}

  /// Sends a message that was not queued. The account must have been asked whether it fits.
  std::error_code send(message_view view) {
    return count(connection_.send(view), view.payload.size());
  }

  /// Sends a fragment.
  std::error_code send(message_view piece, part position) {
    return count(connection_.send_part(piece, position), piece.payload.size(),
                 position == part::last);
  }

  /// Sends a message that was queued, and charged to the account.
  std::error_code send(send_command& command) {
    const auto size = payload_size(command);
    account_.take(kept_size(command));
    return count(
        std::visit([&](auto& held) { return this->send_held(command, held); }, command.payload),
        size);
  }

  /// Sends a ping that was queued. The connection's time must be set.
  std::error_code send(ping_command& command) {
    account_.take(kept_size(command));
    return connection_.send_ping(command.payload);
  }

 private:
  template <class Owned>
  std::error_code send_held(const send_command& command, Owned& held) {
    if constexpr (std::is_same_v<Owned, prepared_message>) {
      return connection_.send(held);
    } else {
      return connection_.send(command.kind, owned_payload{std::move(held)}, command.coding);
    }
  }

  std::error_code count(std::error_code ec, std::size_t size, bool ends_message = true) noexcept {
    if (!ec) counters_.count_sent(size, ends_message);
    return ec;
  }

  session_connection& connection_;
  send_account& account_;
  session_counters& counters_;
};

}  // namespace hawser::detail
