// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace hawser::cable::detail {

/// The jobs of one connection, one after the other. A job that is not done when it returns calls hold(), and later
/// release().
class job_queue {
 public:
  using job = std::function<void()>;

  /// `size` is what bytes() counts until the job begins.
  void push(job one, std::size_t size = 0) {
    waiting_.push_back({std::move(one), size});
    bytes_ += size;
  }

  /// The next job. Pushed in a job, it comes after all that this job does.
  void push_front(job one) { waiting_.push_front({std::move(one), 0}); }

  /// Runs jobs until one of them is not done. Has no effect in a job. An exception of a job leaves this function.
  void run() {
    if (is_running_) return;
    const running here{*this};
    while (!is_held_ && !waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      bytes_ -= next.size;
      next.call();
    }
  }

  /// Runs a job now. Only if is_idle().
  template <class Job>
  void run_now(Job one) {
    {
      const running here{*this};
      one();
    }
    run();
  }

  void hold() noexcept { is_held_ = true; }
  void release() noexcept { is_held_ = false; }

  /// Drops the jobs that have not begun.
  void clear() noexcept {
    const auto dropped = std::exchange(waiting_, {});
    bytes_ = 0;
  }

  /// Whether a job that is pushed now would begin in run().
  bool is_idle() const noexcept { return !is_held_ && !is_running_ && waiting_.empty(); }
  std::size_t size() const noexcept { return waiting_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    job call;
    std::size_t size;
  };

  struct running {
    explicit running(job_queue& one) noexcept : of{one} { of.is_running_ = true; }
    ~running() { of.is_running_ = false; }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    job_queue& of;
  };

  std::deque<entry> waiting_;
  std::size_t bytes_ = 0;
  bool is_running_ = false;
  bool is_held_ = false;
};

}  // namespace hawser::cable::detail
