// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/executor/strand_gate.hpp"
#include "hawser/cable/client/connection_request.hpp"
#include "hawser/cable/client/consumer_calls.hpp"
#include "hawser/cable/client/reconnect_waits.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::cable::detail {

/// A consumer: connects a subscription_table to the messages of a client, one client for each connect(). Public
/// functions may be called on any thread, except those of waits; everything else runs on the strand.
class consumer_state final : public std::enable_shared_from_this<consumer_state>,
                             private hawser::detail::context_end::listener {
 public:
  using executor_type = client::executor_type;
  using time_point = std::chrono::steady_clock::time_point;

  consumer_state(asio::io_context& context, consumer_options options, consumer_handlers handlers)
      : hawser::detail::context_end::listener{context.get_executor()},
        options_{std::move(options)},
        calls_{options_, std::move(handlers)},
        gate_{asio::make_strand(context.get_executor())},
        timer_{*this, gate_.get()} {}
  ~consumer_state() { hawser::detail::context_end::listener::leave(); }

  executor_type get_executor() const noexcept { return gate_.get(); }

  void connect() {
    gate_.run([self = shared_from_this()] { self->open(); });
  }

  void disconnect() {
    gate_.run([self = shared_from_this()] {
      self->opens_again_ = false;
      if (self->client_) self->end({});
    });
  }

  /// Ends everything, and calls no handler afterwards.
  void abandon() {
    for (const auto& one : calls_.abandon()) one->stop(errc::unsubscribed);
    timer_.cancel();
    session_ = {};
    client_.reset();
  }

  std::shared_ptr<subscriber> subscribe(std::string identifier, subscription_handlers handlers) {
    auto made = std::make_shared<subscriber>(std::move(identifier), std::move(handlers));
    calls_.with_table([&](auto& table) {
      if (!calls_.is_abandoned()) return table.add(made, timer_.now());
      made->ended = true;
      made->stop(errc::unsubscribed);
    });
    post_step();
    return made;
  }

  void unsubscribe(const std::shared_ptr<subscriber>& one) {
    if (calls_.with_table([&](auto& table) { return table.remove(one, timer_.now()); })) {
      post_step();
    }
  }

  std::error_code perform(const subscriber& one, std::string text) {
    return calls_.with_table([&](auto& table) { return table.perform(one, std::move(text)); });
  }

  // On the strand.

  /// A wait of a coroutine begins.
  void wait_for(subscriber& on, subscription_wait& one) { on.wait_for(one); }

  /// A coroutine takes the first message that waits.
  std::optional<json> take(subscriber& of) {
    auto message = calls_.take(of);
    if (is_paused_ && calls_.unread() <= options_.max_unread / 2) {
      is_paused_ = false;
      restart_silence();
      session_.resume();
      step();
    }
    return message;
  }

  /// Called at the time that was set.
  void on_time() {
    const auto now = timer_.now();
    if (now >= stale_at()) {
      cause_ = errc::stale;
      session_.close_now();
    }
    calls_.with_table([&](auto& table) {
      if (table.due() <= now) table.advance(now);
    });
    step();
  }

 private:
  void open() {
    if (calls_.is_abandoned()) return;
    if (client_) {
      opens_again_ = is_ending_;
      return;
    }
    is_ending_ = false;
    cause_ = {};
    waits_ = reconnect_waits<>{};
    calls_.with_table([](auto& table) { table.for_each([](auto& one) { one.restart(); }); });
    client_ = std::make_unique<client>(gate_.get(), client_options_of());
    set_handlers();
    client_->start();
  }

  client_options client_options_of() {
    auto made = options_.client;
    const auto weak = weak_from_this();
    made.prepare = [weak](connect_options& connect) {
      if (const auto self = weak.lock()) self->prepare(connect);
    };
    made.make_url = [weak] {
      const auto self = weak.lock();
      return self ? self->url_ : std::string{};
    };
    if (!made.wait) {
      made.wait = [weak](unsigned, std::error_code) {
        const auto self = weak.lock();
        return self ? self->waits_.next() : std::chrono::steady_clock::duration::zero();
      };
    }
    return made;
  }

  void prepare(connect_options& connect) {
    add_subprotocols(connect.handshake);
    const auto& given = options_.client;
    if (given.prepare) given.prepare(connect);
    if (is_ending_ || calls_.is_abandoned()) return;
    url_ = websocket_url(given.make_url ? given.make_url() : given.url);
    if (connect.handshake.origin.empty()) connect.handshake.origin = origin_of(url_);
  }

  void set_handlers() {
    const auto with_self = [weak = weak_from_this()](auto act) {
      return [weak, act = std::move(act)](const auto&... values) {
        if (const auto self = weak.lock()) act(*self, values...);
      };
    };
    auto& hooks = client_->hooks();
    hooks.on_open = with_self([](auto& self, const session& open) { self.opened(open); });
    hooks.on_message = with_self(
        [](auto& self, const session&, const message_view& view) { self.received(view); });
    hooks.on_close = with_self([](auto& self, const session&, const closed& why) {
      self.disconnected(why.error ? why.error : make_error_code(hawser::errc::closed));
    });
    hooks.on_stopped = with_self([](auto& self) { self.stopped(); });
    hooks.on_error = with_self([](auto& self, const session&, const std::exception_ptr& thrown) {
      self.calls_.report(thrown);
    });
    client_->on_failed([weak = weak_from_this()](const connect_error& why) {
      if (const auto self = weak.lock()) self->failed(why);
    });
    hooks.on_reconnecting = with_self([](auto& self, const auto&... values) {
      self.calls_.call([&](const auto& handlers) {
        if (handlers.on_reconnecting) handlers.on_reconnecting(values...);
      });
    });
  }

  void opened(const session& open) {
    session_ = open;
    cause_ = {};
    server_asked_ = is_welcomed_ = is_paused_ = false;
    opened_at_ = timer_.now();
    if (open.subprotocol() != v1_protocol) return end(errc::bad_protocol);
    restart_silence();
    step();
  }

  void received(const message_view& view) {
    restart_silence();
    if (is_ending_ || server_asked_) return;
    if (view.kind != message_kind::text) return bad_message(errc::binary_message, {});
    const auto text = hawser::as_text(view.payload);
    auto parsed = parse_server_message(text, options_.limits);
    if (!parsed) return bad_message(errc::not_json, text);
    handle(*parsed);
    step();
  }

  void handle(server_message& got) {
    switch (got.type) {
      case server_message_type::welcome: return welcomed();
      case server_message_type::disconnect:
        if (!got.reconnect) return end(errc::disconnected);
        server_asked_ = true;
        cause_ = errc::disconnected;
        session_.close();
        return;
      case server_message_type::confirm_subscription:
        return calls_.with_table(
            [&](auto& table) { table.confirmed(got.identifier, timer_.now()); });
      case server_message_type::reject_subscription:
        return calls_.with_table(
            [&](auto& table) { table.rejected(got.identifier, errc::rejected); });
      case server_message_type::data:
        return calls_.with_table(
            [&](auto& table) { table.received(got.identifier, std::move(got.message)); });
      default: return;
    }
  }

  void welcomed() {
    if (std::exchange(is_welcomed_, true)) return;
    waits_.welcomed();
    calls_.with_table([&](auto& table) {
      table.welcomed([open = session_](const std::string& text) { return open.send(text); },
                     timer_.now());
    });
    calls_.call([](const auto& handlers) {
      if (handlers.on_welcome) handlers.on_welcome();
    });
  }

  void disconnected(std::error_code cause) {
    if (!cause_) cause_ = cause;
    session_ = {};
    waits_.disconnected(timer_.now() - opened_at_, server_asked_);
    close_table(!is_ending_ && options_.client.reconnect);
  }

  void close_table(bool will_reconnect) {
    calls_.with_table([&](auto& table) { table.closed({will_reconnect, cause_}); });
    step();
  }

  /// Closes the connection, and connects no more.
  void end(std::error_code cause) {
    is_ending_ = true;
    cause_ = end_cause_ = cause;
    client_->close();
  }

  void failed(const connect_error& why) {
    cause_ = end_cause_ = why.code();
    calls_.call([&](const auto& handlers) {
      if (handlers.on_failed) handlers.on_failed(why);
    });
  }

  void stopped() {
    close_table(false);
    calls_.call([cause = is_ending_ ? end_cause_ : cause_](const auto& handlers) {
      if (handlers.on_stopped) handlers.on_stopped(cause);
    });
    if (calls_.is_abandoned()) return;
    client_.reset();
    if (std::exchange(opens_again_, false)) open();
  }

  void bad_message(std::error_code why, std::string_view text) {
    calls_.call([&](const auto& handlers) {
      if (handlers.on_bad_message) handlers.on_bad_message(why, text);
    });
  }

  void post_step() {
    gate_.run(
        [self = shared_from_this()] { asio::post(self->gate_.get(), [self] { self->step(); }); });
  }

  /// Informs the subscriptions, and sets the timer.
  void step() {
    calls_.inform_all();
    if (calls_.is_abandoned()) return;
    if (session_ && !is_paused_ &&
        calls_.unread() >= (std::max)(options_.max_unread, std::size_t{1})) {
      is_paused_ = true;
      session_.pause();
    }
    const auto due = calls_.with_table([](const auto& table) { return table.due(); });
    timer_.set_at_latest((std::min)(due, stale_at()));
  }

  /// Something has arrived, or is allowed to arrive again.
  void restart_silence() noexcept { silent_since_ = timer_.now(); }

  time_point stale_at() const noexcept {
    return session_ && !is_paused_ ? hawser::time_limit(silent_since_, options_.stale_after)
                                   : (time_point::max)();
  }

  void context_ends() noexcept override {
    const auto self = shared_from_this();
    gate_.shut();
    session_ = {};
    // A waiting coroutine may own its subscription.
    for (const auto& one : calls_.abandon()) one->abandon();
  }

  const consumer_options options_;
  consumer_calls calls_;
  hawser::detail::strand_gate<executor_type> gate_;
  hawser::detail::owned_deadline<consumer_state, &consumer_state::on_time> timer_;

  // On the strand.
  std::unique_ptr<client> client_;
  session session_;  // while there is a connection
  reconnect_waits<> waits_;
  std::string url_;
  std::error_code cause_;      // of the end of the connection
  std::error_code end_cause_;  // of the end for good; none after disconnect()
  time_point opened_at_{};
  time_point silent_since_{};
  bool is_welcomed_ = false;
  bool server_asked_ = false;  // to connect again
  bool is_ending_ = false;
  bool opens_again_ = false;
  bool is_paused_ = false;  // too many messages are unread
};

}  // namespace hawser::cable::detail
