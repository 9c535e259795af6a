// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/async_connect.hpp"

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/experimental/deferred.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/connecting.hpp"
#include "support/driven_client.hpp"
#include "support/heads.hpp"
#include "support/run_length_negotiator.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// Plays the server on a thread, which must check nothing: Catch is for one thread.
class acting {
 public:
  template <class Act>
  explicit acting(Act act) : thread_{std::move(act)} {}
  ~acting() { join(); }
  acting(const acting&) = delete;
  acting& operator=(const acting&) = delete;

  void join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

/// Its extension cannot be made.
struct failing_negotiator : run_length_negotiator {
  any_extension make(role, const extension_list&) const { throw std::runtime_error{"broken"}; }
};

/// The error of one connection.
std::error_code error_of_connecting(const std::string& url, const connect_options& options = {},
                                    response* refusal = nullptr) {
  asio::io_context context{1};
  connecting one;
  response none;
  async_connect(context, url, options, refusal != nullptr ? *refusal : none, one.handler());
  context.run();
  CHECK_FALSE(one.peer.is_open());
  return one.result.value();
}

TEST_CASE("async_connect() connects, talks and closes in a coroutine, on its executor") {
  stage server;
  lines received;
  acting far{[&] {
    auto peer = server.accept();
    const auto head = peer.receive_until("\r\n\r\n");
    peer.send(acceptance_of(head, "X-Room: 7\r\n"));
    received = peer.receive_frames(1);
    peer.send(frame_from(role::server, opcode::text, "aye"));
    received.push_back(peer.receive_frames(1).front());
    peer.send(close_from(role::server, 1000));
  }};
  asio::io_context context{1};
  bool done = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto peer = co_await async_connect(server.url(), asio::use_awaitable);
        CHECK(peer.is_open());
        CHECK(peer.response().header("X-Room") == "7");
        CHECK_FALSE(peer.is_secure());
        CHECK_FALSE(peer.peer_certificate());
        CHECK(peer.next_layer().tls() == nullptr);
        CHECK(peer.next_layer().lowest_layer().is_open());
        co_await peer.async_write("ahoy", asio::use_awaitable);
        message got;
        co_await peer.async_read(got, asio::use_awaitable);
        CHECK(got.text() == "aye");
        co_await peer.async_close(close_code::normal, asio::use_awaitable);
        done = true;
      },
      [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  context.run();
  CHECK(done);
  far.join();
  CHECK(received == lines{"text \"ahoy\"", "close 1000"});
}

TEST_CASE("async_connect() takes options and any completion token") {
  stage server;
  acting far{[&] {
    auto peer = server.open();
    peer.receive_all();
  }};
  asio::io_context context{1};
  const connect_options options{.cookie = "id=1", .extension = run_length_negotiator{}};
  const auto strand = asio::make_strand(context);
  const auto kind = GENERATE(0, 1, 2, 3);
  std::optional<async_client_websocket> peer;
  if (kind == 0) {
    auto waits = async_connect(context, server.url(), options, asio::use_future);
    run_until(context, [&] { return waits.wait_for(0s) == std::future_status::ready; });
    peer = waits.get();
  } else if (kind == 1) {
    auto later = async_connect(strand, server.url(), options, asio::experimental::deferred);
    std::move(later)([&](std::error_code ec, async_client_websocket connected) {
      CHECK_FALSE(ec);
      peer = std::move(connected);
    });
    run_until(context, [&] { return peer.has_value(); });
  } else if (kind == 2) {
    async_connect(server.url(), options,
                  asio::bind_executor(strand, [&](std::error_code ec, auto connected) {
                    CHECK_FALSE(ec);
                    CHECK(strand.running_in_this_thread());
                    peer = std::move(connected);
                  }));
    run_until(context, [&] { return peer.has_value(); });
  } else {
    asio::co_spawn(
        strand,
        [&]() -> asio::awaitable<void> {
          peer = co_await async_connect(strand, server.url(), options, asio::use_awaitable);
        },
        [](std::exception_ptr thrown) { CHECK_FALSE(thrown); });
    run_until(context, [&] { return peer.has_value(); });
  }
  REQUIRE(peer);
  CHECK(peer->is_open());
  peer.reset();
  context.restart();
  context.run();
  far.join();
  CHECK(line_in(server.head(), "Cookie") == "id=1");
}

TEST_CASE("async_connect() reports a refusal with its response") {
  stage server;
  const acting far{[&] { server.refuse(refusal_with(403, "X-Why: no\r\n")); }};
  response refusal;
  CHECK(error_of_connecting(server.url(), {}, &refusal) == errc::upgrade_refused);
  CHECK(refusal.status == 403);
  CHECK(refusal.header("X-Why") == "no");
}

TEST_CASE("async_connect() follows redirections") {
  stage here;
  stage there;
  acting far{[&] {
    here.refuse("HTTP/1.1 302 Found\r\nLocation: " + there.url("/b") +
                "\r\nContent-Length: 0\r\n\r\n");
    auto peer = there.open();
    peer.receive_all();
  }};
  asio::io_context context{1};
  connecting one;
  async_connect(context, here.url(), {.max_redirects = 1}, one.handler());
  run_until(context, [&] { return one.result.has_value(); });
  CHECK(one.result == std::error_code{});
  one.peer = {};
  context.restart();
  context.run();
  far.join();
  CHECK(there.head().starts_with("GET /b "));
}

TEST_CASE("async_connect() goes through a proxy") {
  stage proxy;
  std::string asked;
  acting far{[&] {
    auto peer = proxy.accept();
    asked = peer.receive_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 Yes\r\n\r\n");
    peer.send(acceptance_of(peer.receive_until("\r\n\r\n")));
    peer.receive_all();
  }};
  asio::io_context context{1};
  connecting one;
  async_connect(context, "ws://server.example:81/",
                {.proxy = "http://127.0.0.1:" + std::to_string(proxy.port())}, one.handler());
  run_until(context, [&] { return one.result.has_value(); });
  CHECK(one.result == std::error_code{});
  one.peer = {};
  context.restart();
  context.run();
  far.join();
  CHECK(asked.starts_with("CONNECT server.example:81 HTTP/1.1\r\n"));
}

TEST_CASE("an exception of the function that finds the proxy is the error of async_connect()") {
  const connect_options options{.proxy = [](const uri&) -> std::optional<proxy> {
    throw std::system_error{std::make_error_code(std::errc::permission_denied)};
  }};
  CHECK(error_of_connecting("ws://server.example/", options) == std::errc::permission_denied);
}

TEST_CASE("an extension that cannot be made ends async_connect() with upgrade_failed") {
  stage server;
  const acting far{[&] {
    auto peer = server.accept();
    const auto head = peer.receive_until("\r\n\r\n");
    peer.send(acceptance_of(head, "Sec-WebSocket-Extensions: run-length\r\n"));
    peer.receive_all();
  }};
  CHECK(error_of_connecting(server.url(), {.extension = failing_negotiator{}}) ==
        errc::upgrade_failed);
}

TEST_CASE("async_connect() refuses what it cannot use before anything is sent") {
  const auto [url, why] = GENERATE(table<std::string, errc>({
      {"", errc::bad_uri_scheme},
      {"http://127.0.0.1/", errc::bad_uri_scheme},
      {"ws://127.0.0.1:0/", errc::bad_uri_port},
      {"wss://127.0.0.1/", errc::unsupported_scheme},
  }));
  CHECK(error_of_connecting(url) == why);
}

TEST_CASE("a wss: URL without TLS is an error that names the missing header") {
  CHECK(error_of_connecting("wss://127.0.0.1/").message() ==
        "a wss: URL needs TLS: include hawser/tls.hpp");
}

TEST_CASE("async_connect() gives up after its timeouts") {
  SECTION("of the connection") {
    const deaf_port deaf;
    CHECK(error_of_connecting("ws://127.0.0.1:" + std::to_string(deaf.port()),
                              {.connect_timeout = 50ms}) == errc::connect_timeout);
  }
  SECTION("of the handshake") {
    stage server;
    CHECK(error_of_connecting(server.url(), {.handshake_timeout = 50ms}) ==
          errc::handshake_timeout);
  }
}

TEST_CASE("async_connect() never calls its handler before it returns") {
  asio::io_context context{1};
  connecting one;
  asio::post(context, [&] {
    async_connect(context, "nonsense", one.handler());
    CHECK_FALSE(one.result);
  });
  context.run();
  CHECK(one.result == errc::bad_uri_scheme);
}

TEST_CASE("async_connect() can be cancelled at any time") {
  asio::io_context context{1};
  asio::cancellation_signal signal;
  connecting one;
  stage server;
  const auto type = GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial,
                             asio::cancellation_type::terminal);
  SECTION("before it begins") {
    async_connect(context, server.url(),
                  asio::bind_cancellation_slot(signal.slot(), one.handler()));
    signal.emit(type);
    context.run();
  }
  SECTION("inside the opening handshake") {
    async_connect(context, server.url(),
                  asio::bind_cancellation_slot(signal.slot(), one.handler()));
    const acting far{[&] {
      auto peer = server.accept();
      peer.receive_until("\r\n\r\n");
      asio::post(context, [&] { signal.emit(type); });
      peer.receive_all();
    }};
    context.run();
  }
  CHECK(one.result == asio::error::operation_aborted);
  signal.emit(type);  // has no effect any more
}

TEST_CASE("a context may be destroyed while async_connect() runs") {
  stage server;
  const auto alive = std::make_shared<int>();
  {
    asio::io_context context{1};
    async_connect(context, server.url(), [alive](std::error_code, async_client_websocket) {});
    if (GENERATE(true, false)) context.run_one();
  }
  CHECK(alive.use_count() == 1);
}

}  // namespace
