// SPDX-License-Identifier: BSL-1.0
// The cases with servers and clients over TLS.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <openssl/ssl.h>

#include "cases/links.hpp"
#include "cases/run.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/streams.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/live_server.hpp"
#include "support/secure_pair.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// The examiner's own TLS, directly on OpenSSL.
class tls_link {
 public:
  tls_link(raw_socket link, role own_role)
      : link_{std::move(link)},
        context_{
            SSL_CTX_new(own_role == role::client ? TLS_client_method() : TLS_server_method())} {
    if (own_role == role::server) {
      SSL_CTX_use_certificate(context_.get(), test_server().certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), test_server().key.get());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), link_.socket().native_handle());
    open_ = (own_role == role::client ? SSL_connect(ssl_.get()) : SSL_accept(ssl_.get())) == 1;
  }

  void send(bytes_view some) {
    if (open_) SSL_write(ssl_.get(), some.data(), static_cast<int>(some.size()));
  }

  byte_vector receive() {
    byte_vector buffer(64 * 1024);
    const int size =
        open_ ? SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size())) : -1;
    ended_ = SSL_get_error(ssl_.get(), size) == SSL_ERROR_ZERO_RETURN;
    buffer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return buffer;
  }

  /// Whether the endpoint has ended TLS, not only TCP.
  bool ended() const { return ended_; }

  void hang_up() { SSL_shutdown(ssl_.get()); }

 private:
  struct deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  raw_socket link_;
  std::unique_ptr<SSL_CTX, deleter> context_;
  std::unique_ptr<SSL, deleter> ssl_;
  bool open_ = false;
  bool ended_ = false;
};

tls_link secured(raw_socket link, role own_role) { return {std::move(link), own_role}; }

std::string wss_url_at(std::uint16_t port) {
  return "wss://localhost:" + std::to_string(port) + '/';
}

const tls_client_context& trusting() {
  static const auto context = trusting_client();
  return context;
}

void run_blocking_tls(std::uint16_t port) {
  std::error_code ec;
  auto peer = connect(wss_url_at(port), trusting(), ec, connecting());
  if (peer) echo_all(*peer);
}

void run_tls_client(std::uint16_t port) { run_client<tls_client>(wss_url_at(port), trusting()); }

TEST_CASE("a tls_threaded_server passes all cases", "[conformance]") {
  threaded_server_options options;
  options.connection = endpoint_options();
  options.extension = endpoint_deflate();
  running_echo<tls_threaded_server> server{options, server_with(test_server())};
  check_cases("tls_threaded_server over TLS", role::server,
              [&](examiner& by) { examine_server(by, server.server().port(), secured); });
}

TEST_CASE("a server passes all cases, over TLS", "[conformance]") {
  std::uint16_t port = 0;
  server_options options;
  options.connection = endpoint_options();
  options.extension = endpoint_deflate();
  live_server server{[&](hawser::server& made) {
                       made.on_message([](auto& peer, auto message) { peer.send(message); });
                       port =
                           made.listen(loopback(), tls_streams{server_with(test_server())}).port();
                     },
                     options};
  check_cases("server over TLS", role::server,
              [&](examiner& by) { examine_server(by, port, secured); });
}

TEST_CASE("a connection of connect() passes all cases, over TLS", "[conformance]") {
  check_cases("connect() over TLS", role::client,
              [](examiner& by) { examine_client(by, run_blocking_tls, secured); });
}

TEST_CASE("a tls_client passes all cases", "[conformance]") {
  check_cases("tls_client over TLS", role::client,
              [](examiner& by) { examine_client(by, run_tls_client, secured); });
}

}  // namespace
