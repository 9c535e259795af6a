// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace hawser {

/// The limits of the output that a session has queued, in bytes.
struct send_budget {
  /// on_drained() is called when the queued output falls to half of this or less, after it exceeded
  /// this. Zero: when nothing is queued.
  std::size_t high = 1024 * 1024;

  /// A message that would exceed this is not queued. Zero: no limit. A message that alone is larger fails with
  /// errc::message_exceeds_budget under every policy: see session::begin_message().
  std::size_t hard = 16 * 1024 * 1024;

  /// What happens to such a message.
  enum class policy : std::uint8_t {
    refuse,  ///< send() fails with errc::send_budget_exceeded
    drop,    ///< The message is dropped and counted; send() does not fail
    close,   ///< The session is closed with 1008, because the peer is too slow
  };
  policy when_exceeded = policy::refuse;
};

}  // namespace hawser
