// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/held_input.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/operation_memory.hpp"
#include "hawser/asio/driver/operation_owner.hpp"
#include "hawser/asio/driver/output_watch.hpp"
#include "hawser/asio/driver/read_buffer.hpp"
#include "hawser/asio/executor/kept_executor.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// Moves bytes between one connection and one AsyncStream. Calls `on_event(event&)` of `Derived`
/// for each event, which must not throw, `on_settled()` after output was written, and `on_over()`
/// when the stream is closed. Everything runs on the stream's executor, one function at a time. If
/// memory allocation fails, this connection ends and no other; no exception leaves this class.
template <class Derived, class Stream, class Connection>
class async_driver : public std::enable_shared_from_this<Derived> {
 public:
  using clock = std::chrono::steady_clock;
  using executor_type = typename Stream::executor_type;

  /// Must be called only while the execution context exists.
  executor_type get_executor() const { return executor_.get(); }

  // For operation_owner.
  operation_memory& wait_memory() noexcept { return storage_; }
  void lose_operations() noexcept {
    state_.lose_stream_operations();
    destroy_released_stream();
  }

 protected:
  async_driver(Stream stream, Connection connection)
      : stream_{std::move(stream)},
        executor_{stream_->get_executor()},
        connection_{std::move(connection)},
        deadline_{*this, get_executor()} {
    traits::open(*stream_);
  }

  ~async_driver() = default;

  /// Processes the bytes that were read after the handshake, and begins to read.
  void start(bytes_view received) {
    memory_.run([&] { held_.add(received); });
    process_pending();
  }

  /// Reports no event until resume(), except the end when this side closes.
  void pause() noexcept { paused_ = true; }

  void resume() {
    if (unpause()) process_pending();
  }

  /// Like resume(), but leaves held input to the next process_pending(). Returns whether that call
  /// is needed.
  bool unpause() {
    if (!std::exchange(paused_, false)) return false;
    if (!awaits_input() && !over()) advance();
    return !in_events();
  }

  /// Carries out what was queued on the connection. While events are reported it waits until the
  /// last one, so that all answers leave in one write.
  void settle() {
    if (!state_.is_held()) return settle_now();
    if (connection_.buffered_bytes() < most_corked || over()) return;
    memory_.run([this] { write(); });
  }

  /// Reports the events that need no new input.
  void process_pending() {
    if (in_events()) return;
    memory_.run([this] {
      connection_.begin_turn();
      process({});
    });
    settle();
  }

  /// The same, posted. Does nothing while events or output are held back, because the release calls it.
  void process_later() {
    if (!state_.is_held()) post_processing();
  }

  /// Ends everything at once, without an event and without on_over().
  void abandon() noexcept {
    if (!state_.enter(driver_phase::closed)) return;
    deadline_.cancel();
    traits::close(*stream_);
  }

  /// The same, and destroys the stream as soon as no operation uses it.
  void release_stream() noexcept {
    abandon();
    state_.enter(driver_phase::released);
    destroy_released_stream();
  }

  /// Until uncork(), settle() waits as it does while events are reported.
  void cork() noexcept { state_.hold(output_hold::cork); }
  void uncork() noexcept { state_.release(output_hold::cork); }
  bool corked() const noexcept { return state_.is_held(output_hold::cork); }

  /// Sets the connection's time.
  void advance() {
    if (connection_.has_more_work()) connection_.received(deadline_.now());
    if (state_.has(driver_operation::write) && output_.has_moved(*stream_))
      connection_.output_moved();
    connection_.resumed(deadline_.now());
  }

  Connection& connection() noexcept { return connection_; }
  const Connection& connection() const noexcept { return connection_; }
  Stream& stream() noexcept { return *stream_; }
  bool has_stream() const noexcept { return stream_.has_value(); }
  bool over() const noexcept { return state_.is_closed(); }
  bool in_events() const noexcept { return state_.is_held(output_hold::events); }

