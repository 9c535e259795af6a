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
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <openssl/ssl.h>

#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/stream.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
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

}  // namespace
