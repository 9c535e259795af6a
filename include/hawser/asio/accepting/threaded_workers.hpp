// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/accepting/server_threads.hpp"
#include "hawser/asio/accepting/threaded_worker.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/shutdown_options.hpp"

namespace hawser::detail {

/// The threads of a threaded server: the one that accepts, in run(), and one for each connection.
///
/// A connection registers first and then reads the phase of the server; a shutdown advances the phase first
/// and then visits the connections. So no connection is missed.
template <class Transport, class Peer>
class threaded_workers final : public server_threads {
 public:
  using worker = threaded_worker<Transport, Peer>;

  threaded_workers() = default;

  /// Ends the clients that get a refusal. Call it while run() does not run.
  ~threaded_workers() override { abandon_all(registries_); }
  threaded_workers(const threaded_workers&) = delete;
  threaded_workers& operator=(const threaded_workers&) = delete;

  /// Where connections are accepted.
  connection_home<asio::any_io_executor> home() { return {executor(), registries_}; }

  /// Calls `serve(worker)` on a thread of its own. Call it on the thread of run(). Throws if there is no
  /// thread.
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

  /// What a shutdown must stop during a handshake; null: nothing.
  void set_opening(worker& entry, Transport* stream) {
    const std::lock_guard guard{mutex_};
    entry.opening = stream;
    if (now() != serving::all) entry.refuse();
  }

  /// Whether clients are refused, because a shutdown has begun.
  bool refuses() const noexcept { return now() != serving::all; }

  /// Makes a connection known to a shutdown while it exists.
  class registration {
   public:
    registration(threaded_workers& all, worker& entry, Peer& connected) : all_{all}, entry_{entry} {
      const std::lock_guard guard{all_.mutex_};
      entry_.open = &connected;
      if (all_.now() == serving::none) entry_.close(all_.registries_.openings->close_frame());
      if (all_.now() == serving::cut) entry_.abort();
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

  asio::any_io_executor executor() const override { return busy_.get_executor(); }

  void for_each(const std::function<void(const io_registries&)>& visit) const override {
    visit(registries_);
  }

  void refuse_openings() override {
    detail::refuse_openings(registries_);
    visit_workers([](worker& one) { one.refuse(); });
  }

  void close_all(const farewell& with) override {
    detail::close_all(registries_, with);
    visit_workers([&](worker& one) { one.close(with); });
  }

  void abort_all() override {
    registries_.openings->advance(serving::cut);
    visit_workers([](worker& one) { one.abort(); });
    detail::abort_all(registries_);
  }

  /// Accepts on this thread until release(), then waits for the threads of the connections. If accepting throws,
  /// the connections are ended first; a shutdown without memory ends that way, and does not throw.
  void run() override {
    try {
      context_.run();
    } catch (const std::bad_alloc&) {
      const bool ends = refuses();
      cut();
      if (!ends) throw;
    } catch (...) {
      cut();
      throw;
    }
    join_all();
  }

  /// On the thread of run(), which returns soon.
  void release() override { busy_.reset(); }

  /// Call it while run() does not run.
  void end(const std::shared_ptr<stoppable>& own) override {
    own->stop();
    abandon_all(registries_);
  }

  void context_ends() noexcept override {}

 private:
  serving now() const noexcept { return registries_.openings->now(); }

  template <class Visit>
  void visit_workers(Visit visit) {
    const std::lock_guard guard{mutex_};
    for (auto& one : workers_) visit(one);
  }

  /// Ends all connections without an allocation.
  void cut() {
    registries_.openings->advance(serving::cut);
    visit_workers([](worker& one) { one.abort(); });
    join_all();
  }

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

  void join_all() {
    {
      std::unique_lock guard{mutex_};
      changed_.wait(guard, [this] { return active_ == 0; });
    }
    join_done();
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

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> busy_{context_.get_executor()};
  const io_registries registries_{context_.get_executor()};
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::list<worker> workers_;
  std::size_t active_ = 0;  // threads that have not ended
};

}  // namespace hawser::detail
