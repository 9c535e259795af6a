// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "simulation/census.hpp"
#include "support/wire.hpp"

namespace hawser::test {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;
using std::chrono::milliseconds;

/// All random decisions of a run, from one seed.
class chance {
 public:
  explicit chance(std::uint64_t seed) : engine_{seed} {}

  /// A number below `limit`.
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
  /// True with the probability 1 in `times`.
  bool once_in(std::size_t times) { return below(times) == 0; }
  milliseconds time_below(int limit) {
    return milliseconds{below(static_cast<std::size_t>(limit))};
  }

 private:
  std::mt19937_64 engine_;
};

/// The faults of the network in one run.
struct weather {
  bool calm = true;  ///< Nothing is lost and nothing is late, so every end must be clean
  int delay = 5;     ///< In milliseconds, at most
  std::size_t window = 64 * 1024;  ///< Bytes that one direction holds
  std::size_t short_writes = 0;    ///< One write in this many takes a few bytes only; 0: none
  std::size_t short_reads = 0;
  std::size_t failing_calls = 0;  ///< One call in this many fails and breaks the stream; 0: none
};

/// A stream between two ends, like TCP: bytes arrive in order, with a delay, in other pieces, or not at all.
class network {
 public:
  network(chance& random, census& seen, const weather& kind, const time_point& now)
      : random_{random}, seen_{seen}, weather_{kind}, now_{now} {}

  /// The functions of a non-blocking stream.
  std::size_t write_some(std::size_t side, bytes_view piece, std::error_code& ec) {
    auto& way = ways_[side];
    if (fails()) return ec = std::make_error_code(std::errc::io_error), 0;
    if (broken_ || way.ended || ends_closed_[1 - side]) {
      if (!broken_ && !way.ended) reset();
      return ec = std::make_error_code(std::errc::broken_pipe), 0;
    }
    const auto buffer =
        weather_.window - (std::min)(weather_.window, way.on_the_way + way.arrived.size());
    auto size = (std::min)(buffer, piece.size());
    if (size == 0) {
      if (!piece.empty()) seen_.note(rarity::window_full);
      way.refused = true;
      return ec = std::make_error_code(std::errc::operation_would_block), 0;
    }
    if (weather_.short_writes != 0 && random_.once_in(weather_.short_writes)) {
      size = (std::min)(size, 1 + random_.below(9));
      if (size < piece.size()) seen_.note(rarity::short_write);
    }
    send(way, piece.first(size), false);
    return size;
  }

  /// Whether a read would not block.
  bool is_readable(std::size_t side) const {
    const auto& way = ways_[1 - side];
    return !way.arrived.empty() || broken_ || way.over;
  }

  /// Whether a write would not block.
  bool is_writable(std::size_t side) const {
    const auto& way = ways_[side];
    const bool fails = broken_ || way.ended || ends_closed_[1 - side];
    return fails || way.on_the_way + way.arrived.size() < weather_.window;
  }

  /// Returns 0 without an error at the end of the stream.
  std::size_t read_some(std::size_t side, mutable_bytes buffer, std::error_code& ec) {
    auto& way = ways_[1 - side];
    if (fails()) return ec = std::make_error_code(std::errc::io_error), 0;
    if (way.arrived.empty()) {
      if (broken_) return ec = std::make_error_code(std::errc::connection_reset), 0;
      if (!way.over) ec = std::make_error_code(std::errc::operation_would_block);
      return 0;
    }
    auto size = (std::min)(buffer.size(), way.arrived.size());
    if (weather_.short_reads != 0 && random_.once_in(weather_.short_reads)) {
      size = (std::min)(size, 1 + random_.below(9));
    }
    const auto last = way.arrived.begin() + static_cast<std::ptrdiff_t>(size);
    std::copy(way.arrived.begin(), last, buffer.begin());
    way.arrived.erase(way.arrived.begin(), last);
    woken_ = woken_ || std::exchange(way.refused, false);
    return size;
  }

  /// Ends the stream of this side.
  void end(std::size_t side) {
    auto& way = ways_[side];
    if (broken_ || std::exchange(way.ended, true)) return;
    send(way, {}, true);
  }

  /// Closes this side. Unread input causes a reset, as with kernels.
  void close(std::size_t side) {
    if (std::exchange(ends_closed_[side], true)) return;
    const auto& coming = ways_[1 - side];
    if (!coming.arrived.empty()) return reset();
    end(side);
  }

  /// Breaks both directions: bytes on their way are lost.
  void reset() {
    broken_ = true;
    for (auto& way : ways_) {
      way.flight.clear();
      way.on_the_way = 0;
      way.arrived.clear();
    }
  }

  /// From now on nothing arrives in this direction, and no side gets an error.
  void swallow(std::size_t side) { ways_[side].swallowing = true; }

  /// For some time, nothing arrives in this direction.
  void stall(std::size_t side, duration time) { ways_[side].stalled_until = now_ + time; }

  /// Delivers the bytes whose time has come. Returns whether there were any.
  bool arrive() {
    bool any = false;
    for (auto& way : ways_) {
      while (!way.flight.empty() && due(way) <= now_) {
        any = true;
        auto& first = way.flight.front();
        way.on_the_way -= first.piece.size();
        way.arrived.insert(way.arrived.end(), first.piece.begin(), first.piece.end());
        way.over = way.over || first.end;
        way.flight.pop_front();
      }
    }
    return any;
  }

  /// The time of the next arrival; max() if nothing is under way.
  time_point next_arrival() const {
    auto soonest = (time_point::max)();
    for (const auto& way : ways_) {
      if (!way.flight.empty()) soonest = (std::min)(soonest, due(way));
    }
    return soonest;
  }

  /// Whether there is capacity again after a write found none.
  bool take_woken() noexcept { return std::exchange(woken_, false); }

 private:
  struct segment {
    time_point arrives;
    byte_vector piece;
    bool end;
  };

  /// One direction.
  struct course {
    std::deque<segment> flight;
    std::size_t on_the_way = 0;
    byte_vector arrived;
    time_point stalled_until{};
    bool ended = false;  // by the sender
    bool over = false;   // and that has arrived
    bool swallowing = false;
    bool refused = false;  // since the last read
  };

  bool fails() {
    if (weather_.failing_calls == 0 || !random_.once_in(weather_.failing_calls)) return false;
    seen_.note(rarity::call_failed);
    reset();
    return true;
  }

  static time_point due(const course& from) {
    return (std::max)(from.flight.front().arrives, from.stalled_until);
  }

  void send(course& onto, bytes_view piece, bool end) {
    if (onto.swallowing) return;
    auto arrives = now_ + random_.time_below(weather_.delay + 1);
    if (!onto.flight.empty()) arrives = (std::max)(arrives, onto.flight.back().arrives);
    onto.on_the_way += piece.size();
    onto.flight.push_back({arrives, {piece.begin(), piece.end()}, end});
  }

  chance& random_;
  census& seen_;
  const weather& weather_;
  const time_point& now_;
  std::array<course, 2> ways_;
  std::array<bool, 2> ends_closed_{};
  bool broken_ = false;
  bool woken_ = false;
};

}  // namespace hawser::test
