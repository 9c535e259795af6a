// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::test {

/// A broker as that of several processes is: it delivers after publish(), without `except`, and publishes notes.
class shared_broker {
 public:
  std::error_code publish(publication one) {
    one.except.clear();
    waiting_.push_back(std::move(one));
    return failure;
  }
  std::error_code publish_noted(publication one, std::string_view notes, std::string_view note) {
    publish({std::string{notes}, prepared_message{note}});
    return publish(std::move(one));
  }
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view topic,
                            const acknowledgement& live = {}) {
    topics.emplace_back(topic);
    return all_.subscribe(to, topic, live);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view topic) {
    all_.unsubscribe(from, topic);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) { all_.unsubscribe(from); }
  void shutdown() { all_.shutdown(); }

  /// Delivers what was published. Returns its topics and texts.
  std::vector<std::string> deliver() {
    std::vector<std::string> all;
    for (auto& one : std::exchange(waiting_, {})) {
      all.push_back(one.topic + ' ' + std::string{as_text(one.message.payload())});
      all_.publish(std::move(one));
    }
    return all;
  }

  std::vector<std::string> topics;  ///< That were subscribed
  std::error_code failure = {};

 private:
  memory_broker all_;
  std::vector<publication> waiting_;
};

}  // namespace hawser::test
