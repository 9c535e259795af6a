// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_waits.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/connect.hpp"
#include "support/async_talk.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/lone_session.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// A wait that records how it ended.
template <class Operation>
struct noted_wait final : Operation {
  using Operation::Operation;
  void complete(std::error_code ec) override {
    ended = true;
    error = ec;
  }
  void abandon() noexcept override { abandoned = true; }

  bool ended = false;
  bool abandoned = false;
  std::error_code error;
};

TEST_CASE("messages go to the waits for them, in order") {
  detail::session_waits waits;
  message first;
  message second;
  noted_wait<detail::read_operation> one{first};
  noted_wait<detail::read_operation> other{second};
  waits.add(one);
  waits.add(other);
  CHECK(waits.receiving());
  waits.deliver({message_kind::text, as_bytes("ahoy")});
  CHECK(one.ended);
  CHECK_FALSE(other.ended);
  CHECK(first.text() == "ahoy");
  waits.deliver({message_kind::binary, as_bytes("x")});
  CHECK(second.kind == message_kind::binary);
  CHECK_FALSE(waits.receiving());
}

TEST_CASE("the end ends every wait with errc::closed") {
  detail::session_waits waits;
  message into;
  noted_wait<detail::read_operation> receiving{into};
  noted_wait<detail::drain_operation> draining;
  waits.add(receiving);
  waits.add(draining);
  waits.end();
  CHECK(receiving.error == errc::closed);
  CHECK(draining.error == errc::closed);
}

TEST_CASE("a wait for queue capacity completes, and only one wait is cancelled") {
  detail::session_waits waits;
  message into;
  noted_wait<detail::read_operation> receiving{into};
  noted_wait<detail::drain_operation> draining;
  waits.add(receiving);
  waits.add(draining);
  waits.cancel(receiving);
  CHECK(receiving.error == asio::error::operation_aborted);
  CHECK_FALSE(draining.ended);
  waits.drained();
  CHECK(draining.ended);
  CHECK_FALSE(draining.error);
}

TEST_CASE("waits that are abandoned are never completed") {
  detail::session_waits waits;
  message into;
  noted_wait<detail::read_operation> receiving{into};
  waits.add(receiving);
  waits.abandon();
  CHECK(receiving.abandoned);
  CHECK_FALSE(receiving.ended);
}

// The waits of a session

/// A session that is served like that of a coroutine.
struct served_session : lone_session {
  served_session() {
    handlers.on_session = [](session) {};
    handlers.on_message = [](session&, message_view) { FAIL_CHECK("on_message is called"); };
  }
};

TEST_CASE("a message is read when a coroutine asks for it and not before") {
  served_session one;
  const auto peer = one.open();
  for (const auto* word : {"a", "b", "c"}) one.send(frame_from(role::client, opcode::text, word));
  one.context.poll();
  CHECK(peer.statistics().messages_received == 0);
  message into;
  for (const auto* expected : {"a", "b", "c"}) {
    outcome_of receiving;
    peer.async_receive(into, receiving.handler());
    CHECK(receiving.pending());
    run_ready(one.context);
    CHECK(receiving.shown() == "done");
    CHECK(into.text() == expected);
  }
  CHECK(peer.statistics().messages_received == 3);
  peer.close_now();
  one.run();
}

TEST_CASE("resuming a session that a coroutine serves has no effect") {
  served_session one;
  const auto peer = one.open();
  peer.resume();
  one.send(frame_from(role::client, opcode::text, "a"));
  run_ready(one.context);
  CHECK(peer.statistics().messages_received == 0);
  peer.close_now();
  one.run();
}

TEST_CASE("a receive that is cancelled takes no message") {
  served_session one;
  const auto peer = one.open();
  message into;
  outcome_of receiving;
  asio::cancellation_signal signal;
  peer.async_receive(into, asio::bind_cancellation_slot(signal.slot(), receiving.handler()));
  run_ready(one.context);
  CHECK(receiving.pending());
  signal.emit(asio::cancellation_type::total);
  run_ready(one.context);
  CHECK(receiving.error() == asio::error::operation_aborted);
  one.send(frame_from(role::client, opcode::text, "a"));
  run_ready(one.context);
  CHECK(peer.statistics().messages_received == 0);
  outcome_of again;
  peer.async_receive(into, again.handler());
  run_ready(one.context);
  CHECK(again.shown() == "done");
  CHECK(into.text() == "a");
  peer.close_now();
  one.run();
}

