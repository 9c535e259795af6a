// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

#include "hawser/base/enum_set.hpp"

namespace hawser::detail {

/// The phase of an asynchronous driver. No transition leads to an earlier phase.
enum class driver_phase : std::uint8_t {
  open,      ///< Events can occur
  reported,  ///< The last event, `closed`, is reported; output may still be written
  closed,    ///< The stream is closed
  released,  ///< Closed; the stream is destroyed as soon as no operation uses it
};

/// The operations of a driver, each pending at most once.
enum class driver_operation : std::uint8_t {
  read,   ///< A read of the stream, or a wait until there is something to read
  write,  ///< A write to the stream
  end,    ///< The end of this side of the stream
  turn,   ///< The next turn is posted
};

/// Why queued output is not written yet.
enum class output_hold : std::uint8_t {
  events,  ///< Events are being handed over: all replies leave in one write
  cork,    ///< The driver's owner has more to send, or handlers of other sessions may
};

/// The state of an asynchronous driver.
class driver_state {
 public:
  constexpr driver_phase phase() const noexcept { return phase_; }

  /// Returns whether the phase was an earlier one before.
  constexpr bool enter(driver_phase next) noexcept {
    if (next <= phase_) return false;
    phase_ = next;
    return true;
  }

  constexpr bool is_closed() const noexcept { return phase_ >= driver_phase::closed; }

  /// Whether the stream can be destroyed.
  constexpr bool may_destroy_stream() const noexcept {
    return phase_ == driver_phase::released && !has(driver_operation::read) &&
           !has(driver_operation::write) && !has(driver_operation::end);
  }

  /// Returns false if it is pending already.
  constexpr bool begin(driver_operation one) noexcept { return operations_.insert(one); }
  constexpr void complete(driver_operation one) noexcept { operations_.erase(one); }
  constexpr bool has(driver_operation one) const noexcept { return operations_.contains(one); }

  /// The operations of the stream were destroyed and do not complete.
  constexpr void lose_stream_operations() noexcept {
    complete(driver_operation::read);
    complete(driver_operation::write);
    complete(driver_operation::end);
  }

  constexpr void hold(output_hold why) noexcept { holds_.insert(why); }
  constexpr void release(output_hold why) noexcept { holds_.erase(why); }
  constexpr bool is_held(output_hold why) const noexcept { return holds_.contains(why); }
  constexpr bool is_held() const noexcept { return !holds_.empty(); }

  /// While reading is paused, no event is reported.
  constexpr void pause() noexcept { paused_ = true; }
  constexpr bool is_paused() const noexcept { return paused_; }

  /// Returns false if reading was not paused.
  constexpr bool end_pause() noexcept { return std::exchange(paused_, false); }

 private:
  driver_phase phase_ = driver_phase::open;
  enum_set<driver_operation> operations_;
  enum_set<output_hold> holds_;
  bool paused_ = false;
};

}  // namespace hawser::detail
