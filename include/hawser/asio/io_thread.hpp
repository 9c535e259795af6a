// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/server_opening.hpp"
#include "hawser/asio/session_registry.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::detail {

/// One thread's share of a server: a context, and the openings and sessions that live on it.
class io_thread {
 public:
  /// On a context of its own, or on one that somebody else runs.
  explicit io_thread(asio::io_context* foreign)
      : own_{foreign == nullptr ? std::make_unique<asio::io_context>(1) : nullptr},
        context_{foreign == nullptr ? *own_ : *foreign},
        registries_{context_.get_executor()} {
    if (own_) busy_.emplace(own_->get_executor());
  }

  /// What still lives here ends, and calls no handler. While nobody runs the context, or on its thread.
  ~io_thread() {
    for (const auto& one : registries_.openings->openings()) one->abort();
    registries_.sessions->abandon();
  }
  io_thread(const io_thread&) = delete;
  io_thread& operator=(const io_thread&) = delete;

  asio::io_context& context() noexcept { return context_; }
  const io_registries& registries() const noexcept { return registries_; }

  /// Until release(), and until all is done.
  void run() { context_.run(); }

  /// From any thread, like the two that follow.
  void release() {
    if (own_) asio::post(context_, [this] { busy_.reset(); });
  }

  void close_all() {
    asio::post(context_, [registries = registries_] {
      for (const auto& one : registries.openings->openings()) one->refuse();
      for (const auto& one : registries.sessions->sessions()) one.close(close_code::going_away);
    });
  }

  void abort_all() {
    asio::post(context_, [registries = registries_] {
      for (const auto& one : registries.openings->openings()) one->abort();
      for (const auto& one : registries.sessions->sessions()) one.close_now();
    });
  }

 private:
  using guard = asio::executor_work_guard<asio::io_context::executor_type>;

  std::unique_ptr<asio::io_context> own_;
  asio::io_context& context_;
  std::optional<guard> busy_;
  io_registries registries_;
};

/// `count` of them (0: one for each processor), or the one on a foreign context.
inline std::vector<std::unique_ptr<io_thread>> make_io_threads(asio::io_context* foreign,
                                                               std::size_t count) {
  if (count == 0) count = (std::max)(1U, std::thread::hardware_concurrency());
  if (foreign != nullptr) count = 1;
  std::vector<std::unique_ptr<io_thread>> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(std::make_unique<io_thread>(foreign));
  return made;
}

}  // namespace hawser::detail
