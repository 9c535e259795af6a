// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/threaded_server.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/connect.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/eventually.hpp"
#include "support/reload.hpp"
#include "support/secure_pair.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using echo = running_echo<tls_threaded_server>;

TEST_CASE("messages of every length come back through TLS", "[rfc-5.2]") {
  echo far{threaded_server_options{}, server_with(test_server())};
  const auto trusting = trusting_client();
  auto peer = connect(far.url("wss"), trusting);
  for (const std::size_t size :
       {0u, 1u, 125u, 126u, 127u, 16'383u, 16'384u, 65'535u, 65'536u, 1'000'000u}) {
    const std::string text(size, 'x');
    CHECK_FALSE(peer.write(text));
    auto message = peer.read();
    REQUIRE(message);
    CHECK(message->text() == text);
    const std::vector<std::byte> binary(size, std::byte{0xFF});
    CHECK_FALSE(peer.write(bytes_view{binary}));
    message = peer.read();
    REQUIRE(message);
    CHECK(std::vector<std::byte>(message->payload.begin(), message->payload.end()) == binary);
  }
  CHECK_FALSE(peer.close());
  far.stop();
  CHECK(far.errors().empty());
}

TEST_CASE("an upload through TLS fails once the server's Close has arrived", "[rfc-7.1.2]") {
  echo far{threaded_server_options{.connection = {.max_message_size = 1'000'000}},
           server_with(test_server())};
  auto peer = connect(far.url("wss"), trusting_client());
  const std::string piece(64 * 1024, 'x');
  std::error_code ec;
  auto message = peer.begin_message(message_kind::binary);
  for (int left = 16 * 1024; left != 0 && !ec; --left) ec = message.write(piece);
  CHECK(ec == errc::closed);
  (void)peer.close();
  CHECK(peer.close_reason().code == close_code::message_too_big);
}

TEST_CASE("a download through TLS fails once the client's Close has arrived", "[rfc-7.1.2]") {
  std::error_code ec;
  close_code code{};
  tls_threaded_server server{threaded_server_options{}, server_with(test_server())};
  std::thread serving{[&] {
    server.run([&](auto& peer) {
      const std::string piece(64 * 1024, 'x');
      auto message = peer.begin_message(message_kind::binary);
      for (int left = 16 * 1024; left != 0 && !ec; --left) ec = message.write(piece);
      (void)peer.close();
      code = peer.close_reason().code;
    });
  }};
  auto peer = connect("wss://localhost:" + std::to_string(server.port()) + '/', trusting_client(),
                      {.connection = {.max_message_size = 1'000'000}});
  CHECK_FALSE(peer.read());
  server.shutdown();
  serving.join();
  CHECK(ec == errc::closed);
  CHECK(code == close_code::message_too_big);
}

TEST_CASE("a threaded server goes on with its clients while its certificate is reloaded") {
  tls_server_context context{server_named("first")};
  echo far{threaded_server_options{}, context};
  check_reload(context, far.url("wss"));
}

