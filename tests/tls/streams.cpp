// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/streams.hpp"

#include <cstddef>
#include <string>
#include <system_error>
#include <thread>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/connect.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// An event server that echoes on a plain port and on one with TLS.
class two_ports {
 public:
  two_ports() {
    server_.on_message([](session& peer, message_view message) { peer.send(message); });
    const asio::ip::tcp::endpoint any{asio::ip::make_address("127.0.0.1"), 0};
    secure_ = server_.listen(any, tls_streams{server_with(test_server())}).port();
    thread_ = std::thread{[this] { server_.run(); }};
  }
  ~two_ports() {
    server_.shutdown();
    thread_.join();
  }

  std::string plain() const { return "ws://localhost:" + std::to_string(server_.port()) + "/"; }
  std::string secure() const { return "wss://localhost:" + std::to_string(secure_) + "/"; }

 private:
  server server_{server_options{}};
  std::uint16_t secure_ = 0;
  std::thread thread_;
};

TEST_CASE("an event server serves wss: beside ws:") {
  two_ports far;
  const auto trusting = trusting_client();
  for (const auto& url : {far.plain(), far.secure()}) {
    auto peer = connect(url, trusting);
    for (const std::size_t size : {0u, 125u, 126u, 16'384u, 65'536u, 1'000'000u}) {
      const std::string text(size, 'x');
      CHECK_FALSE(peer.write(text));
      const auto message = peer.read();
      REQUIRE(message);
      CHECK(message->text() == text);
    }
    CHECK_FALSE(peer.close());
    CHECK(peer.close_reason().clean);
  }
}

TEST_CASE("who does not trust the event server's certificate gets no connection") {
  two_ports far;
  std::error_code ec;
  const tls_client_context wary;
  CHECK_FALSE(connect(far.secure(), wary, ec));
  CHECK(ec.category() == certificate_category());
}

TEST_CASE("who does not speak TLS to a port of wss: gets no connection, and others do") {
  two_ports far;
  const auto trusting = trusting_client();
  std::error_code ec;
  auto plain = far.secure();
  plain.erase(2, 1);
  CHECK_FALSE(connect(plain, ec));
  CHECK(ec);
  auto peer = connect(far.secure(), trusting);
  CHECK_FALSE(peer.close());
}

}  // namespace
