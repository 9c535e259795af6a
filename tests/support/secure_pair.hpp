// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <openssl/ssl.h>

#include "hawser/base/bytes.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/wire.hpp"

namespace hawser::test {

using secure_pipe = tls_transport<memory_pipe>;

/// Trusts the tests' authority and no other.
inline tls_client_options trusting_options(const issued& authority = test_authority()) {
  return {.system = system_authorities::ignored,
          .authorities = pem_text{authority.certificate_text}};
}

inline tls_client_context trusting_client(int max_version = TLS1_3_VERSION) {
  auto options = trusting_options();
  options.configure = [=](SSL_CTX* to) { SSL_CTX_set_max_proto_version(to, max_version); };
  return tls_client_context{options};
}

inline tls_server_context server_with(const issued& identity) {
  tls_server_options options;
  options.identities.push_back(identity.identity());
  return tls_server_context{options};
}

/// Asks its clients for a certificate of the tests' authority.
inline tls_server_context server_asking(client_certificates clients) {
  tls_server_options options;
  options.identities.push_back(test_server().identity());
  options.clients = clients;
  options.client_authorities = pem_text{test_authority().certificate_text};
  return tls_server_context{options};
}

/// Shows this certificate to servers that ask for one.
inline tls_client_context client_showing(const issued& identity) {
  auto options = trusting_options();
  options.identity = identity.identity();
  return tls_client_context{options};
}

/// Calls `here` on this thread and `there` on another one at the same time.
template <class Here, class There>
void concurrently(Here here, There there) {
  std::thread other{std::move(there)};
  here();
  other.join();
}

/// The deadline after which a test fails.
inline std::chrono::steady_clock::time_point before_long() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{60};
}

/// Reads until `size` bytes have arrived, the end or an error.
template <class Stream>
byte_vector read_all(Stream& stream, std::size_t size, std::error_code& ec) {
  byte_vector got;
  byte_vector buffer(4096);
  while (got.size() < size && stream.wait_readable(before_long(), ec)) {
    const auto count = stream.read_some(buffer, ec);
    if (ec == std::errc::operation_would_block) continue;
    if (ec || count == 0) break;
    got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return got;
}

/// Writes all, like a driver: a write that would block is tried again with the same bytes.
template <class Stream>
void write_all(Stream& stream, bytes_view out, std::error_code& ec) {
  ec.clear();
  while (!out.empty()) {
    const auto count = stream.write_some(out, ec);
    if (ec == std::errc::operation_would_block) {
      if (!stream.wait_writable(before_long(), ec)) return;
      continue;
    }
    if (ec) return;
    out = out.subspan(count);
  }
}

/// Two ends over a pipe in real time, after their handshake.
struct secure_pair {
  secure_pipe client;
  secure_pipe server;
  std::error_code client_error = {};
  std::error_code server_error = {};

  secure_pair(const tls_client_context& trusting, const std::string& host,
              const tls_server_context& serving, pipe_faults faults = {})
      : secure_pair{trusting, host, serving,
                    make_memory_pipe({.first = faults, .second = faults, .clock = nullptr})} {}

  secure_pair(const tls_client_context& trusting, const std::string& host,
              const tls_server_context& serving, std::pair<memory_pipe, memory_pipe> pipe)
      : client{std::move(pipe.first), trusting, host}, server{std::move(pipe.second), serving} {
    concurrently(
        [this] {
          client.handshake(before_long(), client_error);
          // TLS 1.3: the client learns after its handshake whether the server accepts its certificate.
          std::error_code ignored;
          if (client_error) client.shutdown(ignored);
        },
        [this] { server.handshake(before_long(), server_error); });
  }
};

/// Whether the next connection of `client` resumes a session.
inline bool resumes(const tls_client_context& client, const tls_server_context& server,
                    const std::string& host = "localhost") {
  secure_pair pair{client, host, server};
  REQUIRE_FALSE(pair.client_error);
  REQUIRE_FALSE(pair.server_error);
  // TLS 1.3 sends tickets after the handshake.
  std::error_code ec;
  write_all(pair.server, as_bytes("x"), ec);
  CHECK(read_all(pair.client, 1, ec).size() == 1);
  return SSL_session_reused(pair.client.native_handle()) == 1;
}

}  // namespace hawser::test
