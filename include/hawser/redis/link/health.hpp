// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/options.hpp"

namespace hawser::detail {

/// Tests a connection from time to time. It is lost when it is silent after the command of a test.
class redis_health {
 public:
  redis_health(asio::io_context& context, const redis_broker_options& options,
               redis_attempts& attempts, std::function<void()> test_due)
      : options_{options},
        attempts_{attempts},
        test_due_{std::move(test_due)},
        next_{context},
        deadline_{context} {}

  /// The connection has logged in, or the reply to the test has come.
  void passed() {
    deadline_.cancel();
    is_testing_ = false;
    if (options_.ping_interval <= options_.ping_interval.zero()) return;
    next_.expires_after(options_.ping_interval);
    next_.async_wait(attempts_.timer_handler([this] {
      is_testing_ = true;
      has_received_ = false;
      test_due_();
      if (is_testing_) wait();
    }));
  }

  /// The connection has ended.
  void cancel() noexcept {
    next_.cancel();
    deadline_.cancel();
    is_testing_ = false;
  }

  /// A reply behind many publications is late, but these show that the connection lives.
  void received() noexcept { has_received_ = true; }

 private:
  void wait() {
    if (options_.ping_timeout <= options_.ping_timeout.zero()) return;
    deadline_.expires_after(options_.ping_timeout);
    deadline_.async_wait(attempts_.timer_handler([this] {
      if (!is_testing_) return;
      if (!std::exchange(has_received_, false)) return attempts_.lose(redis::errc::timeout, {});
      wait();
    }));
  }

  const redis_broker_options& options_;
  redis_attempts& attempts_;
  const std::function<void()> test_due_;
  asio::steady_timer next_;
  asio::steady_timer deadline_;
  bool is_testing_ = false;
  bool has_received_ = false;
};

}  // namespace hawser::detail
