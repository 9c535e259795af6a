// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/async_connect.hpp"

#include <chrono>
#include <exception>
#include <optional>
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
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <openssl/ssl.h>

#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/connecting.hpp"
#include "support/driven_client.hpp"
#include "support/secure_pair.hpp"
#include "support/system_trust.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using echo = running_echo<tls_threaded_server>;

/// The error of one connection.
std::error_code error_of_connecting(const std::string& url, const connect_options& options = {}) {
  asio::io_context context{1};
  std::optional<std::error_code> result;
  async_connect(context, url, options,
                [&](std::error_code ec, const async_client_websocket&) { result = ec; });
  context.run();
  return result.value();
}

TEST_CASE("async_connect() connects to a wss: URL, talks and closes") {
  echo server{threaded_server_options{}, server_with(test_server())};
  asio::io_context context{1};
  bool done = false;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        auto peer = co_await async_connect(server.url("wss"), asio::use_awaitable);
        CHECK(peer.is_secure());
        CHECK(peer.peer_certificate()->verified);
        CHECK(peer.response().status == 101);
        CHECK(SSL_is_init_finished(peer.next_layer().tls()->native_handle()) == 1);
        CHECK(peer.next_layer().lowest_layer().is_open());
        message got;
        for (std::size_t size = 1; size <= 1'000'000; size *= 10) {
          const std::string text(size, 'x');
          co_await peer.async_write(text, asio::use_awaitable);
          co_await peer.async_read(got, asio::use_awaitable);
          CHECK(got.text() == text);
        }
        co_await peer.async_close(close_code::normal, asio::use_awaitable);
        CHECK(peer.close_reason().clean);
        done = true;
      },
      [](const std::exception_ptr& thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  context.run();
  CHECK(done);
  server.stop();
  CHECK(server.errors().empty());
}

TEST_CASE("async_connect() verifies the host") {
  const echo server{threaded_server_options{}, server_with(issue_for("DNS:elsewhere.example"))};
  CHECK(error_of_connecting(server.url("wss")).category() == certificate_category());
}

TEST_CASE("async_connect() with TLS gives up after the handshake's timeout") {
  stage silent;
  auto url = silent.url();
  CHECK(error_of_connecting(url.replace(0, 2, "wss"), {.handshake_timeout = 50ms}) ==
        errc::handshake_timeout);
}

TEST_CASE("async_connect() can be cancelled inside the TLS handshake") {
  stage server;
  auto url = server.url();
  asio::io_context context{1};
  asio::cancellation_signal signal;
  std::optional<std::error_code> result;
  async_connect(
      context, url.replace(0, 2, "wss"),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::error_code ec, const async_client_websocket&) { result = ec; }));
  std::thread far{[&] {
    auto peer = server.accept();
    peer.receive();
    asio::post(context, [&] { signal.emit(asio::cancellation_type::total); });
    peer.receive_all();
  }};
  context.run();
  far.join();
  CHECK(result == asio::error::operation_aborted);
}

TEST_CASE("a connection of async_connect() over TLS that is dropped leaves nothing behind") {
  echo server{threaded_server_options{}, server_with(test_server())};
  std::optional<async_client_websocket> peer;
  {
    asio::io_context context{1};
    async_connect(context, server.url("wss"),
                  [&](std::error_code ec, async_client_websocket connected) {
                    CHECK_FALSE(ec);
                    peer = std::move(connected);
                    context.stop();
                  });
    context.run();
    CHECK(peer->is_open());
  }
  CHECK_FALSE(peer->is_secure());
}

/// An authority that only the context of own_trust() trusts, and a server that has its certificate.
const issued& own_authority() {
  static const auto made = issue({.name = "own authority", .alternatives = "", .authority = true});
  return made;
}

tls_client_context own_trust() { return tls_client_context{trusting_options(own_authority())}; }

tls_server_context own_server() {
  return server_with(issue({.name = "own server", .issuer = &own_authority()}));
}

