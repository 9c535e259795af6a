// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <system_error>
#include <utility>

#include <asio/error.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// A wait for the next message of a session.
struct receive_operation : operation {
  explicit receive_operation(message& target) : into{&target} {}
  message* into;

 protected:
  ~receive_operation() = default;
};

/// A wait until a session's queued output is small.
struct drain_operation : operation {
 protected:
  ~drain_operation() = default;
};

/// The pending waits of a session, used by coroutines on the session's thread.
class session_waits {
 public:
  bool receiving() const noexcept { return !receiving_.empty(); }

  void add(receive_operation& one) noexcept { receiving_.push(one); }
  void add(drain_operation& one) noexcept { draining_.push(one); }

  void deliver(message_view view) {
    auto& into = *receiving_.front().into;
    into.kind = view.kind;
    into.payload.assign(view.payload.begin(), view.payload.end());
    receiving_.pop().complete({});
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
  operation_queue<receive_operation> receiving_;
  operation_queue<drain_operation> draining_;
};

}  // namespace hawser::detail
