// SPDX-License-Identifier: BSL-1.0
#include "hawser/testing/world.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/async_connect.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "support/catch.hpp"
#include "support/connecting.hpp"

using namespace hawser;
using namespace std::chrono_literals;
using test::connecting;
using testing::failure;
using testing::world;

namespace {

constexpr first_listener none = first_listener::none;

/// The handlers of an application, as its program sets them.
void set_up_chat(server& chat) {
  chat.route("/chat/:room")
      .on_upgrade([](upgrade& asked) {
        if (asked.request().cookie("session") != "valid")
          return static_cast<void>(asked.reject(401));
        asked.accept({{"X-Room", asked.parameter("room")}});
      })
      .on_open([](session& open) { open.send("welcome"); })
      .on_message([](session& open, message_view view) { open.send(view); });
}

/// A server that echoes, in a world.
struct echo_world {
  testing::world world;
  hawser::server server;
  std::optional<std::error_code> closed_by;
  std::optional<hawser::close_code> close_code;

  explicit echo_world(server_options options = {})
      : server{world.context(), [&] {
                 options.listener = none;
                 return options;
               }()} {
    server.on_message([](session& open, message_view view) { open.send(view); })
        .on_close([this](session&, const closed& why) {
          closed_by = why.error;
          close_code = why.code;
        });
    world.serve(server);
  }
};

TEST_CASE("the handlers of a server talk to a peer without sockets") {
  world world;
  server chat{world.context(), {.listener = none}};
  set_up_chat(chat);
  world.serve(chat);
  auto peer = world.connect("/chat/lobby", {{"Cookie", "session=valid"}});
  CHECK(peer.response().header("X-Room") == "lobby");
  peer.expect_text("welcome");
  peer.sends_text("hi");
  peer.expect_text("hi");
  CHECK(chat.connections() == 1);
}

TEST_CASE("a test sees which requests a server rejects") {
  world world;
  server chat{world.context(), {.listener = none}};
  set_up_chat(chat);
  chat.on_http([](const request&) { return response{.status = 200, .body = "healthy"}; });
  world.serve(chat);
  CHECK(world.request("/chat/lobby", {{"Cookie", "session=valid"}}).status == 101);
  CHECK(world.request("/chat/lobby", {{"Cookie", "session=stolen"}}).status == 401);
  CHECK(world.request("/chat/lobby", {{"Origin", "https://evil.example"}}).status == 403);
  CHECK(world.request("/chat/lobby", {{"Host", "rebound.example"}}).status == 421);
  CHECK(world.request("/elsewhere").status == 404);
  const auto health = world.http("GET", "/health");
  CHECK(health.status == 200);
  CHECK(health.body == "healthy");
  CHECK_THROWS_WITH(world.connect("/chat/lobby"),
                    "expected that \"/chat/lobby\" is accepted, received 401 \"\"");
  world.run();
  CHECK(chat.connections() == 0);
}

TEST_CASE("an expectation that is not met says what was expected and what arrived") {
  echo_world one;
  auto peer = one.world.connect();
  CHECK_THROWS_WITH(peer.expect_text("hi"), "expected text \"hi\", received nothing");
  peer.sends_text("ho");
  CHECK_THROWS_WITH(peer.expect_text("hi"), "expected text \"hi\", received text \"ho\"");
  peer.sends_ping("x");
  CHECK_THROWS_WITH(peer.expect_close(close_code::normal),
                    "expected close 1000, received pong \"x\"");
  one.server.for_each([](session& open) { open.close(close_code::going_away, "bye"); });
  CHECK_THROWS_WITH(peer.expect_nothing(), "expected nothing, received close 1001 \"bye\"");
}

TEST_CASE("after 30 s of silence a ping goes out, and without a pong the connection ends") {
  server_options options;
  options.connection.keep_alive_interval = 30s;
  options.connection.keep_alive_timeout = 10s;
  echo_world one{options};
  auto peer = one.world.connect();
  one.world.advance(30s - 1ns);
  peer.expect_nothing();
  one.world.advance(1ns);
  peer.sends_pong(peer.expect_ping());
  one.world.advance(30s);
  peer.expect_ping();
  one.world.advance(10s);
  REQUIRE(one.closed_by);
  CHECK(*one.closed_by == errc::keep_alive_timeout);
}

TEST_CASE("a peer that answers pings keeps a connection for days") {
  server_options options;
  options.connection.keep_alive_interval = 30s;
  options.connection.keep_alive_timeout = 10s;
  echo_world one{options};
  auto peer = one.world.connect();
  peer.answers_pings();
  one.world.advance(48h);
  CHECK_FALSE(one.closed_by);
  peer.sends_text("still here");
  peer.expect_text("still here");
}

TEST_CASE("a peer sends fragments, cut frames and single bytes") {
  echo_world one;
  auto peer = one.world.connect();
  peer.delivers_pieces_of(1);
  peer.sends_frame({.op = opcode::text, .fin = false}, as_bytes("frag"));
  peer.sends_ping("between");
  peer.expect_pong("between");
  peer.sends_frame({.op = opcode::continuation}, as_bytes("ments"));
  peer.expect_text("fragments");
  peer.sends_header({.masked = true, .length = 5});
  peer.sends_bytes("he");
  peer.expect_nothing();
  peer.sends_bytes("llo");
  peer.expect_text("hello");
}

TEST_CASE("a message that is not finished in time ends the connection") {
  server_options options;
  options.connection.message_timeout = 20s;
  echo_world one{options};
  auto peer = one.world.connect();
  peer.sends_frame({.op = opcode::binary, .fin = false}, as_bytes("slow"));
  one.world.advance(20s);
  REQUIRE(one.closed_by);
  CHECK(*one.closed_by == errc::message_timeout);
}

TEST_CASE("a peer closes, and gets the answer and the end of the stream") {
  echo_world one;
  auto peer = one.world.connect();
  peer.sends_close(static_cast<close_code>(4001), "done");
  CHECK(peer.expect_close(static_cast<close_code>(4001)).empty());
  peer.expect_end();
  CHECK(one.closed_by == std::error_code{});
}

TEST_CASE("a peer that breaks the protocol gets the code of its violation") {
  echo_world one;
  auto peer = one.world.connect();
  peer.sends_frame({.op = opcode::continuation}, as_bytes("of nothing"));
  peer.expect_close(close_code::protocol_error);
  peer.expect_end();
}

TEST_CASE("a handler sees that a peer has vanished") {
  const bool resets = GENERATE(false, true);
  CAPTURE(resets);
  echo_world one;
  auto peer = one.world.connect();
  resets ? peer.resets_stream() : peer.ends_stream();
  one.world.run();
  CHECK(one.close_code == close_code::abnormal);
}

TEST_CASE("a peer that does not read stops the output until its timeout") {
  server_options options;
  options.connection.write_timeout = 15s;
  options.budget.high = 1024 * 1024;
  echo_world one{options};
  auto peer = one.world.connect();
  peer.stops_reading(1000);
  const std::string large(5000, 'x');
  peer.sends_text(large);
  one.world.run();
  CHECK(one.server.buffered_bytes() > 3000);
  peer.reads(500);
  one.world.run();
  peer.reads_again();
  peer.expect_text(large);
  peer.stops_reading(1000);
  peer.sends_text(large);
  one.world.advance(1min);
  REQUIRE(one.closed_by);
  CHECK(*one.closed_by == errc::write_timeout);
}

TEST_CASE("a coroutine serves a session on virtual time") {
  world world;
  server echo{world.context(), {.listener = none}};
  std::vector<std::string> story;
  echo.fallback().on_session([&](session open) -> asio::awaitable<void> {
    while (true) {
      std::error_code ec;
      const auto got = co_await open.receive(5s, ec);
      story.push_back(got ? std::string{got->text()} : ec.message());
      if (ec == errc::closed) co_return;
      if (ec) open.send("are you there?");
    }
  });
  world.serve(echo);
  auto peer = world.connect();
  peer.sends_text("one");
  world.advance(4s);
  peer.sends_text("two");
  world.advance(5s - 1ns);
  peer.expect_nothing();
  world.advance(1ns);
  peer.expect_text("are you there?");
  peer.sends_close();
  peer.expect_close(close_code::normal);
  peer.expect_end();
  CHECK(story == std::vector<std::string>{"one", "two",
                                          make_error_code(errc::read_timeout).message(),
                                          make_error_code(errc::closed).message()});
}

TEST_CASE("a shutdown of a server lets its sessions end for as long as it says") {
  echo_world one;
  auto peer = one.world.connect();
  one.server.shutdown({.drain = 10s, .grace = 5s});
  one.world.advance(10s - 1ns);
  peer.sends_text("still served");
  peer.expect_text("still served");
  one.world.advance(1ns);
  peer.expect_close(close_code::going_away);
  one.world.advance(5s);
  peer.expect_end();
  CHECK(one.server.connections() == 0);
}

TEST_CASE("a client over a limit gets 503, and one that sends no request 408") {
  server_options options;
  options.max_connections_per_address = 1;
  echo_world one{options};
  auto silent = one.world.connect_raw();
  CHECK(one.world.request("/").status == 503);
  one.world.set_remote_endpoint({asio::ip::make_address("203.0.113.7"), 50'000});
  CHECK(one.world.request("/").status == 101);
  one.world.advance(10s);
  CHECK(silent.received_bytes().starts_with("HTTP/1.1 408 "));
}

TEST_CASE("the exception of a handler reaches on_error, in order") {
  world world;
  server bad{world.context(), {.listener = none}};
  std::vector<std::string> story;
  bad.on_message([&](session&, message_view) {
       story.emplace_back("message");
       throw std::runtime_error{"refused"};
     })
      .on_error([&](session&, const std::exception_ptr&) { story.emplace_back("error"); })
      .on_close([&](session&, const closed&) { story.emplace_back("close"); });
  world.serve(bad);
  auto peer = world.connect();
  peer.sends_text("x");
  peer.expect_close(close_code::internal_error);
  peer.sends_close(close_code::internal_error);
  peer.expect_end();
  CHECK(story == std::vector<std::string>{"message", "error", "close"});
}

TEST_CASE("a server with threads of its own is refused by a world") {
  world world;
  server own{server_options{.listener = none}};
  CHECK_THROWS_AS(world.serve(own), std::logic_error);
}

/// A client in a world, and what its handlers report.
struct client_world {
  testing::world world;
  hawser::client client;
  std::vector<std::string> story;

  explicit client_world(client_options options) : client{world.context(), std::move(options)} {
    client.on_open([this](session&) { story.emplace_back("open"); })
        .on_message([this](session&, message_view view) { story.emplace_back(view.text()); })
        .on_close([this](session&, const closed&) { story.emplace_back("close"); });
    client.on_failed([this](std::error_code ec, const auto&) { story.push_back(ec.message()); });
    client.start();
  }
};

TEST_CASE("the handlers of a client talk to a peer without sockets") {
  client_options options{.url = "ws://chat.example/room?id=7"};
  options.handshake.subprotocols = {"chat.v1"};
  client_world one{options};
  auto peer = one.world.accept({{"X-Server", "test"}}, "chat.v1");
  CHECK(peer.request().target() == "/room?id=7");
  CHECK(peer.request().host() == "chat.example");
  one.client.send("hello");
  peer.expect_text("hello");
  peer.sends_text("welcome");
  peer.sends_close();
  peer.expect_close(close_code::normal);
  CHECK(one.story == std::vector<std::string>{"open", "welcome", "close"});
}

TEST_CASE("a client connects again after its delay, on virtual time") {
  client_options options{.url = "ws://chat.example/"};
  options.reconnect = backoff{.base = 8s, .cap = 8s, .spread = jitter::none};
  client_world one{options};
  one.world.set_reachability(testing::reachability::refused);
  one.world.advance(1min);
  CHECK_FALSE(one.world.has_client());
  one.world.set_reachability(testing::reachability::silent);
  one.world.advance(1min);
  CHECK_FALSE(one.world.has_client());
  one.world.set_reachability(testing::reachability::open);
  for (int i = 0; i < 30 && !one.world.has_client(); ++i) one.world.advance(1s);
  CHECK(one.story.empty());
  REQUIRE(one.world.has_client());
  one.world.accept().resets_stream();
  CHECK_THROWS_WITH(one.world.accept(), "expected a client that connects, but there is none");
  one.world.advance(8s);
  auto peer = one.world.accept();
  peer.sends_text("again");
  one.world.run();
  CHECK(one.story == std::vector<std::string>{"open", "close", "open", "again"});
}

TEST_CASE("a client that is rejected for good reports it") {
  client_world one{client_options{.url = "ws://chat.example/"}};
  const auto asked = one.world.reject({.status = 403});
  CHECK(asked.target() == "/");
  one.world.run();
  CHECK(one.story == std::vector<std::string>{make_error_code(errc::upgrade_refused).message()});
}

TEST_CASE("a client reaches the server of its world") {
  echo_world one;
  std::string got;
  client talker{one.world.context(), client_options{.url = "ws://localhost/"}};
  talker.on_open([](session& open) { open.send("hi"); })
      .on_message([&](session&, message_view view) { got = view.text(); });
  talker.start();
  one.world.run();
  CHECK(got == "hi");
}

TEST_CASE("a client and the server of its world may send at any time") {
  echo_world one;
  std::vector<std::string> got;
  session open;
  client talker{one.world.context(), client_options{.url = "ws://localhost/"}};
  talker.on_open([&](session& made) { open = made; }).on_message([&](session&, message_view view) {
    got.emplace_back(view.text());
  });
  talker.start();
  one.world.run();
  for (const auto* const text : {"a", "b", "c"}) {
    open.send(text);
    one.world.run();
  }
  CHECK(got == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a coroutine that uses async_connect() talks to a peer without sockets") {
  world world;
  std::string got;
  bool done = false;
  asio::co_spawn(
      world.context(),
      [&]() -> asio::awaitable<void> {
        const connect_options options{.cookie = "id=7"};
        auto chat = co_await async_connect("ws://chat.example/room", options, asio::use_awaitable);
        CHECK_FALSE(chat.is_secure());
        CHECK(chat.next_layer().tls() == nullptr);
        CHECK_FALSE(chat.next_layer().lowest_layer().is_open());
        co_await chat.async_write("hello", asio::use_awaitable);
        message into;
        co_await chat.async_read(into, asio::use_awaitable);
        got = into.text();
        co_await chat.async_close(close_code::normal, asio::use_awaitable);
        done = chat.close_reason().clean;
      },
      [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  auto peer = world.accept();
  CHECK(peer.request().target() == "/room");
  CHECK(peer.request().cookie("id") == "7");
  peer.expect_text("hello");
  peer.sends_text("welcome");
  peer.expect_close(close_code::normal);
  peer.sends_close();
  peer.ends_stream();
  peer.expect_end();
  CHECK(got == "welcome");
  CHECK(done);
}

TEST_CASE("async_connect() finds what its world has, on virtual time") {
  world world;
  connecting one;
  response refusal;
  const connect_options options{.connect_timeout = 10s};
  std::error_code why;
  std::string url = "ws://chat.example/";
  SECTION("a port that refuses") {
    world.set_reachability(testing::reachability::refused);
    async_connect(world.context(), url, options, refusal, one.handler());
    world.run();
    why = std::make_error_code(std::errc::connection_refused);
  }
  SECTION("silence") {
    world.set_reachability(testing::reachability::silent);
    async_connect(world.context(), url, options, refusal, one.handler());
    world.advance(10s - 1ns);
    CHECK_FALSE(one.result);
    world.advance(1ns);
    why = errc::connect_timeout;
  }
  SECTION("a server that rejects") {
    async_connect(world.context(), url, options, refusal, one.handler());
    world.reject({.status = 403});
    CHECK(refusal.status == 403);
    why = errc::upgrade_refused;
  }
  SECTION("no TLS") {
    url = "wss://chat.example/";
    async_connect(world.context(), url, options, refusal, one.handler());
    world.run();
    why = errc::unsupported_scheme;
  }
  CHECK(one.result == why);
  CHECK_FALSE(one.peer.is_open());
}

TEST_CASE("async_connect() reaches the server of its world") {
  echo_world one;
  connecting client;
  async_connect(one.world.context(), "ws://localhost/", client.handler());
  one.world.run();
  REQUIRE(client.peer.is_open());
  message into;
  std::optional<std::error_code> read;
  client.peer.async_write("hi", [](std::error_code ec) { CHECK_FALSE(ec); });
  client.peer.async_read(into, [&](std::error_code ec) { read = ec; });
  one.world.run();
  CHECK(read == std::error_code{});
  CHECK(into.text() == "hi");
  client.peer = {};
  one.world.run();
  CHECK(one.closed_by);
}

TEST_CASE("a world may be destroyed while async_connect() runs, and before its connection") {
  auto one = std::make_unique<world>();
  connecting client;
  const int state = GENERATE(0, 1, 2, 3);
  CAPTURE(state);
  if (state == 0) one->set_reachability(testing::reachability::silent);
  async_connect(one->context(), "ws://localhost/", client.handler());
  if (state < 3) one->run();
  std::optional<testing::peer> peer;
  if (state == 2) peer.emplace(one->accept());
  CHECK(client.peer.is_open() == (state == 2));
  one.reset();
  CHECK_FALSE((client.result && state != 2));
}

TEST_CASE("an async_websocket talks to a peer on virtual time") {
  world world;
  auto [stream, peer] = world.make_stream(role::server);
  async_websocket<testing::stream> socket{role::client, std::move(stream)};
  message into;
  std::optional<std::error_code> read;
  socket.async_read(into, 5s, [&](std::error_code ec) { read = ec; });
  world.advance(5s - 1ns);
  CHECK_FALSE(read);
  world.advance(1ns);
  CHECK(read == make_error_code(errc::read_timeout));
  socket.async_read(into, [&](std::error_code ec) { read = ec; });
  peer.sends_text("hi");
  world.run();
  CHECK(read == std::error_code{});
  CHECK(into.text() == "hi");
}

TEST_CASE("a world, its servers and its peers are destroyed in any order") {
  auto one = std::make_unique<world>();
  auto chat = std::make_unique<server>(one->context(), server_options{.listener = none});
  set_up_chat(*chat);
  one->serve(*chat);
  std::optional peer{one->connect("/chat/lobby", {{"Cookie", "session=valid"}})};
  client talker{one->context(), client_options{.url = "ws://localhost/chat/lobby"}};
  talker.start();
  const int first = GENERATE(0, 1, 2);
  CAPTURE(first);
  if (first == 0) one.reset();
  if (first == 1) chat.reset();
  if (first == 2) peer.reset();
  chat.reset();
  if (peer) CHECK_NOTHROW(peer->sends_text("into the void"));
}

}  // namespace
