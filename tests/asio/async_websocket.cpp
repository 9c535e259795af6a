// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/async_websocket.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/payloads.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;
using asio::redirect_error;
using asio::use_awaitable;
using tcp = asio::ip::tcp;

namespace {

static_assert(takes_every_payload<
              async_writing<async_websocket<asio::ip::tcp::socket>, asio::use_awaitable_t<>>>);

const std::string abort_text = std::error_code{asio::error::operation_aborted}.message();
const std::string is_closed = make_error_code(errc::closed).message();

const std::string good_request =
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Runs a coroutine to its end and passes on its exception.
template <class Body>
void run_coroutine(asio::io_context& io, Body body) {
  std::exception_ptr thrown;
  bool done = false;
  asio::co_spawn(io, std::move(body), [&](std::exception_ptr what) {
    thrown = std::move(what);
    done = true;
  });
  run_until(io, [&] { return done; });
  if (thrown) std::rethrow_exception(thrown);
}

template <class Stream>
asio::awaitable<void> echo_all(async_websocket<Stream>& peer) {
  message got;
  std::error_code ec;
  while (true) {
    co_await peer.async_read(got, redirect_error(use_awaitable, ec));
    if (ec) co_return;
    co_await peer.async_write(got, use_awaitable);
  }
}

// The conversation

TEST_CASE("the memory of a message is used again") {
  async_talk talk{role::client};
  message into;
  into.payload.reserve(1000);
  const auto* const memory = into.payload.data();
  talk.far().send(frame_from(role::server, opcode::binary, "one"));
  talk.far().send(frame_from(role::server, opcode::text, "three"));
  for (const auto* const expected : {"binary \"one\"", "text \"three\""}) {
    outcome_of reading;
    talk.near().async_read(into, reading.handler());
    talk.run();
    CHECK(reading.shown() == "done");
    CHECK(shown(into) == expected);
    CHECK(into.payload.data() == memory);
  }
}

TEST_CASE("several reads are served in the order in which they began") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role};
  message first;
  received_part second;
  message third;
  outcome_of one;
  outcome_of two;
  outcome_of three;
  talk.near().async_read(first, one.handler());
  talk.near().async_read_part(second, two.handler());
  talk.near().async_read(third, three.handler());
  const auto from = peer_of(own_role);
  talk.far().send(frame_from(from, opcode::text, "a") +
                  frame_from(from, opcode::text, "b", fin::no) +
                  frame_from(from, opcode::continuation, "c"));
  talk.run();
  CHECK(shown(first) == "text \"a\"");
  CHECK(shown(second) == "text part first \"b\"");
  CHECK(shown(third) == "text \"c\"");
  CHECK(three.shown() == "done");
}

TEST_CASE("any number of writes go out in order, each completing when the stream has taken it") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role, {}, {.max_write = 10, .capacity = 100}};
  std::vector<outcome_of> writes(5);
  lines expected;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const std::string text(90, static_cast<char>('a' + i));
    talk.near().async_write(text, writes[i].handler());
    CHECK(writes[i].pending());
    expected.push_back("text " + shown(as_bytes(text)));
  }
  talk.run();
  CHECK(writes[0].shown() == "done");
  CHECK(writes[1].shown() == "pending");
  for (int i = 0; i < 10; ++i) {
    talk.far().seen();
    talk.run();
  }
  for (const auto& each : writes) CHECK(each.shown() == "done");
  CHECK(talk.far().frames() == expected);
}

