// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/reconnecting/client_state.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "hawser/asio/client.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/testing/world.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

const std::string refused = std::make_error_code(std::errc::connection_refused).message();

std::string answer(opcode op, std::string_view payload) {
  return text(frame_from(role::server, op, payload));
}

// Connecting and ending

TEST_CASE("a client connects, talks, and ends when it is closed") {
  stage server;
  driven_client client{brisk_client(server.url("/room"))};
  client.start();
  auto peer = server.open();
  CHECK(server.head().starts_with("GET /room HTTP/1.1\r\n"));
  CHECK(client.next() == "open");
  peer.send(answer(opcode::text, "ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
  CHECK_FALSE(client->send("back"));
  CHECK_FALSE(client->close());
  byte_vector received;
  while (frames_in(received).size() < 2) received = received + peer.receive();
  CHECK(frames_shown(received) == lines{"text \"back\"", "close 1000"});
  peer.send(close_from(role::server, 1000));
  peer.hang_up();
  CHECK(client.rest() == lines{"close 1000", "stopped", "idle"});
}

TEST_CASE("after a connection has ended it is made again") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  lines seen;
  for (int i = 0; i < 3; ++i) {
    auto peer = server.open();
    CHECK(client.next() == "open");
    peer.send(close_from(role::server, 1012));
    peer.hang_up();
    peer.receive_all();
    CHECK(client.next() == "close 1012");
    CHECK(client.next() == "attempt " + std::to_string(i + 1) + ": the connection is closed");
  }
  server.open();
  CHECK(client.next() == "open");
}

TEST_CASE("a broken connection is made again") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  server.open().hang_up();
  CHECK(client.next() == "open");
  CHECK(client.next() == "close 1006");
  CHECK(client.next() == "attempt 1: the peer ended the stream without a Close frame");
  server.open();
  CHECK(client.next() == "open");
}

TEST_CASE("a healthy connection restarts the schedule") {
  stage server;
  auto options = brisk_client(server.url());
  options.reconnect->healthy_after = 0s;
  options.reconnect->max_attempts = 1;
  driven_client client{options};
  client.start();
  for (int i = 0; i < 3; ++i) {
    server.open().hang_up();
    CHECK(client.next() == "open");
    CHECK(client.next() == "close 1006");
    CHECK(client.next() == "attempt 1: the peer ended the stream without a Close frame");
  }
}

TEST_CASE("a port that refuses is tried until it accepts") {
  const auto port = free_port();
  driven_client client{brisk_client(url_at(port))};
  client.start();
  CHECK(client.next() == "attempt 1: " + refused);
  const auto first = client.delay();
  CHECK(first <= 0ms);
  CHECK(client.next() == "attempt 2: " + refused);
  stage server{port};
  auto peer = server.open();
  std::string last;
  while ((last = client.next()).starts_with("attempt")) {
  }
  CHECK(last == "open");
}

TEST_CASE("a client gives up after its number of attempts") {
  auto options = brisk_client(url_at(free_port()));
  options.reconnect->max_attempts = 2;
  driven_client client{options};
  client.start();
  CHECK(client.rest() == lines{"attempt 1: " + refused, "attempt 2: " + refused,
                               "failed: " + refused, "stopped", "idle"});
  CHECK(client->send("too late") == errc::closed);
}

TEST_CASE("a client that does not reconnect ends with its connection") {
  stage server;
  driven_client client{{.url = server.url(), .reconnect = std::nullopt}};
  client.start();
  server.open().hang_up();
  CHECK(client.rest() == lines{"open", "close 1006", "stopped", "idle"});
}

TEST_CASE("a client that does not reconnect reports a failed attempt") {
  stage server;
  driven_client client{{.url = server.url(), .reconnect = std::nullopt}};
  client.start();
  server.refuse(refusal_with(503));
  CHECK(client.rest() == lines{"failed: 503", "stopped", "idle"});
}

// Refusals

TEST_CASE("a permanent refusal ends the client") {
  const auto status = GENERATE(200, 302, 400, 401, 403, 404, 405, 410, 426, 501, 505);
  CAPTURE(status);
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  server.refuse(refusal_with(status));
  CHECK(client.rest() == lines{"failed: " + std::to_string(status), "stopped", "idle"});
}

TEST_CASE("after a temporary refusal a client tries again") {
  const auto status = GENERATE(408, 425, 429, 500, 502, 503, 504);
  CAPTURE(status);
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  server.refuse(refusal_with(status));
  CHECK(client.next() == "attempt 1: the upgrade was refused");
  server.open();
  CHECK(client.next() == "open");
}

