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
#include <vector>

#include <asio/post.hpp>

#include "hawser/asio/deadlines.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/server_opening.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/transport/negotiating_policy.hpp"
#include "hawser/transport/negotiator.hpp"
#include "hawser/transport/opening.hpp"
#include "simulation/async_peers.hpp"
#include "simulation/peer.hpp"
#include "support/run_length_negotiator.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// What both sides of a run want of their opening handshake.
struct opening_plan {
  using client_policy = negotiating_client_policy<default_client_policy>;
  using server_policy = negotiating_server_policy<default_server_policy>;

  std::vector<std::string> offered;
  std::vector<std::string> spoken;
  std::array<any_negotiator, 2> extensions;
  bool foreign = false;  // a page of another origin
  bool refuses = false;  // the application does
  duration decides_after{};
  duration patience = std::chrono::seconds{3};

  explicit opening_plan(chance& random) {
    for (const auto* name : {"chat", "superchat", "v2.cable"}) {
      if (random.once_in(2)) offered.emplace_back(name);
      if (random.once_in(2)) spoken.emplace_back(name);
    }
    for (auto& side : extensions) {
      if (!random.once_in(3)) side = run_length_negotiator{};
    }
    foreign = random.once_in(12);
    refuses = random.once_in(12);
    if (random.once_in(6)) decides_after = random.time_below(100);
  }

  client_policy for_client() const {
    return {{.origin = foreign ? "http://elsewhere" : "", .subprotocols = offered}, extensions[0]};
  }
  default_server_policy serving() const { return {.subprotocols = spoken}; }
  server_policy for_server() const { return {serving(), extensions[1]}; }

  bool good() const { return !foreign && !refuses; }

  opening_options options(const connection_options& connection) const {
    return {patience, connection};
  }

  /// What must have been agreed on.
  agreement expected() const {
    agreement made;
    for (const auto& name : spoken) {
      const bool known = std::find(offered.begin(), offered.end(), name) != offered.end();
      if (made.subprotocol.empty() && known) made.subprotocol = name;
    }
    if (extensions[0] && extensions[1]) made.extensions = {{"run-length"}};
    return made;
  }

  void judge(verdict& judge, const agreement& agreed) const {
    judge.require(good(), "accepted what was to be refused");
    judge.require(agreed.subprotocol == expected().subprotocol, "another subprotocol than agreed");
    judge.require(agreed.extensions == expected().extensions, "another extension than agreed");
  }

  /// A client is only refused where there is a reason, of which the server's impatience is one.
  void judge(verdict& judge, const response& refusal) const {
    judge.require(!good() || refusal.status == 408, "a refusal without a cause");
  }
};

/// Judges how long an opening handshake takes: from when its time is seen to be over, no longer than
/// it takes to tell the other side.
class opening_watch {
 public:
  opening_watch(time_point until, duration to_tell)
      : until_{until}, to_tell_{to_tell + 4 * detail::deadlines::tick} {}

  void look(const user& one, time_point now, verdict& judge) {
    if (one.is_open() || one.over() || now < until_) return;
    if (!late_since_) late_since_ = now;
    judge.require(now < *late_since_ + to_tell_, "a handshake that takes longer than it may");
  }

 private:
  time_point until_;
  duration to_tell_;
  std::optional<time_point> late_since_;
};

/// A connection that begins with the opening handshake, and the smallest driver that serves both.
template <role Self>
class opening_core_peer final : public core_peer {
 public:
  opening_core_peer(std::shared_ptr<const opening_plan> plan, surroundings& around,
                    const connection_options& options)
      : core_peer{Self, Self == role::client ? 0U : 1U, around, options},
        plan_{std::move(plan)},
        handshake_{handshake_for(*plan_)},
        until_{around.now() + plan_->patience},
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
  using handshake_type =
      std::conditional_t<Self == role::client, client_handshake<opening_plan::client_policy>,
                         server_handshake<opening_plan::server_policy>>;
  using status = typename handshake_type::status;

  static handshake_type handshake_for(const opening_plan& plan) {
    if constexpr (Self == role::client) {
      return handshake_type{*uri::decode("ws://example.com/"), plan.for_client()};
    } else {
      return handshake_type{plan.for_server()};
    }
  }

  bool is_open() const override { return me.is_open(); }

  void open() {
    const auto now = around_.now();
    if (now >= dropped_at_) return drop(errc::handshake_timeout);
    if (now >= until_ && !std::exchange(late_, true)) {
      handshake_.fail(errc::handshake_timeout);
      // As much again to tell the client.
      dropped_at_ = now + options_.close_timeout;
    }
    if (!around_.kind.calm && around_.random.once_in(300)) {
      around_.seen.note(rarity::half_close);
      around_.net.end(side_);
    }
    if (!read()) return;
    if constexpr (Self == role::server) decide();
    if (!write()) return;
    if (handshake_.state() == status::done) return begin();
    if (handshake_.state() == status::failed) fail(handshake_.error());
  }

