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
#include <utility>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/client_transport.hpp"
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

/// A blocking client connection over TCP, with TLS for a wss: URL.
using client_websocket = websocket<client_transport>;

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

/// One attempt without redirections; `secure` makes TLS for a wss: URL, as secure_function does.
template <class Secure>
std::optional<client_websocket> connect_once(const destination& there,
                                             const connect_options& options, Secure secure,
                                             response& refusal, std::error_code& ec) {
  const auto& where = there.where();
  client_handshake handshake{where, connect_policy{there.policy(), options.extension},
                             options.limits};
  const auto place = there.place();
  const auto via = place ? proxy_for(*place, options) : std::nullopt;
  ec = !place ? errc::bad_connect_to : via ? handshake.error() : errc::bad_proxy;
  if (where.secure() && !secure.has_tls()) ec = errc::unsupported_scheme;
  if (ec) return std::nullopt;
  const bool direct = via->kind == proxy_kind::none;
  auto socket = open_socket(direct ? place->node() : via->host, direct ? place->port() : via->port,
                            options, ec);
  if (!socket) return std::nullopt;
  socket_transport plain{std::move(*socket)};
  const auto until = time_limit(plain.now(), options.handshake_timeout);
  if (via->kind == proxy_kind::http) {
    pass(plain, http_tunnel{*place, *via, there.proxy_headers()}, until, refusal, ec);
  }
  if (via->kind == proxy_kind::socks5) pass(plain, socks5_tunnel{*place, *via}, until, refusal, ec);
  if (ec) return std::nullopt;
  auto stream = where.secure() ? client_transport{secure(where.host(), std::move(plain), until, ec)}
                               : client_transport{std::move(plain)};
  if (ec) return std::nullopt;
  const auto left = time_left(until, std::chrono::steady_clock::now());
  auto peer = connect(std::move(stream), handshake, ec, {left, options.connection});
  if (!peer) refusal = handshake.response();
  return peer;
}

/// The attempt, and those to which redirections lead.
template <class Secure>
std::optional<client_websocket> connect_over(const uri& where, std::error_code& ec,
                                             const connect_options& options, response* refusal,
                                             Secure secure) {
  destination there{where, options};
  while (true) {
    response answer;
    auto peer = connect_once(there, options, secure, answer, ec);
    if (ec == errc::upgrade_refused && there.follow(answer)) continue;
    if (!peer && refusal != nullptr) *refusal = std::move(answer);
    return peer;
  }
}

/// TLS of hawser/tls/connect.hpp for a wss: URL, if the program includes that.
struct secure_by_url {
  static bool has_tls() noexcept { return secure_by_default.load() != nullptr; }

  std::unique_ptr<secure_transport> operator()(const std::string& host, socket_transport stream,
                                               time_point until, std::error_code& ec) const {
    return secure_by_default.load()(host, std::move(stream), until, ec);
  }
};

#if defined(HAWSER_COMPILED)
extern template std::optional<client_websocket> connect_over(const uri&, std::error_code&,
                                                             const connect_options&, response*,
                                                             secure_by_url);
#endif

}  // namespace detail

/// Connects to a ws: or wss: URL: resolves the host, tries all its addresses, and performs the opening
/// handshake. On failure, `ec` is the reason. If that is errc::upgrade_refused, `refusal` is the
/// server's response, with status, headers and at most 64 KiB of body; the same for the response of
/// an HTTP proxy.
///
/// A wss: URL needs hawser/tls.hpp in one unit of the program; until that is initialised, it fails with
/// errc::unsupported_scheme before anything is sent. The certificate is verified with the authorities of the
/// system; for other settings pass a tls_client_context: see hawser/tls/connect.hpp.
///
/// A template, so that only units that call it compile it; `Secure` is not for the caller to choose.
template <class Secure = detail::secure_by_url>
std::optional<client_websocket> connect(std::string_view url, std::error_code& ec,
                                        const connect_options& options = {},
                                        response* refusal = nullptr) {
  const auto where = uri::decode(url, ec, options.credentials);
  if (!where) return std::nullopt;
  return detail::connect_over(*where, ec, options, refusal, Secure{});
}

/// The same, but throws connect_error.
template <class Secure = detail::secure_by_url>
client_websocket connect(std::string_view url, const connect_options& options = {}) {
  std::error_code ec;
  response refusal;
  auto peer = connect<Secure>(url, ec, options, &refusal);
  if (!peer) throw connect_error{ec, url, std::move(refusal), options};
  return std::move(*peer);
}

}  // namespace hawser
