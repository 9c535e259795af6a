// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/stream.hpp"

namespace hawser {

/// The TLS layer between the sockets and the connections of a basic_client, for wss: URLs, or of a redis_broker, for
/// rediss: URLs.
class tls_client_layer {
 public:
  static constexpr bool is_secure = true;

  template <class Socket>
  using stream = tls_stream<Socket>;

  /// Without a context, the authorities of the system are trusted.
  // Not explicit, so that a client can be made from options and a context.
  tls_client_layer(tls_client_context context = tls_client_context{})
      : context_{std::move(context)} {}

  template <class Socket>
  std::unique_ptr<tls_stream<Socket>> wrap(Socket socket, const std::string& host,
                                           std::error_code& ec) const {
    auto ssl = context_.make_ssl(host, ec);
    if (ec) return nullptr;
    return std::make_unique<tls_stream<Socket>>(std::move(socket), std::move(ssl));
  }

  /// The same for a protocol that has no name in ALPN, RFC 7301, such as that of Redis.
  template <class Socket>
  std::unique_ptr<tls_stream<Socket>> wrap_without_alpn(Socket socket, const std::string& host,
                                                        std::error_code& ec) const {
    auto made = wrap(std::move(socket), host, ec);
    if (made) SSL_set_alpn_protos(made->native_handle(), nullptr, 0);
    return made;
  }

  /// An invalid certificate is a permanent error, except for one that is not yet valid: a device
  /// may set its clock some time after it has started.
  static bool is_permanent(std::error_code ec) noexcept {
    return ec.category() == certificate_category() && ec.value() != X509_V_ERR_CERT_NOT_YET_VALID &&
           ec.value() != X509_V_ERR_CRL_NOT_YET_VALID;
  }

  /// Whether a read has found the end of the stream, with the alert of TLS for it or without.
  static bool is_end(std::error_code ec) noexcept {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
  }

  /// Whether the TLS handshake has failed with this error.
  static bool is_tls_error(std::error_code ec) noexcept {
    return ec.category() == certificate_category() ||
           ec.category() == asio::error::get_ssl_category() ||
           ec.category() == asio::ssl::error::get_stream_category();
  }

 private:
  tls_client_context context_;
};

}  // namespace hawser
