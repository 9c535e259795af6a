// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_client_step.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

/// The request for a tunnel to the server, or nothing if it cannot be sent.
inline std::string encode_connect(const uri& where, const proxy& via, const header_fields& more) {
  if (!are_addable(more)) return {};
  const bool ipv6 = where.host().find(':') != std::string::npos;
  // Unlike elsewhere, the port is always there: RFC 9112 §3.2.3.
  const auto target =
      (ipv6 ? '[' + where.host() + ']' : where.host()) + ':' + std::to_string(where.port());
  header_fields fields;
  fields.add("Host", target);
  if (via.has_credentials()) {
    // The first colon ends the user, and there is one answer to who asks: RFC 7617 §2.
    if (via.user.find(':') != std::string::npos || more.find("Proxy-Authorization")) return {};
    const auto credentials = via.user + ':' + via.password;
    fields.add("Proxy-Authorization", "Basic " + hawser::base64_encode(as_bytes(credentials)));
  }
  return "CONNECT " + target + " HTTP/1.1\r\n" + std::string{fields.text()} +
         std::string{more.text()} + "\r\n";
}

}  // namespace detail

/// Asks an HTTP proxy for a tunnel to a server: RFC 9110 §9.3.6. Write output(), give what arrives
/// to next(). Once done, the stream is as one to the server: TLS and the opening handshake follow.
class http_tunnel : public http_client_step {
 public:
  /// For the server of `where`, with credentials if `via` has them. `more` are lines to add, a
  /// User-Agent for example. Failed from the start, with `bad_header_value` and nothing to write, if
  /// the lines or the credentials must not be sent.
  explicit http_tunnel(const uri& where, const proxy& via, const header_fields& more = {},
                       head_limits limits = {})
      : http_client_step{limits} {
    send(detail::encode_connect(where, via, more));
    if (output().empty()) fail(errc::bad_header_value);
  }

  /// Takes the bytes of the answer off the front of `input`. What follows the head of an answer that
  /// opens the tunnel comes from the server and stays in `input`. Fails with `proxy_authentication` if the
  /// proxy asks for credentials, or for other ones, and with `proxy_refused` for another refusal.
  status next(bytes_view& input) {
    return http_client_step::next(input, [this] { decide(); });
  }

 private:
  /// The version does not matter: many proxies answer with HTTP/1.0.
  void decide() {
    const auto code = response().status;
    // No body follows, whatever the fields say: RFC 9110 §9.3.6.
    if (code >= 200 && code < 300) return complete();
    refuse(code == 407 ? errc::proxy_authentication : errc::proxy_refused);
  }
};

}  // namespace hawser
