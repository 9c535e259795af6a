// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

namespace hawser::detail {

/// The recursive lock of a strand, between threads that may lock each other's strands: two servers that
/// are destroyed in each other's handlers would wait for each other. The thread whose wait would complete
/// such a cycle gets the lock without waiting: the thread that has the lock waits for this one, inside a
/// handler, until this one releases its own strand.
class strand_mutex {
 public:
  strand_mutex() = default;
  strand_mutex(const strand_mutex&) = delete;
  strand_mutex& operator=(const strand_mutex&) = delete;

  void lock() {
    auto& caller = this_thread();
    if (borrower_.load() == &caller) {
      ++borrowed_;
    } else if (owner_.load() == &caller) {
      ++owned_;
    } else if (try_own(caller) || wait(caller)) {
      owned_ = 1;
    }
  }

  void unlock() {
    if (borrower_.load() == &this_thread()) {
      if (--borrowed_ == 0) borrower_ = nullptr;
    } else if (--owned_ == 0) {
      owner_ = nullptr;
      owner_.notify_one();
    }
  }

 private:
  struct thread {
    thread() = default;
    thread(const thread&) = delete;
    thread& operator=(const thread&) = delete;
    // Another thread may be looking at this object.
    ~thread() { const std::lock_guard guard{waits()}; }

    const strand_mutex* awaits = nullptr;  // changed by this thread, under waits()
  };

  static thread& this_thread() noexcept {
    thread_local thread own;
    return own;
  }

  /// Guards `awaits` of all threads.
  static std::mutex& waits() noexcept {
    static std::mutex all;
    return all;
  }

  bool try_own(const thread& caller) noexcept {
    const thread* other = nullptr;
    return owner_.compare_exchange_strong(other, &caller);
  }

  /// Returns false if the lock is borrowed.
  bool wait(thread& caller) {
    {
      const std::lock_guard guard{waits()};
      if (waits_for(caller)) {
        borrowed_ = 1;
        borrower_ = &caller;
        return false;
      }
      caller.awaits = this;
    }
    while (!try_own(caller)) {
      if (const auto* const other = owner_.load()) owner_.wait(other);
    }
    const std::lock_guard guard{waits()};
    caller.awaits = nullptr;
    return true;
  }

  /// Whether the owner waits for `other`, directly or for a thread that does.
  bool waits_for(const thread& other) const {
    const thread* before = nullptr;
    const thread* one = owner_.load();
    while (one != nullptr && one != &other && one != before) {
      before = one;
      one = one->awaits != nullptr ? one->awaits->owner_.load() : nullptr;
    }
    return one == &other;
  }

  std::atomic<const thread*> owner_ = nullptr;
  std::atomic<const thread*> borrower_ = nullptr;
  std::size_t owned_ = 0;     // how often the owner has locked it
  std::size_t borrowed_ = 0;  // the same of the borrower
};

}  // namespace hawser::detail