TEST_CASE("the answers to messages of one read leave in one write") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto half = frame_from(from, opcode::text, "begun");
  const bool ends_in_half = GENERATE(true, false);
  byte_vector wire;
  for (int i = 0; i < 32; ++i) wire = wire + frame_from(from, opcode::text, "message");
  if (ends_in_half) wire.insert(wire.end(), half.begin(), half.begin() + 5);
  async_talk talk{own_role};
  message got;
  int answered = 0;
  const std::function<void(std::error_code)> answer = [&](std::error_code ec) {
    if (ec) return;
    talk.near().async_write(got, [&](std::error_code) { ++answered; });
    talk.near().async_read(got, answer);
  };
  talk.near().async_read(got, answer);
  talk.run();
  const auto calls = talk.near().next_layer().calls();
  talk.far().send(wire);
  talk.run();
  CHECK(answered == 32);
  CHECK(talk.far().frames() == lines(32, "text \"message\""));
  CHECK(talk.near().next_layer().calls() - calls <= 4);
}

TEST_CASE("an answer to some of many messages does not wait for the rest of them") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  async_talk talk{own_role};
  talk.far().send(frame_from(from, opcode::text, "a") + frame_from(from, opcode::text, "b"));
  CHECK(talk.read() == "text \"a\"");
  outcome_of answer;
  talk.near().async_write("answer", answer.handler());
  talk.run();
  CHECK(answer.shown() == "done");
  CHECK(talk.far().frames() == lines{"text \"answer\""});
  CHECK(talk.read() == "text \"b\"");
}

// Back-pressure

TEST_CASE("nothing is read from the stream while no read is pending") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  async_talk talk{own_role};
  talk.far().send(frame_from(from, opcode::text, "a"));
  talk.run();
  CHECK_FALSE(talk.near().next_layer().is_reading());
  const auto unread = talk.far().unread();
  CHECK(unread > 0);
  CHECK(talk.read() == "text \"a\"");
  CHECK_FALSE(talk.near().next_layer().is_reading());
  const byte_vector flood = frame_from(from, opcode::binary, std::string(100'000, 'x'));
  for (int i = 0; i < 10; ++i) talk.far().send(flood);
  talk.run();
  CHECK(talk.far().unread() == 10 * flood.size());
}

TEST_CASE("a ping is answered while a read is pending, and not before", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  async_talk talk{own_role};
  talk.far().send(frame_from(from, opcode::ping, "1"));
  talk.run();
  CHECK(talk.far().frames().empty());
  message into;
  outcome_of reading;
  talk.near().async_read(into, reading.handler());
  talk.run();
  CHECK(talk.far().frames() == lines{"pong \"1\""});
  CHECK(reading.pending());
}

// Closing

TEST_CASE("async_close completes when both have closed and the stream has ended", "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool reads = GENERATE(true, false);
  async_talk talk{own_role};
  message into;
  outcome_of reading;
  outcome_of closing;
  outcome_of again;
  if (reads) talk.near().async_read(into, reading.handler());
  talk.near().async_close(close_code::normal, "bye", closing.handler());
  talk.near().async_close(close_code::going_away, again.handler());
  talk.run();
  CHECK(talk.far().frames() == lines{"close 1000 \"bye\""});
  talk.far().send(frame_from(peer_of(own_role), opcode::text, "too late") +
                  close_from(peer_of(own_role), 1000));
  talk.run();
  CHECK(closing.pending());
  CHECK(talk.far().over() == (own_role == role::server));
  talk.far().hang_up();
  talk.run();
  CHECK(closing.shown() == "done");
  CHECK(again.shown() == "done");
  if (reads) CHECK(reading.error() == errc::closed);
  CHECK(talk.far().over());
  CHECK(shown(talk.near().close_reason()) == "closed{1000, clean}");
}

TEST_CASE("close_now ends everything at once") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role, {}, {.capacity = 0}};
  message into;
  outcome_of reading;
  outcome_of writing;
  outcome_of closing;
  talk.near().async_read(into, reading.handler());
  talk.near().async_write("x", writing.handler());
  talk.near().async_close(close_code::normal, closing.handler());
  talk.near().close_now();
  CHECK(reading.pending());
  talk.run();
  CHECK(reading.error() == errc::closed);
  CHECK(writing.error() == errc::aborted);
  CHECK(closing.error() == errc::aborted);
  CHECK(shown(talk.near().close_reason()) ==
        "closed{1006, the connection was ended from this side}");
  talk.near().close_now();
}

