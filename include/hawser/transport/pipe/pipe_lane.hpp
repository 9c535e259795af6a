// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

#include "hawser/base/bytes.hpp"
#include "hawser/transport/pipe_faults.hpp"

namespace hawser::detail {

using pipe_time = std::chrono::steady_clock::time_point;

/// One direction of a memory_pipe: the bytes on their way to one end, and those that wait there to
/// be read.
class pipe_lane {
 public:
  /// Adds bytes, which arrive at `at`.
  void add(bytes_view some, pipe_time at) {
    bytes_.insert(bytes_.end(), some.begin(), some.end());
    announce(at, false);
  }

  /// The end of the stream arrives at `at`.
  void end(pipe_time at) { announce(at, true); }

  /// Lets arrive what is due.
  void receive(pipe_time now) {
    for (; !arrivals_.empty() && arrivals_.front().at <= now; arrivals_.pop_front()) {
      arrived_ = arrivals_.front().end;
      ended_ = arrivals_.front().last;
    }
  }

  /// The time of the next arrival, or max().
  pipe_time next_arrival() const {
    return arrivals_.empty() ? (pipe_time::max)() : arrivals_.front().at;
  }

  /// Takes what has arrived, as far as `faults` let one read. Returns the number of bytes.
  std::size_t take(mutable_bytes in, const pipe_faults& faults) {
    const auto size = (std::min)({readable(faults), faults.max_read, in.size()});
    const auto end = bytes_.begin() + static_cast<std::ptrdiff_t>(size);
    std::copy(bytes_.begin(), end, in.begin());
    bytes_.erase(bytes_.begin(), end);
    position_ += size;
    return size;
  }

  /// How many bytes have been read.
  std::size_t position() const noexcept { return position_; }

  /// How many bytes have been written and not read, whether they have arrived or not.
  std::size_t size() const noexcept { return bytes_.size(); }

  bool has_bytes() const noexcept { return arrived_ > position_; }

  /// Whether the end of the stream has arrived.
  bool has_ended() const noexcept { return ended_; }

 private:
  struct arrival {
    pipe_time at;
    std::size_t end;
    bool last;
  };

  void announce(pipe_time at, bool last) {
    arrivals_.push_back({at, position_ + bytes_.size(), last});
  }

  /// How many bytes have arrived before the next cut and the limit.
  std::size_t readable(const pipe_faults& faults) const {
    const auto cut = std::upper_bound(faults.cuts.begin(), faults.cuts.end(), position_);
    const auto stop =
        cut == faults.cuts.end() ? faults.read_limit : (std::min)(*cut, faults.read_limit);
    return (std::min)(stop, arrived_) - position_;
  }

  std::deque<std::byte> bytes_;
  std::deque<arrival> arrivals_;
  std::size_t position_ = 0;
  std::size_t arrived_ = 0;
  bool ended_ = false;
};

}  // namespace hawser::detail
