// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/session.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/fan_out.hpp"
#include "hawser/pubsub/delivery/hub_member.hpp"
#include "hawser/pubsub/hub_options.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::detail {

/// What a hub consists of. Sessions refer to it weakly, so it may end before them and after them.
class hub_state final : public std::enable_shared_from_this<hub_state> {
 public:
  explicit hub_state(const hub_options& options)
      : most_topics_{limit_of(options.max_topics_per_session)},
        longest_{limit_of(options.max_topic_length)},
        most_bytes_{limit_of(options.max_queued_bytes)},
        outcome_{std::make_shared<hub_outcome>(options.on_dropped)} {}

  std::error_code subscribe(const session& peer, std::string_view pattern,
                            const acknowledgement& live) {
    if (!is_topic_pattern(pattern, longest_)) return errc::bad_topic;
    if (!peer.is_open()) return errc::closed;
    auto member = find(peer.id());
    if (!member) {
      if (const auto ec = enter(peer, member)) return ec;
    }
    fan_out::added made;  // destroyed without the lock
    const std::lock_guard guard{mutex_};
    if (ended_ || member->has_left) return errc::closed;
    auto& topics = member->subscriptions;
    if (topics.size() >= most_topics_ && topics.find(pattern) == topics.end()) {
      return errc::too_many_topics;
    }
    made = topics_.add(member, pattern);
    if (!live) return {};
    try {
      return acknowledge(made.one, live) ? errc{} : errc::closed;
    } catch (...) {
      // One of the owners of what it returns is `made`.
      if (made.is_new) topics_.remove(*member, pattern);
      throw;
    }
  }

  void unsubscribe(const session& peer, std::string_view pattern) {
    const auto member = find(peer.id());
    if (!member) return;
    fan_out::removed past;
    const std::lock_guard guard{mutex_};
    past = topics_.remove(*member, pattern);
  }

  void unsubscribe(const session& peer) {
    if (const auto member = find(peer.id())) remove_all(topics_, mutex_, *member);
  }

  std::error_code publish(publication published) {
    if (!is_topic(published.topic, longest_)) return errc::bad_topic;
    if (published.message.error() != errc{}) return published.message.error();
    std::ranges::sort(published.except);
    const auto shared = std::make_shared<const publication>(std::move(published));
    memberships none;
    const std::lock_guard guard{mutex_};
    if (ended_) return errc::closed;
    ++published_;
    outcome_->count_dropped(topics_.publish(shared, most_bytes_, none));
    return {};
  }

  std::vector<std::string> topics(const session& peer) const {
    std::vector<std::string> all;
    const auto member = find(peer.id());
    if (!member) return all;
    const std::lock_guard guard{mutex_};
    for (const auto& [name, _] : member->subscriptions) all.push_back(name);
    return all;
  }

  std::size_t count(std::string_view pattern) {
    const std::lock_guard guard{mutex_};
    return topics_.count(pattern);
  }

  hub_statistics statistics() const {
    const std::lock_guard guard{mutex_};
    const auto sessions = static_cast<std::size_t>(std::ranges::count_if(
        members_, [](const auto& one) { return !one.second->subscriptions.empty(); }));
    return {sessions,   topics_.topics(),      topics_.size(),
            published_, outcome_->delivered(), outcome_->dropped()};
  }

  /// Nothing is delivered from now on, and the hook is not called.
  void end() noexcept {
    std::unordered_map<std::uint64_t, std::shared_ptr<hub_member>> all;
    {
      const std::lock_guard guard{mutex_};
      ended_ = true;
      all.swap(members_);
    }
    for (const auto& [_, one] : all) remove_all(topics_, mutex_, *one);
    outcome_->end();
  }

 private:
  /// Ends the subscriptions of a session that keeps it.
  class leaving {
   public:
    leaving(std::weak_ptr<hub_state> hub, std::weak_ptr<hub_member> member)
        : hub_{std::move(hub)}, member_{std::move(member)} {}
    ~leaving() {
      const auto hub = hub_.lock();
      const auto member = member_.lock();
      if (hub && member) hub->leave(*member);
    }
    leaving(const leaving&) = delete;
    leaving& operator=(const leaving&) = delete;

   private:
    const std::weak_ptr<hub_state> hub_;
    const std::weak_ptr<hub_member> member_;
  };

  std::shared_ptr<hub_member> find(std::uint64_t id) const {
    const std::lock_guard guard{mutex_};
    const auto known = members_.find(id);
    return known == members_.end() ? nullptr : known->second;
  }

  /// Makes a member of a session, without the lock: the session has one of its own, and may end meanwhile.
  std::error_code enter(const session& peer, std::shared_ptr<hub_member>& member) {
    const auto make = [&](const asio::any_io_executor& executor) {
      member = std::make_shared<hub_member>(peer, delivery_loop::of(executor), outcome_);
      return std::make_shared<leaving>(weak_from_this(), member);
    };
    if (const auto ec = peer.keep_until_end(make)) return ec;
    const std::lock_guard guard{mutex_};
    if (ended_ || member->has_left) return errc::closed;
    // Another thread may have been faster.
    member = members_.try_emplace(peer.id(), member).first->second;
    return {};
  }

  void leave(hub_member& one) noexcept {
    std::shared_ptr<hub_member> kept;
    {
      const std::lock_guard guard{mutex_};
      one.has_left = true;
      const auto known = members_.find(one.id());
      if (known != members_.end() && known->second.get() == &one) {
        kept = std::move(known->second);
        members_.erase(known);
      }
    }
    remove_all(topics_, mutex_, one);
  }

  const std::size_t most_topics_;
  const std::size_t longest_;
  const std::size_t most_bytes_;
  const std::shared_ptr<hub_outcome> outcome_;
  mutable std::mutex mutex_;
  fan_out topics_;
  std::unordered_map<std::uint64_t, std::shared_ptr<hub_member>> members_;
  std::uint64_t published_ = 0;
  bool ended_ = false;
};

}  // namespace hawser::detail
