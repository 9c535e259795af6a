// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include <asio/error.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/driver/read_operation.hpp"
#include "hawser/asio/driver/returned_input.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// A wait until a session's queued output is small.
struct drain_operation : operation {
 protected:
  ~drain_operation() = default;
};

/// The pending waits of a session, used by coroutines on the session's thread.
class session_waits {
 public:
  bool receiving() const noexcept { return !receiving_.empty(); }

  void add(read_operation& one) {
    receiving_.push(one);
    serve_returned();
  }
  void add(drain_operation& one) noexcept { draining_.push(one); }

  void deliver(message_view view) {
    receiving_.front().take(view);
    receiving_.pop().deliver(++delivered_);
  }

  /// Whether there are messages of receives that were cancelled.
  bool has_returned() const noexcept { return !returned_.empty(); }
  std::size_t stored_bytes() const noexcept { return returned_.stored_bytes(); }

  /// A receive is cancelled before its handler has its message: the next one gets it.
  void give_back(delivery_receipt& receipt) {
    if (receipt.give_back(returned_)) serve_returned();
  }

  /// Completes the receives that are due, and returns when the next one is.
  read_operation::time_point expire(read_operation::time_point now) {
    receiving_.complete_if([now](auto& one) { return one.until <= now; }, errc::read_timeout);
    auto soonest = (read_operation::time_point::max)();
    receiving_.for_each([&](auto& one) { soonest = (std::min)(soonest, one.until); });
    return soonest;
  }

  void drained() { draining_.complete_all({}); }

  /// There will be no more messages.
  void end() {
    receiving_.complete_all(errc::closed);
    draining_.complete_all(errc::closed);
  }

  /// The execution context ends: the handlers are destroyed and not called.
  void abandon() {
    receiving_.abandon();
    draining_.abandon();
  }

  /// Ends one wait, if it is still pending.
  void cancel(operation& one) {
    const auto is_it = [&](const operation& each) { return &each == &one; };
    receiving_.complete_if(is_it, asio::error::operation_aborted);
    draining_.complete_if(is_it, asio::error::operation_aborted);
  }

 private:
  void serve_returned() {
    while (receiving() && has_returned()) {
      auto& one = receiving_.pop();
      one.deliver(*returned_.take(*one.whole));
    }
  }

  operation_queue<read_operation> receiving_;
  returned_input returned_;
  std::uint64_t delivered_ = 0;
  operation_queue<drain_operation> draining_;
};

}  // namespace hawser::detail
