// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

// The scope guards of the threads that share a connection.

namespace hawser::detail {

/// What is written: each treats a fragmented message under way in its own way.
enum class sends : std::uint8_t { message, fragment, control };

/// Sets a flag, of reading or of writing, for a scope. Construct and destroy it under the mutex that
/// guards the flag, which must be false. The threads that wait for the flag use `freed`.
class flag_lock {
 public:
  flag_lock(bool& taken, std::condition_variable& freed) : taken_{taken}, freed_{freed} {
    taken_ = true;
  }
  ~flag_lock() {
    taken_ = false;
    freed_.notify_all();
  }
  flag_lock(const flag_lock&) = delete;
  flag_lock& operator=(const flag_lock&) = delete;

 private:
  bool& taken_;
  std::condition_variable& freed_;
};

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
