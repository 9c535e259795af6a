// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/pubsub/delivery/subscriptions.hpp"
#include "hawser/pubsub/topic.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/live_channels.hpp"
#include "hawser/redis/link/redis_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/link/upstreams.hpp"
#include "hawser/redis/options.hpp"

namespace hawser::detail {

/// The connection for subscriptions. wanted() and is_connected() may be called by any thread, the other functions by
/// the thread of the context.
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

  subscriber_link(asio::io_context& context, const redis_destination& to,
                  const redis_broker_options& options, subscriptions& all, calls owner)
      : names_{options.channel_prefix},
        owner_{std::move(owner)},
        upstreams_{all,
                   {.wake =
                        [this, &context] {
                          asio::post(context, [this] {
                            link_.guarded([&] { upstreams_.look_at_changed(); });
                          });
                        },
                    .ask = [this](const std::string& pattern,
                                  bool subscribes) { return ask(pattern, subscribes); }}},
        link_{context, to, options, *this} {}

  redis_link& link() noexcept { return link_; }
  bool is_connected() const noexcept { return link_.is_ready(); }

  upstreams& wanted() noexcept { return upstreams_; }
  const upstreams& wanted() const noexcept { return upstreams_; }

  /// Makes Redis reply after everything that it has sent so far. Has no effect while it is asked already.
  void fence() {
    if (!link_.is_ready() || is_testing_) return;
    is_testing_ = true;
    expected_.push_back({reply_to::test, {}});
    owner_.begin_fence();
    link_.output().write({"PING"});
  }

 private:
  enum class reply_to : std::uint8_t { subscribe, unsubscribe, test };

  struct expected {
    reply_to what;
    std::string pattern;  // empty: the internal channel
  };

  /// Rails subscribes this first, so that the connection always has a subscription.
  static constexpr std::string_view internal_channel = "_action_cable_internal";

  bool ask(const std::string& pattern, bool subscribes) {
    if (!link_.is_ready()) return false;
    const bool is_pattern = has_wildcard(pattern);
    expected_.push_back({subscribes ? reply_to::subscribe : reply_to::unsubscribe, pattern});
    const std::string_view command = subscribes ? (is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE")
                                                : (is_pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE");
    link_.output().write({command, names_.of(pattern)});
    return true;
  }

  void on_ready() override {
    expected_.push_back({reply_to::subscribe, {}});
    link_.output().write({"SUBSCRIBE", internal_channel});
    upstreams_.look_at_all();
    unconfirmed_ = expected_.size();
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
      if (!next.pattern.empty()) answered(next, reply);
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

  /// Nothing depends on the internal channel, so a user without it has no error.
  void answered(const expected& to, const redisReply& reply) {
    const bool is_refused = is_error(reply);
    if (is_refused) owner_.trouble(meaning_of(text_of(reply)), text_of(reply));
    const bool subscribes = to.what == reply_to::subscribe;
    live_.note(names_.of(to.pattern), has_wildcard(to.pattern), subscribes && !is_refused);
    upstreams_.answered(to.pattern, subscribes, is_refused);
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
    is_testing_ = false;
    was_lost_ = true;
    expected_.clear();
    live_.clear();
    upstreams_.lost();
    owner_.lost();
  }

  void on_trouble(std::error_code why, std::string_view detail) override {
    owner_.trouble(why, detail);
  }

  const channel_names names_;
  const calls owner_;
  std::deque<expected> expected_;
  live_channels live_;
  bool is_testing_ = false;
  std::size_t unconfirmed_ = 0;  // commands of on_ready() without a reply
  bool was_lost_ = false;
  upstreams upstreams_;
  redis_link link_;
};

}  // namespace hawser::detail