TEST_CASE("a close does not wait for a peer that reads nothing") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role};
  talk.far().refuse();
  outcome_of write;
  outcome_of closing;
  talk.near().async_write("x", write.handler());
  talk.run();
  CHECK(write.error() == asio::error::broken_pipe);
  CHECK(talk.near().is_open());
  talk.near().async_close(closing.handler());
  talk.run();
  CHECK(closing.error() == asio::error::broken_pipe);
}

// Timeouts and cancellation

TEST_CASE("a read with a timeout completes, and the connection stays open") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role};
  const auto wire = frame_from(peer_of(own_role), opcode::text, "half of it");
  talk.far().send(byte_vector{wire.begin(), wire.begin() + 8});
  message into;
  received_part piece;
  outcome_of soon;
  outcome_of sooner;
  outcome_of later;
  talk.near().async_read(into, 30ms, soon.handler());
  talk.near().async_read_part(piece, 0ms, sooner.handler());
  talk.near().async_read(into, 1h, later.handler());
  run_until(talk.io(), [&] { return !soon.pending() && !sooner.pending(); });
  CHECK(soon.error() == errc::read_timeout);
  CHECK(sooner.error() == errc::read_timeout);
  CHECK(later.pending());
  talk.far().send(byte_vector{wire.begin() + 8, wire.end()});
  talk.run();
  CHECK(later.shown() == "done");
  CHECK(shown(into) == "text \"half of it\"");
}

TEST_CASE("a read that is cancelled at any byte of a conversation loses nothing") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                             asio::cancellation_type::total);
  const auto from = peer_of(own_role);
  const auto wire =
      frame_from(from, opcode::text, "Hel", fin::no) + frame_from(from, opcode::ping, "?") +
      frame_from(from, opcode::continuation, "lo") +
      frame_from(from, opcode::binary, std::string(130, 'x')) + close_from(from, 1000);
  const lines expected{"text \"Hello\"", "binary " + shown(as_bytes(std::string(130, 'x')))};
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    INFO("cut at " << cut);
    async_talk talk{own_role};
    lines story;
    const auto middle = wire.begin() + static_cast<std::ptrdiff_t>(cut);
    message into;
    const auto read_on = [&] {
      while (true) {
        asio::cancellation_signal signal;
        outcome_of reading;
        talk.near().async_read(into,
                               asio::bind_cancellation_slot(signal.slot(), reading.handler()));
        talk.run();
        if (reading.pending()) {
          signal.emit(type);
          CHECK(reading.pending());
          talk.run();
          CHECK(reading.shown() == abort_text);
          return;
        }
        if (reading.error()) return;
        story.push_back(shown(into));
        signal.emit(type);  // too late
      }
    };
    talk.far().send(byte_vector{wire.begin(), middle});
    read_on();
    talk.far().send(byte_vector{middle, wire.end()});
    read_on();
    talk.far().hang_up();
    talk.run();
    CHECK(story == expected);
    CHECK(talk.far().frames() == lines{"pong \"?\"", "close 1000"});
  }
}

TEST_CASE("a read that is cancelled before its handler runs leaves its message to the next one") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role};
  message into;
  outcome_of reading;
  asio::cancellation_signal signal;
  const auto from = peer_of(own_role);
  talk.far().send(frame_from(from, opcode::text, "a") + frame_from(from, opcode::text, "b") +
                  close_from(from, 1000));
  talk.near().async_read(into, asio::bind_cancellation_slot(signal.slot(), reading.handler()));
  while (into.text() != "a") REQUIRE(talk.io().poll_one() == 1);
  CHECK(reading.pending());
  signal.emit(asio::cancellation_type::total);
  talk.run();
  CHECK(reading.shown() == abort_text);
  CHECK(talk.read() == "text \"a\"");
  CHECK(talk.read() == "text \"b\"");
}