TEST_CASE("a client waits as long as Retry-After says", "[rfc-9110]") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  server.refuse(refusal_with(503, "Retry-After: 3600\r\n"));
  CHECK(client.next() == "attempt 1: the upgrade was refused");
  const auto asked = client.delay();
  CHECK(asked == 3600s);
  client->stop();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a URL that cannot be used is not tried") {
  const auto [url, why] = GENERATE(table<std::string, errc>({
      {"http://127.0.0.1/", errc::bad_uri_scheme},
      {"ws://127.0.0.1:0/", errc::bad_uri_port},
      {"ws://user:password@127.0.0.1/", errc::user_info_refused},
      {"wss://127.0.0.1/", errc::unsupported_scheme},
  }));
  driven_client client{brisk_client(url)};
  client.start();
  CHECK(client.rest() == lines{"failed: " + make_error_code(why).message(), "stopped", "idle"});
}

TEST_CASE("retry can try again after a permanent error, and give up after a temporary one") {
  stage server;
  auto options = brisk_client(server.url());
  options.retry = [](std::error_code cause, const std::optional<response>& refusal) {
    return cause == errc::upgrade_refused && refusal->status == 401;
  };
  driven_client client{options};
  client.start();
  server.refuse(refusal_with(401));
  CHECK(client.next() == "attempt 1: the upgrade was refused");
  server.refuse(refusal_with(503));
  CHECK(client.rest() == lines{"failed: 503", "stopped", "idle"});
}

TEST_CASE("prepare is called before each attempt") {
  stage server;
  auto options = brisk_client(server.url());
  int token = 0;
  options.prepare = [&](connect_options& next) {
    next.handshake.headers.add("X-Token", std::to_string(++token));
  };
  driven_client client{options};
  client.start();
  CHECK(line_in(server.refuse(refusal_with(503)), "X-Token") == "1");
  const auto second = server.refuse(refusal_with(503));
  CHECK(line_in(second, "X-Token") == "2");
  CHECK(second.find("X-Token") == second.rfind("X-Token"));
}

TEST_CASE("a silent server is tried again") {
  stage server;
  auto options = brisk_client(server.url());
  options.handshake_timeout = 1ms;
  driven_client client{options};
  client.start();
  auto peer = server.accept();
  CHECK(client.next() == "attempt 1: the opening handshake took too long");
  peer.receive_all();
}

TEST_CASE("a server that ends the stream inside the handshake is tried again") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  server.refuse("HTTP/1.1 101 Switching");
  CHECK(client.next() == "attempt 1: the stream ended inside the opening handshake");
}

// Ending at any moment, from this thread, which is not the client's

template <class Client>
void end(Client& client, bool politely) {
  if (politely) {
    CHECK_FALSE(client.close());
  } else {
    client.stop();
  }
}

TEST_CASE("a client that is ended before it starts has stopped when it starts") {
  driven_client client{brisk_client("ws://127.0.0.1/")};
  end(*client, GENERATE(false, true));
  client.start();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a client that is started twice stops once") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client->start();
  client.start();
  server.open();
  client->stop();
  client->start();
  const auto all = client.rest();
  CHECK(std::count(all.begin(), all.end(), "stopped") == 1);
  CHECK(all.back() == "idle");
}

TEST_CASE("a client ends while it looks for the host") {
  driven_client client{brisk_client("ws://localhost:1/")};
  client->start();
  end(*client, GENERATE(false, true));
  client.run();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a client ends while it waits for an address to answer") {
  deaf_port deaf;
  auto options = brisk_client(url_at(deaf.port()));
  options.connect_timeout = 1h;
  driven_client client{options};
  client.start();
  end(*client, GENERATE(false, true));
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a client ends inside the opening handshake") {
  stage server;
  auto options = brisk_client(server.url());
  options.handshake_timeout = 1h;
  driven_client client{options};
  client.start();
  auto peer = server.accept();
  peer.receive_until("\r\n\r\n");
  end(*client, GENERATE(false, true));
  CHECK(client.rest() == lines{"stopped", "idle"});
  CHECK(peer.receive_all().empty());
}

TEST_CASE("a client ends while it waits to connect again") {
  stage server;
  auto options = brisk_client(server.url());
  options.reconnect->base = options.reconnect->cap = 1h;
  driven_client client{options};
  client.start();
  server.refuse(refusal_with(503));
  server.refuse(refusal_with(503));
  CHECK(client.next() == "attempt 1: the upgrade was refused");
  CHECK(client.next() == "attempt 2: the upgrade was refused");
  end(*client, GENERATE(false, true));
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a client that is stopped drops its connection") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  client->stop();
  CHECK(client.rest() == lines{"close 1006", "stopped", "idle"});
  CHECK(peer.receive_all().empty());
}

