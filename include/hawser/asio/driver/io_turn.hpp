// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/query.hpp>

#include "hawser/asio/session/session_state.hpp"

namespace hawser::detail {

/// One turn of a thread that runs an io_context: one ready socket, and the handlers that are called for it. What
/// these handlers send to other sessions of the thread leaves at the end of the turn, so that several messages to
/// a session are one write. The turns of one thread nest, if a handler runs a context.
class io_turn {
 public:
  explicit io_turn(const asio::io_context::executor_type& executor) noexcept
      : context_{&asio::query(executor, asio::execution::context)},
        outer_{std::exchange(innermost(), this)} {}

  ~io_turn() {
    // What is sent from now on is written at once: sessions that answer each other would not end the turn.
    innermost() = outer_;
    for (const auto& one : held_) one->release_output();
  }

  io_turn(const io_turn&) = delete;
  io_turn& operator=(const io_turn&) = delete;

  /// The turn in which this thread runs the context, or null.
  static io_turn* of(const asio::io_context::executor_type& executor) noexcept {
    auto* const now = innermost();
    return now != nullptr && now->context_ == &asio::query(executor, asio::execution::context)
               ? now
               : nullptr;
  }

  /// Holds the output of a session until the end of this turn. If memory allocation fails, it is not held.
  void hold(std::shared_ptr<session_state> one) {
    held_.push_back(std::move(one));
    held_.back()->hold_output();
  }

 private:
  static io_turn*& innermost() noexcept {
    thread_local io_turn* turn = nullptr;
    return turn;
  }

  const asio::execution_context* context_;
  io_turn* outer_;
  std::vector<std::shared_ptr<session_state>> held_;
};

/// The turn of another executor: nothing is known of its threads, so each message is written when it is sent.
struct no_turn {
  template <class Executor>
  explicit no_turn(const Executor&) noexcept {}
};

template <class Executor>
using turn_of =
    std::conditional_t<std::is_same_v<Executor, asio::io_context::executor_type>, io_turn, no_turn>;

}  // namespace hawser::detail
