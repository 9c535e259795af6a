// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/standard_error.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A blocking client connection over TCP.
using client_websocket = websocket<socket_transport>;

namespace detail {

/// Sockets that are only used blocking need a context, but nobody to run it.
inline asio::io_context& blocking_context() {
  static asio::io_context context{1};
  return context;
}

/// Runs one asynchronous operation, or cancels it at the deadline. `cancel` must make it complete.
template <class Cancel>
bool run_until(asio::io_context& context, std::chrono::steady_clock::time_point until,
               Cancel cancel) {
  context.restart();
  if (until == (std::chrono::steady_clock::time_point::max)()) {
    context.run();
  } else {
    context.run_until(until);
  }
  if (context.stopped()) return true;
  cancel();
  context.run();
  return false;
}

using tcp = asio::ip::tcp;
using time_point = std::chrono::steady_clock::time_point;

inline std::vector<tcp::endpoint> resolve(asio::io_context& context, const uri& where,
                                          time_point until, std::error_code& ec) {
  std::vector<tcp::endpoint> found;
  tcp::resolver resolver{context};
  resolver.async_resolve(where.host(), std::to_string(where.port()),
                         [&](std::error_code error, const tcp::resolver::results_type& results) {
                           ec = standard_error(error);
                           for (const auto& entry : results) found.push_back(entry.endpoint());
                         });
  if (!run_until(context, until, [&] { resolver.cancel(); })) ec = errc::connect_timeout;
  return found;
}

/// Tries one address after the other.
inline std::optional<tcp::socket> reach(asio::io_context& context,
                                        const std::vector<tcp::endpoint>& addresses,
                                        time_point until, std::error_code& ec) {
  ec = std::make_error_code(std::errc::address_not_available);
  for (auto left = addresses.size(); left > 0; --left) {
    const auto& address = addresses[addresses.size() - left];
    const auto now = std::chrono::steady_clock::now();
    const auto share = (until - (std::min)(now, until)) / static_cast<std::int64_t>(left);
    const auto give_up = deadline_after(now, share);
    tcp::socket socket{context};
    socket.async_connect(address, [&](std::error_code error) { ec = standard_error(error); });
    std::error_code ignored;
    if (!run_until(context, give_up, [&] { socket.close(ignored); })) ec = errc::connect_timeout;
    if (!ec) return socket;
  }
  return std::nullopt;
}

/// A connected socket that outlives the context it was connected in.
inline std::optional<tcp::socket> open_socket(const uri& where, time_point until,
                                              std::error_code& ec) {
  asio::io_context context{1};
  const auto addresses = resolve(context, where, until, ec);
  if (ec) return std::nullopt;
  auto socket = reach(context, addresses, until, ec);
  if (!socket) return std::nullopt;
  const auto protocol = socket->local_endpoint(ec).protocol();
  if (ec) return std::nullopt;
  const auto handle = socket->release(ec);
  if (ec) return std::nullopt;
  tcp::socket adopted{blocking_context()};
  adopted.assign(protocol, handle, ec);
  if (ec) return std::nullopt;
  return adopted;
}

/// Connects over what `wrap(socket_transport, until, ec)` makes of the socket, if it does.
template <class Wrap>
auto connect_over(const uri& where, std::error_code& ec, const connect_options& options,
                  response* refusal, Wrap wrap) {
  using transport = std::invoke_result_t<Wrap&, socket_transport, time_point, std::error_code&>;
  using result = std::optional<websocket<typename transport::value_type>>;
  client_handshake handshake{where, options.handshake, options.limits};
  if (handshake.state() == client_handshake<>::status::failed) {
    ec = handshake.error();
    return result{};
  }
  const auto now = std::chrono::steady_clock::now;
  auto socket = open_socket(where, deadline_after(now(), options.connect_timeout), ec);
  if (!socket) return result{};
  const auto begin = now();
  auto stream = wrap(socket_transport{std::move(*socket)},
                     deadline_after(begin, options.handshake_timeout), ec);
  if (!stream) return result{};
  const auto left = options.handshake_timeout - (now() - begin);
  result peer = connect(std::move(*stream), handshake, ec, {left, options.connection});
  if (!peer && refusal != nullptr) *refusal = handshake.response();
  return peer;
}

}  // namespace detail

/// Connects to a ws: URL: finds the host, tries all its addresses, performs the opening handshake.
/// When there is no connection, `ec` says why; if it is errc::upgrade_refused, `refusal` is set to
/// the server's answer, with its status, headers and at most 64 KiB of body. A wss: URL is an
/// errc::unsupported_scheme here; for both see hawser/tls/connect.hpp.
inline std::optional<client_websocket> connect(std::string_view url, std::error_code& ec,
                                               const connect_options& options = {},
                                               response* refusal = nullptr) {
  ec.clear();
  const auto where = uri::decode(url, options.credentials);
  if (!where) ec = errc::bad_uri;
  if (where && where->secure()) ec = errc::unsupported_scheme;
  if (ec) return std::nullopt;
  const auto wrap = [](socket_transport stream, detail::time_point, std::error_code&) {
    return std::optional{std::move(stream)};
  };
  return detail::connect_over(*where, ec, options, refusal, wrap);
}

/// The same, but throws connect_error.
inline client_websocket connect(std::string_view url, const connect_options& options = {}) {
  std::error_code ec;
  response refusal;
  auto peer = connect(url, ec, options, &refusal);
  if (!peer) throw connect_error{ec, std::string{url}, std::move(refusal)};
  return std::move(*peer);
}

}  // namespace hawser
