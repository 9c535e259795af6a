// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/async_result.hpp>
#include <asio/compose.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <openssl/ssl.h>

#include "hawser/asio/stream_traits.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/facts.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// An `asio::ssl::stream` made from a hawser context, which determines its side, its expected host
/// and its verification. Call async_handshake() first; then pass the stream to any function that
/// takes an AsyncStream.
template <class Socket>
class tls_stream : public asio::ssl::stream<Socket> {
  using base = asio::ssl::stream<Socket>;

 public:
  /// A client's stream for the server `host`: a name, or an address without brackets. Throws
  /// std::system_error if `host` is neither.
  tls_stream(Socket socket, const tls_client_context& context, const std::string& host)
      : tls_stream{std::move(socket),
                   checked([&](auto& ec) { return context.make_ssl(host, ec); })} {}

  /// A server's stream.
  tls_stream(Socket socket, const tls_server_context& context)
      : tls_stream{std::move(socket), checked([&](auto& ec) { return context.make_ssl(ec); })} {}

  /// For an SSL made by a context's make_ssl().
  tls_stream(Socket socket, detail::ssl_ptr ssl)
      // The base frees it also if its constructor throws.
      : base{std::move(socket), ssl.release()}, ssl_{base::native_handle()} {}

  tls_stream(tls_stream&&) noexcept = default;
  // Asio's move assignment does not free the assigned object's SSL.
  tls_stream& operator=(tls_stream&&) = delete;

  /// Performs the TLS handshake. Completes with `void(std::error_code)`; the error is of
  /// certificate_category() if the peer's certificate is not valid. Has no timeout: close the
  /// socket to end it.
  template <class Token>
  auto async_handshake(Token&& token) {
    return asio::async_compose<Token, void(std::error_code)>(
        [this, begun = false](auto& self, std::error_code ec = {}) mutable {
          if (std::exchange(begun, true)) return self.complete(detail::explain(ec, handle()));
          const auto side = SSL_is_server(handle()) == 1 ? base::server : base::client;
          this->base::async_handshake(side, std::move(self));
        },
        token, *this);
  }

  /// The error of the peer's certificate, after the handshake is done or has failed. No error if no
  /// certificate was requested or sent.
  std::error_code certificate_error() {
    return make_certificate_error(SSL_get_verify_result(handle()));
  }

  /// What TLS has negotiated; null before the handshake is done. Each call reads it again.
  std::shared_ptr<const tls_facts> facts() const { return detail::read_facts(ssl_); }

 private:
  template <class Make>
  static detail::ssl_ptr checked(Make make) {
    std::error_code ec;
    auto made = make(ec);
    if (ec) throw std::system_error{ec, "TLS"};
    return made;
  }

  SSL* handle() const noexcept { return ssl_; }

  SSL* ssl_;  // that of the base, whose native_handle() is not const
};

/// For all of Asio's TLS streams, not only tls_stream.
template <class Socket>
struct stream_traits<asio::ssl::stream<Socket>> {
  static constexpr bool is_direct = false;

  static bool is_secure(const asio::ssl::stream<Socket>&) noexcept { return true; }

  static void open(asio::ssl::stream<Socket>& stream) {
    std::error_code ignored;
    if constexpr (requires { stream.lowest_layer().set_option(asio::ip::tcp::no_delay{true}); }) {
      stream.lowest_layer().set_option(asio::ip::tcp::no_delay{true}, ignored);
    }
  }

  /// Ends the sending side; reading may continue. Reports no error, because the peer may have gone.
  template <class Handler>
  static void async_end(asio::ssl::stream<Socket>& stream, Handler handler) {
    // Otherwise Asio waits for the peer's close_notify, and data that the peer is still sending makes
    // the stream unusable.
    auto* ssl = stream.native_handle();
    const int received = SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN;
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
    stream.async_shutdown(
        [handler = std::move(handler)](std::error_code) mutable { handler(std::error_code{}); });
    SSL_set_shutdown(ssl, (SSL_get_shutdown(ssl) & ~SSL_RECEIVED_SHUTDOWN) | received);
  }

  static void close(asio::ssl::stream<Socket>& stream) {
    std::error_code ignored;
    stream.lowest_layer().close(ignored);
  }

  static std::size_t unacknowledged(asio::ssl::stream<Socket>& stream) noexcept {
    using beneath = stream_traits<std::remove_cvref_t<Socket>>;
    if constexpr (requires { beneath::unacknowledged(stream.next_layer()); }) {
      return beneath::unacknowledged(stream.next_layer());
    }
    return 0;
  }
};

template <class Socket>
struct stream_traits<tls_stream<Socket>> : stream_traits<asio::ssl::stream<Socket>> {
  static std::shared_ptr<const tls_facts> facts(const tls_stream<Socket>& stream) {
    return stream.facts();
  }

  /// The TLS handshake of an accepted stream, before the opening handshake.
  template <class Handler>
  static void async_open(tls_stream<Socket>& stream, Handler handler) {
    stream.async_handshake(std::move(handler));
  }
};

}  // namespace hawser
