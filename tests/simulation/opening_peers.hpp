// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/post.hpp>

#include "hawser/asio/opening/server_opening.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/transport/opening.hpp"
#include "simulation/async_peers.hpp"
#include "simulation/blocking_peer.hpp"
#include "simulation/opening_plan.hpp"
#include "simulation/peer.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// A connection that begins with the opening handshake, and the smallest driver that serves both.
template <role Self>
class opening_core_peer final : public core_peer {
 public:
  opening_core_peer(std::shared_ptr<const opening_plan> plan, surroundings& around,
                    const connection_options& options)
      : core_peer{Self, Self == role::client ? 0U : 1U, around, options},
        plan_{std::move(plan)},
        handshake_{handshake_for<Self>(*plan_)},
        until_{around.now() + plan_->timeout},
        dropped_at_{until_ + options.close_timeout} {}

  time_point due() const override {
    if (is_open() || done()) return core_peer::due();
    const auto now = around_.now();
    auto next = now < until_ && !ending_ ? until_ : dropped_at_;
    if (decides_at_ && now < *decides_at_) next = (std::min)(next, *decides_at_);
    return next;
  }

  void turn() override {
    if (done()) return;
    if (!is_open()) open();
    if (is_open()) core_peer::turn();
  }

 private:
  using handshake_type = planned_handshake<Self>;
  using status = typename handshake_type::status;

  bool is_open() const override { return me.is_open(); }

  void open() {
    const auto now = around_.now();
    if (now >= dropped_at_) return drop(errc::handshake_timeout);
    if (now >= until_ && !std::exchange(late_, true)) {
      handshake_.fail(errc::handshake_timeout);
      // The response may take the same time again.
      dropped_at_ = now + options_.close_timeout;
    }
    if (!around_.kind.calm && around_.random.once_in(50)) {
      around_.seen.note(rarity::half_close);
      around_.net.end(side_);
    }
    if (!read()) return;
    if constexpr (Self == role::server) decide();
    if (!write()) return;
    if (handshake_.state() == status::done) return begin();
    if (handshake_.state() == status::failed) fail(handshake_.error());
  }

  /// False if the side has ended.
  bool read() {
    std::array<std::byte, 512> buffer;
    while (handshake_.state() == status::need_more || ending_) {
      std::error_code ec;
      const auto size = around_.net.read_some(side_, buffer, ec);
      if (ec == std::errc::operation_would_block) break;
      if (ending_ && (ec || size == 0)) return leave_stream(), false;
      if (ending_) continue;
      if (ec) return fail(ec), false;
      if (size == 0) {
        handshake_.receive_end();
        break;
      }
      bytes_view input{buffer.data(), size};
      handshake_.next(input);
      rest_.assign(input.begin(), input.end());
    }
    return true;
  }

  void decide() {
    if (handshake_.state() != status::request) return;
    if (!decides_at_) {
      decides_at_ = around_.now() + plan_->decides_after;
      if (plan_->decides_after != duration{}) around_.seen.note(rarity::decided_later);
    }
    if (around_.now() < *decides_at_) return;
    plan_->refuses ? handshake_.reject({.status = 403}) : handshake_.accept();
  }

  bool write() {
    while (!handshake_.output().empty()) {
      std::error_code ec;
      const auto size = around_.net.write_some(side_, handshake_.output(), ec);
      if (ec == std::errc::operation_would_block && !ending_) {
        if (handshake_.state() == status::failed && Self == role::client) drop(handshake_.error());
        return false;
      }
      if (ec) return fail(ec), false;
      handshake_.consume_output(size);
    }
    return true;
  }

  void begin() {
    plan_->judge(around_.judge, handshake_.result());
    connection_ = connection_type{
        Self, options_, handshake_.policy().make_extension(handshake_.result().extensions), {}};
    begin_open(handshake_.result());
    if (!rest_.empty()) around_.seen.note(rarity::frames_behind_handshake);
    take(rest_);
  }