  /// The number of bytes of memory that held input occupies; 0 without any.
  std::size_t held_bytes() const noexcept { return held_.occupied(); }

  /// How many bytes the stream has accepted in total, and why it accepts no more.
  std::uint64_t written() const noexcept { return output_.taken(); }
  std::error_code output_error() const noexcept { return connection_.output_error(); }

 private:
  using traits = stream_traits<Stream>;

  // More than this is written even while events are reported.
  static constexpr std::size_t most_corked = 64 * 1024;
  // After this many full buffers, other connections get their turn.
  static constexpr int most_rounds = 4;

  Derived& derived() noexcept { return static_cast<Derived&>(*this); }
  auto owned() { return operation_owner<Derived>{this->shared_from_this()}; }

  void settle_now() {
    if (over()) return;
    memory_.run([this] { move_on(); });
    if (memory_.is_out()) end_poor();
  }

  void move_on() {
    write();
    derived().on_settled();
    end_stream();
    const auto wanted = connection_.wants();
    // While async_end is pending, end_stream is still wanted, unless the connection was aborted.
    if (!wanted.read && !wanted.write && !wanted.end_stream) {
      return state_.phase() == driver_phase::open ? process_later() : finish();
    }
    set_deadline();
    read();
  }

  /// The connection may have stopped half-way, so it must not be used any more.
  void end_poor() {
    memory_.reset();
    memory_.run([&] {
      if (!state_.enter(driver_phase::reported)) return;
      derived().on_event(closed{close_code::abnormal, {}, false, errc::out_of_memory});
    });
    finish();
  }

  void read() {
    if (!takes_input() || !connection_.wants().read) return;
    if (!state_.begin(driver_operation::read)) return;
    if constexpr (traits::is_direct) {
      // A wait needs no buffer, and a read can then use the shared one.
      stream_->async_wait(Stream::wait_read, waiting<&async_driver::on_readable>(owned()));
    } else {
      const auto bytes = storage_.data();
      stream_->async_read_some(asio::buffer(bytes.data(), bytes.size()),
                               completing<&async_driver::on_read>(owned()));
    }
  }

  void on_readable(std::error_code ec) {
    state_.complete(driver_operation::read);
    if (over()) return destroy_released_stream();
    memory_.run([&] {
      if (ec) return process_end(ec);
      if (takes_input()) drain();
    });
    settle();
  }

  /// Reads all available input, so that messages are complete, up to a limit.
  void drain() {
    shared_buffer shared;
    const auto buffer = shared.data();
    std::error_code ec;
    connection_.begin_turn();
    for (int round = 0; round < most_rounds && !over() && takes_input(); ++round) {
      const auto size = stream_->read_some(asio::buffer(buffer.data(), buffer.size()), ec);
      if (size != 0) connection_.received(deadline_.now());
      process(buffer.first(size));
      if (ec || size < buffer.size()) break;
    }
    if (ec && ec != asio::error::would_block) process_end(ec);
  }

  void on_read(std::error_code ec, std::size_t size) {
    state_.complete(driver_operation::read);
    if (over()) return destroy_released_stream();
    memory_.run([&] {
      if (ec) return process_end(ec);
      connection_.received(deadline_.now());
      connection_.begin_turn();
      process(storage_.data().first(size));
      storage_.learn(size);
    });
    settle();
  }

  /// Whether an operation completes as soon as there is input.
  bool awaits_input() const noexcept { return state_.has(driver_operation::read); }

  /// Whether events must wait. Input that is discarded after close() need not.
  bool is_held() const noexcept { return paused_ && connection_.state() == close_state::open; }

  /// Whether more can be read: earlier input is processed.
  bool takes_input() const noexcept { return !is_held() && !connection_.has_more_work(); }

