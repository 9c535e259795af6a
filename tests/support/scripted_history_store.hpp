// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/history.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/memory_broker.hpp"

namespace hawser::test {

/// A history_store in memory. A test says when it answers.
class scripted_history_store final : public history_store {
 public:
  /// Must be called before the store is used.
  void attach(memory_broker& broker) noexcept { broker_ = &broker; }

  std::error_code publish(publication published, std::string_view notes,
                          std::string_view said) override {
    const auto kept = kept_.find(published.topic);
    if (kept != kept_.end()) {
      const auto made = all_.append(published.topic, published.message, kept->second, time);
      note(notes, made.epoch + ' ' + std::to_string(made.offset));
    }
    if (!said.empty()) note(notes, said);
    return broker_->publish(std::move(published));
  }

  void keep(const kept_topic& topic, const history_options& options, kept_handler done) override {
    ++keeps;
    if (!failure) kept_.insert_or_assign(topic.name, options);
    answer([this, done = std::move(done)] { done(failure); });
  }

  void find(const kept_topic& topic, const history_query& asked, std::string_view mark,
            found_handler done) override {
    if (failure) return done(failure, {});
    found_history made;
    const auto found = asked.after ? all_.after(topic.name, *asked.after, time)
                                   : all_.since(topic.name, asked.since, time);
    made.status = found.status;
    made.epoch = found.epoch;
    for (const auto& one : found.messages) {
      made.messages.push_back({one.offset, std::string{as_text(one.text.payload())}});
    }
    if (sends_marks) note(topic.notes, mark);
    answer([done = std::move(done), made] { done({}, made); });
  }

  /// Answers what was held.
  void answer_all() {
    for (const auto& one : std::exchange(held_, {})) one();
  }

  bool holds_answers = false;
  bool sends_marks = true;
  std::error_code failure = {};
  int keeps = 0;
  cable::history_time time = {};

 private:
  void note(std::string_view topic, std::string_view text) {
    broker_->publish({std::string{topic}, prepared_message{text}});
  }

  void answer(std::function<void()> one) {
    holds_answers ? held_.push_back(std::move(one)) : one();
  }

  memory_broker* broker_ = nullptr;
  cable::history all_{"e"};
  std::map<std::string, history_options, std::less<>> kept_;
  std::vector<std::function<void()>> held_;
};

}  // namespace hawser::test