TEST_CASE("one thread writes while another reads, through TLS") {
  echo far{threaded_server_options{}, server_with(test_server())};
  const auto trusting = trusting_client();
  auto peer = connect(far.url("wss"), trusting);
  constexpr int count = 200;
  const std::string text(5'000, 'x');
  int failed = 0;
  int received = 0;
  concurrently(
      [&] {
        for (int i = 0; i < count; ++i) failed += peer.write(text) ? 1 : 0;
      },
      [&] {
        while (received < count) {
          const auto message = peer.read();
          if (!message || message->text() != text) return;
          ++received;
        }
      });
  CHECK(failed == 0);
  CHECK(received == count);
  CHECK_FALSE(peer.close());
}

TEST_CASE("the hook, the handler and the client get what TLS has negotiated", "[rfc8446-4.4.2]") {
  tls_threaded_server server{threaded_server_options{},
                             server_asking(client_certificates::required)};
  std::string asked_by;
  std::string served;
  server.on_upgrade([&](auto& asked) {
    if (asked.is_secure()) asked_by = asked.peer_certificate()->subject;
    if (asked.tls()->server_name == "localhost") asked.accept();
  });
  std::thread run{[&] {
    server.run([&](auto& peer) {
      if (peer.is_secure()) served = peer.peer_certificate()->subject + ' ' + peer.tls()->version;
      while (peer.read()) {
      }
    });
  }};
  const auto device = issue({.name = "device 7", .issuer = &test_authority()});
  const auto showing = client_showing(device);
  auto client = connect("wss://localhost:" + std::to_string(server.port()) + "/", showing);
  CHECK(client.is_secure());
  CHECK(client.tls()->version == "TLSv1.3");
  CHECK(client.peer_certificate()->verified);
  CHECK(client.peer_certificate()->ip_addresses == std::vector<std::string>{"127.0.0.1"});
  CHECK_FALSE(client.close());
  CHECK(client.tls()->version == "TLSv1.3");
  server.shutdown();
  run.join();
  CHECK(asked_by == "CN=device 7");
  CHECK(served == "CN=device 7 TLSv1.3");
}

TEST_CASE("a server that stops closes its connections, through TLS too") {
  echo far{threaded_server_options{}, server_with(test_server())};
  const auto trusting = trusting_client();
  auto peer = connect(far.url("wss"), trusting);
  CHECK_FALSE(peer.write("hello"));
  REQUIRE(peer.read());
  concurrently([&] { CHECK_FALSE(peer.read()); }, [&] { far.stop(); });
  CHECK(peer.close_reason().code == close_code::going_away);
  CHECK(peer.close_reason().clean);
}

/// A TCP connection to the server that sends only `text`.
asio::ip::tcp::socket visit(asio::io_context& context, echo& far, std::string_view text) {
  asio::ip::tcp::socket socket{context};
  socket.connect(far.server().local_endpoint());
  asio::write(socket, asio::buffer(text.data(), text.size()));
  return socket;
}

/// A client of the server, after the handshake of TLS.
tls_transport<socket_transport> encrypted_visit(asio::io_context& context, echo& far) {
  tls_transport<socket_transport> client{socket_transport{visit(context, far, "")},
                                         trusting_client(), "localhost"};
  std::error_code ec;
  client.handshake(before_long(), ec);
  REQUIRE_FALSE(ec);
  return client;
}

TEST_CASE("the handshake timeout includes the TLS handshake") {
  threaded_server_options options;
  options.handshake_timeout = 100ms;
  echo far{options, server_with(test_server())};
  asio::io_context context;
  const auto socket = visit(context, far, GENERATE("", "\x16\x03\x01"));
  CHECK(far.next_error() == errc::handshake_timeout);
}

TEST_CASE("both handshakes together have one timeout") {
  threaded_server_options options;
  options.handshake_timeout = 300ms;
  echo far{options, server_with(test_server())};
  asio::io_context context;
  auto client = encrypted_visit(context, far);
  std::error_code ec;
  // The response arrives over TLS.
  CHECK(text(read_all(client, 1000, ec)).starts_with("HTTP/1.1 408"));
  client.shutdown(ec);
  CHECK(far.next_error() == errc::handshake_timeout);
}

TEST_CASE("a client that does not speak TLS is reported, and others are served") {
  echo far{threaded_server_options{}, server_with(test_server())};
  asio::io_context context;
  auto socket = visit(context, far, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::error_code ec;
  std::array<char, 512> buffer{};
  while (!ec) socket.read_some(asio::buffer(buffer), ec);
  socket.close();
  CHECK(far.next_error().message().find("http request") == 0);
  const auto trusting = trusting_client();
  CHECK(connect(far.url("wss"), trusting).is_open());
}

TEST_CASE("a refused client gets the response, whatever it has sent meanwhile") {
  tls_server_options wanted;
  wanted.identities = {test_server().identity()};
  wanted.clients = client_certificates::required;
  wanted.client_authorities = pem_text{test_authority().certificate_text};
  echo far{threaded_server_options{}, tls_server_context{wanted}};
  asio::io_context context;
  auto client = encrypted_visit(context, far);
  std::error_code ec;
  write_all(client, std::vector<std::byte>(30'000), ec);
  read_all(client, 1, ec);
  CHECK(ec.message().find("alert certificate required") != std::string::npos);
  client.shutdown(ec);
  CHECK(far.next_error().message().find("peer did not return a certificate") == 0);
}

TEST_CASE("a client over the connection limit is dropped") {
  threaded_server_options options;
  options.max_connections = 1;
  echo far{options, server_with(test_server())};
  const auto trusting = trusting_client();
  auto first = connect(far.url("wss"), trusting);
  std::error_code ec;
  CHECK_FALSE(connect(far.url("wss"), trusting, ec));
  CHECK(ec);
  CHECK_FALSE(first.close());
}

TEST_CASE("a server that stops does not wait for a TLS handshake") {
  echo far{threaded_server_options{}, server_with(test_server())};
  asio::io_context context;
  const auto socket = visit(context, far, "\x16");
  CHECK(eventually([&] { return far.server().connections() != 0; }));
  const auto begin = std::chrono::steady_clock::now();
  far.stop();
  CHECK(std::chrono::steady_clock::now() - begin < 9s);
  CHECK(far.errors().size() == 1);
}

}  // namespace
