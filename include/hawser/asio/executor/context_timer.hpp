// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/execution/context.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>
#include <asio/wait_traits.hpp>

#include "hawser/asio/executor/deadlines.hpp"

namespace hawser::detail {

/// A timer on the clock of its context, which is exact, unlike `deadlines`. Call all functions on the
/// executor. Must be destroyed before the context.
template <class Executor>
class context_timer final : deadlines::entry {
 public:
  using clock = std::chrono::steady_clock;
  using time_point = clock::time_point;

  explicit context_timer(const Executor& executor)
      : timer_{executor},
        deadlines_{
            deadlines::of(asio::query(asio::any_io_executor{executor}, asio::execution::context))} {
  }
  ~context_timer() { deadlines_.cancel(*this); }
  context_timer(const context_timer&) = delete;
  context_timer& operator=(const context_timer&) = delete;

  time_point now() const noexcept { return deadlines_.now(); }

  /// Calls `handler()` at `when`, instead of an earlier handler that was not called yet.
  template <class Handler>
  void call_at(time_point when, Handler handler) {
    if (deadlines_.has_virtual_clock()) {
      handler_ = std::make_shared<std::function<void()>>(std::move(handler));
      return deadlines_.set(*this, when);
    }
    timer_.expires_at(when);
    timer_.async_wait([handler = std::move(handler)](std::error_code ec) mutable {
      if (!ec) handler();
    });
  }

  /// A handler that is already queued is still called.
  void cancel() {
    deadlines_.cancel(*this);
    handler_.reset();
    timer_.cancel();
  }

 private:
  void expired(std::shared_ptr<const void>& kept) override {
    auto handler = std::move(handler_);
    kept = handler;
    asio::post(timer_.get_executor(), [handler = std::move(handler)] { (*handler)(); });
  }

  asio::basic_waitable_timer<clock, asio::wait_traits<clock>, Executor> timer_;
  const deadlines deadlines_;
  std::shared_ptr<std::function<void()>> handler_;  // with a virtual clock
};

}  // namespace hawser::detail
