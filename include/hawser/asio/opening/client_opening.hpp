// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/opening/async_opening.hpp"
#include "hawser/asio/opening/client_attempt.hpp"
#include "hawser/asio/opening/dialer.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/http_tunnel.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/socks5_tunnel.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/opening.hpp"

namespace hawser::detail {

/// One attempt of a client to connect: address, proxy, TLS, opening handshake, and the same again
/// for redirections. Ends with one call of `owner.opened(stream, facts, rest)` or
/// `owner.not_opened(ec, refusal)`, unless abort() is called before.
template <class Layer, class Owner,
          class Socket = asio::basic_stream_socket<asio::ip::tcp, typename Owner::executor_type>>
class client_opening final
    : public client_attempt,
      public std::enable_shared_from_this<client_opening<Layer, Owner, Socket>> {
  using client_executor = typename Owner::executor_type;
  using client_socket = Socket;

 public:
  client_opening(const client_executor& executor, const connect_options& options, Layer& layer,
                 std::shared_ptr<Owner> owner)
      : executor_{executor},
        options_{options},
        layer_{layer},
        owner_{std::move(owner)},
        deadline_{*this, executor} {}

  const client_executor& get_executor() const noexcept { return executor_; }

  void start(const std::string& url) override {
    std::error_code ec;
    auto where = uri::decode(url, ec, options_.credentials);
    if (!where) return fail(ec);
    destination_.emplace(std::move(*where), options_);
    dial();
  }

  void abort() override {
    if (std::exchange(over_, true)) return;
    close();
    owner_ = nullptr;
  }

 private:
  void dial() {
    const auto& where = destination_->where();
    if (where.secure() && !Layer::is_secure) return fail(errc::unsupported_scheme);
    handshake_.emplace(where, connect_policy{destination_->policy(), options_.extension},
                       options_.limits);
    if (handshake_->error() != errc{}) return fail(handshake_->error());
    place_ = destination_->place();
    if (!place_) return fail(errc::bad_connect_to);
    const auto refused = find_proxy(*place_);
    if (over_) return;
    if (refused) return fail(refused);

    const auto begun = std::make_shared<dialer<client_socket>>(
        executor_, dial_timeouts{.all = options_.connect_timeout},
        [self = this->shared_from_this()](std::error_code ec, client_socket socket) {
          self->unless_over([&] { ec ? self->fail(ec) : self->on_dialed(std::move(socket)); });
        });
    dialer_ = begun;
    const bool direct = proxy_.kind == proxy_kind::none;
    begun->dial(direct ? place_->node() : proxy_.host, direct ? place_->port() : proxy_.port);
  }

  std::error_code find_proxy(const uri& where) {
    const auto owner = owner_;  // abort() resets owner_
    try {
      const auto via = proxy_for(where, options_);
      if (!via) return errc::bad_proxy;
      proxy_ = *via;
    } catch (...) {
      return owner->report("proxy function", std::current_exception());
    }
    return {};
  }

  void on_dialed(client_socket socket) {
    until_ = time_limit(deadline_.now(), options_.handshake_timeout);
    std::error_code ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec) return fail(ec);
    remote_address_ = text_of(remote);
    socket_.emplace(std::move(socket));
    switch (proxy_.kind) {
      case proxy_kind::none: return encrypt();
      case proxy_kind::http:
        return pass(http_tunnel_.emplace(*place_, proxy_, destination_->proxy_headers()));
      case proxy_kind::socks5: return pass(socks5_tunnel_.emplace(*place_, proxy_));
    }
  }

  template <class Tunnel>
  void pass(Tunnel& tunnel) {
    perform(*socket_, tunnel, [&](auto& self, std::error_code ec, const auto& rest) {
      // A server sends nothing before the client does, so these bytes are not the server's.
      if (!ec && !rest.empty()) ec = errc::bad_proxy_answer;
      if (!ec) return self.encrypt();
      if constexpr (requires { tunnel.response(); }) {
        if (tunnel.response().status >= 300) return self.fail(ec, tunnel.response());
      }
      self.fail(ec);
    });
  }

  void encrypt() {
    if constexpr (Layer::is_secure) {
      if (destination_->where().secure()) return begin_secure();
    }
    ask(*socket_);
  }

