// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/testing/client_network.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/testing/http.hpp"
#include "hawser/testing/network.hpp"
#include "hawser/testing/peer.hpp"
#include "hawser/testing/scheduler.hpp"
#include "hawser/testing/server_network.hpp"
#include "hawser/testing/stream.hpp"
#include "hawser/testing/stream_wire.hpp"

namespace hawser::testing {

/// Where servers and clients run in a test: an io_context without sockets, threads and real time. Construct
/// it first, so that it is destroyed last:
///
///     hawser::testing::world world;
///     hawser::server server{world.context(), {.listener = hawser::first_listener::none}};
///     set_up(server);  // the handlers under test
///     world.serve(server);
///     auto peer = world.connect("/chat");
///     peer.sends_text("hi");
///     peer.expect_text("hi");
///
/// Handlers run on the calling thread, only in calls of run(), advance() and of functions that expect
/// something, and in the order in which they became ready. Their exceptions leave these calls, as they leave
/// io_context::run(). All timeouts of the library use the clock of the world; timers of the application,
/// such as asio::steady_timer, do not, nor do threaded_server, connect() and TLS.
class world {
 public:
  using duration = scheduler::duration;
  using time_point = scheduler::time_point;

  world() { connect_clients_by_network(context()); }
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  ~world() { network_.abandon(); }

  /// For servers, clients and sessions. Do not run it.
  asio::io_context& context() noexcept { return scheduler_->context(); }

  /// The virtual time. It moves only in advance().
  time_point now() const noexcept { return scheduler_->now(); }

  /// Runs handlers until none is ready.
  void run() { scheduler_->run(); }

  /// Lets so much time pass: each deadline within it is handled at its time.
  void advance(duration time) { scheduler_->advance(time); }

  // A server under test.

  /// Starts a server that was constructed with context(). `where` is the address that it has for its
  /// handlers; a loopback address, as the default, has the checks of `allowed_hosts`. Throws
  /// std::logic_error if the server has threads of its own.
  void serve(server& one,
             const asio::ip::tcp::endpoint& where = {asio::ip::address_v4::loopback(), 80}) {
    one.listen(memory_endpoint{&network_, where});
    one.start();
    run();
  }

  /// A peer that is a client of the server: performs the opening handshake for this target and with these
  /// header fields, among them Host (default: localhost), Origin, Cookie and Sec-WebSocket-Protocol. Throws
  /// `failure` if the server does not accept it.
  peer connect(std::string_view target = "/", const header_fields& headers = {}) {
    auto over = dial();
    auto step = make_upgrade(target, headers);
    const auto rest = perform_step(*over, step);
    if (step.state() != client_handshake<>::status::done) {
      const auto& got = step.response();
      throw failure{"expected that " + detail::quoted(target) + " is accepted, received " +
                    std::to_string(got.status) + ' ' + detail::quoted(got.body)};
    }
    peer made{role::client, std::move(over), rest};
    made.set_response(step.response());
    return made;
  }

  /// The response to such a handshake: its status is 101 if the server accepts it. The connection ends.
  response request(std::string_view target, const header_fields& headers = {}) {
    auto step = make_upgrade(target, headers);
    perform_step(*dial(), step);
    return step.response();
  }

  /// The response to a plain HTTP request.
  response http(std::string_view method, std::string_view target, const header_fields& headers = {},
                std::string_view body = {}) {
    http_exchange step{method, target, headers, body};
    perform_step(*dial(), step);
    return step.response();
  }

  /// A peer that has connected to the server and sent nothing: for handshakes by hand.
  peer connect_raw() { return peer{role::client, dial()}; }

  /// The address of all clients that connect from now on. Default: 127.0.0.1:50000.
  void set_remote_endpoint(const asio::ip::tcp::endpoint& from) { network_.remote = from; }

  // A client under test, which was constructed with context(), or async_connect() on it. It reaches the server of
  // this world, if there is one; otherwise the test is its peer. Whatever host its URL names.

  /// What clients find that connect from now on.
  void set_reachability(reachability found) { network_.clients_find = found; }

  /// A peer that is the server of the next client: accepts its handshake, with these header fields in the
  /// response and this subprotocol. Throws `failure` if no client connects.
  peer accept(const header_fields& headers = {}, const std::string& subprotocol = {}) {
    server_handshake<> handshake{any_client()};
    auto over = next_client();
    const auto rest = perform_acceptance(*over, handshake, [&](auto& asked) {
      asked.accept({.subprotocol = subprotocol, .headers = headers});
    });
    peer made{role::server, std::move(over), rest};
    made.set_request(handshake.request());
    run();
    return made;
  }

  /// Answers the next client with this response instead. Returns the request.
  hawser::request reject(const response& answer) {
    server_handshake<> handshake{any_client()};
    auto over = next_client();
    perform_acceptance(*over, handshake, [&](auto& asked) { asked.reject(answer); });
    over->end();
    run();
    return handshake.request();
  }

  /// Whether a client has connected that was neither accepted nor rejected, and still waits:
  /// `while (!world.has_client()) world.advance(1s);` ends at its next attempt.
  bool has_client() {
    run();
    std::erase_if(network_.calls, [](const auto& one) { return one.state->ends[0].closed; });
    return !network_.calls.empty();
  }

  // Streams.

  /// A stream for an async_websocket, and the peer at its far end, whose role is `peer_role`. There is no
  /// opening handshake.
  std::pair<stream, peer> make_stream(role peer_role) {
    auto state = network_.make_stream();
    auto over = std::make_shared<stream_wire>(state, scheduler_);
    return {stream{context().get_executor(), state, 0}, peer{peer_role, std::move(over)}};
  }

 private:
  std::shared_ptr<wire> dial() {
    const auto server = network_.find_acceptor();
    if (!server) throw failure{"expected a server that accepts, but there is none"};
    auto state = network_.make_stream();
    server->accept(state, 0);
    return std::make_shared<stream_wire>(std::move(state), scheduler_);
  }

  std::shared_ptr<wire> next_client() {
    if (!has_client()) throw failure{"expected a client that connects, but there is none"};
    auto state = std::move(network_.calls.front().state);
    network_.calls.pop_front();
    return std::make_shared<stream_wire>(std::move(state), scheduler_);
  }

  static default_server_policy any_client() {
    default_server_policy policy;
    policy.origin = any_origin;
    policy.allowed_hosts = {"*"};
    return policy;
  }

  const std::shared_ptr<scheduler> scheduler_ = std::make_shared<scheduler>();
  network& network_ = asio::use_service<network>(scheduler_->context());
};

}  // namespace hawser::testing
