// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/executor/brief_context.hpp"
#include "hawser/asio/opening/dialer.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/http_tunnel.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/socks5_tunnel.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A blocking client connection over TCP.
using client_websocket = websocket<socket_transport>;

namespace detail {

/// The context of sockets that are used with blocking calls only. Never run, and never destroyed,
/// because connections may be static objects.
inline asio::io_context& blocking_context() {
  static never_destroyed<asio::io_context> context{1};
  return context.get();
}

using time_point = std::chrono::steady_clock::time_point;

using dialed_socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// A connected socket that outlives the context in which it was connected. A template, so that only a
/// caller compiles a dialer.
template <class Dialed = dialed_socket>
std::optional<asio::ip::tcp::socket> open_socket(const std::string& host, std::uint16_t port,
                                                 const connect_options& options,
                                                 std::error_code& ec) {
  brief_context context;
  std::optional<Dialed> found;
  const auto done = [&](std::error_code error, Dialed socket) {
    ec = error;
    found.emplace(std::move(socket));
  };
  std::make_shared<dialer<Dialed>>(context.get_executor(),
                                   dial_timeouts{.all = options.connect_timeout}, done)
      ->dial(host, port);
  context.run_until([&] { return found.has_value(); });
  if (ec) return std::nullopt;
  const auto protocol = found->local_endpoint(ec).protocol();
  if (ec) return std::nullopt;
  const auto handle = found->release(ec);
  if (ec) return std::nullopt;
  asio::ip::tcp::socket adopted{blocking_context()};
  adopted.assign(protocol, handle, ec);
  if (ec) return std::nullopt;
  return adopted;
}

/// Performs a proxy's handshake, at most until `until`.
template <class Tunnel>
void pass(socket_transport& stream, Tunnel tunnel, time_point until, response& refusal,
          std::error_code& ec) {
  std::vector<std::byte> rest;
  deadline_io io{stream, until - stream.now()};
  read_handshake(io, tunnel, rest, ec);
  if (!ec && tunnel.state() == Tunnel::status::failed) ec = tunnel.error();
  // A server sends nothing before the client does, so these bytes are not the server's.
  if (!ec && !rest.empty()) ec = errc::bad_proxy_answer;
  if constexpr (requires { tunnel.response(); }) {
    if (ec) refusal = tunnel.response();
  }
}

/// The stream that `wrap(where, socket_transport, until, ec)` makes of a socket.
template <class Wrap>
using wrapped_by = typename std::invoke_result_t<Wrap&, const uri&, socket_transport, time_point,
                                                 std::error_code&>::value_type;

/// One attempt without redirections, over the stream that `wrap` makes of the socket.
template <class Wrap>
std::optional<websocket<wrapped_by<Wrap>>> connect_once(const destination& there,
                                                        const connect_options& options, Wrap wrap,
                                                        response& refusal, std::error_code& ec) {
  using result = std::optional<websocket<wrapped_by<Wrap>>>;
  const auto& where = there.where();
  client_handshake handshake{where, connect_policy{there.policy(), options.extension},
                             options.limits};
  const auto place = there.place();
  const auto via = place ? proxy_for(*place, options) : std::nullopt;
  ec = !place ? errc::bad_connect_to : via ? handshake.error() : errc::bad_proxy;
  constexpr bool bare = std::is_same_v<wrapped_by<Wrap>, socket_transport>;
  if (bare && where.secure()) ec = errc::unsupported_scheme;
  if (ec) return result{};
  const bool direct = via->kind == proxy_kind::none;
  auto socket = open_socket(direct ? place->node() : via->host, direct ? place->port() : via->port,
                            options, ec);
  if (!socket) return result{};
  socket_transport plain{std::move(*socket)};
  const auto until = time_limit(plain.now(), options.handshake_timeout);
  if (via->kind == proxy_kind::http) {
    pass(plain, http_tunnel{*place, *via, there.proxy_headers()}, until, refusal, ec);
  }
  if (via->kind == proxy_kind::socks5) pass(plain, socks5_tunnel{*place, *via}, until, refusal, ec);
  if (ec) return result{};
  auto stream = wrap(where, std::move(plain), until, ec);
  if (!stream) return result{};
  const auto left = time_left(until, std::chrono::steady_clock::now());
  result peer = connect(std::move(*stream), handshake, ec, {left, options.connection});
  if (!peer) refusal = handshake.response();
  return peer;
}

/// The attempt, and those to which redirections lead.
template <class Wrap>
std::optional<websocket<wrapped_by<Wrap>>> connect_over(const uri& where, std::error_code& ec,
                                                        const connect_options& options,
                                                        response* refusal, Wrap wrap) {
  destination there{where, options};
  while (true) {
    response answer;
    auto peer = connect_once(there, options, wrap, answer, ec);
    if (ec == errc::upgrade_refused && there.follow(answer)) continue;
    if (!peer && refusal != nullptr) *refusal = std::move(answer);
    return peer;
  }
}

/// The socket itself is the stream.
struct unwrapped {
  std::optional<socket_transport> operator()(const uri&, socket_transport stream, time_point,
                                             std::error_code&) const {
    return std::optional{std::move(stream)};
  }
};

#if defined(HAWSER_COMPILED)
extern template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                             const connect_options&, response*,
                                                             unwrapped);
#endif

}  // namespace detail

/// Connects to a ws: URL: resolves the host, tries all its addresses, and performs the opening
/// handshake. On failure, `ec` is the reason. If that is errc::upgrade_refused, `refusal` is the
/// server's response, with status, headers and at most 64 KiB of body; the same for the response of
/// an HTTP proxy. A wss: URL is errc::unsupported_scheme here; for both schemes see
/// hawser/tls/connect.hpp.
///
/// A template, so that only units that call it compile it; `Wrap` is not for the caller to choose.
template <class Wrap = detail::unwrapped>
std::optional<client_websocket> connect(std::string_view url, std::error_code& ec,
                                        const connect_options& options = {},
                                        response* refusal = nullptr) {
  const auto where = uri::decode(url, ec, options.credentials);
  if (!where) return std::nullopt;
  return detail::connect_over(*where, ec, options, refusal, Wrap{});
}

/// The same, but throws connect_error.
template <class Wrap = detail::unwrapped>
client_websocket connect(std::string_view url, const connect_options& options = {}) {
  std::error_code ec;
  response refusal;
  auto peer = connect<Wrap>(url, ec, options, &refusal);
  if (!peer) throw connect_error{ec, url, std::move(refusal), options};
  return std::move(*peer);
}

}  // namespace hawser
