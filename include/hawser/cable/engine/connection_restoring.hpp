// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/channel_calls.hpp"
#include "hawser/cable/engine/connection_saving.hpp"
#include "hawser/cable/engine/kept_sessions.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/cable/session_cache.hpp"

namespace hawser::cable::detail {

/// The part of a connection that continues the session of a lost one.
class connection_restoring : public connection_saving {
 public:
  using connection_saving::connection_saving;

 protected:
  /// Takes what remains of the session that the client names. Returns false if there is nothing.
  bool take_session() {
    if (!extended_ || extended_->wanted_sid.empty()) return false;
    extended_->restored = find_session();
    if (!extended_->restored) return false;
    identifiers_ = extended_->restored->who;
    return true;
  }

  /// Makes the subscriptions of the session again, and then calls `done`.
  void restore_subscriptions(std::function<void()> done) {
    extended_->is_restoring = true;
    std::vector<step> steps;
    for (const auto& one : extended_->restored->subscriptions) {
      if (const auto of = revive(one)) steps.push_back(restored_by(of, one));
    }
    perform([steps = std::move(steps)] { return run_steps(steps); },
            [done = std::move(done)](const std::exception_ptr&) { done(); });
  }

  /// The text of the welcome. Afterwards the streams of the subscriptions are live.
  std::string begin_session() {
    if (!extended_) return welcome_message();
    extended_->sid = make_session_id();
    server_->sessions.add(extended_->sid, handle());
    if (!extended_->restored) return welcome_message(extended_->sid);
    server_->presence->transfer(extended_->restored->sid, extended_->sid);
    std::vector<std::string> ids;
    for (const auto& of : in_order()) {
      if (of->is_rejected || of->has_pending_streams()) {
        of->stop_presence();
        of->stop_all_streams();
        of->has_ended = true;
        erase(of);
        continue;
      }
      ids.push_back(of->identifier());
      of->has_subscribed = of->is_confirmed = true;
    }
    extended_->restored.reset();
    return welcome_message(extended_->sid, ids);
  }

  /// The welcome has been sent.
  void has_restored() {
    if (!extended_ || !std::exchange(extended_->is_restoring, false)) return;
    for (const auto& of : in_order()) {
      of->for_each_companion([](auto& link) { link.go_live(); });
      of->for_each_stream([](auto&, const stream_options& options, auto& link) {
        if (!options.history) link.go_live();
      });
      start_timers(of);
    }
    for (auto& text : std::exchange(extended_->early_texts, {})) send(std::move(text));
  }

  void send(std::string text) override {
    if (extended_ && extended_->is_restoring) {
      extended_->early_texts.push_back(std::move(text));
    } else {
      connection_saving::send(std::move(text));
    }
  }

 private:
  std::shared_ptr<subscription> revive(const kept_subscription& one) {
    auto named = parse_identifier(one.identifier, server_->limits());
    const auto type = named.error ? server_->types.end() : server_->types.find(named.channel);
    if (type == server_->types.end()) return nullptr;
    return add(type->second, one.identifier, std::move(named.params));
  }

  /// Restores a channel, and makes the streams without callbacks that it has not made itself. A channel that throws is
  /// not restored.
  step restored_by(const std::shared_ptr<subscription>& of, const kept_subscription& one) {
    return [this, of, one]() -> handler_result {
      return rejecting(of, [&]() -> handler_result {
        const auto& type = of->type();
        if (!type.restore) {
          auto begun = begin_channel(of);
          if (begun) return then_join(std::move(*begun), of, one);
          join_streams(of, one);
          return std::nullopt;
        }
        attach_channel(of);
        join_streams(of, one);
        return type.restore(*of->instance, one.state);
      });
    };
  }

  static asio::awaitable<void> then_join(asio::awaitable<void> begun,
                                         std::shared_ptr<subscription> of, kept_subscription one) {
    co_await std::move(begun);
    join_streams(of, one);
  }

  static void join_streams(const std::shared_ptr<subscription>& of, const kept_subscription& one) {
    for (const auto& [name, options] : one.streams) of->stream_from(name, options);
  }

  /// Reports an exception of a call, also of a coroutine, and rejects the subscription then.
  template <class Call>
  handler_result rejecting(const std::shared_ptr<subscription>& of, Call call) {
    try {
      auto running = call();
      if (running) return reject_at_end(std::move(*running), of);
    } catch (...) {
      fail(*of, std::current_exception());
    }
    return std::nullopt;
  }

  asio::awaitable<void> reject_at_end(asio::awaitable<void> running,
                                      std::shared_ptr<subscription> of) {
    std::exception_ptr thrown;
    try {
      co_await std::move(running);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) fail(*of, thrown);
  }

  void fail(subscription& of, const std::exception_ptr& thrown) {
    of.is_rejected = true;
    report({.exception = thrown, .handler = "restore", .identifier = of.identifier()});
  }
};

}  // namespace hawser::cable::detail
