// SPDX-License-Identifier: BSL-1.0
// The option `extension` of every kind of server and client, over real sockets.
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/reconnecting_websocket.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

const extension_list agreed{{"permessage-deflate", {{"client_max_window_bits", "12"}}}};

server_options serving(const any_negotiator& extension) {
  server_options options;
  options.extension = extension;
  return options;
}

/// An echo on an event loop.
live_server event_echo(const any_negotiator& extension) {
  return live_server{
      [](server& made) { made.on_message([](auto& peer, auto message) { peer.send(message); }); },
      serving(extension)};
}

/// Echoes long and short, plain and compressed messages, one after the other.
template <class Peer>
void converse(Peer& peer) {
  for (const auto size :
       std::initializer_list<std::size_t>{10, 2000, 1023, 1024, 100'000, 0, 5000}) {
    const auto text = some_text(size);
    REQUIRE(!peer.write(text));
    const auto answer = peer.read();
    REQUIRE(answer);
    CHECK(answer->text() == text);
  }
}

raw_socket compressing_client(std::uint16_t port) {
  return opened(port, upgrade_to("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
}

TEST_CASE("an event server and a blocking client compress what they send", "[rfc7692-5]") {
  const auto preset =
      GENERATE(deflate_preset::low_memory, deflate_preset::balanced, deflate_preset::fast);
  auto server = event_echo(permessage_deflate{preset});
  auto peer = connect(server.url(), {.extension = permessage_deflate{preset}});
  REQUIRE(peer.extensions().size() == 1);
  CHECK(peer.extensions()[0].name == "permessage-deflate");
  converse(peer);
  CHECK(!peer.close());
}

TEST_CASE("a side without compression is served without it", "[rfc7692-5]") {
  const bool known_here = GENERATE(true, false);
  const any_negotiator known{permessage_deflate{}};
  auto server = event_echo(known_here ? known : any_negotiator{});
  auto peer = connect(server.url(), {.extension = known_here ? any_negotiator{} : known});
  CHECK(peer.extensions().empty());
  converse(peer);
  CHECK(!peer.close());
}

TEST_CASE("a threaded server compresses", "[rfc7692-5]") {
  threaded_server server{{.extension = permessage_deflate{}}};
  std::thread running{[&] {
    server.run([](auto& peer) {
      while (const auto message = peer.read()) peer.write(*message);
    });
  }};
  {
    auto peer = connect(url_at(server.port()), {.extension = permessage_deflate{}});
    CHECK(peer.extensions() == agreed);
    converse(peer);
    CHECK(!peer.close());
  }
  server.shutdown();
  running.join();
}

TEST_CASE("fewer bytes are sent, and a raw client sees the compression bit", "[rfc7692-7.2.3]") {
  auto server = event_echo(permessage_deflate{without_threshold({.own_window_bits = 15})});
  auto client = compressing_client(server->port());
  client.send(frame_from(role::client, 1, "f2 48 cd c9 c9 07 00"_b, fin::yes, 4));
  client.send(frame_from(role::client, 1, "f2 00 11 00 00"_b, fin::yes, 4));
  byte_vector received;
  while (received.size() < 16) {
    const auto some = client.receive();
    REQUIRE_FALSE(some.empty());
    received = std::move(received) + some;
  }
  CHECK(received == frame_from(role::server, 1, "f2 48 cd c9 c9 07 00"_b, fin::yes, 4) +
                        frame_from(role::server, 1, "f2 00 11 00 00"_b, fin::yes, 4));
}

TEST_CASE("a single message may be sent uncompressed, from any thread", "[rfc7692-6]") {
  mailbox<session> sessions;
  live_server server{
      [&](hawser::server& made) {
        made.on_open([&](auto& peer) {
          peer.send(message_view{message_kind::text, as_bytes("here"), coding::plain});
          sessions.put(peer);
        });
      },
      serving(permessage_deflate{without_threshold()})};
  auto client = compressing_client(server->port());
  const auto peer = sessions.take();
  REQUIRE(peer);
  const message_view plain{message_kind::text, as_bytes("there"), coding::plain};
  CHECK(!peer->send(plain));
  CHECK(!peer->send(prepared_message{plain}));
  CHECK(!peer->send("Hello"));
  CHECK(client.receive_frames(4) == std::vector<std::string>{"text \"here\"", "text \"there\"",
                                                             "text \"there\"",
                                                             "text rsv 4 f248cdc9c90700"});
}

TEST_CASE("a blocking server sends single messages uncompressed, in fragments too", "[rfc7692-6]") {
  threaded_server server{{.extension = permessage_deflate{without_threshold()}}};
  std::thread running{[&] {
    server.run([](auto& peer) {
      peer.write(message_view{message_kind::text, as_bytes("whole"), coding::plain});
      auto message = peer.begin_message(message_kind::text, coding::plain);
      message.write("a ");
      message.finish("part");
      peer.write(prepared_message{std::string_view{"Hello"}});
      while (peer.read()) {
      }
    });
  }};
  {
    auto client = compressing_client(server.port());
    CHECK(client.receive_frames(4) ==
          std::vector<std::string>{"text \"whole\"", "text unfinished \"a \"",
                                   "continuation \"part\"", "text rsv 4 f248cdc9c90700"});
  }
  server.shutdown();
  running.join();
}

TEST_CASE("each route has its own settings", "[rfc7692-5]") {
  live_server server{[](hawser::server& made) {
    made.route("/small").on_message([](auto& peer, auto message) { peer.send(message); });
    made.route("/plain").on_message([](auto& peer, auto message) { peer.send(message); });
    made.route("/late").options().extension = permessage_deflate{deflate_preset::low_memory};
  }};
  auto plain = connect(server.url("/plain"), {.extension = permessage_deflate{}});
  CHECK(plain.extensions().empty());
  auto late = connect(server.url("/late"), {.extension = permessage_deflate{}});
  CHECK(late.extensions() == extension_list{{"permessage-deflate",
                                             {{"server_no_context_takeover"},
                                              {"client_no_context_takeover"},
                                              {"client_max_window_bits", "12"}}}});
}

TEST_CASE("a broadcast reaches sessions with and without compression, on several threads",
          "[rfc7692-7.1.1]") {
  const bool keeps = GENERATE(true, false);
  deflate_options settings;
  settings.own_context_takeover = keeps;
  auto options = serving(permessage_deflate{settings});
  options.threads = 2;
  mailbox<session> sessions;
  live_server server{
      [&](hawser::server& made) { made.on_open([&](auto& peer) { sessions.put(peer); }); },
      options};
  std::vector<client_websocket> peers;
  std::vector<session> open;
  for (int i = 0; i < 8; ++i) {
    peers.push_back(connect(
        server.url(),
        {.extension = i % 3 == 0 ? any_negotiator{} : any_negotiator{permessage_deflate{}}}));
    open.push_back(*sessions.take());
  }
  const auto text = some_text(4000);
  for (int round = 0; round < 3; ++round) {
    const prepared_message prepared{std::string_view{text}};
    for (auto& one : open) CHECK(!one.send(prepared));
    for (auto& one : open) CHECK(!one.send(std::string_view{text}.substr(1)));
  }
  for (auto& peer : peers) {
    for (int round = 0; round < 3; ++round) {
      auto message = peer.read();
      REQUIRE(message);
      CHECK(message->text() == text);
      message = peer.read();
      REQUIRE(message);
      CHECK(message->text() == std::string_view{text}.substr(1));
    }
  }
}

TEST_CASE("a client that stays connected compresses", "[rfc7692-5]") {
  auto server = event_echo(permessage_deflate{});
  client_options options{.url = server.url()};
  options.extension = permessage_deflate{};
  extension_list seen;
  reconnecting_websocket peer{options};
  const auto text = some_text(3000);
  peer.on_open([&](session& open) {
    seen = open.extensions();
    open.send(std::string_view{text});
  });
  const auto message = peer.read();
  REQUIRE(message);
  CHECK(message->text() == text);
  CHECK(seen == agreed);
  CHECK(!peer.close());
  CHECK(session{}.extensions().empty());
}

TEST_CASE("a coroutine's session and an event client compress", "[rfc7692-5]") {
  live_server server{[](hawser::server& made) {
                       made.on_session([](session peer) -> asio::awaitable<void> {
                         while (const auto message = co_await peer.receive()) {
                           peer.send(*message);
                         }
                       });
                     },
                     serving(permessage_deflate{})};
  asio::io_context context;
  client_options options{.url = server.url()};
  options.extension = permessage_deflate{};
  client peer{context, options};
  const auto text = some_text(3000);
  std::string received;
  peer.on_open([&](session& open) { open.send(std::string_view{text}); });
  peer.on_message([&](session&, message_view message) {
    received = message.text();
    peer.close();
  });
  peer.start();
  context.run();
  CHECK(received == text);
}

TEST_CASE("async_websocket compresses in both roles", "[rfc7692-5]") {
  asio::io_context context;
  auto [near, far] = joined_sockets<tcp>(context);
  async_websocket<tcp::socket> server{std::move(near)};
  async_websocket<tcp::socket> client{std::move(far)};
  message at_server;
  message at_client;
  const auto text = some_text(20'000);
  std::vector<std::error_code> ends;
  const auto done = [&](std::error_code ec) { ends.push_back(ec); };
  server.async_accept(negotiating_server_policy{default_server_policy{}, permessage_deflate{}},
                      [&](std::error_code ec) {
                        done(ec);
                        server.async_read(at_server, [&](std::error_code error) {
                          done(error);
                          server.async_write(at_server, done);
                          server.async_close(close_code::normal, done);
                        });
                      });
  client.async_connect(uri::decode("ws://a/").value(),
                       negotiating_client_policy{default_client_policy{}, permessage_deflate{}},
                       [&](std::error_code ec) {
                         done(ec);
                         client.async_write(text, done);
                         client.async_read(at_client, [&](std::error_code error) {
                           done(error);
                           client.async_close(close_code::normal, done);
                         });
                       });
  context.run();
  CHECK(ends == std::vector<std::error_code>(8));
  CHECK(at_server.text() == text);
  CHECK(at_client.text() == text);
  CHECK(client.extensions() == agreed);
  CHECK(server.extensions() == agreed);
}

}  // namespace
