// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/streams.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <malloc.h>

#include "hawser/asio/http_request.hpp"
#include "hawser/asio/listen.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/engine.hpp"
#include "hawser/tls/transport.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/heads.hpp"
#include "support/live_server.hpp"
#include "support/sanitized.hpp"
#include "support/secure_pair.hpp"
#include "support/sockets.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// An event server that echoes on a plain port and on one with TLS.
class two_ports {
 public:
  explicit two_ports(server_options options = {}) : server_{std::move(options)} {
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
  std::size_t connections() const { return server_.connections(); }
  std::uint16_t secure_port() const { return secure_; }
  std::string secure() const { return "wss://localhost:" + std::to_string(secure_) + "/"; }

 private:
  server server_;
  std::uint16_t secure_ = 0;
  std::thread thread_;
};

TEST_CASE("an event server serves wss: and ws: at the same time") {
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

TEST_CASE("a client that does not trust the event server's certificate gets no connection") {
  two_ports far;
  std::error_code ec;
  const tls_client_context wary{{.system = system_authorities::ignored}};
  CHECK_FALSE(connect(far.secure(), wary, ec));
  CHECK(ec.category() == certificate_category());
}

TEST_CASE("a client that does not speak TLS to a wss: port gets no connection, and others do") {
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

TEST_CASE("a client that an event server refuses gets the response over TLS") {
  two_ports far;
  connect_options strange;
  strange.handshake.origin = "http://attacker.example";
  const auto trusting = trusting_client();
  try {
    connect(far.secure(), trusting, strange);
    FAIL("connected");
  } catch (const connect_error& error) {
    CHECK(error.code() == errc::upgrade_refused);
    CHECK(error.answer().status == 403);
  }
  CHECK_FALSE(connect(far.secure(), trusting).close());
}

TEST_CASE("the same origin means https on a wss: port and http on a ws: port", "[rfc-10.2]") {
  two_ports far;
  const auto trusting = trusting_client();
  for (const auto& url : {far.plain(), far.secure()}) {
    const bool secure = url.starts_with("wss");
    const auto host = url.substr(url.find("//"), url.size() - url.find("//") - 1);
    connect_options page;
    page.handshake.origin = (secure ? "https:" : "http:") + host;
    CHECK_FALSE(connect(url, trusting, page).close());
    page.handshake.origin = (secure ? "http:" : "https:") + host;
    std::error_code ec;
    response refusal;
    CHECK_FALSE(connect(url, trusting, ec, page, &refusal));
    CHECK(refusal.status == 403);
  }
}

TEST_CASE("upgrades and sessions report their listener and what TLS has negotiated",
          "[rfc8446-4.4.2]") {
  mailbox<std::string> described;
  std::string secure;
  const auto describe = [](const auto& one) {
    const auto certificate = one.peer_certificate();
    return std::string{one.listener()} + (one.is_secure() ? " secure " : " plain ") +
           (one.tls() ? one.tls()->version + ' ' + one.tls()->server_name : "") +
           (certificate ? ' ' + certificate->subject : "");
  };
  mailbox<session> closed_ones;
  live_server far{[&](server& made) {
    made.on_upgrade([&](upgrade& asked) {
      described.put(describe(asked));
      asked.accept();
    });
    made.on_open([&](session& peer) { described.put(describe(peer)); });
    made.on_close([&](session& peer, const closed&) { closed_ones.put(peer); });
    const auto where =
        made.listen(loopback(), tls_streams{server_asking(client_certificates::wanted)});
    secure = "localhost:" + std::to_string(where.port());
  }};
  const auto plain = "localhost:" + std::to_string(far->port());
  const auto listener = [](const std::string& host) {
    return "127.0.0.1" + host.substr(host.find(':'));
  };
  const auto device = issue({.name = "device 7", .issuer = &test_authority()});
  for (const bool shows : {false, true}) {
    const auto context = shows ? client_showing(device) : trusting_client();
    for (const bool is_secure : {false, true}) {
      auto peer = connect((is_secure ? "wss://" + secure : "ws://" + plain) + "/", context);
      const auto expected =
          is_secure ? listener(secure) + " secure TLSv1.3 localhost" + (shows ? " CN=device 7" : "")
                    : listener(plain) + " plain ";
      CHECK(described.take() == expected);
      CHECK(described.take() == expected);
      CHECK_FALSE(peer.close());
      const auto kept = closed_ones.take();
      REQUIRE(kept);
      CHECK(describe(*kept) == expected);
    }
  }
}

TEST_CASE("plain HTTP is answered over TLS, and an upgrade may follow", "[rfc9112-9.3]") {
  std::uint16_t port = 0;
  live_server far{[&](server& made) {
    made.on_http([](http_request& asked) {
      asked.answer(200, std::string{asked.request().body()} + (asked.is_secure() ? " secure" : ""));
    });
    made.on_message([](session&, message_view) {});
    port = made.listen(loopback(), tls_streams{server_with(test_server())}).port();
  }};
  asio::io_context context;
  tcp::socket socket{context};
  socket.connect(loopback(port));
  const auto trusting = trusting_client();
  tls_transport<socket_transport> client{socket_transport{std::move(socket)}, trusting,
                                         "localhost"};
  const auto until = client.now() + soon;
  std::error_code ec;
  client.handshake(until, ec);
  REQUIRE_FALSE(ec);
  const auto said = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nHello" +
                    std::string{upgrade_request};
  REQUIRE(client.write_some(as_bytes(said), ec) == said.size());
  std::string received;
  while (!ec && received.find("Sec-WebSocket-Accept: ") == received.npos) {
    byte_vector buffer(1000);
    if (!client.wait_readable(until, ec)) break;
    received += as_text(bytes_view{buffer}.first(client.read_some(buffer, ec)));
    if (ec == std::errc::operation_would_block) ec.clear();
  }
  CHECK(received.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(received.find("\r\n\r\nHello secureHTTP/1.1 101 ") != received.npos);
}

TEST_CASE("a client that exceeds the limit of a wss: port is dropped") {
  server_options options;
  options.max_connections = 1;
  two_ports far{options};
  const auto trusting = trusting_client();
  auto first = connect(far.secure(), trusting);
  std::error_code ec;
  CHECK_FALSE(connect(far.secure(), trusting, ec));
  CHECK(ec);
  CHECK_FALSE(first.close());
}

TEST_CASE("a silent client of a wss: port costs no buffers of TLS", "[abuse]") {
  if (sanitized) return;  // With sanitizers, the memory of malloc() is unknown
  constexpr std::size_t clients = 100;
  two_ports events;
  running_echo<tls_threaded_server> threads{threaded_server_options{}, server_with(test_server())};
  const bool threaded = GENERATE(false, true);
  const auto port = threaded ? threads.server().port() : events.secure_port();
  const auto connections = [&] {
    return threaded ? threads.server().connections() : events.connections();
  };
  std::vector<raw_socket> silent;
  silent.reserve(clients);
  const auto connect_one = [&] {
    const auto before = connections();
    silent.emplace_back(port);
    CHECK(eventually([&] { return connections() != before; }));
  };
  connect_one();
  const auto before = ::mallinfo2().uordblks;
  for (std::size_t i = 1; i < clients; ++i) connect_one();
  const auto held = ::mallinfo2().uordblks - before;
  const auto bytes_for_each = held / (clients - 1);
  CAPTURE(threaded);
  CHECK(bytes_for_each <= 4096);  // 125 and 92 KiB with an SSL
}

TEST_CASE(
    "an unfinished TLS handshake ends when the event server shuts down, and is not reported") {
  const auto files = open_files();
  {
    std::atomic<int> calls = 0;
    std::uint16_t port = 0;
    live_server far{[&](server& made) {
      made.on_open([&](session&) { ++calls; });
      made.on_close([&](session&, const closed&) { ++calls; });
      made.on_error([&](session&, const std::exception_ptr&) { ++calls; });
      port = made.listen(loopback(), tls_streams{server_with(test_server())}).port();
    }};
    std::error_code ec;
    detail::tls_engine engine{trusting_client().make_ssl("localhost", ec)};
    engine.handshake();
    const auto hello = engine.output();
    const auto size = GENERATE_COPY(std::size_t{0}, std::size_t{10}, hello.size());
    raw_socket client{port};
    client.send(hello.first(size));
    if (size == hello.size()) CHECK_FALSE(client.receive().empty());
    far.await_connections(1);
    const bool shuts_down = GENERATE(true, false);
    const auto begin = std::chrono::steady_clock::now();
    if (shuts_down) {
      far->shutdown({.grace = soon});
      CHECK(far.returns());
      CHECK(far->connections() == 0);
      client.receive_all();
    }
    CHECK(std::chrono::steady_clock::now() - begin < soon / 2);
    CHECK(calls == 0);
  }
  CHECK(open_files() <= files + 3);  // a process opens some descriptors only once
}

}  // namespace
