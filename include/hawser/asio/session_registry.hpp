// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/asio/session_state.hpp"

namespace hawser::detail {

/// The sessions of one io thread, for whoever has to reach all of them. For that thread only.
class session_registry {
 public:
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
    while (first_ != nullptr) {
      auto& one = *first_;
      const auto state = one.member_.share();
      one.leave();
      state->abandon();
    }
  }

 private:
  registration* first_ = nullptr;
};

}  // namespace hawser::detail
