// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/io_context.hpp>

namespace hawser::detail {

/// A context for a single blocking operation. An operation that cannot be interrupted, such as the
/// system's resolver, finishes on a thread of its own after this object is destroyed.
class brief_context {
 public:
  brief_context() = default;
  ~brief_context() {
    context_->poll();
    if (context_->stopped()) return;
    try {
      std::thread{[kept = std::move(context_)] {}}.detach();
    } catch (const std::system_error&) {
      // Without a thread, wait for it here.
    }
  }
  brief_context(const brief_context&) = delete;
  brief_context& operator=(const brief_context&) = delete;

  auto get_executor() { return context_->get_executor(); }

  template <class Done>
  void run_until(Done done) {
    while (!done() && context_->run_one() != 0) {
    }
  }

 private:
  std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
};

}  // namespace hawser::detail