  void begin_secure() {
    std::error_code ec;
    secure_ = layer_.wrap(std::move(*socket_), destination_->where().host(), ec);
    if (ec) return fail(ec);
    deadline_.set(until_);
    using traits = stream_traits<secure_stream>;
    traits::async_open(*secure_, [self = this->shared_from_this()](std::error_code error) {
      self->unless_over([&] {
        self->deadline_.cancel();
        error ? self->fail(error) : self->ask(*self->secure_);
      });
    });
  }

  /// Performs the opening handshake.
  template <class Stream>
  void ask(Stream& stream) {
    perform(stream, *handshake_, [&stream](auto& self, std::error_code ec, const auto& rest) {
      ec ? self.on_refused(ec) : self.open(stream, rest);
    });
  }

  void on_refused(std::error_code ec) {
    if (ec != errc::upgrade_refused) return fail(ec);
    auto answer = handshake_->response();
    if (!destination_->follow(answer)) return fail(ec, std::move(answer));
    close();
    dial();
  }

  template <class Stream>
  void open(Stream& stream, const std::vector<std::byte>& rest) {
    session_facts facts{.asked = request{{}, {}, {}, {}, {.secure = is_secure_stream(stream)}},
                        .agreed = handshake_->result(),
                        .remote_address = remote_address_,
                        .tls = stream_facts(stream)};
    over_ = true;
    const auto owner = std::exchange(owner_, nullptr);
    with_memory([&] { owner->opened(std::move(stream), std::move(facts), rest); },
                [&] { owner->not_opened(errc::out_of_memory, std::nullopt); });
  }

  /// Runs `step`, unless the attempt has ended; if memory allocation fails, the attempt ends.
  template <class Step>
  void unless_over(Step step) {
    if (!over_) with_memory(step, [this] { fail(errc::out_of_memory); });
  }

  void fail(std::error_code ec, std::optional<response> refusal = std::nullopt) {
    if (std::exchange(over_, true)) return;
    close();
    std::exchange(owner_, nullptr)->not_opened(standard_error(ec), std::move(refusal));
  }

  /// Calls `then(*this, ec, rest)`. The stream exists until its last operation has ended.
  template <class Stream, class Handshake, class Then>
  void perform(Stream& stream, Handshake& handshake, Then then) {
    auto done = [self = this->shared_from_this(), then](std::error_code ec, const auto& rest) {
      self->unless_over([&] { then(*self, ec, rest); });
    };
    const auto left = time_left(until_, deadline_.now());
    using driver = performed_opening<Stream, Handshake, policy_decides, decltype(done)>;
    std::make_shared<driver>(
        stream, std::shared_ptr<Handshake>{this->shared_from_this(), &handshake}, policy_decides{},
        opening_options{.handshake_timeout = left}, std::move(done))
        ->start();
  }

  void on_deadline() { fail(errc::handshake_timeout); }

  void close() {
    deadline_.cancel();
    if (const auto begun = dialer_.lock()) begun->cancel();
    if (socket_) stream_traits<client_socket>::close(*socket_);
    if constexpr (Layer::is_secure) {
      if (secure_) stream_traits<secure_stream>::close(*secure_);
    }
  }

  template <class AnyLayer>
  struct stream_of {
    using type = client_socket;
  };
  template <class AnyLayer>
  requires AnyLayer::is_secure struct stream_of<AnyLayer> {
    using type = typename AnyLayer::template stream<client_socket>;
  };
  using secure_stream = typename stream_of<Layer>::type;

  const client_executor executor_;
  const connect_options& options_;
  Layer& layer_;
  std::shared_ptr<Owner> owner_;
  owned_deadline<client_opening, &client_opening::on_deadline> deadline_;
  std::chrono::steady_clock::time_point until_;
  std::optional<destination> destination_;
  std::optional<uri> place_;  // the host and port to connect to
  proxy proxy_;
  std::weak_ptr<dialer<client_socket>> dialer_;
  std::optional<client_handshake<connect_policy>> handshake_;
  std::optional<http_tunnel> http_tunnel_;
  std::optional<socks5_tunnel> socks5_tunnel_;
  std::string remote_address_;
  std::optional<client_socket> socket_;
  std::unique_ptr<secure_stream> secure_;
  bool over_ = false;
};

}  // namespace hawser::detail
