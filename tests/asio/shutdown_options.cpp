// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/shutdown_options.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

constexpr auto long_time = 24h;

TEST_CASE("a shutdown closes the sessions with its close code and reason", "[rfc-7.4.1]") {
  live_server server{[](hawser::server& made) { made.fallback(); }, {.threads = 2}};
  auto client = connect(server.url());
  server->shutdown({.code = close_code::service_restart, .reason = "new version"});
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::service_restart);
  CHECK(client.close_reason().reason == "new version");
  CHECK(server.returns());
}

TEST_CASE("a shutdown with a close code or a reason that must not be sent throws and does nothing",
          "[rfc-7.4]") {
  live_server server{[](hawser::server& made) { made.fallback(); }};
  const std::string long_reason(124, 'x');
  const auto bad = GENERATE_REF(values<shutdown_options>({
      {.code = close_code::abnormal},
      {.code = close_code{999}},
      {.reason = long_reason},
      {.reason = "\xff"},
  }));
  CHECK_THROWS_AS(server->shutdown(bad), std::system_error);
  CHECK_THROWS_AS(server->stop_on_signals(bad), std::system_error);
  CHECK_THROWS_AS(server->async_shutdown(bad, asio::use_future), std::system_error);
  CHECK_FALSE(refuses_clients(server->port()));
}

TEST_CASE("during the drain sessions continue, and new clients do not get in") {
  live_server server{[](hawser::server& made) {
    made.on_message([](session& peer, message_view view) { peer.send(view); });
  }};
  auto client = connect(server.url());
  raw_socket unfinished{server->port()};
  unfinished.send("GET / HTTP/1.1\r\n");
  server.await_connections(2);
  server->shutdown({.drain = long_time});
  CHECK(unfinished.receive_until("\r\n\r\n").starts_with("HTTP/1.1 503 "));
  unfinished.close();
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  CHECK_FALSE(client.write("still here"));
  const auto echo = client.read();
  REQUIRE(echo);
  CHECK(echo->text() == "still here");

  SECTION("the shutdown ends with the last session") { CHECK_FALSE(client.close()); }
  SECTION("a further shutdown can shorten it") {
    server->shutdown({.drain = long_time, .grace = long_time});
    server->shutdown({.code = close_code::service_restart, .drain = 0s});
    CHECK_FALSE(client.read());
    CHECK(client.close_reason().code == close_code::going_away);
  }
  CHECK(server.returns());
}

TEST_CASE("a coroutine that is at work when the server shuts down can send its answer") {
  std::promise<void> asked;
  std::promise<void> release;
  live_server server{[&](hawser::server& made) {
    made.on_session(
        [&, wait = release.get_future().share()](session peer) -> asio::awaitable<void> {
          while (co_await peer.receive()) {
            asked.set_value();
            asio::steady_timer timer{peer.get_executor()};
            while (wait.wait_for(0s) != std::future_status::ready) {
              timer.expires_after(1ms);
              co_await timer.async_wait(asio::use_awaitable);
            }
            CHECK_FALSE(peer.send("answer"));
          }
        });
  }};
  auto client = connect(server.url());
  CHECK_FALSE(client.write("question"));
  asked.get_future().wait();
  server->shutdown({.code = close_code::service_restart, .drain = long_time});
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  release.set_value();
  const auto answer = client.read();
  REQUIRE(answer);
  CHECK(answer->text() == "answer");
  server->shutdown();
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::service_restart);
  CHECK(server.returns());
}

TEST_CASE("what is not closed when the grace ends is ended") {
  const auto drain = GENERATE(0ms, 1ms);
  live_server server{[](hawser::server& made) { made.fallback(); }, {.threads = 2}};
  const auto silent = opened(server->port());
  server->shutdown({.drain = drain, .grace = GENERATE(0ms, 1ms)});
  CHECK(server.returns());
  CHECK(server->connections() == 0);
}

TEST_CASE("a further shutdown can shorten the grace") {
  live_server server{[](hawser::server& made) { made.fallback(); }};
  auto silent = opened(server->port());
  server->shutdown({.grace = long_time});
  // The Close frame: FIN and its opcode, and its code 1001 of two bytes.
  CHECK(silent.receive_bytes(4) == "\x88\x02\x03\xe9");
  server->shutdown({.grace = long_time});
  server->shutdown({.grace = 0s});
  CHECK(server.returns());
}