TEST_CASE("a part that a cancelled read leaves is the beginning of the next message or part") {
  const bool whole = GENERATE(true, false);
  async_talk talk{role::server};
  received_part piece;
  outcome_of reading;
  asio::cancellation_signal signal;
  talk.far().send(frame_from(role::client, opcode::text, "Hel", fin::no));
  talk.near().async_read_part(piece,
                              asio::bind_cancellation_slot(signal.slot(), reading.handler()));
  while (piece.text() != "Hel") REQUIRE(talk.io().poll_one() == 1);
  signal.emit(asio::cancellation_type::total);
  talk.run();
  CHECK(reading.shown() == abort_text);
  talk.far().send(frame_from(role::client, opcode::continuation, "lo"));
  if (whole) {
    CHECK(talk.read() == "text \"Hello\"");
  } else {
    for (const auto* expected : {"Hel", "lo"}) {
      outcome_of again;
      talk.near().async_read_part(piece, again.handler());
      talk.run();
      CHECK(again.shown() == "done");
      CHECK(piece.text() == expected);
    }
    CHECK(piece.last);
  }
}

TEST_CASE("any one of several reads can be cancelled") {
  const auto which = GENERATE(0u, 1u, 2u);
  async_talk talk{role::server};
  std::vector<message> into(3);
  std::vector<outcome_of> reads(3);
  asio::cancellation_signal signal;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == which) {
      talk.near().async_read(into[i],
                             asio::bind_cancellation_slot(signal.slot(), reads[i].handler()));
    } else {
      talk.near().async_read(into[i], reads[i].handler());
    }
  }
  signal.emit(asio::cancellation_type::total);
  talk.far().send(frame_from(role::client, opcode::text, "a") +
                  frame_from(role::client, opcode::text, "b"));
  talk.run();
  std::string got;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(reads[i].shown() == (i == which ? abort_text : "done"));
    got += into[i].text();
  }
  CHECK(got == "ab");
}

TEST_CASE("a cancelled write is sent nevertheless") {
  async_talk talk{role::server, {}, {.capacity = 3}};
  asio::cancellation_signal signal;
  outcome_of first;
  outcome_of second;
  talk.near().async_write("first", asio::bind_cancellation_slot(signal.slot(), first.handler()));
  talk.near().async_write("second", second.handler());
  signal.emit(asio::cancellation_type::total);
  talk.run();
  CHECK(first.pending());
  signal.emit(asio::cancellation_type::terminal);
  talk.run();
  CHECK(first.shown() == abort_text);
  for (int i = 0; i < 20; ++i) {
    talk.far().seen();
    talk.run();
  }
  CHECK(second.shown() == "done");
  CHECK(talk.far().frames() == lines{"text \"first\"", "text \"second\""});
}

TEST_CASE("a cancelled close continues") {
  async_talk talk{role::server};
  asio::cancellation_signal signal;
  outcome_of closing;
  talk.near().async_close(close_code::normal,
                          asio::bind_cancellation_slot(signal.slot(), closing.handler()));
  signal.emit(asio::cancellation_type::terminal);
  talk.run();
  CHECK(closing.shown() == abort_text);
  talk.far().send(close_from(role::client, 1000));
  talk.far().hang_up();
  talk.run();
  CHECK(talk.near().close_reason().clean);
}

// Lifetimes

TEST_CASE("all pending operations complete when an async_websocket is destroyed") {
  const auto own_role = GENERATE(role::client, role::server);
  async_talk talk{own_role, {}, {.capacity = 0}};
  message into;
  outcome_of reading;
  outcome_of writing;
  outcome_of closing;
  const bool closes = GENERATE(true, false);
  talk.near().async_read(into, reading.handler());
  talk.near().async_write("x", writing.handler());
  if (closes) talk.near().async_close(close_code::normal, closing.handler());
  talk.run();
  talk.destroy_near();
  CHECK(reading.pending());
  talk.io().restart();
  talk.io().run();  // returns because the context has no work
  CHECK(reading.shown() == abort_text);
  CHECK(writing.shown() == abort_text);
  CHECK(closing.shown() == (closes ? abort_text : "pending"));
  CHECK(talk.far().over());
}

