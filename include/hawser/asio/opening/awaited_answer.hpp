// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// The application's answer to the current request of a connection, while the connection waits for it.
class awaited_answer {
 public:
  /// Calls the application's hook now, and `use(opening, answer)` with its answer, on the opening's executor
  /// and always after this call, if the opening still exists. If the hook throws, the answer is 500, and the
  /// exception is returned; otherwise null.
  template <class Asked, class Opening, class Use>
  [[nodiscard]] std::exception_ptr ask(const handler_function<void(Asked&)>& hook,
                                       session_facts facts, std::weak_ptr<Opening> opening,
                                       const asio::any_io_executor& executor, Use use) {
    // The request may outlive the executor, so it must not hold one.
    const auto slot =
        std::make_shared<answer_slot>([opening = std::move(opening), use](upgrade_answer given) {
          const auto held = opening.lock();
          if (!held) return;
          asio::post(held->get_executor(), [opening, use, given = std::move(given)] {
            if (const auto self = opening.lock()) use(*self, given);
          });
        });
    slot_ = slot;
    Asked asked{std::make_shared<upgrade_state>(std::move(facts), slot)};
    std::exception_ptr thrown;
    slot->executor = &executor;
    try {
      hook(asked);
    } catch (...) {
      slot->give(refusal_of({.status = 500}));
      thrown = std::current_exception();
    }
    slot->executor = nullptr;
    return thrown;
  }

  /// Accepts no answer from now on. Returns false if the application has answered; that answer is used.
  bool expire() { return !slot_ || slot_->expire(); }

  /// The answer is used: the next request has its own.
  void reset() noexcept { slot_.reset(); }

 private:
  std::shared_ptr<answer_slot> slot_;  // while the application may answer
};

}  // namespace hawser::detail