TEST_CASE("a second signal ends all connections at once") {
  live_server server{[](hawser::server& made) {
    made.fallback();
    made.stop_on_signals({.drain = GENERATE(0h, 24h), .grace = long_time});
  }};
  const auto silent = opened(server->port());
  std::raise(SIGTERM);
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  std::raise(SIGINT);
  CHECK(server.returns());
}

TEST_CASE("stop_on_signals() that is called again replaces the options, and one signal stays one") {
  live_server server{[](hawser::server& made) {
    made.fallback();
    made.stop_on_signals({.grace = 0s});
    made.stop_on_signals({.code = close_code::service_restart, .grace = long_time});
  }};
  auto client = connect(server.url());
  std::raise(SIGTERM);
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::service_restart);
  CHECK(client.close_reason().clean);
  CHECK(server.returns());
}

TEST_CASE("async_shutdown() completes when all connections have ended, on any context") {
  live_server server{[](hawser::server& made) { made.fallback(); }, {.threads = 2}};
  auto client = connect(server.url());
  std::future<void> future = server->async_shutdown({.drain = long_time}, asio::use_future);
  asio::io_context own;
  bool completed = false;
  asio::co_spawn(
      own,
      [&]() -> asio::awaitable<void> {
        co_await server->async_shutdown({.drain = 0s}, asio::use_awaitable);
        completed = true;
      },
      asio::detached);
  std::thread other{[&] { own.run(); }};
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::going_away);
  other.join();
  CHECK(completed);
  future.get();
  CHECK(server->connections() == 0);
  CHECK(server.returns());
}

TEST_CASE("async_shutdown() after the end completes too, and after its context's end throws") {
  std::optional<asio::io_context> context{std::in_place};
  server made{*context, {}};
  made.fallback();
  made.start();
  int completed = 0;
  const auto count = [&](std::error_code ec) {
    CHECK_FALSE(ec);
    ++completed;
  };
  made.async_shutdown({}, count);
  context->run();
  CHECK(completed == 1);
  made.async_shutdown({}, count);
  context->restart();
  context->run();
  CHECK(completed == 2);
  context.reset();
  made.shutdown();
  made.stop_accepting();
  CHECK_THROWS_AS(made.async_shutdown({}, count), std::system_error);
}

TEST_CASE("the completion of async_shutdown() is destroyed with its server, and not called") {
  asio::io_context context;
  std::optional<server> made{std::in_place, context, server_options{}};
  made->fallback();
  made->start();
  const auto turns = GENERATE(0, 1, 2);
  raw_socket silent{made->port()};
  while (made->connections() == 0) context.run_one();
  const auto owned = std::make_shared<int>();
  made->async_shutdown({.drain = long_time}, [owned](std::error_code) { FAIL_CHECK("called"); });
  for (int i = 0; i < turns; ++i) context.poll_one();
  made.reset();
  context.poll();
  CHECK(owned.use_count() == 1);
}

TEST_CASE("after stop_accepting() sessions continue, and clients are refused") {
  live_server server{[](hawser::server& made) {
    made.on_message([](session& peer, message_view view) { peer.send(view); });
  }};
  auto client = connect(server.url());
  server->stop_accepting();
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  server->stop_accepting();
  CHECK_FALSE(client.write("Hello"));
  CHECK(client.read());
  CHECK_FALSE(client.close());
  server->shutdown();
  CHECK(server.returns());
}

TEST_CASE("the shutdown hook is called once, before any Close frame, and may send") {
  int called = 0;
  mailbox<std::string> errors;
  mailbox<int> opened;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session&) { opened.put(1); });
                       made.on_error([&](session& of, const std::exception_ptr& error) {
                         CHECK_FALSE(of);
                         errors.put(exception_text(error));
                       });
                       made.on_shutdown([&] {
                         ++called;
                         made.broadcast(prepared_message{std::string_view{"bye"}});
                         made.shutdown({.drain = 0s});
                         throw std::runtime_error{"reported"};
                       });
                       CHECK_THROWS_AS(made.on_shutdown([] {}), std::logic_error);
                     },
                     {.threads = 2}};
  auto first = connect(server.url());
  auto second = connect(server.url());
  // A client may have its response before its session is open.
  REQUIRE(opened.take());
  REQUIRE(opened.take());
  server->shutdown({.drain = GENERATE(0h, 24h)});
  for (auto* const client : {&first, &second}) {
    CHECK(client->read()->text() == "bye");
    CHECK_FALSE(client->read());
    CHECK(client->close_reason().code == close_code::going_away);
  }
  CHECK(errors.take() == "reported");
  CHECK(server.returns());
  CHECK(called == 1);
}

