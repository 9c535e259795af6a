// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/io_thread.hpp"
#include "hawser/asio/opening_registry.hpp"

namespace hawser::detail {

/// Where a server and its connections run.
class server_threads {
 public:
  server_threads() = default;
  virtual ~server_threads() = default;
  server_threads(const server_threads&) = delete;
  server_threads& operator=(const server_threads&) = delete;

  /// Where the server's own handlers run, one at a time.
  virtual asio::any_io_executor executor() = 0;

  /// Closes all connections, and those that are still to come. From any thread, as abort_all().
  virtual void close_all() = 0;
  virtual void abort_all() = 0;

  /// Ends all connections within this call. Only while nothing else runs here.
  virtual void abandon_all() = 0;
};

/// Where one connection runs.
template <class Executor>
struct connection_place_of {
  Executor executor;
  io_registries registries;
};

/// Threads of the server's own, each of which runs a context of its own.
class own_threads final : public server_threads {
 public:
  using executor_type = io_thread::executor_type;

  /// 0: one for each processor.
  explicit own_threads(std::size_t count) {
    if (count == 0) count = (std::max)(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < count; ++i) threads_.push_back(std::make_unique<io_thread>());
  }

  std::size_t count() const noexcept { return threads_.size(); }
  executor_type own_executor() { return threads_.front()->executor(); }

  /// The threads take turns.
  connection_place_of<executor_type> next() {
    auto& one = *threads_[next_++ % threads_.size()];
    return {one.executor(), one.registries()};
  }

  /// This thread is one of them. Until release(), and until all is done.
  void run() {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads_.size(); ++i) {
      others.emplace_back([&one = *threads_[i]] { one.run(); });
    }
    threads_.front()->run();
  }

  /// From any thread.
  void release() {
    for (auto& one : threads_) one->release();
  }

  asio::any_io_executor executor() override { return own_executor(); }
  void close_all() override {
    for (auto& one : threads_) one->close_all();
  }
  void abort_all() override {
    for (auto& one : threads_) one->abort_all();
  }
  void abandon_all() override {
    for (auto& one : threads_) detail::abandon_all(one->registries());
  }

 private:
  std::vector<std::unique_ptr<io_thread>> threads_;
  std::size_t next_ = 0;
};

/// An executor of the application's, which any number of threads may run. The server and each of its
/// connections have a strand of their own there, or all of them the strand that was given.
class shared_threads final : public server_threads {
 public:
  using executor_type = asio::strand<asio::any_io_executor>;

  template <class Executor>
  explicit shared_threads(const Executor& given)
      : each_its_own_{true}, own_{asio::any_io_executor{given}}, registries_{own_} {}

  template <class Executor>
  explicit shared_threads(const asio::strand<Executor>& given)
      : each_its_own_{false}, own_{given}, registries_{own_} {}

  executor_type own_executor() const { return own_; }

  connection_place_of<executor_type> next() const {
    return {each_its_own_ ? executor_type{own_.get_inner_executor()} : own_, registries_};
  }

  asio::any_io_executor executor() override { return own_; }
  void close_all() override { detail::close_all(registries_); }
  void abort_all() override { detail::abort_all(registries_); }
  void abandon_all() override { detail::abandon_all(registries_); }

 private:
  const bool each_its_own_;
  const executor_type own_;
  const io_registries registries_;
};

}  // namespace hawser::detail
