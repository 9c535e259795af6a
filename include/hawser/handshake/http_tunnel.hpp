// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/response.hpp"
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
/// No clock: the driver ends a slow one by fail().
class http_tunnel {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< The answer has not arrived in full
    done,       ///< The stream leads to the server
    failed,     ///< error() says why; end the stream
  };

  /// For the server of `where`, with credentials if `via` has them. `more` are lines to add, a
  /// User-Agent for example. Failed from the start, with `bad_header_value` and nothing to write, if
  /// the lines or the credentials must not be sent.
  explicit http_tunnel(const uri& where, const proxy& via, const header_fields& more = {},
                       head_limits limits = {})
      : limits_{limits},
        head_{http_head::kind::response, limits},
        output_{detail::encode_connect(where, via, more)} {
    if (output_.empty()) fail(errc::bad_header_value);
  }

  /// Takes the answer's octets off the front of `input`. What follows a tunnel's head comes from
  /// the server and stays in `input`. A refusal is read with its body, as far as it is kept.
  status next(bytes_view& input) {
    while (state_ == status::need_more && !input.empty()) {
      if (refused()) {
        if (body_.next(input, response_.body)) state_ = status::failed;
        continue;
      }
      const auto progress = head_.next(input);
      if (progress == http_head::status::failed) return fail(head_.error());
      if (progress == http_head::status::done) finish_head();
    }
    return state_;
  }

  /// The proxy has ended the stream, which may be the end of a refusal's body.
  status receive_end() noexcept { return fail(errc::truncated_handshake); }

  /// Ends the handshake, by `handshake_timeout` for example. A refusal whose body has not arrived
  /// in full stays one. Does nothing once it is done or failed.
  status fail(errc error) noexcept {
    if (state_ != status::need_more) return state_;
    if (!refused()) error_ = error;
    state_ = status::failed;
    return state_;
  }

  status state() const noexcept { return state_; }

  /// Octets to write next.
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// That many octets of output() have been written.
  void consume_output(std::size_t size) noexcept { written_ += size; }

  /// Why it failed. `proxy_authentication` if the proxy asks for credentials, or for others.
  errc error() const noexcept { return error_; }

  /// The answer, once its head has arrived. A refusal has up to max_body_size octets of body.
  const hawser::response& response() const noexcept { return response_; }

  /// Whether the proxy has refused: error() and response() stay, however the stream ends.
  bool refused() const noexcept {
    return error_ == errc::proxy_refused || error_ == errc::proxy_authentication;
  }

 private:
  void finish_head() {
    const auto code = head_.status_code();
    // Interim responses mean nothing here (RFC 9110 §15.2); one limit counts all heads together.
    if (code >= 100 && code < 200 && code != 101) {
      head_ = http_head{http_head::kind::response, limits_, head_.size()};
      return;
    }
    // Many proxies say HTTP/1.0, so the version is not looked at.
    response_.status = code;
    response_.reason = head_.reason();
    response_.headers = head_.take_fields();
    if (code >= 200 && code < 300) {
      // No body follows, whatever the fields say: RFC 9110 §9.3.6.
      state_ = status::done;
      return;
    }
    error_ = code == 407 ? errc::proxy_authentication : errc::proxy_refused;
    body_ = body_reader{code, response_.headers};
    bytes_view nothing;
    if (body_.next(nothing, response_.body)) state_ = status::failed;
  }

  head_limits limits_;
  http_head head_;
  hawser::response response_;
  body_reader body_;
  std::string output_;
  std::size_t written_ = 0;
  errc error_{};
  status state_ = status::need_more;
};

}  // namespace hawser