TEST_CASE("the shutdown hook may destroy its server") {
  asio::io_context context;
  auto made = std::make_unique<server>(context, server_options{});
  made->on_shutdown([&] { made.reset(); });
  made->fallback();
  made->start();
  made->shutdown();
  context.run();
  CHECK_FALSE(made);
}

/// A server whose sessions are served by handlers or by coroutines, and how they ended.
struct either_kind {
  std::atomic<int> ended = 0;

  void serve(server& made, bool by_coroutine) {
    if (by_coroutine) {
      made.on_session([this](session peer) -> asio::awaitable<void> {
        while (const auto message = co_await peer.receive()) peer.send(message->text());
        ++ended;
      });
    } else {
      made.on_message([](session& peer, message_view view) { peer.send(view); });
      made.on_close([this](session&, const closed&) { ++ended; });
    }
  }
};

TEST_CASE("a shutdown treats a coroutine that waits in receive() as it does handlers") {
  const bool by_coroutine = GENERATE(false, true);
  either_kind served;
  SECTION("without a drain it ends at once, with the Close frame") {
    live_server server{[&](hawser::server& made) { served.serve(made, by_coroutine); }};
    auto client = connect(server.url());
    server->shutdown({.code = close_code::service_restart, .grace = long_time});
    CHECK_FALSE(client.read());
    CHECK(client.close_reason().code == close_code::service_restart);
    CHECK(client.close_reason().clean);
    CHECK(server.returns());
  }
  SECTION("it continues during the drain, and ends with it") {
    live_server server{[&](hawser::server& made) { served.serve(made, by_coroutine); }};
    auto client = connect(server.url());
    server->shutdown({.drain = long_time, .grace = long_time});
    CHECK(eventually([&] { return refuses_clients(server->port()); }));
    CHECK_FALSE(client.write("still here"));
    CHECK(client.read()->text() == "still here");
    server->shutdown({.grace = long_time});
    CHECK_FALSE(client.read());
    CHECK(client.close_reason().clean);
    CHECK(server.returns());
  }
  SECTION("the shutdown hook may close it while others continue") {
    live_server server{[&](hawser::server& made) {
      served.serve(made, by_coroutine);
      made.on_shutdown([&made] {
        made.for_each([](session& peer) {
          if (peer.request().path() == "/idle") peer.close(close_code::service_restart);
        });
      });
    }};
    auto idle = connect(server.url("/idle"));
    auto busy = connect(server.url("/busy"));
    server->shutdown({.drain = long_time, .grace = long_time});
    CHECK_FALSE(idle.read());
    CHECK(idle.close_reason().code == close_code::service_restart);
    CHECK_FALSE(busy.write("still here"));
    CHECK(busy.read()->text() == "still here");
    CHECK_FALSE(busy.close());
    CHECK(server.returns());
  }
  CHECK(eventually([&] { return served.ended > 0; }));
}

TEST_CASE("a coroutine that does not receive does not delay the end of its session") {
  std::promise<void> begun;
  mailbox<std::string> ended;
  std::optional<asio::steady_timer> never;
  live_server server{[&](hawser::server& made) {
    made.on_session([&](session peer) -> asio::awaitable<void> {
      begun.set_value();
      never.emplace(peer.get_executor(), long_time);
      std::error_code ec;
      co_await never->async_wait(asio::redirect_error(asio::use_awaitable, ec));
      never.reset();
    });
    made.on_close([&](session&, const closed& how) {
      ended.put(shown(how));
      never->cancel();
    });
  }};
  auto client = connect(server.url());
  begun.get_future().wait();
  server->shutdown({.grace = long_time});
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().clean);
  CHECK(ended.take() == "closed{1001, clean}");
}

}  // namespace