TEST_CASE(
    "a receive that is cancelled before its handler runs leaves its message to the next one") {
  const auto ending = GENERATE(false, true);
  served_session one;
  const auto peer = one.open();
  message into;
  outcome_of receiving;
  asio::cancellation_signal signal;
  one.send(frame_from(role::client, opcode::text, "a") +
           frame_from(role::client, opcode::text, "b") +
           (ending ? close_from(role::client, 1000) : byte_vector{}));
  peer.async_receive(into, asio::bind_cancellation_slot(signal.slot(), receiving.handler()));
  while (peer.statistics().messages_received == 0) REQUIRE(one.context.poll_one() == 1);
  CHECK(receiving.pending());
  signal.emit(asio::cancellation_type::terminal);
  if (ending) one.far.close();
  run_ready(one.context);
  CHECK(receiving.error() == asio::error::operation_aborted);
  signal.emit(asio::cancellation_type::terminal);
  for (const auto* expected : {"a", "b"}) {
    outcome_of again;
    peer.async_receive(into, again.handler());
    run_ready(one.context);
    CHECK(again.shown() == "done");
    CHECK(into.text() == expected);
  }
  peer.close_now();
  one.run();
}

TEST_CASE("receives that are cancelled give their messages back in order, also to a pending one") {
  served_session one;
  const auto peer = one.open();
  message into[3];
  outcome_of receives[3];
  asio::cancellation_signal signals[2];
  one.send(frame_from(role::client, opcode::text, "a") +
           frame_from(role::client, opcode::text, "b"));
  for (int i = 0; i < 2; ++i) {
    peer.async_receive(into[i],
                       asio::bind_cancellation_slot(signals[i].slot(), receives[i].handler()));
  }
  while (peer.statistics().messages_received < 2) REQUIRE(one.context.poll_one() == 1);
  CHECK(receives[0].pending());
  signals[0].emit(asio::cancellation_type::terminal);
  signals[1].emit(asio::cancellation_type::terminal);
  message last;
  outcome_of first;
  outcome_of second;
  peer.async_receive(last, first.handler());
  peer.async_receive(into[2], second.handler());
  run_ready(one.context);
  CHECK(first.shown() == "done");
  CHECK(last.text() == "a");
  CHECK(into[2].text() == "b");
  peer.close_now();
  one.run();
}

TEST_CASE("a receive that is given up with its context is not given back") {
  asio::cancellation_signal signal;
  message into;
  outcome_of receiving;
  session kept;
  {
    served_session one;
    kept = one.open();
    one.send(frame_from(role::client, opcode::text, "a"));
    kept.async_receive(into, asio::bind_cancellation_slot(signal.slot(), receiving.handler()));
    while (kept.statistics().messages_received == 0) REQUIRE(one.context.poll_one() == 1);
  }
  signal.emit(asio::cancellation_type::terminal);
  CHECK(receiving.pending());
}

TEST_CASE("a receive with a timeout reports a timeout or the end, and loses nothing") {
  served_session one;
  const auto peer = one.open();
  message into;
  const auto wire = frame_from(role::client, opcode::text, "half of it");
  one.send(byte_vector{wire.begin(), wire.begin() + 8});
  outcome_of soon;
  outcome_of zero;
  outcome_of later;
  peer.async_receive(into, 30ms, soon.handler());
  peer.async_receive(into, 0ms, zero.handler());
  peer.async_receive(into, 1h, later.handler());
  run_until(one.context, [&] { return !soon.pending() && !zero.pending(); });
  CHECK(soon.error() == errc::read_timeout);
  CHECK(zero.error() == errc::read_timeout);
  CHECK(later.pending());
  one.send(byte_vector{wire.begin() + 8, wire.end()});
  run_until(one.context, [&] { return !later.pending(); });
  CHECK(later.shown() == "done");
  CHECK(into.text() == "half of it");
  one.send(close_from(role::client, 1000));
  one.far.close();
  outcome_of end;
  peer.async_receive(into, 1h, end.handler());
  run_until(one.context, [&] { return !end.pending(); });
  CHECK(end.error() == errc::closed);
  one.run();
}

