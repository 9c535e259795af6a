// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/base/error.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/topic.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/live_channels.hpp"
#include "hawser/redis/link/redis_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/link/upstream.hpp"
#include "hawser/redis/options.hpp"

namespace hawser::detail {

/// The connection for subscriptions. subscribe(), unsubscribe(), end() and the counters may be called by any thread,
/// the other functions by the thread of the context.
class subscriber_link final : redis_link_owner {
 public:
  /// What its owner does for it.
  struct calls {
    std::function<void()> connected;
    std::function<void(std::error_code, std::string_view)> trouble;
    std::function<void(std::string_view topic, std::string_view payload)> received;
    std::function<void()> gap;  // all subscriptions are live again
    std::function<void()> begin_fence;
    std::function<void()> end_fence;
    std::function<void()> lost;
  };

  subscriber_link(asio::io_context& context, const redis_address& where,
                  const redis_broker_options& options, subscriptions& all, calls owner)
      : context_{context},
        names_{options.channel_prefix},
        all_{all},
        owner_{std::move(owner)},
        link_{context, where, options, *this} {}

  void start() { link_.start(); }
  void stop() noexcept { link_.stop(); }
  void recover() { link_.recover(); }
  bool is_resolving() const noexcept { return link_.is_resolving(); }
  bool is_connected() const noexcept { return is_connected_; }

