// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/topic.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/upstream.hpp"
#include "hawser/redis/link/wanted_patterns.hpp"

namespace hawser::detail {

/// Which topics and patterns subscribers want, and which of them Redis has confirmed. subscribe(), unsubscribe(),
/// end() and the counters may be called by any thread, the other functions by the thread of the connection.
class upstreams {
 public:
  /// What its owner does for it. These are called under a lock, and must not call this object.
  struct calls {
    std::function<void()> wake;  // look_at_changed() must be called by the thread of the connection
    /// Redis is asked to begin, or to end, a subscription. Returns false without a connection.
    std::function<bool(const std::string& pattern, bool subscribes)> ask;
  };

  upstreams(subscriptions& all, calls owner) : all_{all}, owner_{std::move(owner)} {}

  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live) {
    if (!is_topic_pattern(pattern)) return errc::bad_topic;
    const std::lock_guard guard{mutex_};
    if (has_ended_) return errc::closed;
    std::list<waiting_subscription> one;
    one.push_back({to, live});
    const auto place = known_.try_emplace(std::string{pattern}).first;
    try {
      by_subscriber_.add(to.get(), pattern);
      changed(*place);
    } catch (...) {
      forget(to.get(), pattern);
      throw;
    }
    place->second.waiting.splice(place->second.waiting.end(), one);
    return {};
  }

  void unsubscribe(const std::shared_ptr<subscriber>& from, std::string_view pattern) {
    std::list<waiting_subscription> dropped;  // destroyed without the lock
    const std::lock_guard guard{mutex_};
    if (by_subscriber_.remove(from.get(), pattern)) remove(from.get(), pattern, dropped);
  }

  void unsubscribe(const std::shared_ptr<subscriber>& from) {
    std::list<waiting_subscription> dropped;
    const std::lock_guard guard{mutex_};
    for (const auto& pattern : by_subscriber_.take(from.get())) {
      remove(from.get(), pattern, dropped);
    }
  }

  /// No subscription exists from now on.
  void end() noexcept {
    std::map<std::string, upstream, std::less<>> dropped;
    {
      const std::lock_guard guard{mutex_};
      has_ended_ = true;
      dropped.swap(known_);
      by_subscriber_.clear();
      changed_.clear();
    }
    all_.end();
  }

  /// Of all subscribers, also those that wait for Redis.
  std::size_t subscribed() const {
    const std::lock_guard guard{mutex_};
    return by_subscriber_.size();
  }

  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return known_.size();
  }

  /// Asks for what is wanted and was not asked for, and makes live what is confirmed.
  void look_at_changed() {
    promoted_subscriptions late;
    const std::lock_guard guard{mutex_};
    is_awaited_ = false;
    if (std::exchange(looks_at_all_, false)) {
      for (auto& one : known_) changed(one);
    }
    while (!changed_.empty()) {
      const auto name = std::move(changed_.front());
      changed_.pop_front();
      const auto one = known_.find(name);
      if (one == known_.end()) continue;
      one->second.is_changed = false;
      look_at(*one, late);
    }
  }

  /// There is a new connection, which has no subscriptions.
  void look_at_all() {
    {
      const std::lock_guard guard{mutex_};
      looks_at_all_ = true;
    }
    look_at_changed();
  }

  /// Redis has replied to what was asked.
  void answered(const std::string& pattern, bool subscribes, bool is_refused) {
    promoted_subscriptions late;
    std::list<waiting_subscription> failed;
    {
      const std::lock_guard guard{mutex_};
      const auto one = known_.find(pattern);
      if (one == known_.end()) return;
      --one->second.unanswered;
      one->second.is_live = subscribes && !is_refused;
      if (is_refused && one->second.unanswered == 0) {
        // Subscriptions that were live once are asked for again on the next connection.
        one->second.is_asked = false;
        failed.swap(one->second.waiting);
        for (const auto& each : failed) forget(each.to.get(), one->first);
        if (!is_wanted(*one)) known_.erase(one);
      } else {
        look_at(*one, late);
      }
    }
    for (const auto& each : failed) report_failure(each.to, each.live, redis::errc::refused);
  }

  /// The connection has ended.
  void lost() noexcept {
    const std::lock_guard guard{mutex_};
    for (auto& [_, one] : known_) one.reset();
  }

 private:
  using entry = std::pair<const std::string, upstream>;

  // ---- under the lock

  void remove(const subscriber* from, std::string_view pattern,
              std::list<waiting_subscription>& dropped) {
    all_.remove(from, pattern);
    const auto one = known_.find(pattern);
    if (one == known_.end()) return;
    auto& waiting = one->second.waiting;
    for (auto each = waiting.begin(); each != waiting.end();) {
      const auto current = each++;
      if (current->to.get() == from) dropped.splice(dropped.end(), waiting, current);
    }
    try {
      changed(*one);
    } catch (const std::bad_alloc&) {
      looks_at_all_ = true;
    }
  }

  void changed(entry& one) {
    if (!one.second.is_changed) changed_.push_back(one.first);
    one.second.is_changed = true;
    if (!is_awaited_) owner_.wake();
    is_awaited_ = true;
  }

  bool is_wanted(const entry& one) {
    return !one.second.waiting.empty() || all_.count(one.first) != 0;
  }

  /// What waited is live. Acknowledgements of subscribers without an executor are called without the lock.
  void promote(entry& one, promoted_subscriptions& late) {
    auto& waiting = one.second.waiting;
    while (!waiting.empty()) {
      const auto& each = waiting.front();
      const bool is_late = each.live && !each.to->loop();
      if (is_late) late.calls.reserve(late.calls.size() + 1);
      const auto ec = all_.add(each.to, one.first, is_late ? acknowledgement{} : each.live);
      late.past.splice(late.past.end(), waiting, waiting.begin());
      if (is_late) late.calls.push_back(std::move(late.past.back().live));
      // The context of the subscriber has ended.
      if (ec) forget(late.past.back().to.get(), one.first);
    }
  }

  /// A subscription does not exist. Another of the same subscriber and pattern may.
  void forget(const subscriber* one, std::string_view pattern) {
    if (!all_.has(one, pattern) && !waits(one, pattern)) by_subscriber_.remove(one, pattern);
  }

  bool waits(const subscriber* one, std::string_view pattern) const {
    const auto known = known_.find(pattern);
    return known != known_.end() && std::ranges::any_of(known->second.waiting, [&](auto& each) {
             return each.to.get() == one;
           });
  }

  void look_at(entry& one, promoted_subscriptions& late) {
    const bool wanted = is_wanted(one);
    if (wanted != one.second.is_asked && owner_.ask(one.first, wanted)) {
      one.second.is_asked = wanted;
      ++one.second.unanswered;
    }
    if (one.second.is_settled()) promote(one, late);
    if (!wanted && one.second.is_unknown()) known_.erase(known_.find(one.first));
  }

  subscriptions& all_;
  const calls owner_;
  mutable std::mutex mutex_;
  std::map<std::string, upstream, std::less<>> known_;
  wanted_patterns by_subscriber_;
  std::deque<std::string> changed_;
  bool looks_at_all_ = false;  // not only at changed_
  bool is_awaited_ = false;    // look_at_changed(), after wake
  bool has_ended_ = false;
};

}  // namespace hawser::detail
