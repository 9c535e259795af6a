// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/pubsub/presence_store.hpp"

namespace hawser::test {

/// A presence_store that records what is asked. A test says when it answers.
class scripted_presence_store final : public presence_store {
 public:
  void join(const presence_topic& on, std::string_view session, const presence_entry& entry,
            const presence_limits& limits, joined_handler done) override {
    limits_of_join = limits;
    note("join", on.stream + ' ' + entry.id + ' ' + entry.joined + ' ' + entry.left, session);
    events = on.events;
    answer([this, done = std::move(done)] { done(failure, status); });
  }
  void leave(std::string_view stream, std::string_view session) override {
    note("leave", stream, session);
  }
  void disconnect(std::string_view session, std::chrono::seconds ttl) override {
    note("disconnect", std::to_string(ttl.count()), session);
  }
  void transfer(std::string_view from, std::string_view to) override { note("transfer", from, to); }
  void find(std::string_view stream, presence_scope what, found_handler done) override {
    note("find", stream, what == presence_scope::total ? "total" : "members");
    answer([this, done = std::move(done)] { done(failure, found); });
  }

  /// Answers what was held.
  void answer_all() {
    for (const auto& one : std::exchange(held_, {})) one();
  }

  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::string events;  ///< Of the last join
  presence_limits limits_of_join = {};
  std::error_code failure = {};
  presence_status status = presence_status::joined;
  found_presence found = {};
  bool holds_answers = false;

 private:
  void note(std::string_view what, std::string_view about, std::string_view session) {
    calls.push_back(std::string{what} + ' ' + std::string{about} + ' ' + std::string{session});
  }
  void answer(std::function<void()> one) {
    holds_answers ? held_.push_back(std::move(one)) : one();
  }

  std::vector<std::function<void()>> held_;
};

}  // namespace hawser::test