  /// False if that was the end.
  bool read() {
    std::array<std::byte, 512> room;
    while (handshake_.state() == status::need_more || ending_) {
      std::error_code ec;
      const auto size = around_.net.read_some(side_, room, ec);
      if (ec == std::errc::operation_would_block) break;
      if (ending_ && (ec || size == 0)) return leave_stream(), false;
      if (ending_) continue;
      if (ec) return fail(ec), false;
      if (size == 0) {
        handshake_.receive_end();
        break;
      }
      bytes_view input{room.data(), size};
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
    plan_->refuses ? handshake_.refuse({.status = 403}) : handshake_.accept();
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
    const bool told = ec.category() == make_error_code(errc::closed).category();
    if (Self == role::client || !told || !handshake_.output().empty()) return drop(ec);
    tell(ec);
    // A stream that is closed with input unread may take back what was just written.
    if (std::exchange(ending_, true)) return;
    around_.net.end(side_);
    dropped_at_ = around_.now() + options_.close_timeout;
  }

  void drop(std::error_code ec) {
    tell(ec);
    leave_stream();
  }

  void tell(std::error_code ec) {
    if (me.over()) return;
    if constexpr (Self == role::client) {
      if (ec == errc::upgrade_refused) plan_->judge(around_.judge, handshake_.response());
    }
    me.on_not_opened(ec);
  }

  std::shared_ptr<const opening_plan> plan_;
  handshake_type handshake_;
  time_point until_;       // without an answer
  time_point dropped_at_;  // whatever happens
  std::optional<time_point> decides_at_;
  octets rest_;
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
        watch_{around.now() + plan_->patience, options.close_timeout} {
    auto done = [this](std::error_code ec) { has_opened(ec); };
    if constexpr (Self == role::client) {
      handshake_.emplace(*uri::decode("ws://example.com/"), plan_->for_client());
      base::socket().async_connect(*handshake_, done);
    } else {
      handshake_.emplace(plan_->for_server());
      base::socket().async_accept(
          *handshake_,
          [refuses = plan_->refuses](auto& asked) {
            if (refuses) asked.refuse({.status = 403});
          },
          done);
    }
  }

  void turn() override {
    base::turn();
    watch_.look(base::me, base::around_.now(), base::around_.judge);
  }

 private:
  using handshake_type =
      std::conditional_t<Self == role::client, client_handshake<opening_plan::client_policy>,
                         server_handshake<opening_plan::server_policy>>;

  bool is_open() const override { return base::me.is_open(); }

  void has_opened(std::error_code ec) {
    if (ec) {
      if constexpr (Self == role::client) {
        if (ec == errc::upgrade_refused) {
          plan_->judge(base::around_.judge, handshake_->response());
        }
      }
      return base::me.on_not_opened(ec);
    }
    plan_->judge(base::around_.judge, handshake_->result());
    base::around_.judge.require(base::socket().subprotocol() == handshake_->result().subprotocol,
                                "a subprotocol forgotten");
    base::begin_open(handshake_->result());
  }

  std::shared_ptr<const opening_plan> plan_;
  std::optional<handshake_type> handshake_;
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
        watch_{around.now() + plan_->patience, std::chrono::seconds{5}},
        registries_{base::context_.get_executor()} {
    auto settings = std::make_shared<detail::opening_settings>();
    settings->handshake_timeout = plan_->patience;
    settings->routes.push_back(
        std::make_unique<route>("/", route_options{.handshake = plan_->serving(),
                                                   .connection = options,
                                                   .extension = plan_->extensions[1]}));
    set_hooks(*settings->routes.back());
    asio::post(base::context_, [this, settings] {
      std::make_shared<detail::server_opening<simulated_stream<How>>>(
          simulated_stream<How>{base::context_.get_executor(), base::end_}, "somewhere", settings,
          registries_, detail::connection_places::place{})
          ->start();
    });
  }

  void turn() override {
    if (asked_ && base::around_.now() >= decides_at_) answer();
    base::turn();
    auto& self = base::me;
    if (!self.is_open() && !self.over() && base::end_->closed) {
      // A server is not told of clients that it has not let in.
      self.on_not_opened(refused_ ? make_error_code(errc::upgrade_refused)
                                  : std::make_error_code(std::errc::connection_aborted));
    }
    watch_.look(self, base::around_.now(), base::around_.judge);
  }

 private:
  bool is_open() const override { return base::me.is_open(); }

  void set_hooks(route& on) {
    auto hooks = base::handlers();
    if (hooks.on_part) on.on_part(hooks.on_part);
    on.on_message(hooks.on_message)
        .on_ping(hooks.on_ping)
        .on_pong(hooks.on_pong)
        .on_close(hooks.on_close)
        .on_open([this](session& opened) {
          const agreement agreed{std::string{opened.subprotocol()}, opened.extensions()};
          plan_->judge(base::around_.judge, agreed);
          base::begin(opened);
          base::begin_open(agreed);
        })
        .on_upgrade([this](upgrade& asked) {
          asked_.emplace(asked);
          decides_at_ = base::around_.now() + plan_->decides_after;
          if (plan_->decides_after == duration{}) return answer();
          base::around_.seen.note(rarity::decided_later);
        });
  }

  void answer() {
    refused_ = !plan_->good();
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
