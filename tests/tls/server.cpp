// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/server.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/thread_pool.hpp>
#include <sys/socket.h>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/reload.hpp"
#include "support/secure_pair.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using asio::ip::tcp;

/// A tls_server that echoes on a thread of its own.
class secure_echo {
 public:
  explicit secure_echo(server_options options = {},
                       const std::function<void(tls_server&)>& prepare = {},
                       tls_server_context context = server_with(test_server()))
      : server_{std::move(options), std::move(context)} {
    server_.on_message([](session& peer, message_view message) { peer.send(message); });
    if (prepare) prepare(server_);
    thread_ = std::thread{[this] { server_.run(); }};
  }
  ~secure_echo() {
    server_.shutdown({.grace = std::chrono::seconds{1}});
    thread_.join();
  }
  secure_echo(const secure_echo&) = delete;
  secure_echo& operator=(const secure_echo&) = delete;

  std::uint16_t port() const { return server_.port(); }

 private:
  tls_server server_;
  std::thread thread_;
};

std::string url_of(const std::string& scheme, std::uint16_t port,
                   const std::string& host = "localhost") {
  return scheme + "://" + host + ':' + std::to_string(port) + '/';
}

/// Whether a client with TLS receives the echo of its message.
bool echoes(const std::string& url) {
  std::error_code ec;
  auto peer = connect(url, trusting_client(), ec);
  if (!peer || peer->write("ahoy")) return false;
  const auto answer = peer->read();
  const bool same = answer && answer->text() == "ahoy";
  return !peer->close() && same;
}

TEST_CASE("an event server goes on with its clients while its certificate is reloaded") {
  tls_server_context context{server_named("first")};
  const secure_echo server{{}, {}, context};
  check_reload(context, url_of("wss", server.port()));
}

/// The number of ports on which this process listens.
std::size_t listening_ports() {
  std::size_t count = 0;
  for (int handle = 0; handle < 1024; ++handle) {
    int listens = 0;
    socklen_t size = sizeof listens;
    const int error = ::getsockopt(handle, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    if (error == 0 && listens != 0) ++count;
  }
  return count;
}

TEST_CASE("a server for wss: has one port, which never answers in cleartext", "[abuse]") {
  const auto before = listening_ports();
  secure_echo far{{.threads = 2}};
  CHECK(listening_ports() == before + 1);
  CHECK(far.port() != 0);
  CHECK(echoes(url_of("wss", far.port())));
  std::error_code ec;
  CHECK_FALSE(connect(url_of("ws", far.port()), ec));
  CHECK(ec);
  CHECK(echoes(url_of("wss", far.port())));
}

TEST_CASE("a TLS handshake that fails is reported, by both servers and by the client", "[abuse]") {
  mailbox<incident> incidents;
  const auto note = [&](const incident& what) {
    // The views end with the call.
    incidents.put({.kind = what.kind, .error = what.error});
  };
  const auto check = [&] {
    const auto what = incidents.take();
    REQUIRE(what);
    CHECK(what->kind == incident_kind::tls_failed);
    CHECK(what->error);
  };
  secure_echo far{{}, [&](tls_server& made) { made.on_diagnostic(note); }};
  raw_socket cleartext{far.port()};
  cleartext.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  check();
  {
    tls_threaded_server blocking{threaded_server_options{}, server_with(test_server())};
    blocking.on_diagnostic(note);
    std::thread runner{[&] { blocking.run([](auto&) {}); }};
    // It is reported when the client has closed: until then, or the timeout, the server reads what it sends.
    { raw_socket{blocking.port()}.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); }
    check();
    blocking.shutdown();
    runner.join();
  }
  asio::io_context context;
  client_options options{.url = url_of("wss", far.port())};
  options.reconnect.reset();
  const tls_client_context wary{{.system = system_authorities::ignored}};
  tls_client client{context, options, wary};
  client.on_diagnostic(note);
  client.start();
  context.run_for(soon);
  check();
}