TEST_CASE("a client that is stopped need not wait for the end of its closing") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  CHECK_FALSE(client->close());
  CHECK(frames_shown(peer.receive()) == lines{"close 1000"});
  client->stop();
  CHECK(client.rest() == lines{"close 1006", "stopped", "idle"});
}

TEST_CASE("a code that must not be sent is refused, and the client goes on", "[rfc-7.4]") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  CHECK(client->close(close_code::no_status) == errc::bad_close_code);
  CHECK_FALSE(client->send("still here"));
  CHECK(frames_shown(peer.receive()) == lines{"text \"still here\""});
}

TEST_CASE("a handler may end its client") {
  const auto moment = GENERATE(std::string{"open"}, "message", "close", "reconnecting", "failed");
  CAPTURE(moment);
  stage server;
  driven_client client{brisk_client(server.url())};
  client->on_open([&](session& open) {
    if (moment == "open") client->stop();
    if (moment == "failed") open.close_now();
  });
  client->on_message([&](session&, message_view) { client->stop(); });
  client->on_close([&](session&, const closed&) {
    client.note("close");
    if (moment == "close") client->stop();
  });
  client->on_reconnecting([&](unsigned, auto, std::error_code) {
    if (moment == "reconnecting") client->stop();
  });
  client->on_failed([&](std::error_code, const auto&) { client->stop(); });
  client.start();
  auto peer = server.open();
  if (moment == "failed") {
    server.refuse(refusal_with(404));
  } else {
    peer.send(answer(opcode::text, "end") + text(close_from(role::server, 1000)));
    peer.hang_up();
  }
  CHECK(client.rest() == lines{"close", "stopped", "idle"});
}

TEST_CASE("a client that is destroyed calls no handler") {
  asio::io_context context;
  stage server;
  auto client = std::make_unique<hawser::client>(context, brisk_client(server.url()));
  lines seen;
  client->on_open([&](session&) {
    seen.push_back("open");
    client.reset();
  });
  client->on_close([&](session&, const closed&) { seen.push_back("close"); });
  client->on_reconnecting([&](auto...) { seen.push_back("reconnecting"); });
  client->on_stopped([&] { seen.push_back("stopped"); });
  client->start();
  std::thread run{[&] { context.run(); }};
  auto peer = server.open();
  CHECK(peer.receive_all().empty());
  run.join();
  CHECK(seen == lines{"open"});
}

TEST_CASE("a client and its context may end with a connection") {
  stage server;
  asio::io_context context;
  hawser::client client{context, brisk_client(server.url())};
  // A stored session would keep the client alive.
  session kept;
  client.on_open([&](session& open) {
    kept = open;
    context.stop();
  });
  client.start();
  std::thread run{[&] { context.run(); }};
  auto peer = server.open();
  run.join();
  CHECK(client.session() == kept);
  CHECK(kept.is_open());
}

TEST_CASE("an exception of a handler ends its connection, not the client") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client->on_message([](session&, message_view) { throw std::runtime_error{"no"}; });
  client->on_error(
      [&](session& of, std::exception_ptr) { client.note(of ? "error of a session" : "error"); });
  client->on_reconnecting([](auto...) { throw std::runtime_error{"no"}; });
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  peer.send(answer(opcode::text, "!"));
  CHECK(client.next() == "error of a session");
  CHECK(frames_shown(peer.receive()) == lines{"close 1011"});
  peer.send(close_from(role::server, 1011));
  peer.hang_up();
  CHECK(client.next() == "close 1011");
  CHECK(client.next() == "error");
  server.open();
  CHECK(client.next() == "open");
}

TEST_CASE("an exception of on_open or on_close is reported, and the client connects again") {
  const bool opening = GENERATE(true, false);
  stage server;
  driven_client client{brisk_client(server.url())};
  if (opening) {
    client->on_open([](session&) { throw std::runtime_error{"no"}; });
  } else {
    client->on_close([](session&, const closed&) { throw std::runtime_error{"no"}; });
  }
  client->on_error(
      [&](session& of, std::exception_ptr) { client.note(of ? "error of a session" : "error"); });
  client.start();
  auto peer = server.open();
  if (opening) CHECK(frames_shown(peer.receive()) == lines{"close 1011"});
  if (!opening) CHECK(client.next() == "open");
  peer.hang_up();
  CHECK(client.next() == "error of a session");
  if (opening) CHECK(client.next() == "close 1006");
  CHECK(client.next().starts_with("attempt 1: "));
  server.open();
  CHECK(client.next() == (opening ? "error of a session" : "open"));
}

