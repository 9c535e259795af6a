// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/executor/strand_gate.hpp"
#include "hawser/cable/client/connection_request.hpp"
#include "hawser/cable/client/consumer_calls.hpp"
#include "hawser/cable/client/consumer_core.hpp"
#include "hawser/cable/client/continued_session.hpp"
#include "hawser/cable/client/received_positions.hpp"
#include "hawser/cable/client/reconnect_waits.hpp"
#include "hawser/cable/client/watched_session.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::cable::detail {

/// The connection of a consumer: one client for each connect(), its attempts, its welcome and why it ends.
/// connect() and disconnect() may be called on any thread; everything else runs on the strand.
class consumer_connection : public consumer_core,
                            public std::enable_shared_from_this<consumer_connection> {
 public:
  executor_type get_executor() const noexcept override { return gate_.get(); }

  void connect() override {
    gate_.run([self = shared_from_this()] { self->open(); });
  }

  void disconnect() override {
    gate_.run([self = shared_from_this()] {
      self->opens_again_ = false;
      self->continued_.forget();
      if (self->client_) self->end({});
    });
  }

 protected:
  consumer_connection(asio::io_context& context, consumer_options options,
                      consumer_handlers handlers)
      : options_{std::move(options)},
        calls_{options_, std::move(handlers)},
        gate_{asio::make_strand(context.get_executor())},
        timer_{*this, gate_.get()} {}
  ~consumer_connection() override = default;

  /// A message of a subscription has arrived.
  virtual void handle(server_message& got) = 0;

  /// Called after each event.
  virtual void step() = 0;

  /// Called at the time that was set.
  virtual void on_time() = 0;

  void drop_client() {
    timer_.cancel();
    session_.drop();
    client_.reset();
  }

  void close_stale() {
    cause_ = errc::stale;
    session_.get().close_now();
  }

  const consumer_options options_;
  consumer_calls calls_;
  hawser::detail::strand_gate<executor_type> gate_;
  hawser::detail::owned_deadline<consumer_connection, &consumer_connection::on_time> timer_;
  watched_session session_{options_};

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
    add_subprotocols(connect.handshake, options_.extended);
    const auto& given = options_.client;
    if (given.prepare) given.prepare(connect);
    if (is_ending_ || calls_.is_abandoned()) return;
    url_ = websocket_url(given.make_url ? given.make_url() : given.url);
    if (connect.handshake.origin.empty()) connect.handshake.origin = origin_of(url_);
    url_ = continued_.url_of(std::move(url_));
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
    session_.open(open, timer_.now());
    cause_ = {};
    server_asked_ = is_welcomed_ = false;
    is_extended_ = options_.extended && open.subprotocol() == extended_protocol;
    if (!is_extended_ && open.subprotocol() != v1_protocol) return end(errc::bad_protocol);
    step();
  }

  void received(const message_view& view) {
    session_.restart_silence(timer_.now());
    if (is_ending_ || server_asked_) return;
    if (view.kind != message_kind::text) return bad_message(errc::binary_message, {});
    const auto text = hawser::as_text(view.payload);
    auto parsed = parse_server_message(text, options_.limits);
    if (!parsed) return bad_message(errc::not_json, text);
    switch (parsed->type) {
      case server_message_type::welcome: welcomed(*parsed); break;
      case server_message_type::ping: pinged(*parsed); break;
      case server_message_type::disconnect: asked_to_disconnect(*parsed); break;
      default: handle(*parsed);
    }
    step();
  }

  void bad_message(std::error_code why, std::string_view text) {
    calls_.call([&](const auto& handlers) {
      if (handlers.on_bad_message) handlers.on_bad_message(why, text);
    });
  }

  void welcomed(server_message& how) {
    if (std::exchange(is_welcomed_, true)) return;
    waits_.welcomed();
    if (is_extended_) continued_.begin(std::move(how.sid), url_);
    calls_.with_table([&](auto& table) {
      table.welcomed([open = session_.get()](const std::string& text) { return open.send(text); },
                     timer_.now(),
                     {.is_extended = is_extended_,
                      .restored = is_extended_ && how.restored ? std::move(how.restored_ids)
                                                               : std::vector<std::string>{}});
    });
    calls_.call([](const auto& handlers) {
      if (handlers.on_welcome) handlers.on_welcome();
    });
  }

  void pinged(const server_message& ping) {
    if (!is_extended_ || !is_welcomed_) return;
    // A server may require it.
    session_.get().send(pong_command());
    if (const auto time = ping_seconds(ping)) {
      calls_.with_table([&](auto& table) { table.pinged(*time); });
    }
  }

  void asked_to_disconnect(const server_message& how) {
    continued_.forget();
    if (!how.reconnect) return end(errc::disconnected);
    server_asked_ = true;
    cause_ = errc::disconnected;
    session_.get().close();
  }

  void disconnected(std::error_code cause) {
    if (!cause_) cause_ = cause;
    waits_.disconnected(session_.end(timer_.now()), server_asked_);
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
    continued_.forget();
    client_.reset();
    if (std::exchange(opens_again_, false)) open();
  }

  std::unique_ptr<client> client_;
  reconnect_waits<> waits_;
  std::string url_;
  continued_session continued_;
  std::error_code cause_;      // of the end of the connection
  std::error_code end_cause_;  // of the end for good; none after disconnect()
  bool is_extended_ = false;
  bool is_welcomed_ = false;
  bool server_asked_ = false;  // to connect again
  bool is_ending_ = false;
  bool opens_again_ = false;
};

}  // namespace hawser::cable::detail