  void process_end(std::error_code ec) {
    held_.add_end(ec);
    process({});
  }

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
    if (connection_.has_more_work()) return post_processing();
    if (!held_.has_end()) return;
    const auto end = held_.end();
    connection_.receive_end(end == asio::error::eof ? std::error_code{} : end);
    mutable_bytes nothing;
    take_events(nothing);
  }

  /// Leaves input only if events must wait, or the limits of the turn are reached.
  void take_events(mutable_bytes& input) {
    state_.hold(output_hold::events);
    memory_.run([&] {
      while (!over() && !memory_.is_out() && !is_held()) {
        const auto happened = connection_.next(input);
        if (!happened) break;
        if (std::holds_alternative<closed>(*happened)) state_.enter(driver_phase::reported);
        derived().on_event(*happened);
      }
    });
    state_.release(output_hold::events);
    if (memory_.is_out()) input = {};
  }

  /// Continues in another turn.
  void post_processing() {
    if (!state_.begin(driver_operation::turn)) return;
    memory_.run([this] {
      asio::post(get_executor(), [self = this->shared_from_this()] {
        self->state_.complete(driver_operation::turn);
        self->process_pending();
      });
    });
  }

  /// Writes at once what the stream accepts; an operation writes the rest.
  void write() {
    std::error_code ec;
    while (!state_.has(driver_operation::write) && connection_.wants().write) {
      const auto bytes = connection_.output();
      std::size_t size = 0;
      if constexpr (traits::is_direct) {
        size = stream_->write_some(asio::buffer(bytes.data(), bytes.size()), ec);
        if (ec && ec != asio::error::would_block) return connection_.output_failed(ec);
        consume_output(size);
      }
      if (size < bytes.size()) return write_rest();
    }
  }

  void consume_output(std::size_t size) {
    output_.took(size);
    connection_.consume_output(size);
  }

  void write_rest() {
    state_.begin(driver_operation::write);
    const auto bytes = connection_.output();
    stream_->async_write_some(asio::buffer(bytes.data(), bytes.size()),
                              completing<&async_driver::on_write>(owned()));
  }

  void on_write(std::error_code ec, std::size_t size) {
    state_.complete(driver_operation::write);
    if (over()) return destroy_released_stream();
    memory_.run([&] {
      advance();
      ec ? connection_.output_failed(ec) : consume_output(size);
    });
    process_pending();
  }

  void end_stream() {
    if (!connection_.wants().end_stream || state_.has(driver_operation::end)) return;
    if constexpr (requires { traits::async_end(*stream_, [](std::error_code) {}); }) {
      state_.begin(driver_operation::end);
      traits::async_end(*stream_, completing<&async_driver::on_ended>(owned()));
    } else {
      connection_.output_ended();
      if (!traits::end(*stream_)) connection_.abort();
    }
  }

  void on_ended(std::error_code, std::size_t) {
    state_.complete(driver_operation::end);
    if (over()) return destroy_released_stream();
    connection_.output_ended();
    settle();
  }

  void on_deadline() {
    if (over()) return;
    memory_.run([this] {
      advance();
      // Input that had arrived by then was reported before this function is called.
      if (awaits_input()) connection_.advance(deadline_.now());
    });
    process_pending();
  }

  void set_deadline() {
    if (connection_.deadline() == (clock::time_point::min)()) advance();
    deadline_.set_at_latest(connection_.deadline());
  }

  void finish() {
    if (!state_.enter(driver_phase::closed)) return;
    deadline_.cancel();
    traits::close(*stream_);
    derived().on_over();
  }

  void destroy_released_stream() noexcept {
    if (state_.may_destroy_stream()) stream_.reset();
  }

  std::optional<Stream> stream_;  // empty only after release_stream()
  const kept_executor<executor_type> executor_;
  Connection connection_;
  owned_deadline<async_driver, &async_driver::on_deadline> deadline_;
  std::conditional_t<traits::is_direct, operation_memory, read_buffer> storage_;
  held_input held_;
  output_watch<Stream> output_;
  driver_state state_;
  bool paused_ = false;

 protected:
  memory_guard memory_;  // after a failed allocation, settle() ends the connection
};

}  // namespace hawser::detail
