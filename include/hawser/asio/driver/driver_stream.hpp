// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/operation_owner.hpp"
#include "hawser/asio/executor/kept_executor.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/stream_traits.hpp"

namespace hawser::detail {

/// The connection and the stream of an asynchronous driver, and how long the stream exists: pending operations
/// own the driver, and the stream is destroyed after the last of them. Calls `expire()` of `Derived` when the
/// deadline has passed.
template <class Derived, class Stream, class Connection>
class driver_stream : public std::enable_shared_from_this<Derived> {
 public:
  using clock = std::chrono::steady_clock;
  using executor_type = typename Stream::executor_type;

  /// Must be called only while the execution context exists.
  executor_type get_executor() const { return executor_.get(); }

  // For operation_owner.
  void lose_operations() noexcept {
    state_.lose_stream_operations();
    destroy_released_stream();
  }

 protected:
  using traits = stream_traits<Stream>;

  driver_stream(Stream stream, Connection connection)
      : stream_{std::move(stream)},
        executor_{stream_->get_executor()},
        connection_{std::move(connection)},
        deadline_{*this, get_executor()} {
    traits::open(*stream_);
  }

  ~driver_stream() = default;

  Connection& connection() noexcept { return connection_; }
  const Connection& connection() const noexcept { return connection_; }
  Stream& stream() noexcept { return *stream_; }
  bool has_stream() const noexcept { return stream_.has_value(); }
  driver_state& state() noexcept { return state_; }
  const driver_state& state() const noexcept { return state_; }
  bool over() const noexcept { return state_.is_closed(); }

  /// The time of the context's clock.
  clock::time_point now() const noexcept { return deadline_.now(); }

  /// Sets the deadline, unless an earlier one is set.
  void set_deadline_at_latest(clock::time_point when) { deadline_.set_at_latest(when); }

  /// The derived class, and its ownership by an operation of the stream.
  Derived& derived() noexcept { return static_cast<Derived&>(*this); }
  auto owned() { return operation_owner<Derived>{this->shared_from_this()}; }

  /// Closes the stream. Returns false if it is closed.
  bool close_stream() noexcept {
    if (!state_.enter(driver_phase::closed)) return false;
    deadline_.cancel();
    traits::close(*stream_);
    return true;
  }

  /// From now on the stream is destroyed as soon as no operation uses it. It must be closed.
  void release() noexcept {
    state_.enter(driver_phase::released);
    destroy_released_stream();
  }

  /// Called after an operation of a closed stream has completed.
  void destroy_released_stream() noexcept {
    if (state_.may_destroy_stream()) stream_.reset();
  }

 private:
  void on_deadline() {
    if (!over()) derived().expire();
  }

  std::optional<Stream> stream_;  // empty only after release()
  const kept_executor<executor_type> executor_;
  Connection connection_;
  owned_deadline<driver_stream, &driver_stream::on_deadline> deadline_;
  driver_state state_;

 protected:
  memory_guard memory_;  // after a failed allocation, settle() ends the connection
};

}  // namespace hawser::detail
