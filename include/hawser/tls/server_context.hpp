// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "hawser/base/handler_function.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/pem.hpp"

namespace hawser {

/// Whether a server requests certificates from its clients.
enum class client_certificates : std::uint8_t {
  ignored,   ///< Not requested
  wanted,    ///< Requested, optional; must be valid
  required,  ///< Requested, and required
};

/// The certificates of a server, and its rules for client certificates.
struct tls_server_options {
  /// One identity per host name. A client gets the first whose certificate is valid for the
  /// requested name, possibly by a wildcard such as `*.example.com`; without a name, or if none
  /// matches, the first one.
  std::vector<tls_identity> identities = {};

  client_certificates clients = client_certificates::ignored;

  /// The authorities for client certificates; needed unless these are ignored.
  pem client_authorities = {};

  /// Called with each SSL_CTX that is made from these options, before any connection uses it: for
  /// other settings of OpenSSL. Empty: not called. Its exceptions reach the caller of the
  /// constructor or of reload().
  handler_function<void(SSL_CTX*)> configure = {};
};

/// The state that a server's TLS connections share. They use TLS 1.2 or 1.3 and ALPN `http/1.1`,
/// and send session tickets. A context is a handle: copies share one state, so keep a copy of the
/// context that a server gets, to reload() it. Any number of threads may use a context and its
/// copies at the same time. Connections may outlive all of them.
class tls_server_context {
 public:
  /// Throws std::system_error if a file cannot be read or its content cannot be used, if there is
  /// no identity, or if `client_authorities` is required and empty.
  explicit tls_server_context(const tls_server_options& options) : current_{make(options)} {}

  /// Replaces the options of this context and its copies, from any thread, also while servers use
  /// them. Files are read again, on the calling thread. New connections get the new certificates;
  /// the others, also those inside the TLS handshake, keep theirs. An earlier ticket does not
  /// resume: its client makes a full handshake, with the new certificates and `client_authorities`.
  /// Throws what the constructor throws, and changes nothing then.
  void reload(const tls_server_options& options) { current_.replace(make(options)); }

  /// The SSL of one connection. Streams and transports call this themselves.
  detail::ssl_ptr make_ssl(std::error_code& ec) const {
    ec.clear();
    ERR_clear_error();
    const auto context = current_.get();
    detail::ssl_ptr made{SSL_new(context.get())};
    if (made) {
      SSL_set_accept_state(made.get());
    } else {
      ec = detail::take_tls_error();
    }
    return made;
  }

 private:
  using identities = std::vector<detail::loaded_identity>;

  static detail::ssl_context_ptr make(const tls_server_options& options) {
    auto made = detail::make_ssl_context(TLS_server_method());
    auto* context = made.get();
    auto loaded = std::make_unique<identities>();
    for (const auto& identity : options.identities) loaded->push_back(detail::load(identity));
    if (loaded->empty()) throw_invalid("a server needs a certificate");
    SSL_CTX_set_cert_cb(context, &choose_identity,
                        &detail::context_state<identities>::attach(context, std::move(loaded)));
    SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
    ask_clients(context, options);
    // The sessions are kept by the clients, in tickets. The keys of the tickets belong to the SSL_CTX.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    constexpr std::string_view name = "hawser";
    const auto* id = reinterpret_cast<const unsigned char*>(name.data());
    SSL_CTX_set_session_id_context(context, id, static_cast<unsigned>(name.size()));
    if (options.configure) options.configure(context);
    return made;
  }

  [[noreturn]] static void throw_invalid(const char* what) {
    throw std::system_error{std::make_error_code(std::errc::invalid_argument), what};
  }

  static void ask_clients(SSL_CTX* context, const tls_server_options& options) {
    if (options.clients == client_certificates::ignored) return;
    if (detail::is_none(options.client_authorities))
      throw_invalid("no authority for client certificates is given");
    detail::trust(context, options.client_authorities);
    for (const auto& authority : detail::read_certificates(options.client_authorities)) {
      SSL_CTX_add_client_CA(context, authority.get());
    }
    const bool required = options.clients == client_certificates::required;
    const int mode = required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER;
    SSL_CTX_set_verify(context, mode, nullptr);
  }

  static int choose_identity(SSL* ssl, void* all) noexcept {
    const auto& known = *static_cast<const identities*>(all);
    const auto& chosen = identity_for(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name), known);
    return SSL_use_cert_and_key(ssl, chosen.certificate.get(), chosen.key.get(), chosen.chain.get(),
                                1);
  }

  static const detail::loaded_identity& identity_for(const char* asked,
                                                     const identities& known) noexcept {
    const std::string_view name = asked != nullptr ? asked : "";
    if (name.empty()) return known.front();
    // An exact name comes before a wildcard.
    constexpr std::array<unsigned, 2> rules{X509_CHECK_FLAG_NO_WILDCARDS,
                                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS};
    for (const auto rule : rules) {
      const auto has_name = [&](const detail::loaded_identity& one) {
        return X509_check_host(one.certificate.get(), name.data(), name.size(), rule, nullptr) == 1;
      };
      const auto found = std::find_if(known.begin(), known.end(), has_name);
      if (found != known.end()) return *found;
    }
    return known.front();
  }

  /// A client that offers none of our protocols gets an alert: RFC 7301 §3.2.
  static int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                             const unsigned char* offered, unsigned offered_size,
                             void* /*unused*/) noexcept {
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, detail::http_1_1.data(),
                                             detail::http_1_1.size(), offered, offered_size);
    if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }

  detail::current_ssl_context current_;
};

}  // namespace hawser
