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
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_registry.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::detail {

/// One thread's share of a server: a context, and the openings and sessions that live on it.
class io_thread {
 public:
  /// On a context of its own, or on one that somebody else runs.
  explicit io_thread(asio::io_context* foreign)
      : own_{foreign == nullptr ? std::make_unique<asio::io_context>(1) : nullptr},
        context_{foreign == nullptr ? *own_ : *foreign} {
    if (own_) busy_.emplace(own_->get_executor());
  }

  asio::io_context& context() noexcept { return context_; }
  const std::shared_ptr<session_registry>& sessions() const noexcept { return sessions_; }

  /// Until release(), and until all is done.
  void run() { context_.run(); }

  /// From any thread, like the two that follow.
  void release() {
    asio::post(context_, [this] { busy_.reset(); });
  }

  void close_all() {
    asio::post(context_, [this] {
      for (const auto& opening : openings_) {
        if (const auto alive = opening.lock()) alive->refuse();
      }
      for (const auto& one : sessions_->sessions()) one.close(close_code::going_away);
    });
  }

  void abort_all() {
    asio::post(context_, [this] {
      for (const auto& opening : openings_) {
        if (const auto alive = opening.lock()) alive->abort();
      }
      for (const auto& one : sessions_->sessions()) one.close_now();
    });
  }

  /// On this thread.
  void add(const std::shared_ptr<opening_base>& opening) {
    // The dead are swept out when they may be half of all.
    if (openings_.size() >= sweep_at_) {
      std::erase_if(openings_, [](const auto& one) { return one.expired(); });
      sweep_at_ = 2 * openings_.size() + 64;
    }
    openings_.push_back(opening);
  }

 private:
  using guard = asio::executor_work_guard<asio::io_context::executor_type>;

  std::unique_ptr<asio::io_context> own_;
  asio::io_context& context_;
  std::optional<guard> busy_;
  std::shared_ptr<session_registry> sessions_ = std::make_shared<session_registry>();
  std::vector<std::weak_ptr<opening_base>> openings_;
  std::size_t sweep_at_ = 64;
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