  void fail(std::error_code ec) {
    const bool is_ours = ec.category() == make_error_code(errc::closed).category();
    if (Self == role::client || !is_ours || !handshake_.output().empty()) return drop(ec);
    report(ec);
    // A stream that is closed with unread input may lose what was just written.
    if (std::exchange(ending_, true)) return;
    around_.net.end(side_);
    dropped_at_ = around_.now() + options_.close_timeout;
  }

  void drop(std::error_code ec) {
    report(ec);
    leave_stream();
  }

  void report(std::error_code ec) {
    if (me.over()) return;
    if constexpr (Self == role::client) {
      if (ec == errc::upgrade_refused) plan_->judge(around_.judge, handshake_.response());
    }
    me.on_not_opened(ec);
  }

  std::shared_ptr<const opening_plan> plan_;
  handshake_type handshake_;
  time_point until_;       // the deadline of the handshake
  time_point dropped_at_;  // the time at which the stream is closed in any case
  std::optional<time_point> decides_at_;
  byte_vector rest_;
  bool late_ = false;
  bool ending_ = false;
};

/// An async_websocket from its opening handshake on.
template <role Self, calling How>
class opening_websocket_peer final : public websocket_peer<How> {
  using base = websocket_peer<How>;

 public:
  opening_websocket_peer(std::shared_ptr<const opening_plan> plan, surroundings& around,
                         const connection_options& options)
      : base{Self == role::client ? 0U : 1U, around, plan->options(options)},
        plan_{std::move(plan)},
        handshake_{handshake_for<Self>(*plan_)},
        watch_{around.now() + plan_->timeout, options.close_timeout} {
    auto done = [this](std::error_code ec) { has_opened(ec); };
    if constexpr (Self == role::client) {
      base::socket().async_connect(handshake_, done);
    } else {
      const auto decide = [refuses = plan_->refuses](auto& asked) {
        refuses ? asked.reject({.status = 403}) : asked.accept();
      };
      base::socket().async_accept(handshake_, decide, done);
    }
  }

  void turn() override {
    base::turn();
    watch_.look(base::me, base::around_.now(), base::around_.judge);
  }

 private:
  bool is_open() const override { return base::me.is_open(); }

  void has_opened(std::error_code ec) {
    if (ec) {
      if constexpr (Self == role::client) {
        if (ec == errc::upgrade_refused) {
          plan_->judge(base::around_.judge, handshake_.response());
        }
      }
      return base::me.on_not_opened(ec);
    }
    plan_->judge(base::around_.judge, handshake_.result());
    base::around_.judge.require(base::socket().subprotocol() == handshake_.result().subprotocol,
                                "a subprotocol forgotten");
    base::begin_open(handshake_.result());
  }

  std::shared_ptr<const opening_plan> plan_;
  planned_handshake<Self> handshake_;
  opening_watch watch_;
};

/// A websocket from its opening handshake on.
template <role Self>
class opening_blocking_peer final : public blocking_peer {
 public:
  opening_blocking_peer(std::shared_ptr<const opening_plan> plan, surroundings& around,
                        const connection_options& options)
      : blocking_peer{Self == role::client ? 0U : 1U, around, options},
        plan_{std::move(plan)},
        options_{plan_->options(options)},
        watch_{around.now() + plan_->timeout, options.close_timeout} {
    // Whether the websocket is open is known only when the next wait begins.
    end()->on_wait = [this] { watch_.look(me, around_.now(), around_.judge); };
  }

 private:
  bool is_open() const override { return me.is_open(); }

  void open() override {
    const call under_way{*this};
    auto handshake = handshake_for<Self>(*plan_);
    std::error_code ec;
    auto made = open(driving_stream{end()}, handshake, ec);
    around_.judge.require(made.has_value() == !ec, "no connection and no error, or both");
    if (end()->cancelled) return;
    if (!made) {
      if constexpr (Self == role::client) {
        if (ec == errc::upgrade_refused) plan_->judge(around_.judge, handshake.response());
      }
      return me.on_not_opened(ec);
    }
    plan_->judge(around_.judge, handshake.result());
    socket_.emplace(std::move(*made));
    begin_open(handshake.result());
  }