TEST_CASE("messages before a Close are received, then every wait ends, and later ones at once") {
  served_session one;
  const auto peer = one.open();
  message into;
  one.send(frame_from(role::client, opcode::text, "last") + close_from(role::client, 1000));
  outcome_of first;
  outcome_of second;
  peer.async_receive(into, first.handler());
  peer.async_receive(into, second.handler());
  run_ready(one.context);
  CHECK(first.shown() == "done");
  CHECK(into.text() == "last");
  CHECK(second.error() == errc::closed);
  outcome_of late;
  outcome_of drained;
  peer.async_receive(into, late.handler());
  peer.async_drained(drained.handler());
  CHECK(late.pending());
  one.far.close();
  one.run();
  CHECK(late.error() == errc::closed);
  CHECK(drained.error() == errc::closed);
  CHECK(one.story == lines{"open", "closed{1000, clean}"});
}

TEST_CASE("async_drained waits until the queued output is small, for any session") {
  const bool coroutine = GENERATE(true, false);
  lone_session one;
  if (coroutine) one.handlers.on_session = [](session) {};
  const auto peer = one.open();
  outcome_of at_once;
  peer.async_drained(at_once.handler());
  run_ready(one.context);
  CHECK(at_once.shown() == "done");

  const auto much = std::string(5'000'000, 'x');
  CHECK_FALSE(peer.send(much));
  outcome_of drained;
  outcome_of cancelled;
  asio::cancellation_signal signal;
  peer.async_drained(drained.handler());
  peer.async_drained(asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
  run_ready(one.context);
  CHECK(drained.pending());
  signal.emit(asio::cancellation_type::terminal);
  run_ready(one.context);
  CHECK(cancelled.error() == asio::error::operation_aborted);
  CHECK(drained.pending());
  one.take(much.size());
  run_ready(one.context);
  CHECK(drained.shown() == "done");
  CHECK(peer.buffered_bytes() <= send_budget{}.high / 2);
  // A session with handlers has continued to read.
  if (!coroutine) {
    one.send(frame_from(role::client, opcode::text, "a"));
    run_ready(one.context);
    CHECK(one.story == lines{"open", "text \"a\""});
  }
  peer.close_now();
  one.run();
}

TEST_CASE(
    "a session without a coroutine has nothing to receive, and its end completes waits for queue "
    "capacity") {
  lone_session one;
  const auto peer = one.open();
  message into;
  outcome_of receiving;
  outcome_of drained;
  peer.async_receive(into, receiving.handler());
  CHECK_FALSE(peer.send(std::string(5'000'000, 'x')));
  peer.async_drained(drained.handler());
  run_ready(one.context);
  CHECK(receiving.error() == errc::closed);
  CHECK(drained.pending());
  peer.close_now();
  one.run();
  CHECK(drained.error() == errc::closed);
}

// The waits of a server

TEST_CASE("a coroutine serves each session of a server, and its end closes the session") {
  mailbox<std::string> ends;
  live_server server{[&](hawser::server& made) {
    made.on_session([](session peer) -> asio::awaitable<void> {
      while (const auto got = co_await peer.receive()) {
        if (got->text() == "enough") co_return;
        peer.send(*got);
        const auto ec = co_await peer.drained();
        if (ec) co_return;
      }
    });
    made.on_close([&](session&, const closed& end) { ends.put(shown(end)); });
  }};
  auto one = connect(server.url());
  auto other = connect(server.url());
  for (int i = 0; i < 3; ++i) {
    for (auto* client : {&one, &other}) {
      CHECK_FALSE(client->write("ahoy"));
      const auto answer = client->read();
      REQUIRE(answer);
      CHECK(answer->text() == "ahoy");
    }
  }
  CHECK_FALSE(one.write("enough"));
  CHECK_FALSE(one.read());
  CHECK(shown(one.close_reason()) == "closed{1000, clean}");
  CHECK(ends.take() == "closed{1000, clean}");
  CHECK_FALSE(other.close());
  CHECK(ends.take() == "closed{1000, clean}");
}

TEST_CASE(
    "an exception of a coroutine closes its session with 1011, is reported, and affects no other "
    "session") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_session([](session peer) -> asio::awaitable<void> {
      while (const auto got = co_await peer.receive()) {
        if (got->text() == "bad") throw std::runtime_error{"no database"};
        peer.send(*got);
      }
    });
    made.on_error(
        [&](session&, const std::exception_ptr& what) { errors.put(exception_text(what)); });
  }};
  auto one = connect(server.url());
  auto other = connect(server.url());
  CHECK_FALSE(one.write("bad"));
  CHECK_FALSE(one.read());
  CHECK(one.close_reason().code == close_code::internal_error);
  CHECK(errors.take() == "no database");
  CHECK_FALSE(other.write("still here"));
  CHECK(other.read());
  CHECK_FALSE(other.close());
}

