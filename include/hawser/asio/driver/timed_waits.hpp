// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/session/session_waits.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// The waits of a session and the timeouts of its receives. `Expire` must call expire_due().
template <class Owner, void (Owner::*Expire)()>
class timed_waits final : public session_waits {
 public:
  /// Adds a receive. Returns whether it waits for a message. If this throws, the receive is abandoned.
  bool await(read_operation& one, Owner& owner) {
    operation_ptr abandoned{&one};
    if (one.timeout != (read_operation::clock::duration::max)()) {
      if (!alarm_) alarm_.emplace(owner, owner.get_executor());
      one.until = deadline_after(alarm_->now(), one.timeout);
      alarm_->set_at_latest(one.until);
    }
    static_cast<void>(abandoned.release());
    add(one);
    return receiving();
  }

  /// Completes the receives that are due.
  void expire_due() { alarm_->set(expire(alarm_->now())); }

  /// No receive will expire. The execution context is not used after this.
  void cancel_timeouts() noexcept { alarm_.reset(); }

 private:
  std::optional<owned_deadline<Owner, Expire>> alarm_;
};

}  // namespace hawser::detail