TEST_CASE("the end of a context destroys pending operations, and coroutines with their websocket") {
  const auto state = std::make_shared<async_pipe_state>();
  auto life = std::make_shared<int>();
  std::weak_ptr<int> still = life;
  {
    asio::io_context io{1};
    asio::co_spawn(
        io,
        [&io, state, life = std::move(life)]() -> asio::awaitable<void> {
          async_websocket<async_pipe> peer{role::server, {io.get_executor(), state, 0}};
          co_await echo_all(peer);
        },
        asio::detached);
    io.poll();
    CHECK_FALSE(still.expired());
  }
  CHECK(still.expired());
}

TEST_CASE("an async_websocket can be moved while operations wait") {
  async_talk talk{role::client};
  message into;
  outcome_of reading;
  talk.near().async_read(into, reading.handler());
  auto moved = std::move(talk.near());
  talk.far().send(frame_from(role::server, opcode::text, "moved"));
  talk.run();
  CHECK(reading.shown() == "done");
  CHECK(moved.is_open());
  moved = async_websocket<async_pipe>{
      role::client, {talk.io().get_executor(), std::make_shared<async_pipe_state>(), 0}};
  CHECK(talk.far().over());
}

TEST_CASE("a handler may destroy the websocket, and start operations") {
  async_talk talk{role::client};
  message into;
  bool called = false;
  talk.near().async_read(into, [&](std::error_code) {
    called = true;
    talk.destroy_near();
  });
  talk.far().send(frame_from(role::server, opcode::text, "x") +
                  frame_from(role::server, opcode::text, "y"));
  talk.run();
  CHECK(called);
}

TEST_CASE("whichever call of the stream fails, everything completes") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  bool failed = true;
  std::size_t failing = 0;
  while (failed) {
    ++failing;
    INFO("call " << failing);
    async_talk talk{own_role, {}, {.max_read = 3, .max_write = 5, .failing_call = failing}};
    talk.far().send(frame_from(from, opcode::ping, "?") + frame_from(from, opcode::text, "Hello"));
    message into;
    outcome_of reading;
    outcome_of writing;
    outcome_of closing;
    talk.near().async_read(into, reading.handler());
    talk.near().async_write("text", writing.handler());
    talk.run();
    talk.near().async_close(close_code::normal, closing.handler());
    talk.run();
    talk.far().send(close_from(from, 1000));
    talk.far().hang_up();
    talk.run();
    CHECK_FALSE(reading.pending());
    CHECK_FALSE(writing.pending());
    CHECK_FALSE(closing.pending());
    CHECK(talk.near().next_layer().is_closed());
    failed = talk.near().next_layer().calls() >= failing;
    if (!failed) CHECK(shown(talk.near().close_reason()) == "closed{1000, clean}");
  }
  CHECK(failing > 10);
}

// Completion tokens

TEST_CASE("handlers that cannot be copied are called once, and never inside the call") {
  async_talk talk{role::server};
  int called = 0;
  talk.near().async_write("x", [&called, owned = std::make_unique<int>(7)](std::error_code ec) {
    CHECK_FALSE(ec);
    called += *owned;
  });
  CHECK(called == 0);
  talk.run();
  CHECK(called == 7);
}

TEST_CASE("a handler that is named is copied, and can be given again") {
  async_talk talk{role::server};
  int called = 0;
  std::function<void(std::error_code)> handler = [&](std::error_code) { ++called; };
  message into;
  talk.near().async_write("x", handler);
  talk.near().async_ping({}, handler);
  talk.near().async_read(into, handler);
  talk.near().async_read(into, 1h, handler);
  talk.near().async_close(close_code::normal, handler);
  CHECK(handler);
  talk.near().close_now();
  talk.run();
  CHECK(called == 5);
}

