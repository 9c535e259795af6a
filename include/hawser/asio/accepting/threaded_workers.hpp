// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>
#include <utility>

#include "hawser/asio/accepting/threaded_worker.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// The threads of a threaded server's connections, from run() to the end of the last one.
template <class Transport, class Peer>
class threaded_workers {
 public:
  using worker = threaded_worker<Transport, Peer>;

  /// The calling thread serves from now on. Every call of begin() needs one of end().
  void begin() {
    const std::lock_guard guard{mutex_};
    phase_ = phase::running;
    run_thread_ = std::this_thread::get_id();
  }

  /// Calls `serve(worker)` on a thread of its own. Call it on the thread of begin(). Throws if there is
  /// no thread.
  template <class Serve>
  void start(Serve serve) {
    join_done();
    const std::lock_guard guard{mutex_};
    auto& entry = workers_.emplace_back();
    ++active_;
    try {
      entry.thread = std::thread{
          [this, &entry, kept = std::move(serve)]() mutable { run(entry, std::move(kept)); }};
    } catch (...) {
      workers_.pop_back();
      --active_;
      throw;
    }
  }

  /// What end() must stop during a handshake; null: nothing.
  void set_opening(worker& entry, Transport* stream) {
    const std::lock_guard guard{mutex_};
    entry.opening = stream;
    if (stream != nullptr && phase_ == phase::ending) stream->stop_reading();
  }

  /// Makes a connection known to end() while it exists.
  class registration {
   public:
    registration(threaded_workers& all, worker& entry, Peer& connected) : all_{all}, entry_{entry} {
      const std::lock_guard guard{all_.mutex_};
      entry_.open = &connected;
      if (all_.phase_ == phase::ending) entry_.send_away();
    }
    ~registration() {
      const std::lock_guard guard{all_.mutex_};
      entry_.open = nullptr;
    }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

   private:
    threaded_workers& all_;
    worker& entry_;
  };

  /// Ends all connections, and after `close_timeout` at once. Returns when all threads have ended and
  /// stop() has returned on all other threads. No limit for a `close_timeout` of zero.
  void end(std::chrono::steady_clock::duration close_timeout) {
    const auto has_ended = [this] { return active_ == 0; };
    std::unique_lock guard{mutex_};
    phase_ = phase::ending;
    for (auto& entry : workers_) entry.send_away();
    const auto until = time_limit(std::chrono::steady_clock::now(), close_timeout);
    changed_.wait_until(guard, until, has_ended);
    for (auto& entry : workers_) entry.abort();
    changed_.wait(guard, has_ended);
    guard.unlock();
    join_done();
    guard.lock();
    phase_ = phase::ended;
    changed_.notify_all();
    // After this, the caller may destroy what stop() on another thread still uses.
    changed_.wait(guard, [this] { return stopping_ == 0; });
  }

  /// Calls `begin_stop()`, which leads to end(), and waits for end(), except on the threads themselves.
  template <class Begin>
  void stop(Begin begin_stop) {
    std::unique_lock guard{mutex_};
    begin_stop();
    if (is_own_thread()) return;
    ++stopping_;
    changed_.wait(guard, [this] { return phase_ == phase::idle || phase_ == phase::ended; });
    --stopping_;
    changed_.notify_all();
  }

 private:
  enum class phase : std::uint8_t { idle, running, ending, ended };

  template <class Serve>
  void run(worker& entry, Serve serve) {
    {
      // Destroyed before the thread counts as ended.
      auto called = std::move(serve);
      called(entry);
    }
    const std::lock_guard guard{mutex_};
    entry.done = true;
    --active_;
    changed_.notify_all();
  }

  void join_done() {
    std::list<worker> ended;
    {
      const std::lock_guard guard{mutex_};
      for (auto next = workers_.begin(); next != workers_.end();) {
        const auto entry = next++;
        if (entry->done) ended.splice(ended.end(), workers_, entry);
      }
    }
    for (auto& entry : ended) entry.thread.join();
  }

  bool is_own_thread() const {
    const auto current = std::this_thread::get_id();
    return current == run_thread_ ||
           std::any_of(workers_.begin(), workers_.end(),
                       [&](const worker& entry) { return entry.thread.get_id() == current; });
  }

  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::list<worker> workers_;
  std::size_t active_ = 0;    // threads that have not ended
  std::size_t stopping_ = 0;  // threads that wait inside stop()
  std::thread::id run_thread_;
  phase phase_ = phase::idle;
};

}  // namespace hawser::detail
