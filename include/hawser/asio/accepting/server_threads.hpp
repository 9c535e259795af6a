// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/accepting/io_thread.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/opening/io_registries.hpp"

namespace hawser::detail {

/// The part of a server that runs besides its connections.
class stoppable {
 public:
  virtual ~stoppable() = default;
  virtual void stop() noexcept = 0;
};

/// Where a server and its connections run.
class server_threads {
 public:
  server_threads() = default;
  virtual ~server_threads() = default;
  server_threads(const server_threads&) = delete;
  server_threads& operator=(const server_threads&) = delete;

  /// Where the server's own handlers run, one at a time. Must be called only while the context exists.
  virtual asio::any_io_executor executor() const = 0;

  /// Calls `visit` with the registries of each context. May be called on any thread.
  virtual void for_each(const std::function<void(const io_registries&)>& visit) const = 0;

  /// See the functions of opening_registry.hpp. These and release() may be called on any thread.
  virtual void refuse_openings() = 0;
  virtual void close_all(const farewell& with) = 0;
  virtual void abort_all() = 0;

  /// Makes the calling thread one of the server's own, if it has such threads.
  virtual void run() {}

  /// All connections have ended.
  virtual void release() {}

  /// Stops the server's own part, then ends all connections and those that begin later, and calls
  /// no handler.
  virtual void end(const std::shared_ptr<stoppable>& own) = 0;

  /// The same when the execution context ends. Afterwards nothing uses it.
  virtual void context_ends() noexcept = 0;
};

/// Where one connection runs.
template <class Executor>
struct connection_home {
  Executor executor;
  io_registries registries;

  const std::shared_ptr<opening_registry>& openings() const noexcept { return registries.openings; }
};

/// The server's own threads, each of which runs its own context.
class own_threads final : public server_threads {
 public:
  using executor_type = io_thread::executor_type;

  /// 0: one per processor.
  explicit own_threads(std::size_t count) {
    if (count == 0) count = (std::max)(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<io_thread>());
  }

  std::size_t count() const noexcept { return threads_.size(); }
  executor_type own_executor() const { return threads_.front()->executor(); }

  /// Distributes the connections over the threads in turn.
  connection_home<executor_type> next() {
    auto& one = *threads_[next_++ % threads_.size()];
    return {one.executor(), one.registries()};
  }

  /// Makes the calling thread one of them. Runs until release() is called and everything is done.
  /// The caller must keep this object alive.
  void run() override {
    running_ = true;
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < threads_.size(); ++i) {
        others.emplace_back([&one = *threads_[i]] { one.run(); });
      }
      threads_.front()->run();
    }
    running_ = false;
  }

  asio::any_io_executor executor() const override { return own_executor(); }
  void for_each(const std::function<void(const io_registries&)>& visit) const override {
    for (const auto& one : threads_) visit(one->registries());
  }
  void refuse_openings() override {
    for (auto& one : threads_) one->refuse_openings();
  }
  void close_all(const farewell& with) override {
    for (auto& one : threads_) one->close_all(with);
  }
  void abort_all() override {
    for (auto& one : threads_) one->abort_all();
  }
  void release() override {
    for (auto& one : threads_) one->release();
  }

  /// If the threads run, each of them does this as soon as possible; otherwise it is done before
  /// this call returns.
  void end(const std::shared_ptr<stoppable>& own) override {
    const auto stop = [](const std::shared_ptr<stoppable>& stopped,
                         const io_registries& registries) {
      if (stopped) stopped->stop();
      detail::abandon_all(registries);
    };
    for (auto& one : threads_) {
      const auto stopped = one == threads_.front() ? own : nullptr;
      if (!running_) {
        stop(stopped, one->registries());
        continue;
      }
      // run() keeps a strong pointer.
      asio::dispatch(one->executor(),
                     [stop, weak = std::weak_ptr{stopped}, registries = one->registries()] {
                       stop(weak.lock(), registries);
                     });
      one->release();
    }
  }

  void context_ends() noexcept override {}

 private:
  std::vector<std::unique_ptr<io_thread>> threads_;
  std::size_t next_ = 0;
  std::atomic<bool> running_ = false;
};

/// An executor of the application, which any number of threads may run. The server and each of its
/// connections have a strand of their own, or all use the strand that was given. A template, so that
/// only units that use it compile it.
template <class Strand>
class basic_shared_threads final : public server_threads {
 public:
  using executor_type = Strand;

  template <class Executor>
  explicit basic_shared_threads(const Executor& given)
      : own_{strand{asio::any_io_executor{given}}}, registries_{*own_} {}

  template <class Executor>
  explicit basic_shared_threads(const asio::strand<Executor>& given)
      : each_its_own_{false}, own_{strand{given}}, registries_{*own_} {}

  /// Must be called only while the context exists.
  const executor_type& own_executor() const { return own_.value(); }

  connection_home<executor_type> next() const {
    const auto& own = own_executor();
    return {each_its_own_ ? executor_type{strand{own.get_inner_executor()}} : own, registries_};
  }

  asio::any_io_executor executor() const override { return own_executor(); }
  void for_each(const std::function<void(const io_registries&)>& visit) const override {
    visit(registries_);
  }
  void refuse_openings() override { detail::refuse_openings(registries_); }
  void close_all(const farewell& with) override { detail::close_all(registries_, with); }
  void abort_all() override { detail::abort_all(registries_); }

  /// Done before this call returns. Waits for handlers on other threads.
  void end(const std::shared_ptr<stoppable>& own) override {
    {
      const auto held = own_executor().hold();
      own->stop();
    }
    detail::abandon_all(registries_);
  }

  void context_ends() noexcept override {
    while (const auto one = registries_.openings->take()) one->abandon();
    own_.reset();
  }

 private:
  using strand = typename Strand::inner_executor_type;

  const bool each_its_own_ = true;
  std::optional<executor_type> own_;  // a strand must not outlive its context
  const io_registries registries_;
};

}  // namespace hawser::detail