TEST_CASE("a future gets the error of the operation") {
  async_talk talk{role::server};
  auto good = talk.near().async_write("x", asio::use_future);
  auto bad = talk.near().async_write("\xFF", asio::use_future);
  talk.run();
  CHECK_NOTHROW(good.get());
  CHECK_THROWS_AS(bad.get(), std::system_error);
}

TEST_CASE("the default token of an executor need not be named") {
  using by_default = asio::use_awaitable_t<asio::any_io_executor>;
  using socket = by_default::as_default_on_t<asio::local::stream_protocol::socket>;
  asio::io_context io{1};
  socket here{io};
  socket there{io};
  asio::local::connect_pair(here, there);
  async_websocket<socket> near{role::client, std::move(here)};
  async_websocket<socket> far{role::server, std::move(there)};
  asio::co_spawn(io, echo_all(far), asio::detached);
  run_coroutine(io, [&]() -> asio::awaitable<void> {
    message got;
    co_await near.async_write("over a Unix socket");
    co_await near.async_read(got);
    CHECK(got.text() == "over a Unix socket");
    co_await near.async_write("again");
    co_await near.async_read(got, 1h);
    CHECK(got.text() == "again");
    co_await near.async_close(close_code::normal);
  });
  CHECK(near.close_reason().clean);
}

TEST_CASE("a coroutine is cancelled inside a read, and the next read has the message") {
  async_talk talk{role::server};
  asio::cancellation_signal signal;
  message into;
  std::error_code ec;
  bool done = false;
  asio::co_spawn(
      talk.io(),
      [&]() -> asio::awaitable<void> {
        co_await talk.near().async_read(into, redirect_error(use_awaitable, ec));
      },
      asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr&) { done = true; }));
  talk.run();
  signal.emit(asio::cancellation_type::terminal);
  talk.run();
  CHECK(done);
  CHECK(ec == asio::error::operation_aborted);
  talk.far().send(frame_from(role::client, opcode::text, "kept"));
  CHECK(talk.read() == "text \"kept\"");
}

TEST_CASE("async_read || timer gets every message, however often the timer is first") {
  using namespace asio::experimental::awaitable_operators;
  constexpr int most = 5000;
  async_talk talk{role::server};
  byte_vector wire;
  for (int i = 0; i < most; ++i) {
    wire = std::move(wire) + frame_from(role::client, opcode::text, std::to_string(i));
  }
  talk.far().send(wire);
  int received = 0;
  run_coroutine(talk.io(), [&]() -> asio::awaitable<void> {
    asio::steady_timer timer{talk.io()};
    message into;
    while (received < most) {
      timer.expires_after(0s);
      auto got =
          co_await (talk.near().async_read(into, use_awaitable) || timer.async_wait(use_awaitable));
      if (got.index() == 0 && into.text() == std::to_string(received)) ++received;
    }
  });
  CHECK(received == most);
}

TEST_CASE("handlers run on the executor they are bound to") {
  async_talk talk{role::server};
  asio::io_context other{1};
  bool called = false;
  talk.near().async_write("x", asio::bind_executor(other, [&](std::error_code) { called = true; }));
  talk.run();
  CHECK_FALSE(called);
  other.run();
  CHECK(called);
}

TEST_CASE(
    "a handler that runs where it is called is called in the stream's context, never elsewhere") {
  async_talk talk{role::server};
  std::optional<std::thread::id> caller;
  talk.near().async_write("x", asio::bind_executor(asio::system_executor{}, [&](std::error_code) {
                            caller = std::this_thread::get_id();
                          }));
  CHECK_FALSE(caller);
  talk.run();
  CHECK(caller == std::this_thread::get_id());
}

