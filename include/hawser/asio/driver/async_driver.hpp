// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

#include "hawser/asio/driver/driver_input.hpp"
#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// Moves bytes between one connection and one AsyncStream. Calls `on_event(event&)` of `Derived`
/// for each event, which must not throw, `on_settled()` after output was written, and `on_over()`
/// when the stream is closed. Everything runs on the stream's executor, one function at a time. If
/// memory allocation fails, this connection ends and no other; no exception leaves this class.
///
/// Built in layers: driver_stream (lifetime), driver_output, driver_events, driver_input. This class decides
/// what is done next.
template <class Derived, class Stream, class Connection>
class async_driver : public driver_input<Derived, Stream, Connection> {
  using base = driver_input<Derived, Stream, Connection>;

 public:
  using clock = typename base::clock;

  /// Carries out what was queued on the connection. While events are reported it waits until the
  /// last one, so that all answers leave in one write.
  void settle() {
    if (!state().is_held()) return settle_now();
    if (connection().buffered_bytes() < most_corked || over()) return;
    base::memory_.run([this] { base::write(); });
  }

  /// Reports the events that need no new input.
  void process_pending() {
    if (base::in_events()) return;
    base::memory_.run([this] {
      connection().begin_turn();
      base::process({});
    });
    settle();
  }

  // For driver_stream.
  void expire() {
    base::memory_.run([this] {
      base::advance();
      // Input that had arrived by then was reported before this function is called.
      if (base::awaits_input()) connection().advance(base::now());
    });
    process_pending();
  }

 protected:
  using base::connection;
  using base::over;
  using base::state;

  using base::base;

  ~async_driver() = default;

  /// Processes the bytes that were read after the handshake, and begins to read.
  void start(bytes_view received) {
    base::memory_.run([&] { base::hold_input(received); });
    process_pending();
  }

  void resume() {
    if (unpause()) process_pending();
  }

  /// Like resume(), but leaves held input to the next process_pending(). Returns whether that call
  /// is needed.
  bool unpause() {
    if (!state().end_pause()) return false;
    if (!base::awaits_input() && !over()) base::advance();
    return !base::in_events();
  }

  /// process_pending(), posted. Does nothing while events or output are held back, because the release calls
  /// it.
  void process_later() {
    if (!state().is_held()) base::post_processing();
  }

  /// Ends everything at once, without an event and without on_over().
  void abandon() noexcept { base::close_stream(); }

  /// The same, and destroys the stream as soon as no operation uses it.
  void release_stream() noexcept {
    abandon();
    base::release();
  }

 private:
  // More than this is written even while events are reported.
  static constexpr std::size_t most_corked = 64 * 1024;

  void settle_now() {
    if (over()) return;
    base::memory_.run([this] { move_on(); });
    if (base::memory_.is_out()) end_poor();
  }

  void move_on() {
    base::write();
    base::derived().on_settled();
    base::end_stream();
    const auto wanted = connection().wants();
    // While async_end is pending, end_stream is still wanted, unless the connection was aborted.
    if (!wanted.read && !wanted.write && !wanted.end_stream) {
      return state().phase() == driver_phase::open ? process_later() : finish();
    }
    set_deadline();
    base::read();
  }

  /// The connection may have stopped half-way, so it must not be used any more.
  void end_poor() {
    base::memory_.reset();
    base::memory_.run([&] {
      if (!state().enter(driver_phase::reported)) return;
      base::derived().on_event(closed{close_code::abnormal, {}, false, errc::out_of_memory});
    });
    finish();
  }

  void set_deadline() {
    if (connection().deadline() == (clock::time_point::min)()) base::advance();
    base::set_deadline_at_latest(connection().deadline());
  }

  void finish() {
    if (base::close_stream()) base::derived().on_over();
  }
};

}  // namespace hawser::detail
