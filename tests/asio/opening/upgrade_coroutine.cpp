// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/upgrade_coroutine.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

struct user {
  std::string name;
};

asio::awaitable<void> turn() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  timer.expires_after(0s);
  co_await timer.async_wait(asio::use_awaitable);
}

TEST_CASE("a coroutine accepts an upgrade with a subprotocol, header fields and data") {
  mailbox<std::string> names;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([](upgrade asked) -> asio::awaitable<upgrade_decision> {
      co_await turn();
      asked.data() = user{std::string{asked.request().query()}};
      co_return acceptance{.subprotocol = "b", .headers = {{"X-A", "1"}}};
    });
    made.on_open([&](session& peer) {
      names.put(peer.data<user>().name);
      CHECK_THROWS_AS(peer.data<int>(), bad_session_data);
      CHECK(peer.subprotocol() == "b");
    });
  }};
  raw_socket client{server->port()};
  client.send(upgrade_to("/?ada", "Sec-WebSocket-Protocol: a, b\r\n"));
  const auto answer = client.receive_until("\r\n\r\n");
  CHECK(status_of(answer) == 101);
  CHECK(answer.find("X-A: 1\r\n") != std::string::npos);
  CHECK(answer.find("Sec-WebSocket-Protocol: b\r\n") != std::string::npos);
  CHECK(names.take() == "ada");
}

TEST_CASE("a coroutine rejects an upgrade, and its exception gives 500 and is reported") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([](upgrade asked) -> asio::awaitable<upgrade_decision> {
      co_await turn();
      if (asked.request().path() == "/bad") throw std::runtime_error{"no database"};
      if (asked.request().path() == "/other") co_return acceptance{.subprotocol = "not offered"};
      co_return response{.status = 403};
    });
    made.on_error(
        [&](session&, const std::exception_ptr& thrown) { errors.put(exception_text(thrown)); });
  }};
  CHECK(status_for(server->port(), upgrade_to("/")) == 403);
  CHECK(status_for(server->port(), upgrade_to("/bad")) == 500);
  CHECK(errors.take() == "no database");
  CHECK(status_for(server->port(), upgrade_to("/other")) == 500);
  CHECK(errors.take());
}

/// Notes in a mailbox that its coroutine has ended.
struct ended {
  explicit ended(mailbox<std::string>& to) : notes{&to} {}
  ~ended() { notes->put("ended"); }
  ended(const ended&) = delete;
  ended& operator=(const ended&) = delete;
  mailbox<std::string>* notes;
};

TEST_CASE("a coroutine that takes longer than the handshake timeout is cancelled") {
  mailbox<std::string> notes;
  server_options options;
  options.handshake_timeout = 50ms;
  live_server server{[&](hawser::server& made) {
                       made.on_upgrade([&](upgrade) -> asio::awaitable<upgrade_decision> {
                         const ended note{notes};
                         asio::steady_timer timer{co_await asio::this_coro::executor};
                         timer.expires_after(1h);
                         co_await timer.async_wait(asio::use_awaitable);
                         co_return acceptance{};
                       });
                     },
                     options};
  CHECK(status_for(server->port(), upgrade_to("/")) == 408);
  CHECK(notes.take() == "ended");
}

TEST_CASE("a coroutine that decides ends with its server, and its client may have gone") {
  const bool gone = GENERATE(false, true);
  mailbox<std::string> notes;
  {
    live_server server{[&](hawser::server& made) {
      made.on_upgrade([&](upgrade) -> asio::awaitable<upgrade_decision> {
        const ended note{notes};
        notes.put("begun");
        asio::steady_timer timer{co_await asio::this_coro::executor};
        timer.expires_after(1h);
        co_await timer.async_wait(asio::use_awaitable);
        co_return acceptance{};
      });
    }};
    auto client = std::make_unique<raw_socket>(server->port());
    client->send(upgrade_to("/"));
    CHECK(notes.take() == "begun");
    if (gone) client.reset();
  }
  CHECK(notes.take() == "ended");
}

TEST_CASE("a coroutine that decides outlives a server on the caller's context, harmlessly") {
  mailbox<std::string> notes;
  asio::io_context context{1};
  {
    std::atomic<bool> begun = false;
    hawser::server server{context, {}};
    server.on_upgrade([&](upgrade) -> asio::awaitable<upgrade_decision> {
      const ended note{notes};
      begun = true;
      co_await turn();
      co_return acceptance{};
    });
    server.start();
    raw_socket client{server.port()};
    client.send(upgrade_to("/"));
    while (!begun) context.run_one();
  }
  context.run_for(soon);
  CHECK(notes.take() == "ended");
}

}  // namespace
