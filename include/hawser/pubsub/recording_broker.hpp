// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/inline_broker.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser {

/// An inline_broker that keeps all that is published, for the tests of programs. May be used on any thread.
class recording_broker {
 public:
  /// See `broker`.
  std::error_code publish(publication published) {
    if (const auto ec = all_.error_of(published)) return ec;
    {
      const std::lock_guard guard{mutex_};
      published_.push_back(published);
    }
    return all_.publish(std::move(published));
  }
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live = {}) {
    return all_.subscribe(to, pattern, live);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view pattern) {
    all_.unsubscribe(from, pattern);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) { all_.unsubscribe(from); }
  void shutdown() { all_.shutdown(); }

  /// The payloads that were published to topics that match the pattern, in order.
  std::vector<std::string> payloads(std::string_view pattern = "**") const {
    std::vector<std::string> all;
    for (const auto& one : publications(pattern)) {
      all.emplace_back(as_text(one.message.payload()));
    }
    return all;
  }

  /// What was published to topics that match the pattern, in order.
  std::vector<publication> publications(std::string_view pattern = "**") const {
    std::vector<publication> all;
    const std::lock_guard guard{mutex_};
    for (const auto& one : published_) {
      if (topic_matches(pattern, one.topic)) all.push_back(one);
    }
    return all;
  }

  /// Forgets what was published.
  void clear() {
    const std::lock_guard guard{mutex_};
    published_.clear();
  }

  /// The number of subscriptions of exactly this topic or pattern.
  std::size_t subscriptions(std::string_view pattern) { return all_.subscriptions(pattern); }

 private:
  inline_broker all_;
  mutable std::mutex mutex_;
  std::vector<publication> published_;
};

static_assert(broker<recording_broker>);

}  // namespace hawser
