// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "hawser/base/handler_function.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/pem.hpp"
#include "hawser/tls/session_cache.hpp"

namespace hawser {

/// Whether the certificate authorities of the operating system are trusted.
enum class system_authorities : std::uint8_t { trusted, ignored };

/// The certificates that a client trusts, and its own.
struct tls_client_options {
  system_authorities system = system_authorities::trusted;

  /// More certificates to trust, roots or not: your own authority, or the certificate of a server.
  pem authorities = {};

  /// The client's own certificate, sent to servers that request one. Not set: none.
  std::optional<tls_identity> identity = {};

  /// Called with each SSL_CTX that is made from these options, before any connection uses it: for
  /// other settings of OpenSSL. Empty: not called. Its exceptions reach the caller of the
  /// constructor or of reload().
  handler_function<void(SSL_CTX*)> configure = {};
};

/// The state that a client's TLS connections share: settings, trusted certificates, sessions to
/// resume. Connections verify the server's certificate (chain, validity period, and host: RFC
/// 9525), and use TLS 1.2 or 1.3. A context is a handle: copies share one state, so one context may
/// serve many clients. Any number of threads may use a context and its copies at the same time.
/// Connections may outlive all of them.
class tls_client_context {
 public:
  /// Throws std::system_error if a file cannot be read or its content cannot be used.
  explicit tls_client_context(const tls_client_options& options = {}) : current_{make(options)} {}

  /// Replaces the options of this context and its copies, from any thread, also while clients use
  /// them. Files are read again, on the calling thread. New connections use the new options and
  /// resume no earlier session; the others, also those inside the TLS handshake, keep theirs. Throws
  /// what the constructor throws, and changes nothing then.
  void reload(const tls_client_options& options) {
    auto next = make(options);
    // insecure_skip_verification() stays in effect.
    const int mode = SSL_CTX_get_verify_mode(current_.get().get());
    if ((mode & SSL_VERIFY_PEER) == 0) SSL_CTX_set_verify(next.get(), mode, nullptr);
    current_.replace(std::move(next));
  }

  /// DANGEROUS: disables verification, so that anyone on the network path can act as the server,
  /// and read and change all data. For experiments only; call it before the first connection.
  void insecure_skip_verification() noexcept {
    SSL_CTX_set_verify(current_.get().get(), SSL_VERIFY_NONE, nullptr);
  }

  /// The SSL of one connection that expects `host`, a name or an address without brackets: RFC 6066
  /// §3. Streams and transports call this themselves.
  detail::ssl_ptr make_ssl(std::string host, std::error_code& ec) const {
    ec.clear();
    ERR_clear_error();
    // Certificates and TLS use a fully qualified name without its final dot.
    if (host.ends_with('.')) host.pop_back();
    // Without a host, nothing would be verified.
    if (host.empty() || host.find('\0') != std::string::npos) {
      ec = std::make_error_code(std::errc::invalid_argument);
      return nullptr;
    }
    const auto context = current_.get();
    detail::ssl_ptr made{SSL_new(context.get())};
    if (!made || !expect(made.get(), host)) {
      ec = detail::take_tls_error();
      return nullptr;
    }
    const auto session = sessions::of(context.get()).take(expected_by(made.get()));
    if (session) SSL_set_session(made.get(), session.get());
    SSL_set_connect_state(made.get());
    return made;
  }

 private:
  using sessions = detail::context_state<detail::session_cache>;

  static detail::ssl_context_ptr make(const tls_client_options& options) {
    auto made = detail::make_ssl_context(TLS_client_method());
    auto* context = made.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.system == system_authorities::trusted &&
        SSL_CTX_set_default_verify_paths(context) != 1) {
      detail::throw_tls_error("the system's authorities");
    }
    if (!detail::is_none(options.authorities)) detail::trust(context, options.authorities);
    if (options.identity) use(context, *options.identity);
    if (SSL_CTX_set_alpn_protos(context, detail::http_1_1.data(), detail::http_1_1.size()) != 0) {
      detail::throw_tls_error("ALPN");
    }
    sessions::attach(context, std::make_unique<detail::session_cache>());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, &keep_session);
    if (options.configure) options.configure(context);
    return made;
  }

  static void use(SSL_CTX* context, const tls_identity& given) {
    const auto identity = detail::load(given);
    if (SSL_CTX_use_cert_and_key(context, identity.certificate.get(), identity.key.get(),
                                 identity.chain.get(), 1) != 1) {
      detail::throw_tls_error(detail::name_of(given.certificate, "certificate"));
    }
  }

  static bool expect(SSL* ssl, const std::string& host) noexcept {
    auto* param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1) return true;
    ERR_clear_error();
    return X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
  }

  static std::string expected_by(SSL* ssl) {
    auto* param = SSL_get0_param(ssl);
    if (const char* host = X509_VERIFY_PARAM_get0_host(param, 0)) return host;
    const std::unique_ptr<char, string_free> address{X509_VERIFY_PARAM_get1_ip_asc(param)};
    return address ? address.get() : "";
  }

  struct string_free {
    void operator()(char* text) const noexcept { OPENSSL_free(text); }
  };

  static int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
    // A copy, because OpenSSL invalidates the original when its connection ends with an error.
    detail::ssl_session_ptr copy{SSL_SESSION_dup(session)};
    try {
      if (copy) sessions::of(SSL_get_SSL_CTX(ssl)).put(expected_by(ssl), std::move(copy));
    } catch (const std::exception&) {
      // The next connection cannot resume, which is not an error.
    }
    return 0;
  }

  detail::current_ssl_context current_;
};

}  // namespace hawser
