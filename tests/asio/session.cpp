// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session.hpp"

#include <any>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/payloads.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

static_assert(takes_every_payload<sending<const session>>);

using lines = std::vector<std::string>;

/// A server that passes each session that opens to the test.
struct handing_server {
  mailbox<session> opened;
  mailbox<std::string> ends;
  std::function<void(server&)> also;
  std::optional<live_server> server;

  explicit handing_server(server_options options = {},
                          const std::function<void(hawser::server&)>& prepare = {}) {
    server.emplace(
        [&](hawser::server& made) {
          made.on_open([this](session& peer) { opened.put(peer); });
          made.on_close([this](session&, const closed& end) { ends.put(shown(end)); });
          if (prepare) prepare(made);
        },
        std::move(options));
  }

  session next() { return opened.take().value_or(session{}); }
};

/// The results of the same calls on any handle.
lines all_answers(const session& peer) {
  const auto result = [](std::error_code ec) { return ec ? ec.message() : std::string{"good"}; };
  return {result(peer.send("text")),
          result(peer.send(as_bytes("bytes"))),
          result(peer.send(message_view{message_kind::text, as_bytes("view")})),
          result(peer.send(std::string{"owned"})),
          result(peer.send(std::vector<std::byte>(3))),
          result(peer.send(prepared_message{"shared"})),
          result(peer.ping()),
          result(peer.close())};
}

const lines all_closed(8, make_error_code(errc::closed).message());

void check_harmless(const session& peer) {
  CHECK(all_answers(peer) == all_closed);
  peer.close_now();
  peer.pause();
  peer.resume();
  peer.on_drained([] {});
  CHECK(peer.buffered_bytes() == 0);
  CHECK_FALSE(peer.is_open());
}

TEST_CASE("a handle without a session is harmless") {
  const session none;
  check_harmless(none);
  CHECK_FALSE(none);
  CHECK(none.request().path() == "/");
  CHECK(none.parameter("id").empty());
  CHECK(none.subprotocol().empty());
  CHECK(none.remote_address().empty());
  CHECK(none.statistics().messages_sent == 0);
  none.data() = 1;
  CHECK_FALSE(none.data().has_value());
  CHECK(none == session{});
}

TEST_CASE("a handle is harmless when its connection is gone, and when its server is") {
  session kept;
  {
    handing_server server;
    auto client = connect(server.server->url());
    kept = server.next();
    CHECK(kept);
    CHECK(kept.is_open());
    CHECK_FALSE(client.close());
    CHECK(server.ends.take() == "closed{1000, clean}");
    check_harmless(kept);
    CHECK(kept.request().path() == "/");
  }
  check_harmless(kept);
  CHECK(kept.remote_address().starts_with("127.0.0.1:"));
}

TEST_CASE("a handle is harmless when the context of its connection ended with it open") {
  session kept;
  std::thread other;
  {
    asio::io_context context{1};
    server server{context, {}};
    server.on_open([&](session& peer) {
      kept = peer;
      peer.on_drained([peer] { peer.resume(); });
      peer.data() = peer;
      context.stop();
    });
    server.start();
    other = std::thread{[port = server.port()] {
      std::error_code ec;
      auto client = connect(url_at(port), ec);
      if (client) (void)client->read();
    }};
    context.run();
    CHECK(kept.is_open());
    const bool posted = GENERATE(false, true);
    if (posted) std::thread{[&] { CHECK_FALSE(kept.send("not delivered")); }}.join();
  }
  other.join();
  check_harmless(kept);
}

TEST_CASE(
    "a session's data is destroyed with its connection, even if it holds the session's handle") {
  std::weak_ptr<int> in_hook;
  std::weak_ptr<int> in_data;
  const auto prepare = [&](server& made) {
    made.on_open([&](session& peer) {
      const auto first = std::make_shared<int>();
      const auto second = std::make_shared<int>();
      in_hook = first;
      in_data = second;
      peer.on_drained([peer, first] {});
      peer.data() = std::pair{peer, second};
    });
    made.on_message([&](session& peer, message_view view) {
      peer.send(in_hook.expired() || in_data.expired() ? "lost" : view.text());
    });
  };
  mailbox<bool> gone;
  {
    live_server server{prepare};
    auto client = connect(server.url());
    CHECK_FALSE(client.write("there"));
    CHECK(client.read()->text() == "there");
    CHECK_FALSE(client.close());
    server.await_connections(0);
  }
  CHECK(in_hook.expired());
  CHECK(in_data.expired());
}

