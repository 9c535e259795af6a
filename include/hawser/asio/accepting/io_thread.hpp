// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/opening/io_registries.hpp"

namespace hawser::detail {

/// One of a server's own threads: a context that only this thread runs, with its openings and
/// sessions. They need no strand.
class io_thread {
 public:
  using executor_type = asio::io_context::executor_type;

  io_thread() = default;

  /// Ends all openings and sessions of this thread, and calls no handler. Call it while the context
  /// does not run, or on its thread.
  ~io_thread() { abandon_all(registries_); }
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  executor_type executor() noexcept { return context_.get_executor(); }
  const io_registries& registries() const noexcept { return registries_; }

  /// Runs until release() is called and everything is done.
  void run() { context_.run(); }

  /// This and the next three may be called on any thread.
  void release() {
    asio::post(context_, [weak = std::weak_ptr{busy_}] {
      if (const auto busy = weak.lock()) busy->reset();
    });
  }

  void refuse_openings() {
    asio::post(context_, [all = registries_] { detail::refuse_openings(all); });
  }

  void close_all(const farewell& with) {
    asio::post(context_, [all = registries_, with] { detail::close_all(all, with); });
  }

  void abort_all() {
    asio::post(context_, [all = registries_] { detail::abort_all(all); });
  }

 private:
  using guard = asio::executor_work_guard<executor_type>;

  asio::io_context context_{1};
  const std::shared_ptr<guard> busy_ = std::make_shared<guard>(context_.get_executor());
  io_registries registries_{context_.get_executor()};
};

}  // namespace hawser::detail
