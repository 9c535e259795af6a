// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <system_error>
#include <variant>

#include <asio/error.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/driver_output.hpp"
#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/held_input.hpp"
#include "hawser/asio/driver/io_turn.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// The events of an asynchronous driver: decodes input and reports it to `on_event(event&)` of `Derived`, in
/// turns. Keeps the input that must wait: reading is paused, or the limits of the turn are reached.
template <class Derived, class Stream, class Connection>
class driver_events : public driver_output<Derived, Stream, Connection> {
  using base = driver_output<Derived, Stream, Connection>;

 protected:
  using base::base;
  using base::connection;
  using base::over;
  using base::state;

  ~driver_events() = default;

  /// Reports no event until resume(), except the end when this side closes.
  void pause() noexcept { state().pause(); }

  bool in_events() const noexcept { return state().is_held(output_hold::events); }

  /// The number of bytes of memory that held input occupies; 0 without any.
  std::size_t held_bytes() const noexcept { return held_.occupied(); }

  /// Keeps input that process() reports.
  void hold_input(bytes_view input) { held_.add(input); }

  /// Whether more can be read: earlier input is processed.
  bool takes_input() const noexcept { return !is_held() && !connection().has_more_work(); }

  /// Reports the events of the input, then of its end, within the limits of the turn.
  void process(mutable_bytes input) {
    if (held_.empty() && !is_held()) {
      take_events(input);
      held_.add(input);
    } else {
      held_.add(input);
      auto rest = held_.rest();
      take_events(rest);
      held_.keep(rest.size());
    }
    if (over() || is_held()) return;
    if (connection().has_more_work()) return post_processing();
    if (!held_.has_end()) return;
    const auto end = held_.end();
    connection().receive_end(end == asio::error::eof ? std::error_code{} : end);
    mutable_bytes nothing;
    take_events(nothing);
  }

  /// The same after the end of the stream.
  void process_end(std::error_code ec) {
    held_.add_end(ec);
    process({});
  }

  /// Continues in another turn, with `process_pending()` of `Derived`.
  void post_processing() {
    if (!state().begin(driver_operation::turn)) return;
    base::memory_.run([this] {
      asio::post(base::get_executor(), [self = this->shared_from_this()] {
        driver_events& driver = *self;
        driver.state().complete(driver_operation::turn);
        if (driver.over()) return;
        const turn_of<typename base::executor_type> turn{driver.get_executor()};
        self->process_pending();
      });
    });
  }

 private:
  /// Whether events must wait. Input that is discarded after close() need not.
  bool is_held() const noexcept {
    return state().is_paused() && connection().state() == close_state::open;
  }

  /// Leaves input only if events must wait, or the limits of the turn are reached.
  void take_events(mutable_bytes& input) {
    state().hold(output_hold::events);
    base::memory_.run([&] {
      while (!over() && !base::memory_.is_out() && !is_held()) {
        const auto happened = connection().next(input);
        if (!happened) break;
        if (std::holds_alternative<closed>(*happened)) state().enter(driver_phase::reported);
        base::derived().on_event(*happened);
      }
    });
    state().release(output_hold::events);
    if (base::memory_.is_out()) input = {};
  }

  held_input held_;
};

}  // namespace hawser::detail