/// Counts the blocks that its copies have allocated.
template <class T>
struct counting_allocator {
  using value_type = T;
  explicit counting_allocator(int& counter) : count{&counter} {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) : count{other.count} {}
  T* allocate(std::size_t size) {
    ++total();
    ++*count;
    return std::allocator<T>{}.allocate(size);
  }
  void deallocate(T* memory, std::size_t size) {
    --*count;
    std::allocator<T>{}.deallocate(memory, size);
  }
  static int& total() {
    static int all = 0;
    return all;
  }
  friend bool operator==(const counting_allocator&, const counting_allocator&) = default;
  int* count;
};

struct allocating_handler {
  using allocator_type = counting_allocator<std::byte>;
  int* count;
  int* called;
  allocator_type get_allocator() const noexcept { return allocator_type{*count}; }
  void operator()(std::error_code) const {
    CHECK(*count == 0);  // the memory is freed before the handler runs
    ++*called;
  }
};

TEST_CASE("an operation lies in memory of its handler's allocator, given back before the call") {
  async_talk talk{role::server};
  int count = 0;
  int called = 0;
  message into;
  talk.near().async_read(into, allocating_handler{&count, &called});
  CHECK(count == 1);
  talk.far().send(frame_from(role::client, opcode::text, "x"));
  talk.run();
  CHECK(called == 1);
  CHECK(count == 0);
}

// With its opening handshake, over sockets

TEST_CASE("an async_websocket opens, talks and closes over TCP, on any executor") {
  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  const bool is_strand = GENERATE(true, false);
  const asio::any_io_executor executor =
      is_strand ? asio::any_io_executor{asio::make_strand(io)} : io.get_executor();
  const default_server_policy server_policy{.subprotocols = {"chat"}};
  const default_client_policy client_policy{.subprotocols = {"chat"}};
  std::string served;
  asio::co_spawn(
      executor,
      [&]() -> asio::awaitable<void> {
        async_websocket<tcp::socket> peer{co_await acceptor.async_accept(executor, use_awaitable)};
        co_await peer.async_accept(server_policy, use_awaitable);
        served = peer.subprotocol();
        co_await echo_all(peer);
      },
      asio::detached);
  async_websocket<tcp::socket> near{tcp::socket{executor}};
  CHECK_FALSE(near.is_open());
  CHECK(near.response().status == 0);
  run_coroutine(io, [&]() -> asio::awaitable<void> {
    co_await near.next_layer().async_connect(acceptor.local_endpoint(), use_awaitable);
    co_await near.async_connect(*uri::decode("ws://localhost/"), client_policy, use_awaitable);
    CHECK(near.is_open());
    CHECK(near.subprotocol() == "chat");
    CHECK(near.response().status == 101);
    CHECK(near.response().header("sec-websocket-protocol") == "chat");
    CHECK_FALSE(near.is_secure());
    CHECK_FALSE(near.peer_certificate());
    message got;
    for (std::size_t size = 1; size <= 1'000'000; size *= 10) {
      const std::string text(size, 'x');
      co_await near.async_write(text, use_awaitable);
      co_await near.async_read(got, use_awaitable);
      CHECK(got.text() == text);
    }
    co_await near.async_close(close_code::normal, use_awaitable);
  });
  CHECK(served == "chat");
  CHECK(shown(near.close_reason()) == "closed{1000, clean}");
}

TEST_CASE("websockets on strands of one context are served by several threads") {
  asio::io_context io{2};
  constexpr std::size_t pairs = 8;
  std::vector<std::unique_ptr<async_websocket<asio::local::stream_protocol::socket>>> peers;
  std::atomic<int> done = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    asio::local::stream_protocol::socket here{asio::make_strand(io)};
    asio::local::stream_protocol::socket there{asio::make_strand(io)};
    asio::local::connect_pair(here, there);
    using peer_type = async_websocket<asio::local::stream_protocol::socket>;
    auto& near = *peers.emplace_back(std::make_unique<peer_type>(role::client, std::move(here)));
    auto& far = *peers.emplace_back(std::make_unique<peer_type>(role::server, std::move(there)));
    asio::co_spawn(far.get_executor(), echo_all(far), asio::detached);
    asio::co_spawn(
        near.get_executor(),
        [&]() -> asio::awaitable<void> {
          message got;
          for (std::size_t size = 0; size < 100; ++size) {
            co_await near.async_write(std::string(size * size, 'x'), use_awaitable);
            co_await near.async_read(got, use_awaitable);
            if (got.payload.size() != size * size) co_return;
          }
          co_await near.async_close(close_code::normal, use_awaitable);
          if (near.close_reason().clean) ++done;
        },
        asio::detached);
  }
  std::thread other{[&] { io.run(); }};
  io.run();
  other.join();
  CHECK(done == pairs);
}

