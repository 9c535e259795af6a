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

/// The CONNECT request, or an empty text if it must not be sent.
inline std::string encode_connect(const uri& where, const proxy& via, const header_fields& more) {
  if (!are_addable(more)) return {};
  const bool ipv6 = where.host().find(':') != std::string::npos;
  // Unlike a URI's, this port is always written: RFC 9112 §3.2.3.
  const auto target =
      (ipv6 ? '[' + where.host() + ']' : where.host()) + ':' + std::to_string(where.port());
  header_fields fields;
  fields.add("Host", target);
  if (via.has_credentials()) {
    // The first colon ends the user name, and only one Proxy-Authorization may be sent: RFC 7617 §2.
    if (via.user.find(':') != std::string::npos || more.find("Proxy-Authorization")) return {};
    const auto credentials = via.user + ':' + via.password;
    fields.add("Proxy-Authorization", "Basic " + hawser::base64_encode(as_bytes(credentials)));
  }
  return "CONNECT " + target + " HTTP/1.1\r\n" + std::string{fields.text()} +
         std::string{more.text()} + "\r\n";
}

}  // namespace detail

/// The client's side of a CONNECT request to an HTTP proxy: RFC 9110 §9.3.6. Write output(), and
/// pass received bytes to next(). After `done`, the stream leads to the server: TLS and the opening
/// handshake follow.
class http_tunnel : public http_client_step {
 public:
  /// Requests a tunnel to the server of `where`, with the credentials of `via` if it has any.
  /// `more` are fields to add, for example User-Agent. If these or the credentials must not be
  /// sent, the handshake has failed with `bad_header_value` and has no output.
  explicit http_tunnel(const uri& where, const proxy& via, const header_fields& more = {},
                       head_limits limits = {})
      : http_client_step{limits} {
    send(detail::encode_connect(where, via, more));
    if (output().empty()) fail(errc::bad_header_value);
  }

  /// Takes bytes of the response from the front of `input`. Bytes after a response that opens the
  /// tunnel come from the server and stay in `input`. Fails with `proxy_authentication` if the proxy
  /// requires credentials or rejects those given, and with `proxy_refused` for another refusal.
  status next(bytes_view& input) {
    return http_client_step::next(input, [this] { decide(); });
  }

 private:
  /// The version is not checked: many proxies answer with HTTP/1.0.
  void decide() {
    const auto code = response().status;
    // No body follows, whatever the fields say: RFC 9110 §9.3.6.
    if (code >= 200 && code < 300) return complete();
    refuse(code == 407 ? errc::proxy_authentication : errc::proxy_refused);
  }
};

}  // namespace hawser
