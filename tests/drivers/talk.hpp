// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/wire.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

/// The settings of a talk and the faults of its stream. Sizes are in bytes.
struct talk_settings {
  using duration = std::chrono::steady_clock::duration;
  static constexpr auto never = static_cast<std::size_t>(-1);

  connection_options options = {};
  byte_vector received = {};          ///< Bytes that were read together with the handshake
  bool in_parts = false;              ///< Messages are read by receive_part() from the beginning
  std::size_t max_read = never;       ///< Most that one call reads
  std::size_t max_write = never;      ///< Most that one call writes
  std::size_t near_capacity = never;  ///< Most that may wait to be read by this side
  std::size_t far_capacity = never;   ///< Most that may wait to be read by the peer
  std::size_t wakes_at =
      1;  ///< Free capacity at which a waiting writer of an Asio stream continues
  duration read_takes = {};  ///< Duration of each read
  std::size_t failing_call = never;
  std::errc fault = std::errc::connection_reset;
};

/// One side of a conversation, with any driver, and the far end of its stream, in one thread. Time
/// passes only while this side waits.
class talk {
 public:
  using duration = std::chrono::steady_clock::duration;

  talk() = default;
  talk(const talk&) = delete;
  talk& operator=(const talk&) = delete;
  virtual ~talk() = default;

  virtual wire_end& far() = 0;

  /// Sets what the far end does whenever this side waits.
  virtual void when_idle(std::function<void()> turn) = 0;

  /// Time passes in which this side does not run.
  virtual void advance(duration time) = 0;

  /// Time passes in which the driver may run, without a call of the program.
  virtual void rest(duration time) { advance(time); }

  virtual duration elapsed() const = 0;

  /// The number of calls of the stream, each of which can be made to fail.
  virtual std::size_t calls() = 0;

  // Sending. A driver that waits for its writes returns their errors.
  virtual std::error_code write(std::string_view text) = 0;
  virtual std::error_code write(bytes_view binary) = 0;
  virtual std::error_code write(message_view view) = 0;
  virtual std::error_code write(const prepared_message& prepared) = 0;
  virtual std::error_code write_owned(std::string text) = 0;
  virtual std::error_code write_owned(byte_vector binary) = 0;
  virtual std::error_code write_part(message_view piece, part position) = 0;
  virtual std::error_code ping(bytes_view payload = {}) = 0;

  /// The next message, or how the connection has ended.
  virtual std::string receive() = 0;

  /// The same, or `nothing` when the timeout expires.
  virtual std::string receive(duration timeout) = 0;

  /// The next part of a message.
  virtual std::string receive_part() = 0;
  virtual std::string receive_part(duration timeout) = 0;

  /// Closes and waits for the end.
  virtual std::error_code close(std::optional<close_code> code = close_code::normal,
                                std::string_view reason = {}) = 0;

  /// Begins to close and does not wait.
  virtual std::error_code begin_close(std::optional<close_code> code = close_code::normal,
                                      std::string_view reason = {}) = 0;

  virtual void close_now() = 0;
  virtual bool is_open() const = 0;
  virtual closed close_reason() const = 0;
  virtual std::optional<duration> round_trip() const = 0;

  /// All messages until the end, and how the connection ended.
  lines receive_all() {
    lines story;
    do story.push_back(receive());
    while (!story.back().starts_with("closed{"));
    return story;
  }
};

}  // namespace hawser::test