TEST_CASE(
    "every kind of message arrives as it was sent, from the session's thread and from others") {
  handing_server server;
  auto client = connect(server.server->url());
  const auto peer = server.next();
  const bool own_thread = GENERATE(true, false);
  const std::size_t size = GENERATE(0U, 10U, 70'000U, 1'000'000U);
  const std::string text(size, 'x');
  const byte_vector binary(size, std::byte{7});
  const auto send_all = [&] {
    CHECK_FALSE(peer.send(std::string_view{text}));
    CHECK_FALSE(peer.send(bytes_view{binary}));
    CHECK_FALSE(peer.send(std::string{text}));
    CHECK_FALSE(peer.send(byte_vector{binary}));
    CHECK_FALSE(peer.send(message_view{message_kind::text, as_bytes(text)}));
    CHECK_FALSE(peer.send(prepared_message{std::string_view{text}}));
    CHECK_FALSE(peer.send(prepared_message{bytes_view{binary}}));
  };
  if (own_thread) {
    mailbox<bool> sent;
    asio::post(peer.get_executor(), [&] {
      send_all();
      sent.put(true);
    });
    CHECK(sent.take());
  } else {
    send_all();
  }
  for (const bool is_text : {true, false, true, false, true, true, false}) {
    const auto message = client.read();
    REQUIRE(message);
    CHECK(message->is_text() == is_text);
    CHECK(message->payload.size() == size);
  }
  CHECK_FALSE(client.close());
}

TEST_CASE("a message that must not be sent is refused, on any thread",
          "[rfc-5.5][rfc-7.4][rfc-8.1]") {
  handing_server server;
  auto client = connect(server.server->url());
  const auto peer = server.next();
  const std::string bad = "\xC3";
  CHECK(peer.send(std::string_view{bad}) == errc::invalid_utf8);
  CHECK(peer.send(std::string{bad}) == errc::invalid_utf8);
  CHECK(peer.send(prepared_message{std::string_view{bad}}) == errc::invalid_utf8);
  CHECK(peer.ping(byte_vector(126)) == errc::control_too_long);
  CHECK(peer.close(close_code{1005}));
  CHECK(peer.close(close_code::normal, std::string(124, 'x')));
  CHECK(peer.is_open());
  CHECK_FALSE(peer.close(close_code{4000}, "bye"));
  CHECK_FALSE(client.read());
  CHECK(shown(client.close_reason()) == "closed{4000, clean, \"bye\"}");
}

TEST_CASE("many threads send at once: nothing is lost, and each thread's order is kept") {
  constexpr int threads = 8;
  constexpr int messages = 500;
  handing_server server;
  auto client = connect(server.server->url());
  const auto peer = server.next();
  std::vector<std::thread> crowd;
  for (int thread = 0; thread < threads; ++thread) {
    crowd.emplace_back([&peer, thread] {
      for (int i = 0; i < messages; ++i) {
        const auto text = std::to_string(thread) + ' ' + std::to_string(i);
        const auto ec = i % 3 == 0   ? peer.send(std::string_view{text})
                        : i % 3 == 1 ? peer.send(std::string{text})
                                     : peer.send(prepared_message{std::string_view{text}});
        if (ec) return;
      }
    });
  }
  std::vector<int> next(threads);
  for (int i = 0; i < threads * messages; ++i) {
    const auto message = client.read();
    if (!message) FAIL("the connection ended");
    const auto text = std::string{message->text()};
    const auto thread = static_cast<std::size_t>(std::stoi(text));
    if (std::stoi(text.substr(text.find(' '))) != next[thread]++) FAIL("out of order: " << text);
  }
  for (auto& thread : crowd) thread.join();
  CHECK(peer.statistics().messages_sent == threads * messages);
  CHECK_FALSE(client.close());
}

TEST_CASE("close from another thread comes after what was sent, close_now before it") {
  handing_server server;
  auto client = connect(server.server->url());
  const auto peer = server.next();
  SECTION("close") {
    for (int i = 0; i < 100; ++i) CHECK_FALSE(peer.send(std::string(10'000, 'x')));
    CHECK_FALSE(peer.close(close_code::going_away, "later"));
    int messages = 0;
    while (client.read()) ++messages;
    CHECK(messages == 100);
    CHECK(shown(client.close_reason()) == "closed{1001, clean, \"later\"}");
    CHECK(server.ends.take() == "closed{1001, clean}");
  }
  SECTION("close_now") {
    peer.close_now();
    CHECK(server.ends.take() == "closed{1006, the connection was ended from this side}");
    CHECK_FALSE(client.read());
    CHECK_FALSE(client.close_reason().clean);
  }
}

TEST_CASE("no handler is called inside a call of a handle") {
  mailbox<lines> story;
  lines notes;  // used only on the session's thread
  const std::string when = GENERATE("open", "message", "drained");
  const bool now = GENERATE(true, false);
  const auto act = [&](session& peer) {
    notes.emplace_back("before");
    if (now) {
      peer.close_now();
    } else {
      CHECK_FALSE(peer.close());
    }
    CHECK(peer.send("late") == errc::closed);
    CHECK(peer.ping() == errc::closed);
    peer.resume();
    notes.emplace_back("after");
  };
  const auto prepare = [&](server& made) {
    made.on_open([&](session& peer) {
      if (when == "open") act(peer);
      if (when != "drained") return;
      peer.on_drained([&, peer]() mutable { act(peer); });
      peer.send(std::string(2'000'000, 'x'));
    });
    made.on_message([&](session& peer, message_view) { act(peer); });
    made.on_close([&](session&, const closed&) {
      notes.emplace_back("close");
      story.put(notes);
    });
  };
  live_server server{prepare};
  std::error_code ec;
  auto client = connect(server.url(), ec);
  if (client && when == "message") (void)client->write("act");
  if (client) {
    while (client->read()) {
    }
  }
  CHECK(story.take() == lines{"before", "after", "close"});
}

TEST_CASE("closing the other sessions of a thread calls their handlers later") {
  mailbox<std::string> ends;
  std::vector<session> all;  // used only on the io thread
  const auto prepare = [&](server& made) {
    made.on_open([&](session& peer) { all.push_back(peer); });
    made.on_message([&](session&, message_view) {
      for (const auto& one : all) one.close_now();
      ends.put("asked " + std::to_string(all.size()));
    });
    made.on_close([&](session& peer, const closed&) {
      std::erase(all, peer);
      ends.put("one less");
    });
  };
  live_server server{prepare};
  std::vector<client_websocket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(connect(server.url()));
  CHECK_FALSE(clients[0].write("close"));
  CHECK(ends.take() == "asked 3");
  for (int i = 0; i < 3; ++i) CHECK(ends.take() == "one less");
}

TEST_CASE("a ping is answered, and its round trip is known") {
  mailbox<std::string> pongs;
  handing_server server{{}, [&](hawser::server& made) {
                          made.on_pong([&](session& peer, const pong& answer) {
                            const bool known = answer.round_trip && peer.statistics().round_trip;
                            pongs.put(text(answer.payload) + (known ? " known" : " unknown"));
                          });
                        }};
  auto client = connect(server.server->url());
  const auto peer = server.next();
  std::thread reader{[&] { (void)client.read(); }};
  CHECK_FALSE(peer.ping(as_bytes("are you there")));
  CHECK(pongs.take() == "are you there known");
  CHECK_FALSE(peer.close());
  reader.join();
}

TEST_CASE("a paused session reports nothing, then everything in order") {
  mailbox<std::string> got;
  handing_server server{{}, [&](hawser::server& made) {
                          made.on_message([&](session& peer, message_view view) {
                            got.put(std::string{view.text()});
                            if (view.text() == "pause") peer.pause();
                          });
                        }};
  auto client = connect(server.server->url());
  const auto peer = server.next();
  CHECK_FALSE(client.write("pause"));
  CHECK(got.take() == "pause");
  lines sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 100, 'x'));
    CHECK_FALSE(client.write(std::string_view{sent.back()}));
  }
  // Posts to the session's thread and waits for the result.
  mailbox<session_statistics> seen;
  asio::post(peer.get_executor(), [&] { seen.put(peer.statistics()); });
  CHECK(seen.take()->messages_received == 1);
  const bool at_once = GENERATE(true, false);
  if (!at_once) {
    peer.pause();
    peer.resume();
    peer.pause();
  }
  peer.resume();
  for (const auto& one : sent) CHECK(got.take() == one);
  CHECK_FALSE(client.close());
}

TEST_CASE("a paused session can be closed, and gets the answer") {
  handing_server server;
  auto client = connect(server.server->url());
  const auto peer = server.next();
  peer.pause();
  CHECK_FALSE(client.write("not reported"));
  CHECK_FALSE(peer.close());
  CHECK_FALSE(client.read());
  CHECK(shown(client.close_reason()) == "closed{1000, clean}");
  CHECK(server.ends.take() == "closed{1000, clean}");
}

TEST_CASE("a session knows its request, address, subprotocol and parameters, and what it did") {
  mailbox<lines> facts;
  server_options options;
  options.handshake.subprotocols = {"chat"};
  const auto prepare = [&](server& made) {
    made.route("/rooms/:id").on_message([&](session& peer, message_view view) {
      peer.data() = std::string{view.text()};
      peer.send(view);
      const auto done = peer.statistics();
      facts.put({std::string{peer.request().query()}, std::string{peer.parameter("id")},
                 std::string{peer.parameter("none")}, std::string{peer.subprotocol()},
                 std::any_cast<std::string>(peer.data()),
                 std::to_string(done.messages_received) + ' ' + std::to_string(done.bytes_received),
                 std::to_string(done.messages_sent) + ' ' + std::to_string(done.bytes_sent)});
    });
  };
  live_server server{prepare, options};
  connect_options wishes;
  wishes.handshake.subprotocols = {"other", "chat"};
  auto client = connect(server.url("/rooms/7%20a?x=y"), wishes);
  CHECK_FALSE(client.write("Hello"));
  CHECK(facts.take() == lines{"x=y", "7 a", "", "chat", "Hello", "1 5", "1 5"});
  CHECK(client.read());
  CHECK_FALSE(client.close());
}

}  // namespace
