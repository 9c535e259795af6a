// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

// The scope guards of the threads that share a connection.

namespace hawser::detail {

/// What is written: each treats a fragmented message under way in its own way.
enum class sends : std::uint8_t { message, fragment, control };

/// Unlocks a mutex during its lifetime, for an operation that may wait.
class unlocked {
 public:
  explicit unlocked(std::unique_lock<std::mutex>& held) : held_{held} { held_.unlock(); }
  ~unlocked() { held_.lock(); }
  unlocked(const unlocked&) = delete;
  unlocked& operator=(const unlocked&) = delete;

 private:
  std::unique_lock<std::mutex>& held_;
};

/// Calls `act`, which must not throw, if an exception leaves the scope of this object.
template <class Act>
class when_thrown {
 public:
  explicit when_thrown(Act act) : act_{std::move(act)} {}
  ~when_thrown() {
    if (std::uncaught_exceptions() > before_) act_();
  }
  when_thrown(const when_thrown&) = delete;
  when_thrown& operator=(const when_thrown&) = delete;

 private:
  Act act_;
  int before_ = std::uncaught_exceptions();
};

}  // namespace hawser::detail
