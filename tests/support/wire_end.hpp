// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

using lines = std::vector<std::string>;

/// The far end of a stream, where the test writes every byte itself and reads every byte that arrives.
class wire_end {
 public:
  wire_end() = default;
  wire_end(wire_end&&) = default;
  wire_end& operator=(wire_end&&) = delete;
  virtual ~wire_end() = default;

  /// Writes as much as the stream accepts; say_on() writes the rest.
  void send(const byte_vector& some) {
    unsaid_ = unsaid_ + some;
    send_rest();
  }
  void send(std::string_view words) { send(bytes(words)); }

  virtual void send_rest() {
    const auto size = unsaid_.empty() ? 0 : put(unsaid_);
    unsaid_.erase(unsaid_.begin(), unsaid_.begin() + static_cast<std::ptrdiff_t>(size));
    if (unsaid_.empty() && std::exchange(hangs_up_, false)) end();
  }

  /// The number of bytes that the stream has not accepted yet.
  virtual std::size_t unsaid() const { return unsaid_.size(); }

  /// All that has arrived so far.
  const byte_vector& seen() {
    take(seen_, static_cast<std::size_t>(-1));
    return seen_;
  }

  /// Reads no more than that many of the arrived bytes; the rest stays in the stream.
  virtual void take_some(std::size_t most) { take(seen_, most); }

  /// The arrived frames as text.
  lines frames() { return frames_shown(seen()); }

  std::string text() { return test::text(seen()); }

  /// Whether the near end has ended its side.
  virtual bool over() = 0;

  /// Ends the stream after all bytes that were sent.
  void hang_up() {
    hangs_up_ = true;
    send_rest();
  }

  /// Resets the stream: bytes that were sent and not read are lost.
  virtual void reset() = 0;

  /// Ends the stream and reads nothing more.
  virtual void vanish() = 0;

 private:
  /// Sends as many bytes as the stream accepts, and returns their number.
  virtual std::size_t put(bytes_view some) = 0;

  /// Appends the bytes that have arrived, at most `most`.
  virtual void take(byte_vector& seen, std::size_t most) = 0;

  virtual void end() = 0;

  byte_vector seen_;
  byte_vector unsaid_;
  bool hangs_up_ = false;
};

}  // namespace hawser::test
