// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/context_end.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_state.hpp"

namespace hawser::detail {

/// The sessions of one io thread, for whoever has to reach all of them. For that thread only. When its
/// context ends they are abandoned.
class session_registry final : public std::enable_shared_from_this<session_registry>,
                               private context_end::listener {
 public:
  explicit session_registry(const asio::any_io_executor& executor)
      : context_end::listener{executor} {}

  /// A session's place, until it leaves or ends.
  class registration {
   public:
    registration(session_state& member, std::shared_ptr<session_registry> registry)
        : member_{member}, registry_{std::move(registry)} {
      next_ = std::exchange(registry_->first_, this);
      if (next_ != nullptr) next_->previous_ = this;
    }
    ~registration() { leave(); }
    registration(const registration&) = delete;
    registration& operator=(const registration&) = delete;

    void leave() {
      const auto registry = std::exchange(registry_, nullptr);
      if (!registry) return;
      (previous_ == nullptr ? registry->first_ : previous_->next_) = next_;
      if (next_ != nullptr) next_->previous_ = previous_;
    }

   private:
    friend session_registry;
    session_state& member_;
    std::shared_ptr<session_registry> registry_;
    registration* previous_ = nullptr;
    registration* next_ = nullptr;
  };

  /// Handles of all that are there now.
  std::vector<session> sessions() const {
    std::vector<session> all;
    for (auto* one = first_; one != nullptr; one = one->next_) {
      if (auto state = one->member_.share()) all.emplace_back(std::move(state));
    }
    return all;
  }

  /// Ends all of them, and calls no handler.
  void abandon() {
    // The last one that leaves may be all that keeps this.
    const auto self = weak_from_this().lock();
    while (first_ != nullptr) {
      auto& one = *first_;
      const auto state = one.member_.share();
      one.leave();
      state->abandon();
    }
  }

 private:
  void context_ends() noexcept override {
    leave();
    abandon();
  }

  registration* first_ = nullptr;
};

}  // namespace hawser::detail
