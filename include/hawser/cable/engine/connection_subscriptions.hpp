// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/base/limit.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/channel_calls.hpp"
#include "hawser/cable/engine/connection_jobs.hpp"
#include "hawser/cable/engine/subscription.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// The part of a connection that has its subscriptions.
class connection_subscriptions : public connection_jobs {
 public:
  using connection_jobs::connection_jobs;
  ~connection_subscriptions() override { forget_all(); }

  void stream_is_live(subscription& of) override {
    confirm_if_live(of);
    stream_has_changed();
  }

  void stream_has_failed(const std::shared_ptr<subscription>& of, std::error_code ec) override {
    report({.error = ec, .identifier = of->identifier()});
    if (of->is_confirmed || of->has_ended) return;
    of->is_rejected = true;
    if (!of->has_subscribed) return stream_has_changed();
    queue_.push([this, of] { end_if_rejected(of); });
    queue_.run();
  }

  void enqueue(const std::shared_ptr<subscription>& of, std::string_view handler,
               step call) override {
    if (is_closing_ || of->has_ended) return;
    if (waiting_calls_ >= limit_of(server_->options.max_waiting_publications)) {
      return end("too_slow", true, close_code::policy_violation);
    }
    ++waiting_calls_;
    queue_.push([this, of, name = std::string{handler}, call = std::move(call)] {
      --waiting_calls_;
      call_channel(of, name, call);
    });
    queue_.run();
  }

 protected:
  using shared_subscription = std::shared_ptr<subscription>;

  /// `prepare(subscription&)` is called before its channel exists.
  template <class Prepare>
  void subscribe(const std::string& identifier, Prepare prepare) {
    const auto& options = server_->options;
    if (identifier.size() > limit_of(options.max_identifier_size)) {
      return refuse(identifier, errc::identifier_too_long);
    }
    if (const auto known = subscriptions_.find(identifier); known != subscriptions_.end()) {
      return repeat(*known->second);
    }
    if (subscriptions_.size() >= limit_of(options.max_subscriptions)) {
      return refuse(identifier, errc::too_many_subscriptions);
    }
    auto named = parse_identifier(identifier, server_->limits());
    const auto type = named.error ? server_->types.end() : server_->types.find(named.channel);
    if (named.error) return refuse(identifier, named.error);
    if (type == server_->types.end()) return refuse(identifier, errc::unknown_channel);
    const auto made = add(type->second, identifier, std::move(named.params));
    prepare(*made);
    perform([made] { return begin_channel(made); },
            [this, made](const std::exception_ptr& thrown) { has_begun(made, thrown); });
  }

  shared_subscription add(const std::shared_ptr<const channel_type>& type,
                          const std::string& identifier, json params) {
    auto made = std::make_shared<subscription>(*this, type, identifier, std::move(params));
    made->number = ++last_number_;
    subscriptions_.emplace(identifier, made);
    server_->counters.subscriptions.fetch_add(1, std::memory_order_relaxed);
    return made;
  }

  shared_subscription find_subscription(const std::string& identifier) const {
    const auto known = subscriptions_.find(identifier);
    return known == subscriptions_.end() ? nullptr : known->second;
  }

  /// All of them, in the order in which they were made.
  std::vector<shared_subscription> in_order() const {
    std::vector<shared_subscription> all;
    for (const auto& [_, one] : subscriptions_) all.push_back(one);
    std::ranges::sort(all, {}, [](const auto& one) { return one->number; });
    return all;
  }

  void unsubscribe(const std::string& identifier) {
    const auto known = subscriptions_.find(identifier);
    if (known != subscriptions_.end()) end_subscription(known->second, false);
  }

  void call_action(const std::shared_ptr<const command>& asked) {
    const auto known = subscriptions_.find(asked->identifier);
    if (known == subscriptions_.end()) {
      return report({.error = errc::unknown_subscription, .identifier = asked->identifier});
    }
    const auto& of = known->second;
    const auto [name, action] = find_action(of->type(), asked->data);
    if (action == nullptr || of->is_rejected) {
      const auto why = of->is_rejected ? errc::rejected : errc::unknown_action;
      return report({.error = why, .handler = name, .identifier = asked->identifier});
    }
    call_channel(of, name,
                 [of, asked, action = action] { return (*action)(*of->instance, asked->data); });
  }

  /// What ends all subscriptions, in their order. Exceptions are reported.
  std::vector<step> all_ends() {
    std::vector<step> steps;
    for (const auto& one : in_order()) {
      one->stop_all_streams();
      steps.emplace_back([this, one]() -> handler_result {
        if (one->has_ended || !one->instance) return std::nullopt;
        return reporting("unsubscribed", one->identifier(), [&] { return finish_channel(one); });
      });
    }
    return steps;
  }

