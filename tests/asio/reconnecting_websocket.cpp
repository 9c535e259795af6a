// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/reconnecting_websocket.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/payloads.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

static_assert(takes_every_payload<writing<reconnecting_websocket>>);

using lines = std::vector<std::string>;

byte_vector said(std::string_view words) { return frame_from(role::server, opcode::text, words); }

std::string read_from(reconnecting_websocket& peer) {
  const auto got = peer.read();
  return got ? shown(static_cast<message_view>(*got)) : "nothing";
}

TEST_CASE("messages are read over as many connections as it takes") {
  stage server;
  std::thread play{[&] {
    for (const char* words : {"one", "two", "three"}) {
      auto client = server.open();
      client.send(said(words) + said(words));
      client.hang_up();
      // After the last message no thread reads, so none runs the client.
      if (words != std::string_view{"three"}) client.receive_all();
    }
  }};
  reconnecting_websocket peer{brisk_client(server.url())};
  lines events;
  peer.on_open([&](session&) { events.push_back("open"); });
  peer.on_reconnecting([&](unsigned attempt, auto, std::error_code) {
    events.push_back("attempt " + std::to_string(attempt));
  });
  for (const char* words : {"one", "one", "two", "two", "three", "three"}) {
    CHECK(read_from(peer) == "text \"" + std::string{words} + '"');
  }
  play.join();
  CHECK(events == lines{"open", "attempt 1", "open", "attempt 2", "open"});
}

TEST_CASE("a write is sent at once if there is a connection, otherwise in the next read") {
  stage server;
  reconnecting_websocket peer{brisk_client(server.url())};
  CHECK_FALSE(peer.write("early"));
  byte_vector early;
  byte_vector late;
  std::thread play{[&] {
    auto client = server.open();
    early = client.receive();
    client.send(said("first"));
    while (frames_in(late).size() < 2) late = std::move(late) + client.receive();
  }};
  CHECK(read_from(peer) == "text \"first\"");
  CHECK_FALSE(peer.write("second"));
  CHECK_FALSE(peer.write(as_bytes(std::string_view{"third"})));
  play.join();
  CHECK(frames_shown(early) == lines{"text \"early\""});
  CHECK(frames_shown(late) == lines{"text \"second\"", "binary \"third\""});
}

TEST_CASE("a blocking client closes like others") {
  stage server;
  byte_vector received;
  std::thread play{[&] {
    auto client = server.open();
    client.send(said("one") + said("late"));
    received = client.receive();
    client.send(close_from(role::server, 1001));
    client.hang_up();
  }};
  reconnecting_websocket peer{brisk_client(server.url())};
  CHECK(read_from(peer) == "text \"one\"");
  CHECK(peer.close(close_code::no_status) == errc::bad_close_code);
  CHECK_FALSE(peer.close(close_code::going_away, "bye"));
  CHECK_FALSE(peer.read());
  CHECK_FALSE(peer.error());
  CHECK(peer.write("late") == errc::closed);
  play.join();
  CHECK(frames_shown(received) == lines{"close 1001 \"bye\""});
}

TEST_CASE("a blocking client gives up after a permanent error") {
  stage server;
  std::thread play{[&] { server.refuse(refusal_with(403)); }};
  reconnecting_websocket peer{brisk_client(server.url())};
  CHECK_FALSE(peer.read());
  CHECK(peer.error() == errc::upgrade_refused);
  REQUIRE(peer.refusal());
  CHECK(peer.refusal()->status == 403);
  play.join();
}

TEST_CASE("another thread can end a blocking client at any point") {
  const auto moment = GENERATE(as<std::string>{}, "connect", "handshake", "wait", "read");
  const bool politely = GENERATE(false, true);
  CAPTURE(moment, politely);
  deaf_port deaf;
  stage server;
  const auto port = moment == "connect" ? deaf.port() : server.port();
  auto options = brisk_client(url_at(port));
  options.reconnect->base = options.reconnect->cap = 1h;
  reconnecting_websocket peer{options};
  mailbox<bool> waiting;
  peer.on_reconnecting([&](unsigned attempt, auto, std::error_code) {
    if (attempt == 2) waiting.put(true);
  });
  std::error_code ec;
  std::thread other{[&] {
    std::optional<raw_socket> client;
    if (moment == "handshake") client = server.accept();
    if (moment == "read") client = server.open();
    if (moment == "wait") {
      server.refuse(refusal_with(503));
      server.refuse(refusal_with(503));
      waiting.take();
    }
    if (!politely) return peer.stop();
    std::thread answers{[&] {
      if (moment != "read") return;
      client->receive();
      client->send(close_from(role::server, 1000));
      client->hang_up();
    }};
    ec = peer.close();
    answers.join();
  }};
  const auto got = peer.read();
  other.join();
  CHECK_FALSE(got);
  CHECK_FALSE(ec);
  CHECK_FALSE(peer.error());
}

TEST_CASE("a client that is stopped before it reads reads nothing") {
  reconnecting_websocket peer{brisk_client("ws://127.0.0.1/")};
  peer.stop();
  CHECK_FALSE(peer.read());
  CHECK_FALSE(peer.error());
}

TEST_CASE("functions that read() calls may write and end the client") {
  const auto moment = GENERATE(std::string{"prepare"}, "on_open", "retry", "on_reconnecting");
  const bool politely = GENERATE(true, false);
  CAPTURE(moment, politely);
  stage server;
  std::optional<reconnecting_websocket> peer;
  const auto happens = [&](const char* what) {
    if (what != moment) return;
    (void)peer->write("word");
    if (!politely) return peer->stop();
    CHECK_FALSE(peer->close());
  };
  auto options = brisk_client(server.url());
  options.prepare = [&](connect_options&) { happens("prepare"); };
  options.retry = [&](std::error_code, const auto&) {
    happens("retry");
    return true;
  };
  peer.emplace(options);
  peer->on_open([&](session&) { happens("on_open"); });
  peer->on_reconnecting([&](auto...) { happens("on_reconnecting"); });
  std::thread play{[&] {
    if (moment == "prepare") return;
    auto client = server.open();
    if (moment == "on_open" && politely) client.receive();
    client.send(close_from(role::server, 1000));
    client.hang_up();
    client.receive_all();
  }};
  CHECK_FALSE(peer->read());
  CHECK_FALSE(peer->error());
  peer.reset();
  play.join();
}

TEST_CASE("many threads write while one reads") {
  stage server;
  constexpr std::size_t each = 200;
  std::size_t count = 0;
  std::thread play{[&] {
    auto client = server.open();
    client.send(said("go"));
    byte_vector received;
    while (count < 3 * each) {
      received = std::move(received) + client.receive();
      count = frames_in(received).size();
    }
    client.send(said("end"));
  }};
  reconnecting_websocket peer{brisk_client(server.url())};
  CHECK(read_from(peer) == "text \"go\"");
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (std::size_t number = 0; number < each; ++number) (void)peer.write("word");
    });
  }
  CHECK(read_from(peer) == "text \"end\"");
  for (auto& one : threads) one.join();
  play.join();
}

}  // namespace
