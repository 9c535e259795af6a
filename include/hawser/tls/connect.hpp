// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/optional_transport.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A blocking client connection to a ws: or wss: URL.
using tls_client_websocket = websocket<optional_tls_transport<socket_transport>>;

namespace detail {

/// Puts TLS over the socket for a wss: URL.
struct wrapped_in_tls {
  std::optional<optional_tls_transport<socket_transport>> operator()(const uri& there,
                                                                     socket_transport stream,
                                                                     time_point until,
                                                                     std::error_code& ec) const {
    using transport = optional_tls_transport<socket_transport>;
    if (!there.secure()) return transport{std::move(stream)};
    auto ssl = context.make_ssl(there.host(), ec);
    if (ec) return std::nullopt;
    tls_transport<socket_transport> encrypted{std::move(stream), std::move(ssl)};
    encrypted.handshake(until, ec);
    if (ec) return std::nullopt;
    return transport{std::move(encrypted)};
  }

  const tls_client_context& context;
};

#if defined(HAWSER_COMPILED_TLS)
extern template std::optional<tls_client_websocket> connect_over(const uri&, std::error_code&,
                                                                 const connect_options&, response*,
                                                                 wrapped_in_tls);
#endif

}  // namespace detail

/// Connects to a ws: URL, or with TLS to a wss: URL. Like connect() without a context. The TLS
/// handshake is part of the opening handshake and its timeout. If the server's certificate is not
/// valid, `ec` is of certificate_category().
inline std::optional<tls_client_websocket> connect(std::string_view url,
                                                   const tls_client_context& context,
                                                   std::error_code& ec,
                                                   const connect_options& options = {},
                                                   response* refusal = nullptr) {
  const auto where = uri::decode(url, ec, options.credentials);
  if (!where) return std::nullopt;
  return detail::connect_over(*where, ec, options, refusal, detail::wrapped_in_tls{context});
}

/// The same, but throws connect_error.
inline tls_client_websocket connect(std::string_view url, const tls_client_context& context,
                                    const connect_options& options = {}) {
  std::error_code ec;
  response refusal;
  auto peer = connect(url, context, ec, options, &refusal);
  if (!peer) throw connect_error{ec, url, std::move(refusal), options};
  return std::move(*peer);
}

}  // namespace hawser