  /// Calls a function that may be a coroutine, and reports its exception.
  template <class Call>
  handler_result reporting(std::string_view handler, const std::string& identifier, Call call) {
    try {
      auto running = call();
      if (!running) return std::nullopt;
      return report_at_end(std::move(*running), handler, identifier);
    } catch (...) {
      report({.exception = std::current_exception(), .handler = handler, .identifier = identifier});
    }
    return std::nullopt;
  }

  void stop_streams() noexcept {
    for (const auto& [_, one] : subscriptions_) one->stop_all_streams();
  }

  void forget_all() noexcept {
    server_->counters.subscriptions.fetch_sub(subscriptions_.size(), std::memory_order_relaxed);
    const auto ended = std::exchange(subscriptions_, {});
  }

  std::size_t subscriptions() const noexcept { return subscriptions_.size(); }

  void erase(const shared_subscription& of) {
    if (subscriptions_.erase(of->identifier()) != 0) {
      server_->counters.subscriptions.fetch_sub(1, std::memory_order_relaxed);
    }
  }

  /// Whether a stream of any subscription is not live yet.
  bool has_pending_streams() const {
    return std::ranges::any_of(subscriptions_,
                               [](const auto& one) { return one.second->has_pending_streams(); });
  }

  /// A stream is live, or has failed.
  virtual void stream_has_changed() = 0;

  virtual void start_timers(const shared_subscription& of) = 0;

  /// The confirmation of a subscription has been sent.
  virtual void confirmed(subscription& of) = 0;

 private:
  asio::awaitable<void> report_at_end(asio::awaitable<void> running, std::string_view handler,
                                      std::string identifier) {
    std::exception_ptr thrown;
    try {
      co_await std::move(running);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) report({.exception = thrown, .handler = handler, .identifier = identifier});
  }

  void refuse(const std::string& identifier, errc why) { refuse(identifier, make_error_code(why)); }
  void refuse(const std::string& identifier, std::error_code why) {
    report({.error = why, .identifier = identifier});
    if (server_->options.answers.reject_unknown) send_rejection(identifier);
  }

  void repeat(const subscription& known) {
    if (!server_->options.answers.reconfirm) {
      report({.error = errc::already_subscribed, .identifier = known.identifier()});
    } else if (known.is_confirmed) {
      send_confirmation(known.identifier());
    }
  }

  void has_begun(const shared_subscription& of, const std::exception_ptr& thrown) {
    if (thrown) {
      report({.exception = thrown, .handler = "subscribed", .identifier = of->identifier()});
      if (server_->options.answers.reject_failed || !of->instance) return drop(of);
      of->has_failed = true;
    } else if (of->is_rejected) {
      return end_subscription(of, true);
    }
    of->has_subscribed = true;
    start_timers(of);
    confirm_if_live(*of);
  }

  /// Ends a subscription that has not begun.
  void drop(const shared_subscription& of) {
    of->has_ended = true;
    of->stop_presence();
    of->stop_all_streams();
    erase(of);
    send_rejection(of->identifier());
  }

  void end_subscription(const shared_subscription& of, bool notify) {
    of->stop_presence();
    perform(
        [of] { return finish_channel(of); },
        [this, of, notify](const std::exception_ptr& thrown) {
          if (thrown) {
            report(
                {.exception = thrown, .handler = "unsubscribed", .identifier = of->identifier()});
          }
          erase(of);
          if (notify) send_rejection(of->identifier());
        });
  }

  void end_if_rejected(const shared_subscription& of) {
    if (of->is_rejected && of->has_subscribed && !of->has_ended && rejects_late()) {
      end_subscription(of, true);
    }
  }

  void call_channel(const shared_subscription& of, std::string_view handler, step call) {
    if (is_closing_ || of->has_ended || of->is_rejected) return;
    perform(std::move(call),
            [this, of, name = std::string{handler}](const std::exception_ptr& thrown) {
              if (thrown) {
                report({.exception = thrown, .handler = name, .identifier = of->identifier()});
              }
              end_if_rejected(of);
            });
  }

  void confirm_if_live(subscription& of) {
    if (!of.has_subscribed || of.has_failed || of.is_confirmed || of.is_rejected || of.has_ended ||
        of.has_pending_streams()) {
      return;
    }
    of.is_confirmed = true;
    send_confirmation(of.identifier());
    confirmed(of);
  }

  void send_confirmation(const std::string& identifier) {
    send(confirmation_message(identifier, server_->options.answers.escape_html));
  }
  void send_rejection(const std::string& identifier) {
    send(rejection_message(identifier, server_->options.answers.escape_html));
  }

  std::unordered_map<std::string, shared_subscription> subscriptions_;
  std::uint64_t last_number_ = 0;
  std::size_t waiting_calls_ = 0;
};

}  // namespace hawser::cable::detail