  std::error_code subscribe(const std::shared_ptr<subscriber>& to, std::string_view pattern,
                            const acknowledgement& live) {
    if (!is_topic_pattern(pattern)) return errc::bad_topic;
    const std::lock_guard guard{mutex_};
    if (has_ended_) return errc::closed;
    std::list<waiting_subscription> one;
    one.push_back({to, live});
    const auto place = upstreams_.try_emplace(std::string{pattern}).first;
    try {
      by_subscriber_[to.get()].emplace(pattern);
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
    const auto its = by_subscriber_.find(from.get());
    if (its == by_subscriber_.end()) return;
    const auto known = its->second.find(pattern);
    if (known == its->second.end()) return;
    remove(from.get(), *known, dropped);
    its->second.erase(known);
    if (its->second.empty()) by_subscriber_.erase(its);
  }

  void unsubscribe(const std::shared_ptr<subscriber>& from) {
    std::list<waiting_subscription> dropped;
    const std::lock_guard guard{mutex_};
    const auto its = by_subscriber_.find(from.get());
    if (its == by_subscriber_.end()) return;
    for (const auto& pattern : its->second) remove(from.get(), pattern, dropped);
    by_subscriber_.erase(its);
  }

  /// No subscription exists from now on.
  void end() noexcept {
    std::map<std::string, upstream, std::less<>> dropped;
    {
      const std::lock_guard guard{mutex_};
      has_ended_ = true;
      dropped.swap(upstreams_);
      by_subscriber_.clear();
      changed_.clear();
    }
    all_.end();
  }

  /// Makes Redis reply after everything that it has sent so far. Has no effect while it is asked already.
  void fence() {
    if (!link_.is_ready() || is_testing_) return;
    is_testing_ = true;
    expected_.push_back({reply_to::test, {}});
    owner_.begin_fence();
    link_.output().write({"PING"});
  }

  /// Of all subscribers, also those that wait for Redis.
  std::size_t subscriptions_count() const {
    const std::lock_guard guard{mutex_};
    std::size_t sum = 0;
    for (const auto& [_, patterns] : by_subscriber_) sum += patterns.size();
    return sum;
  }

  std::size_t upstream_count() const {
    const std::lock_guard guard{mutex_};
    return upstreams_.size();
  }

 private:
  enum class reply_to : std::uint8_t { subscribe, unsubscribe, test };

  struct expected {
    reply_to what;
    std::string pattern;  // empty: the internal channel
  };

  using entry = std::pair<const std::string, upstream>;

  /// What must happen without the lock, also if there is no memory for the rest: an object before that of the lock.
  struct outcome {
    outcome() = default;
    ~outcome() {
      for (const auto& live : calls) live({});
    }
    outcome(const outcome&) = delete;
    outcome& operator=(const outcome&) = delete;

    std::vector<acknowledgement> calls;
    std::list<waiting_subscription> past;
  };

  /// Rails subscribes this first, so that the connection always has a subscription.
  static constexpr std::string_view internal_channel = "_action_cable_internal";

  // ---- under the lock

  void remove(const subscriber* from, std::string_view pattern,
              std::list<waiting_subscription>& dropped) {
    all_.remove(from, pattern);
    const auto one = upstreams_.find(pattern);
    if (one == upstreams_.end()) return;
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
    if (!posted_) asio::post(context_, [this] { run(); });
    posted_ = true;
  }

  bool is_wanted(const entry& one) {
    return !one.second.waiting.empty() || all_.count(one.first) != 0;
  }

  void ask(entry& one, bool subscribes) {
    const bool is_pattern = has_wildcard(one.first);
    expected_.push_back({subscribes ? reply_to::subscribe : reply_to::unsubscribe, one.first});
    const std::string_view command = subscribes ? (is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE")
                                                : (is_pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE");
    link_.output().write({command, names_.of(one.first)});
    one.second.is_asked = subscribes;
    ++one.second.unanswered;
  }

  /// What waited is live. Acknowledgements of subscribers without an executor are called without the lock.
  void promote(entry& one, outcome& late) {
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
    const auto its = by_subscriber_.find(one);
    if (its == by_subscriber_.end() || all_.has(one, pattern) || waits(one, pattern)) return;
    const auto known = its->second.find(pattern);
    if (known != its->second.end()) its->second.erase(known);
    if (its->second.empty()) by_subscriber_.erase(its);
  }

  bool waits(const subscriber* one, std::string_view pattern) const {
    const auto known = upstreams_.find(pattern);
    return known != upstreams_.end() && std::ranges::any_of(known->second.waiting, [&](auto& each) {
             return each.to.get() == one;
           });
  }

  void look_at(entry& one, outcome& late) {
    const bool wanted = is_wanted(one);
    if (link_.is_ready() && wanted != one.second.is_asked) ask(one, wanted);
    if (one.second.is_settled()) promote(one, late);
    if (!wanted && one.second.is_unknown()) upstreams_.erase(upstreams_.find(one.first));
  }

  // ---- on the context's thread, without the lock

  void run() {
    link_.guarded([&] {
      outcome late;
      {
        const std::lock_guard guard{mutex_};
        posted_ = false;
        look_at_changed(late);
      }
    });
  }

  void look_at_changed(outcome& late) {
    if (std::exchange(looks_at_all_, false)) {
      for (auto& one : upstreams_) changed(one);
    }
    while (!changed_.empty()) {
      const auto name = std::move(changed_.front());
      changed_.pop_front();
      const auto one = upstreams_.find(name);
      if (one == upstreams_.end()) continue;
      one->second.is_changed = false;
      look_at(*one, late);
    }
  }

  void on_ready() override {
    expected_.push_back({reply_to::subscribe, {}});
    link_.output().write({"SUBSCRIBE", internal_channel});
    outcome late;
    {
      const std::lock_guard guard{mutex_};
      for (auto& one : upstreams_) changed(one);
      look_at_changed(late);
    }
    unconfirmed_ = expected_.size();
    is_connected_ = true;
    owner_.connected();
  }

  std::error_code on_reply(const redisReply& reply) override {
    const auto kind = text_at(reply, 0);
    if (kind == "message") return receive(text_at(reply, 1), reply, 2, {});
    if (kind == "pmessage") return receive(text_at(reply, 2), reply, 3, text_at(reply, 1));
    if (expected_.empty()) return redis::errc::bad_reply;
    if (!is_reply_to(expected_.front(), reply, kind)) return redis::errc::bad_reply;
    const auto next = std::move(expected_.front());
    expected_.pop_front();
    if (next.what == reply_to::test) {
      is_testing_ = false;
      link_.test_passed();
      owner_.end_fence();
    } else {
      if (is_error(reply)) owner_.trouble(meaning_of(text_of(reply)), text_of(reply));
      if (!next.pattern.empty()) answered(next, is_error(reply));
      if (unconfirmed_ != 0 && --unconfirmed_ == 0 && std::exchange(was_lost_, false)) owner_.gap();
    }
    return {};
  }

  bool is_reply_to(const expected& next, const redisReply& reply, std::string_view kind) const {
    if (is_error(reply)) return true;
    if (next.what == reply_to::test) return kind == "pong" || reply.type == REDIS_REPLY_STATUS;
    const bool is_pattern = has_wildcard(next.pattern);
    const std::string_view wanted = next.what == reply_to::subscribe
                                        ? (is_pattern ? "psubscribe" : "subscribe")
                                        : (is_pattern ? "punsubscribe" : "unsubscribe");
    const auto name =
        next.pattern.empty() ? std::string{internal_channel} : names_.of(next.pattern);
    return kind == wanted && text_at(reply, 1) == name;
  }

  void answered(const expected& to, bool is_refused) {
    outcome late;
    std::list<waiting_subscription> failed;
    {
      const std::lock_guard guard{mutex_};
      const bool is_live = to.what == reply_to::subscribe && !is_refused;
      live_.note(names_.of(to.pattern), has_wildcard(to.pattern), is_live);
      const auto one = upstreams_.find(to.pattern);
      if (one == upstreams_.end()) return;
      --one->second.unanswered;
      one->second.is_live = is_live;
      if (is_refused && one->second.unanswered == 0) {
        // Subscriptions that were live once are asked for again on the next connection.
        one->second.is_asked = false;
        failed.swap(one->second.waiting);
        for (const auto& each : failed) forget(each.to.get(), one->first);
        if (!is_wanted(*one)) upstreams_.erase(one);
      } else {
        look_at(*one, late);
      }
    }
    for (const auto& each : failed) report_failure(each.to, each.live, redis::errc::refused);
  }

  std::error_code receive(std::string_view channel, const redisReply& reply, std::size_t at,
                          std::string_view pattern) {
    if (reply.elements != at + 1 || reply.element[at]->type != REDIS_REPLY_STRING) {
      return redis::errc::bad_reply;
    }
    const auto topic = names_.topic_of(channel);
    if (topic && (at == 2 || live_.counts(pattern, channel))) {
      owner_.received(*topic, text_at(reply, at));
    }
    return {};
  }

  void on_test_due() override { fence(); }

  void on_lost() noexcept override {
    is_connected_ = false;
    is_testing_ = false;
    was_lost_ = true;
    expected_.clear();
    live_.clear();
    {
      const std::lock_guard guard{mutex_};
      for (auto& [_, one] : upstreams_) one.reset();
    }
    owner_.lost();
  }

  void on_trouble(std::error_code why, std::string_view detail) override {
    owner_.trouble(why, detail);
  }

  asio::io_context& context_;
  const channel_names names_;
  subscriptions& all_;
  const calls owner_;
  mutable std::mutex mutex_;
  std::map<std::string, upstream, std::less<>> upstreams_;
  std::unordered_map<const subscriber*, std::set<std::string, std::less<>>> by_subscriber_;
  std::deque<std::string> changed_;
  bool looks_at_all_ = false;  // where there was no memory to note a change
  bool posted_ = false;
  bool has_ended_ = false;
  std::atomic<bool> is_connected_ = false;
  // Of the context's thread.
  std::deque<expected> expected_;
  live_channels live_;
  bool is_testing_ = false;
  std::size_t unconfirmed_ = 0;  // commands of on_ready() without a reply
  bool was_lost_ = false;
  redis_link link_;
};

}  // namespace hawser::detail
