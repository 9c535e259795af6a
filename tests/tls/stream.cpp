// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/stream.hpp"

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/error.hpp>
#include <asio/use_future.hpp>
#include <asio/write.hpp>
#include <openssl/ssl.h>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/driver/async_driver.hpp"
#include "hawser/asio/opening/async_opening.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using tcp = asio::ip::tcp;
using stream = tls_stream<tcp::socket>;
using traits = stream_traits<stream>;

static_assert(!traits::is_direct && !stream_traits<asio::ssl::stream<tcp::socket>>::is_direct);

/// Two TLS streams over joined sockets.
struct stream_pair {
  asio::io_context context{1};
  std::optional<stream> client;
  std::optional<stream> server;
  std::error_code client_error = std::make_error_code(std::errc::operation_in_progress);
  std::error_code server_error = client_error;

  explicit stream_pair(const std::string& host = "localhost") {
    tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    tcp::socket here{context};
    here.connect(acceptor.local_endpoint());
    // The contexts may be destroyed once there are streams.
    client.emplace(std::move(here), trusting_client(), host);
    server.emplace(acceptor.accept(), server_with(test_server()));
    client->async_handshake([this](std::error_code ec) {
      client_error = ec;
      if (ec) client->lowest_layer().close();
    });
    server->async_handshake([this](std::error_code ec) { server_error = ec; });
    run();
  }

  void run() {
    context.restart();
    context.run();
  }
};

/// Reads from `from` until its end, then records the error.
struct reader {
  std::string text = {};
  std::error_code end = {};
  std::array<char, 100> buffer = {};

  void read(stream& from) {
    from.async_read_some(asio::buffer(buffer), [this, &from](std::error_code ec, std::size_t size) {
      text.append(buffer.data(), size);
      if (ec) {
        end = ec;
      } else {
        read(from);
      }
    });
  }
};

TEST_CASE("a stream has the side of its context") {
  stream_pair pair;
  CHECK_FALSE(pair.client_error);
  CHECK_FALSE(pair.server_error);
  CHECK_FALSE(pair.client->certificate_error());
  CHECK(SSL_is_server(pair.server->native_handle()) == 1);
  reader at_server;
  at_server.read(*pair.server);
  asio::async_write(*pair.client, asio::buffer("hello", 5), [&](std::error_code ec, std::size_t) {
    CHECK_FALSE(ec);
    pair.client->lowest_layer().shutdown(tcp::socket::shutdown_send);
  });
  pair.run();
  CHECK(at_server.text == "hello");
  // A missing close_notify is reported as another error.
  CHECK(at_server.end == asio::ssl::error::stream_truncated);
}

TEST_CASE("over TLS the same origin means pages of https, with any driver", "[rfc-10.2]") {
  const bool good = GENERATE(true, false);
  stream_pair pair;
  client_handshake asking{
      *uri::decode("wss://localhost:9001/"),
      default_client_policy{.origin = good ? "https://localhost:9001" : "http://localhost:9001"}};
  server_handshake<> serving;
  std::vector<std::byte> client_rest;
  std::vector<std::byte> server_rest;
  std::error_code result;
  async_perform(
      *pair.server, serving, [](auto& asked) { asked.accept(); }, server_rest, opening_options{},
      [&](std::error_code ec) { result = ec; });
  async_perform(*pair.client, asking, client_rest, opening_options{}, [](std::error_code) {});
  pair.run();
  CHECK(result == (good ? std::error_code{} : make_error_code(errc::origin_refused)));
  CHECK(serving.request().is_secure());
  CHECK(pair.client->facts()->server_name == "localhost");
}

TEST_CASE("an invalid certificate is the error of the handshake") {
  stream_pair pair{"elsewhere.example"};
  CHECK(pair.client_error == pair.client->certificate_error());
  CHECK(pair.client_error.category() == certificate_category());
  CHECK(pair.client_error.message() == "the certificate is not for this host");
  CHECK(pair.server_error);
}

TEST_CASE("any completion token can be used") {
  stream_pair pair;
  asio::io_context context;
  stream lonely{tcp::socket{context}, trusting_client(), "localhost"};
  auto done = lonely.async_handshake(asio::use_future);
  context.run();
  CHECK_THROWS_AS(done.get(), std::system_error);
}

TEST_CASE("a moved stream continues") {
  stream_pair pair;
  auto moved = std::move(*pair.client);
  pair.client.reset();
  reader at_client;
  at_client.read(moved);
  asio::async_write(*pair.server, asio::buffer("hello", 5),
                    [&](std::error_code, std::size_t) { traits::close(*pair.server); });
  pair.run();
  CHECK(at_client.text == "hello");
}

