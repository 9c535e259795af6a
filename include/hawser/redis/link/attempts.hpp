// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

namespace hawser::detail {

/// The attempts of a link to have a connection, one after the other. Each lasts until its connection has ended.
class redis_attempts {
 public:
  redis_attempts(const redis_attempts&) = delete;
  redis_attempts& operator=(const redis_attempts&) = delete;

  /// Ends the present attempt, reports why, and plans another.
  virtual void lose(std::error_code why, std::string_view detail) = 0;

  void lose_without_memory() { lose(std::make_error_code(std::errc::not_enough_memory), {}); }

  /// Calls the function. Without memory, the present attempt ends.
  template <class Function>
  void guarded(Function function) {
    try {
      function();
    } catch (const std::bad_alloc&) {
      lose_without_memory();
    }
  }

  /// A handler of an operation of the present attempt. It does nothing once this has ended, and is guarded.
  template <class Function>
  auto handler(Function function) {
    return [this, number = number_, function = std::move(function)](std::error_code ec,
                                                                    const auto&... results) {
      if (number == number_) guarded([&] { function(ec, results...); });
    };
  }

  /// The same for a timer that may be cancelled or set again.
  template <class Function>
  auto timer_handler(Function function) {
    return handler([function = std::move(function)](std::error_code ec) {
      if (!ec) function();
    });
  }

 protected:
  redis_attempts() = default;
  ~redis_attempts() = default;

  std::uint64_t number() const noexcept { return number_; }
  void end_attempt() noexcept { ++number_; }

 private:
  std::uint64_t number_ = 0;
};

}  // namespace hawser::detail