TEST_CASE("async_connect() trusts the authorities of its context", "[rfc-11.1.2]") {
  const echo server{threaded_server_options{}, own_server()};
  const auto url = server.url("wss");
  asio::io_context context{1};
  connecting one;
  response refusal;
  const connect_options options{.cookie = "id=1"};
  const auto on_context = [&] { return asio::bind_executor(context, one.handler()); };
  SECTION("on a context or an executor") {
    async_connect(context, url, own_trust(), one.handler());
  }
  SECTION("with options") { async_connect(context, url, own_trust(), options, one.handler()); }
  SECTION("with options in braces") {
    async_connect(context.get_executor(), url, own_trust(), {.cookie = "id=1"}, one.handler());
  }
  SECTION("with a place for the refusal") {
    async_connect(context, url, own_trust(), options, refusal, one.handler());
  }
  SECTION("on the handler's executor") { async_connect(url, own_trust(), on_context()); }
  SECTION("there with options") { async_connect(url, own_trust(), options, on_context()); }
  SECTION("there with options in braces and a place for the refusal") {
    async_connect(url, own_trust(), {.cookie = "id=1"}, refusal, on_context());
  }
  SECTION("in a coroutine") {
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          one.peer = co_await async_connect(url, own_trust(), options, asio::use_awaitable);
          one.result.emplace();
        },
        [](const std::exception_ptr& thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
  }
  while (!one.result) context.run_one();
  CHECK_FALSE(*one.result);
  CHECK(one.peer.is_secure());
  CHECK(one.peer.peer_certificate()->subject == "CN=own server");
  CHECK(one.peer.peer_certificate()->verified);
}

TEST_CASE("async_connect() refuses a server that its context does not trust", "[rfc-11.1.2]") {
  const echo own{threaded_server_options{}, own_server()};
  const echo of_system{threaded_server_options{}, server_with(test_server())};
  asio::io_context context{1};
  connecting without;
  connecting ignoring;
  async_connect(context, own.url("wss"), without.handler());
  async_connect(context, of_system.url("wss"), own_trust(), ignoring.handler());
  context.run();
  CHECK(without.result.value().category() == certificate_category());
  CHECK(ignoring.result.value().category() == certificate_category());
  CHECK_FALSE(ignoring.peer.is_open());
}

TEST_CASE("async_connect() with a context reports a refusal with its response") {
  const echo server{threaded_server_options{}, own_server()};
  asio::io_context context{1};
  connecting one;
  response refusal;
  connect_options strange;
  strange.handshake.origin = "http://attacker.example";
  async_connect(context, server.url("wss"), own_trust(), strange, refusal, one.handler());
  context.run();
  CHECK(one.result == errc::upgrade_refused);
  CHECK(refusal.status == 403);
}

TEST_CASE("async_connect() with a context connects to a ws: URL, too") {
  const running_echo<threaded_server> server{threaded_server_options{}};
  asio::io_context context{1};
  connecting one;
  async_connect(context, server.url("ws"), own_trust(), one.handler());
  while (!one.result) context.run_one();
  CHECK_FALSE(*one.result);
  CHECK_FALSE(one.peer.is_secure());
}

TEST_CASE("async_connect() sends the client certificate of its context", "[rfc8446-4.4.2]") {
  tls_threaded_server server{threaded_server_options{},
                             server_asking(client_certificates::required)};
  std::string asked_by;
  server.on_upgrade([&](auto& asked) {
    asked_by = asked.peer_certificate()->subject;
    asked.accept();
  });
  std::thread run{[&] { server.run([](auto& peer) { peer.read(); }); }};
  asio::io_context context{1};
  connecting one;
  const auto device = issue({.name = "device 7", .issuer = &test_authority()});
  async_connect(context, "wss://localhost:" + std::to_string(server.port()) + "/",
                client_showing(device), one.handler());
  while (!one.result) context.run_one();
  CHECK_FALSE(*one.result);
  CHECK(one.peer.is_open());
  one.peer = {};  // closes the socket
  context.run();
  server.shutdown();
  run.join();
  CHECK(asked_by == "CN=device 7");
}

TEST_CASE("async_connect() with a context can be cancelled inside the TLS handshake") {
  stage server;
  auto url = server.url();
  asio::io_context context{1};
  asio::cancellation_signal signal;
  connecting one;
  async_connect(context, url.replace(0, 2, "wss"), own_trust(),
                asio::bind_cancellation_slot(signal.slot(), one.handler()));
  std::thread far{[&] {
    auto peer = server.accept();
    peer.receive();
    asio::post(context, [&] { signal.emit(asio::cancellation_type::total); });
    peer.receive_all();
  }};
  context.run();
  far.join();
  CHECK(one.result == asio::error::operation_aborted);
  CHECK_FALSE(one.peer.is_open());
}

TEST_CASE("a second async_connect() with a context resumes the session of the first") {
  const echo server{threaded_server_options{}, own_server()};
  const auto trusting = own_trust();
  const auto resumes = [&] {
    asio::io_context context{1};
    bool resumed = false;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          auto peer = co_await async_connect(server.url("wss"), trusting, asio::use_awaitable);
          resumed = SSL_session_reused(peer.next_layer().tls()->native_handle()) == 1;
          co_await peer.async_close(close_code::normal, asio::use_awaitable);
        },
        [](const std::exception_ptr& thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
    context.run();
    return resumed;
  };
  CHECK_FALSE(resumes());
  CHECK(resumes());
}

}  // namespace
