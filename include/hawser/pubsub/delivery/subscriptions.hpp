// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/delivery_loop.hpp"
#include "hawser/pubsub/delivery/fan_out.hpp"
#include "hawser/pubsub/delivery/membership.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::detail {

/// A subscriber of a broker of this process.
class subscriber_target final : public delivery_target {
 public:
  subscriber_target(std::shared_ptr<subscriber> one, std::shared_ptr<delivery_loop> loop)
      : delivery_target{std::move(loop)}, one_{std::move(one)} {}

  void receive(const publication& published) override {
    if (one_->on_publication) one_->on_publication(published);
  }

  void report_gap() const {
    if (one_->on_gap) one_->on_gap();
  }

 private:
  const std::shared_ptr<subscriber> one_;
};

/// The subscriptions of a broker of this process. May be used on any thread.
class subscriptions {
 public:
  /// `most` limits the bytes that wait on each loop.
  explicit subscriptions(std::size_t most) : most_{most} {}
  ~subscriptions() { end(); }
  subscriptions(const subscriptions&) = delete;
  subscriptions& operator=(const subscriptions&) = delete;

  /// Why a message cannot be published, apart from the end of the broker.
  static std::error_code error_of(const publication& one) noexcept {
    return is_topic(one.topic) ? one.message.error() : errc::bad_topic;
  }

  bool have_ended() const {
    const std::lock_guard guard{mutex_};
    return ended_;
  }

  /// With `within`, the subscriber's executor is not used.
  std::error_code add(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                      const acknowledgement& live, bool within = false) {
    if (!is_topic_pattern(pattern)) return errc::bad_topic;
    fan_out::added made;
    addition undone{*this, to.get(), pattern};
    {
      const std::lock_guard guard{mutex_};
      if (ended_) return errc::closed;
      auto& known = targets_[to.get()];
      undone.is_pending = true;
      if (!known) {
        known = std::make_shared<subscriber_target>(to, within ? nullptr : to->loop());
      }
      made = topics_.add(known, pattern);
      undone.is_pending = made.is_new;
      if (live && known->loop() && !acknowledge(made.one, live)) return errc::closed;
    }
    undone.is_pending = false;
    if (live && !made.one->to->loop()) live({});
    return {};
  }

  void remove(const subscriber* from, std::string_view pattern) {
    std::shared_ptr<subscriber_target> last;
    fan_out::removed past;
    const std::lock_guard guard{mutex_};
    const auto known = targets_.find(from);
    if (known == targets_.end()) return;
    if (known->second) past = topics_.remove(*known->second, pattern);
    if (known->second && !known->second->subscriptions.empty()) return;
    last = std::move(known->second);
    targets_.erase(known);
  }

  void remove(const subscriber* from) {
    const auto one = take(from);
    if (one) remove_all(topics_, mutex_, *one);
  }

  void end() {
    std::unordered_map<const subscriber*, std::shared_ptr<subscriber_target>> all;
    {
      const std::lock_guard guard{mutex_};
      ended_ = true;
      all.swap(targets_);
    }
    for (const auto& [_, one] : all) remove_all(topics_, mutex_, *one);
  }

  /// Queues a publication, and returns the subscriptions to which it must be delivered within this call.
  std::error_code publish(const std::shared_ptr<const publication>& published, memberships& here,
                          std::size_t& refused) {
    const std::lock_guard guard{mutex_};
    if (ended_) return errc::closed;
    refused = topics_.publish(published, most_, here);
    return {};
  }

  /// Calls on_gap of all subscribers, on their loops, or within this call. Throws std::bad_alloc; some of them were
  /// then not called.
  void report_gap() {
    std::vector<std::shared_ptr<subscriber_target>> here;
    {
      const std::lock_guard guard{mutex_};
      for (const auto& [_, one] : targets_) {
        if (!one->loop()) {
          here.push_back(one);
          continue;
        }
        auto to = std::make_shared<const memberships>(topics_.of(*one));
        one->loop()->push({nullptr, std::move(to), [one = one] { one->report_gap(); }}, no_limit);
      }
    }
    for (const auto& one : here) one->report_gap();
  }

  bool has(const subscriber* one, std::string_view pattern) const {
    const std::lock_guard guard{mutex_};
    const auto known = targets_.find(one);
    return known != targets_.end() && known->second->subscriptions.contains(pattern);
  }

  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return topics_.size();
  }

  std::size_t count(std::string_view pattern) {
    const std::lock_guard guard{mutex_};
    return topics_.count(pattern);
  }

 private:
  /// Removes a subscription that has failed.
  struct addition {
    subscriptions& all;
    const subscriber* to;
    std::string_view pattern;
    bool is_pending = false;

    ~addition() {
      if (is_pending) all.remove(to, pattern);
    }
  };

  std::shared_ptr<subscriber_target> take(const subscriber* from) {
    const std::lock_guard guard{mutex_};
    const auto known = targets_.find(from);
    if (known == targets_.end()) return nullptr;
    auto one = std::move(known->second);
    targets_.erase(known);
    return one;
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  fan_out topics_;
  std::unordered_map<const subscriber*, std::shared_ptr<subscriber_target>> targets_;
  bool ended_ = false;
};

/// Reports to a subscriber, on its loop or within this call, that a subscription has failed.
inline void report_failure(const std::shared_ptr<subscriber>& to, const acknowledgement& live,
                           std::error_code why) {
  if (!live) return;
  if (!to->loop()) return live(why);
  const auto target = std::make_shared<subscriber_target>(to, to->loop());
  auto failed =
      std::make_shared<const memberships>(memberships{std::make_shared<membership>(target)});
  to->loop()->push({nullptr, std::move(failed), [live, why] { live(why); }}, no_limit);
}

/// Delivers within the caller, and returns the first exception of a receiver.
inline std::exception_ptr deliver_here(const publication& published, const memberships& here) {
  std::exception_ptr failure;
  const delivery_target* last = nullptr;
  for (const auto& one : here) {
    if (one->to.get() == last || !one->is_live.load(std::memory_order_acquire)) continue;
    last = one->to.get();
    try {
      one->to->receive(published);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  return failure;
}

}  // namespace hawser::detail
