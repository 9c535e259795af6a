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

#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/pem.hpp"

namespace hawser {

/// What a server asks of its clients.
enum class client_certificates : std::uint8_t {
  ignored,   ///< They are not asked for a certificate
  wanted,    ///< They may show one; it must be good
  required,  ///< They must show one
};

/// Who a server is, and whom it lets in.
struct tls_server_options {
  /// One for each name of the server. A client gets the first whose certificate has the name it asks
  /// for, be it by `*.example.com`; without a name, or when none has it, the first of all.
  std::vector<tls_identity> identities = {};

  client_certificates clients = client_certificates::ignored;

  /// Who vouches for the clients, if their certificates are wanted.
  pem client_authorities = {};
};

/// What a server's TLS connections share. They speak TLS 1.2 or 1.3 and `http/1.1`, and give their
/// clients tickets to resume with. Any number of threads may use it at once; connections may outlive
/// it. New certificates want a new context.
class tls_server_context {
 public:
  /// Throws std::system_error if a file cannot be read, what is in it cannot be used, there is no
  /// identity, or nobody vouches for the clients.
  explicit tls_server_context(const tls_server_options& options)
      : context_{detail::make_ssl_context(TLS_server_method())} {
    auto* context = context_.get();
    auto loaded = std::make_unique<identities>();
    for (const auto& identity : options.identities) loaded->push_back(detail::load(identity));
    if (loaded->empty()) throw_invalid("a server needs a certificate");
    SSL_CTX_set_cert_cb(context, &choose_identity,
                        &detail::context_state<identities>::attach(context, std::move(loaded)));
    SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
    ask_clients(options);
    // Tickets are kept by the clients.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    constexpr std::string_view name = "hawser";
    const auto* id = reinterpret_cast<const unsigned char*>(name.data());
    SSL_CTX_set_session_id_context(context, id, static_cast<unsigned>(name.size()));
  }

  /// One connection's end. Streams and transports do this by themselves.
  detail::ssl_ptr make_ssl(std::error_code& ec) const {
    ec.clear();
    ERR_clear_error();
    detail::ssl_ptr made{SSL_new(context_.get())};
    if (made) {
      SSL_set_accept_state(made.get());
    } else {
      ec = detail::take_tls_error();
    }
    return made;
  }

  /// For what OpenSSL can do beyond this, before the first connection.
  SSL_CTX* native_handle() noexcept { return context_.get(); }

 private:
  using identities = std::vector<detail::loaded_identity>;

  [[noreturn]] static void throw_invalid(const char* what) {
    throw std::system_error{std::make_error_code(std::errc::invalid_argument), what};
  }

  void ask_clients(const tls_server_options& options) {
    if (options.clients == client_certificates::ignored) return;
    if (detail::is_none(options.client_authorities)) throw_invalid("nobody vouches for clients");
    auto* context = context_.get();
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
    // A name of its own comes before a wildcard.
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

  /// A client that offers nothing we speak is told so: RFC 7301 §3.2.
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

  detail::ssl_context_ptr context_;
};

}  // namespace hawser
