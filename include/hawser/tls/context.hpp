// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "hawser/tls/pem.hpp"

// The common parts of the contexts of both sides.

namespace hawser::detail {

using ssl_context_ptr = std::unique_ptr<SSL_CTX, openssl_free<SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, openssl_free<SSL_free>>;

/// OpenSSL frees its memory at exit. Because it is initialised here, it does so after the static
/// objects of each file that includes this header are destroyed, so contexts and connections may be
/// static. Not inline, because only the order of initialisation within one file is defined. OpenSSL
/// needs an option to initialise anything; this one is needed anyway.
[[maybe_unused]] static const int openssl_initialised =
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);

/// The only ALPN protocol with which a WebSocket begins here: RFC 7301 §3.1.
inline constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// At least TLS 1.2, and no renegotiation: RFC 9325 §3.5.
inline ssl_context_ptr make_ssl_context(const SSL_METHOD* method) {
  ERR_clear_error();
  ssl_context_ptr made{SSL_CTX_new(method)};
  if (!made || SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION) != 1) {
    throw_tls_error("TLS");
  }
  SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION);
  // The streams require that unwritten bytes may move. Idle connections release their buffers.
  SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                   SSL_MODE_RELEASE_BUFFERS);
  return made;
}

/// Trusts the certificates in `authorities`, roots or not.
inline void trust(SSL_CTX* context, const pem& authorities) {
  auto* store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : read_certificates(authorities)) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) throw_tls_error("authority");
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

/// The SSL_CTX that new connections are made with. Copies share it, and any thread may replace it at
/// any time. A connection keeps the SSL_CTX that it was made with.
class current_ssl_context {
 public:
  explicit current_ssl_context(ssl_context_ptr first)
      : state_{std::make_shared<state>(std::move(first))} {}

  // A move copies: no object is left without an SSL_CTX.
  current_ssl_context(const current_ssl_context&) = default;
  current_ssl_context& operator=(const current_ssl_context&) = default;
  ~current_ssl_context() = default;

  ssl_context_ptr get() const {
    const std::lock_guard guard{state_->mutex};
    SSL_CTX_up_ref(state_->context.get());
    return ssl_context_ptr{state_->context.get()};
  }

  void replace(ssl_context_ptr next) {
    // The previous one is freed after the lock: that may free keys and many sessions.
    const std::lock_guard guard{state_->mutex};
    state_->context.swap(next);
  }

 private:
  struct state {
    explicit state(ssl_context_ptr first) : context{std::move(first)} {}

    std::mutex mutex;
    ssl_context_ptr context;
  };

  std::shared_ptr<state> state_;
};

/// An object of type `State` that belongs to an SSL_CTX and has the same lifetime.
template <class State>
class context_state {
 public:
  static State& attach(SSL_CTX* context, std::unique_ptr<State> state) {
    if (SSL_CTX_set_ex_data(context, index(), state.get()) != 1) throw_tls_error("TLS");
    return *state.release();
  }

  static State& of(const SSL_CTX* context) noexcept {
    return *static_cast<State*>(SSL_CTX_get_ex_data(context, index()));
  }

 private:
  static int index() noexcept {
    static const int number = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &destroy);
    return number;
  }

  static void destroy(void* /*context*/, void* state, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                      long /*number*/, void* /*argument*/) {
    delete static_cast<State*>(state);
  }
};

}  // namespace hawser::detail