TEST_CASE("closing the session makes the client connect again") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  client->session().close_now();
  CHECK(client.next() == "close 1006");
  CHECK(client.next() == "attempt 1: the connection was ended from this side");
  server.open();
  CHECK(client.next() == "open");
}

// The URL, the waits and the strand, on virtual time

TEST_CASE("make_url gives each attempt its URL, after prepare", "[client]") {
  testing::world world;
  lines called;
  client_options options{.url = "ws://chat.example/unused"};
  options.reconnect->spread = jitter::none;
  options.prepare = [&](connect_options& connect) {
    called.emplace_back("prepare");
    connect.handshake.headers.add("X-Attempt", std::to_string(called.size()));
  };
  options.make_url = [&] {
    called.emplace_back("make_url");
    return "ws://chat.example/room?token=" + std::to_string(called.size());
  };
  client one{world.context(), options};
  one.start();
  auto asked = world.reject({.status = 503});
  CHECK(asked.target() == "/room?token=2");
  world.advance(0s);
  asked = world.reject({.status = 503});
  CHECK(asked.target() == "/room?token=4");
  CHECK(asked.header("X-Attempt") == "3");
  CHECK(called == lines{"prepare", "make_url", "prepare", "make_url"});
}

TEST_CASE("a client that is stopped inside prepare does not make a URL", "[client]") {
  testing::world world;
  bool made = false;
  lines story;
  std::optional<client> one;
  client_options options;
  options.prepare = [&](connect_options&) { one->stop(); };
  options.make_url = [&] {
    made = true;
    return std::string{"ws://chat.example/"};
  };
  one.emplace(world.context(), options);
  one->on_stopped([&] { story.emplace_back("stopped"); });
  one->start();
  CHECK_FALSE(world.has_client());
  CHECK_FALSE(made);
  CHECK(story == lines{"stopped"});
}

TEST_CASE("an exception of make_url ends the attempt and names the function", "[client]") {
  testing::world world;
  client_options options{.url = "ws://chat.example/"};
  options.reconnect.reset();
  options.make_url = []() -> std::string { throw std::system_error{errc::bad_uri_host}; };
  lines story;
  client one{world.context(), options};
  one.on_diagnostic([&](const incident& what) { story.emplace_back(what.subject); });
  one.on_failed([&](std::error_code ec, const auto&) { story.push_back(ec.message()); });
  one.start();
  world.run();
  REQUIRE(story.size() == 2);
  CHECK(story[0].find("make_url") != std::string::npos);
  CHECK(story[1] == make_error_code(errc::bad_uri_host).message());
}

TEST_CASE("wait replaces the waits of reconnect, but not a longer Retry-After", "[client]") {
  testing::world world;
  std::vector<unsigned> attempts;
  client_options options{.url = "ws://chat.example/"};
  options.reconnect->max_attempts = 3;
  options.wait = [&](unsigned attempt, std::error_code) {
    attempts.push_back(attempt);
    return attempt == 3 ? std::chrono::steady_clock::duration{-5s} : attempt * 7s;
  };
  bool failed = false;
  client one{world.context(), options};
  one.on_failed([&](std::error_code, const auto&) { failed = true; });
  one.start();
  world.reject({.status = 503});
  world.advance(7s - 1ms);
  CHECK_FALSE(world.has_client());
  world.advance(1ms);
  world.reject({.status = 503, .headers = {{"Retry-After", "20"}}});
  world.advance(20s - 1ms);
  CHECK_FALSE(world.has_client());
  world.advance(1ms);
  world.reject({.status = 503});
  world.advance(0s);
  world.reject({.status = 503});
  CHECK(failed);
  CHECK(attempts == std::vector{1U, 2U, 3U});
}

TEST_CASE("clients may share a strand", "[client]") {
  testing::world world;
  const client::executor_type strand = asio::make_strand(world.context().get_executor());
  client first{strand, {.url = "ws://chat.example/1"}};
  client second{strand, {.url = "ws://chat.example/2"}};
  int on_strand = 0;
  for (auto* const one : {&first, &second}) {
    CHECK(one->get_executor() == strand);
    one->on_open([&](session& open) {
      on_strand += strand.running_in_this_thread() ? 1 : 0;
      open.send("hi");
    });
    one->start();
  }
  auto one = world.accept();
  auto two = world.accept();
  one.expect_text("hi");
  two.expect_text("hi");
  CHECK(on_strand == 2);
}

}  // namespace