TEST_CASE("an added listener of a server for wss: is encrypted too, unless it has plain streams") {
  std::uint16_t added = 0;
  std::uint16_t v6 = 0;
  std::uint16_t plain = 0;
  secure_echo far{{}, [&](tls_server& made) {
                    added = made.listen(loopback()).port();
                    plain = made.listen(loopback(), plain_streams{}).port();
                    std::error_code no_v6;
                    tcp::acceptor probe{raw_socket::context()};
                    probe.open(tcp::v6(), no_v6);
                    if (!no_v6) probe.bind({asio::ip::address_v6::loopback(), 0}, no_v6);
                    const tcp::endpoint six{asio::ip::address_v6::loopback(), 0};
                    if (!no_v6) v6 = made.listen(six).port();
                    const auto first = made.port();
                    CHECK_THROWS_AS(made.listen(loopback(first)), std::system_error);
                    CHECK(made.port() == first);
                  }};
  CHECK(echoes(url_of("wss", far.port())));
  CHECK(echoes(url_of("wss", added)));
  CHECK_FALSE(echoes(url_of("wss", plain)));
  CHECK(echoes(url_of("ws", plain)));
  CHECK_FALSE(echoes(url_of("ws", added)));
  // The certificate has no name for ::1, so this error shows that the port speaks TLS.
  if (v6 != 0) {
    std::error_code ec;
    CHECK_FALSE(connect(url_of("wss", v6, "[::1]"), trusting_client(), ec));
    CHECK(ec.message() == "the certificate is not for this address");
  }
}

TEST_CASE("no reference to a server for wss: listens in cleartext by default") {
  tls_server secure{{}, server_with(test_server())};
  server& any = secure;
  const tcp::endpoint where{asio::ip::address_v4::loopback(), 0};
  CHECK_THROWS_AS(any.listen(where), std::logic_error);
  CHECK(any.listen(where, plain_streams{}).port() != 0);
}

TEST_CASE("a server for wss: that cannot listen throws at once") {
  const tls_server first{{}, server_with(test_server())};
  const auto again = [&](server_options options) {
    tls_server{std::move(options), server_with(test_server())};
  };
  CHECK_THROWS_AS(again({.port = first.port()}), std::system_error);
  CHECK_THROWS_AS(again({.address = "no address"}), std::system_error);
}

TEST_CASE("a server for wss: without a first listener has only those that are added") {
  const auto before = listening_ports();
  tls_server made{{.listener = first_listener::none}, server_with(test_server())};
  CHECK(listening_ports() == before);
  CHECK(made.port() == 0);
  const auto where = made.listen(loopback());
  CHECK(made.port() == where.port());
}

TEST_CASE("a server for wss: runs on a context of the application") {
  asio::io_context context{1};
  tls_server made{context, {}, server_with(test_server())};
  std::string listener;
  made.on_upgrade([&](upgrade& asked) {
    listener = asked.is_secure() ? asked.listener() : "plain";
    asked.accept();
  });
  made.on_message([](session& peer, message_view message) { peer.send(message); });
  made.start();
  std::thread client{[&] {
    CHECK(echoes(url_of("wss", made.port())));
    made.shutdown();
  }};
  context.run();
  client.join();
  CHECK(listener == "127.0.0.1:" + std::to_string(made.port()));
}

TEST_CASE("a pool of threads serves wss:, also while the server ends", "[threads]") {
  asio::thread_pool pool{4};
  {
    tls_server server{pool, {}, server_with(test_server())};
    server.on_message([](session& peer, message_view message) { peer.send(message); });
    server.start();
    const auto url = url_of("wss", server.port());
    std::atomic<int> good = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&] {
        for (int each = 0; each < 4; ++each) good += echoes(url) ? 1 : 0;
      });
    }
    for (auto& client : clients) client.join();
    CHECK(good == 16);
  }
  pool.join();
}

}  // namespace