TEST_CASE("both sides end one after the other, and bytes on their way arrive", "[rfc-8446-6.1]") {
  stream_pair pair;
  reader at_client;
  at_client.read(*pair.client);
  std::optional<std::error_code> server_ended;
  std::optional<std::error_code> client_ended;
  asio::async_write(*pair.server, asio::buffer("bye", 3), [&](std::error_code, std::size_t) {
    traits::async_end(*pair.server, [&](std::error_code ec) {
      server_ended = ec;
      traits::close(*pair.server);
    });
    traits::async_end(*pair.client, [&](std::error_code ec) { client_ended = ec; });
  });
  pair.run();
  CHECK(at_client.text == "bye");
  CHECK(at_client.end == asio::error::eof);
  REQUIRE(server_ended);
  CHECK_FALSE(*server_ended);
  REQUIRE(client_ended);
  CHECK_FALSE(*client_ended);
}

TEST_CASE("bytes that the peer sends after this side has ended are read", "[rfc-8446-6.1]") {
  stream_pair pair;
  const std::string much(1'000'000, 'x');
  bool ended = false;
  reader at_server;
  at_server.read(*pair.server);
  asio::async_write(*pair.client, asio::buffer(much), [&](std::error_code ec, std::size_t) {
    CHECK_FALSE(ec);
    traits::async_end(*pair.client, [](std::error_code) {});
  });
  traits::async_end(*pair.server, [&](std::error_code) {
    ended = true;
    CHECK(at_server.text.size() < much.size());
  });
  pair.run();
  CHECK(ended);
  CHECK((at_server.text == much));
  CHECK(at_server.end == asio::error::eof);
}

TEST_CASE("a peer that disappears has ended too") {
  stream_pair pair;
  std::optional<std::error_code> ended;
  traits::async_end(*pair.server, [&](std::error_code ec) { ended = ec; });
  traits::close(*pair.client);
  pair.run();
  REQUIRE(ended);
  CHECK_FALSE(*ended);
}

class noting_echo;
using echo_driver = detail::async_driver<noting_echo, tls_stream<tcp::socket>, basic_connection<>>;

/// The smallest asynchronous driver: it records its events and echoes messages.
class noting_echo final : public echo_driver {
 public:
  noting_echo(tls_stream<tcp::socket> moved, role own_role,
              const hawser::connection_options& options)
      : echo_driver{std::move(moved), basic_connection<>{own_role, options}} {}

  using echo_driver::connection;
  using echo_driver::start;

  void on_event(const event& happened) {
    const auto* message = std::get_if<message_view>(&happened);
    if (message != nullptr && connection().own_role() == role::server) {
      static_cast<void>(connection().send(*message));
    } else if (message != nullptr) {
      text += as_text(message->payload);
      if (text.size() >= 100'000) static_cast<void>(connection().close());
    }
    if (const auto* end = std::get_if<closed>(&happened)) outcome = *end;
  }
  void on_settled() {}
  void on_over() { over = true; }

  std::string text;
  std::optional<closed> outcome;
  bool over = false;
};

TEST_CASE("the asynchronous driver talks and closes over TLS") {
  stream_pair pair;
  const auto client =
      std::make_shared<noting_echo>(std::move(*pair.client), role::client, connection_options{});
  const auto server =
      std::make_shared<noting_echo>(std::move(*pair.server), role::server, connection_options{});
  server->start({});
  for (int i = 0; i < 10; ++i) CHECK_FALSE(client->connection().send(std::string(10'000, 'x')));
  client->start({});
  pair.run();
  CHECK(client->text == std::string(100'000, 'x'));
  for (const auto& side : {client, server}) {
    CHECK(side->over);
    REQUIRE(side->outcome);
    CHECK(side->outcome->clean);
  }
}

TEST_CASE("an asynchronous connection over TLS reports the peer's certificate") {
  stream_pair pair;
  const async_websocket<stream> peer{role::client, std::move(*pair.client)};
  CHECK(peer.is_secure());
  REQUIRE(peer.peer_certificate());
  CHECK(peer.peer_certificate()->dns_names.front() == "localhost");
  CHECK(peer.peer_certificate()->sha256.size() == 64);
  REQUIRE(peer.tls());
  CHECK(peer.tls()->version == "TLSv1.3");
}

TEST_CASE("after the end of its context an asynchronous connection has no certificate") {
  std::optional<async_websocket<stream>> peer;
  {
    stream_pair pair;
    peer.emplace(role::client, std::move(*pair.client));
  }
  CHECK_FALSE(peer->is_secure());
  CHECK_FALSE(peer->tls());
}

TEST_CASE("a client that closes but never ends its stream is dropped in time") {
  stream_pair pair;
  connection_options options;
  options.close_timeout = 100ms;
  const auto server = std::make_shared<noting_echo>(std::move(*pair.server), role::server, options);
  server->start({});
  connection client{role::client};
  CHECK_FALSE(client.close());
  const auto out = client.output();
  asio::async_write(*pair.client, asio::buffer(out.data(), out.size()),
                    [](std::error_code, std::size_t) {});
  pair.run();
  CHECK(server->over);
  REQUIRE(server->outcome);
  CHECK(server->outcome->clean);
}

}  // namespace
