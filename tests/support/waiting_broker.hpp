// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/recording_broker.hpp"

namespace hawser::test {

/// A broker in memory whose subscriptions wait until the derived class takes them.
class waiting_broker {
 public:
  std::error_code publish(publication one) { return inner_.publish(std::move(one)); }
  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view topic,
                            acknowledgement live) {
    waiting_.push_back({to, std::string{topic}, std::move(live)});
    return {};
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view topic) {
    std::erase_if(waiting_, [&](auto& one) { return one.to == from && one.topic == topic; });
    inner_.unsubscribe(from, topic);
  }
  void unsubscribe(const std::shared_ptr<subscriber>& from) {
    std::erase_if(waiting_, [&](auto& one) { return one.to == from; });
    inner_.unsubscribe(from);
  }
  void shutdown() { inner_.shutdown(); }

 protected:
  struct request {
    std::shared_ptr<subscriber> to;
    std::string topic;
    acknowledgement live;
  };

  ~waiting_broker() = default;

  /// The broker of the subscriptions that do not wait.
  recording_broker& inner() noexcept { return inner_; }

  /// The requests that wait for this topic, which wait no longer.
  std::vector<request> take(std::string_view topic) {
    const auto begin = std::stable_partition(waiting_.begin(), waiting_.end(),
                                             [&](auto& one) { return one.topic != topic; });
    std::vector<request> taken{std::move_iterator{begin}, std::move_iterator{waiting_.end()}};
    waiting_.erase(begin, waiting_.end());
    return taken;
  }

  /// The same for all topics.
  std::vector<request> take() { return std::exchange(waiting_, {}); }

 private:
  recording_broker inner_;
  std::vector<request> waiting_;
};

}  // namespace hawser::test
