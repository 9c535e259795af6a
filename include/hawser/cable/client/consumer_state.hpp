// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/executor/context_end.hpp"
#include "hawser/cable/client/consumer_connection.hpp"
#include "hawser/cable/client/consumer_core.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// A consumer: its connection, and its subscriptions, which get the messages. Public functions may be called on any
/// thread, except take(); everything else runs on the strand.
class consumer_state final : public consumer_connection,
                             private hawser::detail::context_end::listener {
 public:
  consumer_state(asio::io_context& context, consumer_options options, consumer_handlers handlers)
      : consumer_connection{context, std::move(options), std::move(handlers)},
        hawser::detail::context_end::listener{context.get_executor()} {}
  ~consumer_state() override { hawser::detail::context_end::listener::leave(); }

  void abandon() override {
    for (const auto& one : calls_.abandon()) one->stop(errc::unsubscribed);
    drop_client();
  }

  std::shared_ptr<subscriber> subscribe(std::string identifier,
                                        subscription_handlers handlers) override {
    auto made = std::make_shared<subscriber>(std::move(identifier), std::move(handlers));
    calls_.with_table([&](auto& table) {
      if (!calls_.is_abandoned()) return table.add(made, timer_.now());
      made->ended = true;
      made->stop(errc::unsubscribed);
    });
    post_step();
    return made;
  }

  void unsubscribe(const std::shared_ptr<subscriber>& one) override {
    if (calls_.with_table([&](auto& table) { return table.remove(one, timer_.now()); })) {
      post_step();
    }
  }

  std::error_code perform(const subscriber& one, std::string text) override {
    return calls_.with_table([&](auto& table) { return table.perform(one, std::move(text)); });
  }

  std::error_code send_extended(const subscriber& one, const std::string& text) override {
    return calls_.with_table([&](auto& table) { return table.send_extended(one, text); });
  }

  std::error_code join(const subscriber& one, std::string_view id, json info) override {
    return calls_.with_table([&](auto& table) { return table.join(one, id, std::move(info)); });
  }

  void leave(const subscriber& one) override {
    calls_.with_table([&](auto& table) { table.leave(one); });
  }

  // On the strand.

  std::optional<json> take(subscriber& of) override {
    auto message = calls_.take(of);
    if (session_.resume(calls_.unread(), timer_.now())) step();
    return message;
  }

 private:
  void handle(server_message& got) override {
    calls_.with_table([&](auto& table) {
      switch (got.type) {
        case server_message_type::confirm_subscription:
          return table.confirmed(got.identifier, timer_.now());
        case server_message_type::reject_subscription:
          return table.rejected(got.identifier, errc::rejected);
        case server_message_type::data: return table.received(got);
        case server_message_type::presence: return table.presence_changed(got);
        case server_message_type::confirm_history:
          return table.history_answered(got.identifier, true, timer_.now());
        case server_message_type::reject_history:
          return table.history_answered(got.identifier, false, timer_.now());
        default: return;
      }
    });
  }

  void post_step() {
    gate_.run(
        [this, self = shared_from_this()] { asio::post(gate_.get(), [this, self] { step(); }); });
  }

  /// Informs the subscriptions, and sets the timer.
  void step() override {
    calls_.inform_all();
    if (calls_.is_abandoned()) return;
    session_.pause(calls_.unread());
    const auto due = calls_.with_table([](const auto& table) { return table.due(); });
    timer_.set_at_latest((std::min)(due, session_.stale_at()));
  }

  void on_time() override {
    const auto now = timer_.now();
    if (now >= session_.stale_at()) close_stale();
    calls_.with_table([&](auto& table) {
      if (table.due() <= now) table.advance(now);
    });
    step();
  }

  void context_ends() noexcept override {
    const auto self = shared_from_this();
    gate_.shut();
    session_.drop();
    // A waiting coroutine may own its subscription.
    for (const auto& one : calls_.abandon()) one->abandon();
  }
};

template <class Core>
std::shared_ptr<Core> consumer_maker<Core>::make(asio::io_context& context,
                                                 consumer_options options,
                                                 consumer_handlers handlers) {
  return std::make_shared<consumer_state>(context, std::move(options), std::move(handlers));
}

}  // namespace hawser::cable::detail