  template <class Handshake>
  std::optional<socket_type> open(driving_stream stream, Handshake& handshake,
                                  std::error_code& ec) {
    if constexpr (Self == role::client) {
      return connect(std::move(stream), handshake, ec, options_);
    } else {
      const auto decide = [this](auto& asked) {
        plan_->refuses ? asked.reject({.status = 403}) : asked.accept();
      };
      return accept(std::move(stream), handshake, decide, ec, options_);
    }
  }

  std::shared_ptr<const opening_plan> plan_;
  opening_options options_;
  opening_watch watch_;
};

/// A session of a server from its client's opening handshake on.
template <calling How>
class opening_session_peer final : public session_peer<How> {
  using base = session_peer<How>;

 public:
  opening_session_peer(std::shared_ptr<const opening_plan> plan, surroundings& around,
                       const connection_options& options)
      : base{1U, around, options},
        plan_{std::move(plan)},
        watch_{around.now() + plan_->timeout, options.close_timeout},
        registries_{base::context_.get_executor()} {
    auto settings = std::make_shared<detail::opening_settings>();
    settings->handshake_timeout = plan_->timeout;
    settings->close_timeout = options.close_timeout;
    settings->routes.push_back(
        std::make_unique<route>("/", route_options{.handshake = plan_->serving(),
                                                   .connection = options,
                                                   .extension = plan_->extensions[1]}));
    set_hooks(*settings->routes.back());
    asio::post(base::context_, [this, settings, accepted = around.now()] {
      std::make_shared<detail::server_opening<simulated_stream<How>>>(
          simulated_stream<How>{base::context_.get_executor(), base::end_},
          detail::session_facts{.listener = std::make_shared<const detail::listener_facts>()},
          settings, registries_, detail::connection_places::place{})
          ->start(accepted);
    });
  }

  void turn() override {
    if (asked_ && base::around_.now() >= decides_at_) answer();
    base::turn();
    auto& user = base::me;
    if (!user.is_open() && !user.over() && base::end_->closed) {
      // A server gets no event for clients that it has refused.
      user.on_not_opened(refused_ ? make_error_code(errc::upgrade_refused)
                                  : std::make_error_code(std::errc::connection_aborted));
    }
    watch_.look(user, base::around_.now(), base::around_.judge);
  }

 private:
  bool is_open() const override { return base::me.is_open(); }

  void set_hooks(route& on) {
    auto hooks = base::handlers();
    if (hooks.on_part) {
      on.on_part(hooks.on_part);
    } else {
      on.on_message(hooks.on_message);
    }
    on.on_ping(hooks.on_ping)
        .on_pong(hooks.on_pong)
        .on_close(hooks.on_close)
        .on_open([this](session& opened) {
          const agreement agreed{std::string{opened.subprotocol()}, opened.extensions()};
          plan_->judge(base::around_.judge, agreed);
          base::begin(opened);
          base::begin_open(agreed);
        })
        .on_upgrade([this](upgrade& asked) {
          base::around_.judge.require(!plan_->foreign, "the hook saw a page of another origin");
          asked_.emplace(asked);
          decides_at_ = base::around_.now() + plan_->decides_after;
          if (plan_->decides_after == duration{}) return answer();
          base::around_.seen.note(rarity::decided_later);
        });
  }

  void answer() {
    refused_ = plan_->refuses;
    plan_->refuses ? asked_->reject(403) : asked_->accept();
    asked_.reset();
  }

  std::shared_ptr<const opening_plan> plan_;
  opening_watch watch_;
  time_point decides_at_{};
  detail::io_registries registries_;
  std::optional<upgrade> asked_;
  bool refused_ = false;
};

}  // namespace hawser::test