TEST_CASE("before the opening handshake an async_websocket is not connected") {
  asio::io_context io{1};
  async_websocket<async_pipe> peer{
      async_pipe{io.get_executor(), std::make_shared<async_pipe_state>(), 0}};
  message into;
  outcome_of reading;
  outcome_of writing;
  outcome_of closing;
  peer.async_read(into, reading.handler());
  peer.async_write("x", writing.handler());
  peer.async_close(close_code::normal, closing.handler());
  run_ready(io);
  CHECK(reading.error() == asio::error::not_connected);
  CHECK(writing.error() == asio::error::not_connected);
  CHECK(closing.error() == asio::error::not_connected);
}

TEST_CASE("an async_websocket opens once") {
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  async_websocket<async_pipe> peer{async_pipe{io.get_executor(), state, 0}};
  outcome_of opening;
  outcome_of again;
  outcome_of late;
  peer.async_accept(opening.handler());
  peer.async_accept(again.handler());
  far.send(good_request);
  far.send(frame_from(role::client, opcode::text, "early"));
  run_ready(io);
  CHECK(opening.shown() == "done");
  CHECK(again.error() == asio::error::already_started);
  CHECK(far.text().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
  peer.async_accept(late.handler());
  message into;
  outcome_of reading;
  peer.async_read(into, reading.handler());
  run_ready(io);
  CHECK(late.error() == asio::error::already_connected);
  CHECK(into.text() == "early");
}

TEST_CASE("an unfinished opening ends with the websocket, or by close_now") {
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  std::optional<async_websocket<async_pipe>> peer{async_pipe{io.get_executor(), state, 0}};
  outcome_of opening;
  peer->async_accept(opening.handler());
  const bool destroyed = GENERATE(true, false);
  destroyed ? peer.reset() : peer->close_now();
  io.run();
  CHECK(opening.shown() == abort_text);
  if (peer) CHECK_FALSE(peer->is_open());
}

/// Throws after the opening handshake.
struct policy_without_extension : default_server_policy {
  std::function<void()> raise;

  any_extension make_extension(const extension_list&) const {
    raise();
    return {};
  }
};

TEST_CASE("a policy that throws when the opening handshake is done ends the connection") {
  const bool lacks_memory = GENERATE(true, false);
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  async_websocket<async_pipe> peer{async_pipe{io.get_executor(), state, 0}};
  outcome_of opening;
  const auto raise = [=] { lacks_memory ? throw std::bad_alloc{} : throw 42; };
  peer.async_accept(policy_without_extension{{}, raise}, opening.handler());
  far.send(good_request);
  run_ready(io);
  REQUIRE_FALSE(opening.pending());
  CHECK(opening.error() == (lacks_memory ? errc::out_of_memory : errc::upgrade_failed));
  CHECK_FALSE(peer.is_open());
  CHECK(peer.next_layer().is_closed());
}

TEST_CASE("a decision may destroy its websocket and throw") {
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  std::optional<async_websocket<async_pipe>> peer{async_pipe{io.get_executor(), state, 0}};
  server_handshake<> handshake;
  outcome_of opening;
  const auto decide = [&](auto&) {
    peer.reset();
    throw 42;
  };
  peer->async_accept(handshake, decide, opening.handler());
  far.send(good_request);
  run_ready(io);
  CHECK(opening.shown() == abort_text);
}

}  // namespace