TEST_CASE("receive() || timer gets every message, however often the timer is first") {
  using namespace asio::experimental::awaitable_operators;
  constexpr int most = 5000;
  mailbox<std::string> results;
  live_server server{[&](hawser::server& made) {
    made.on_session([&](session peer) -> asio::awaitable<void> {
      asio::steady_timer timer{peer.get_executor()};
      int received = 0;
      int timeouts = 0;
      bool in_order = true;
      for (bool open = true; open;) {
        // The timer has expired when it is awaited, or expires at about the time of a message.
        timer.expires_after(std::chrono::microseconds{timeouts % 20});
        auto got = co_await (peer.receive() || timer.async_wait(asio::use_awaitable));
        if (got.index() == 1) {
          ++timeouts;
          continue;
        }
        open = std::get<0>(got).has_value();
        if (!open) break;
        in_order = in_order && std::get<0>(got)->text() == std::to_string(received);
        ++received;
      }
      results.put(std::to_string(received) + (in_order ? " in order" : " mixed"));
    });
  }};
  auto client = connect(server.url());
  for (int i = 0; i < most; ++i) REQUIRE_FALSE(client.write(std::to_string(i)));
  CHECK_FALSE(client.close());
  CHECK(results.take() == "5000 in order");
}

TEST_CASE("receive(timeout, ec) of a coroutine says why there is no message") {
  mailbox<std::string> results;
  live_server server{[&](hawser::server& made) {
    made.on_session([&](session peer) -> asio::awaitable<void> {
      std::error_code ec;
      auto got = co_await peer.receive(0ms, ec);
      results.put(got || ec != errc::read_timeout ? "?" : "timeout");
      peer.send("go on");
      got = co_await peer.receive(1h, ec);
      results.put(got && !ec ? std::string{got->text()} : "?");
      got = co_await peer.receive(1h, ec);
      results.put(got || ec != errc::closed ? "?" : "end");
    });
  }};
  auto client = connect(server.url());
  CHECK(results.take() == "timeout");
  CHECK(client.read());
  CHECK_FALSE(client.write("ahoy"));
  CHECK(results.take() == "ahoy");
  CHECK_FALSE(client.close());
  CHECK(results.take() == "end");
}

TEST_CASE("coroutines that wait end with their sessions when the server shuts down") {
  mailbox<std::string> ends;
  {
    live_server server{[&](hawser::server& made) {
      made.on_session([&](session peer) -> asio::awaitable<void> {
        while (co_await peer.receive()) {
        }
        ends.put("coroutine");
      });
    }};
    auto client = connect(server.url());
    std::thread reader{[&] { CHECK_FALSE(client.read()); }};
    server.await_connections(1);
    server->shutdown({.grace = soon});
    reader.join();
    CHECK(client.close_reason().code == close_code::going_away);
    CHECK(server.returns());
  }
  CHECK(ends.take() == "coroutine");
}

}  // namespace
