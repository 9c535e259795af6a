// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <asio/execution/context.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/query.hpp>

#include "failure/failing.hpp"
#include "failure/tls/openssl_memory.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/stream.hpp"
#include "hawser/tls/streams.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "hawser/tls/transport.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/live_server.hpp"
#include "support/sanitized.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;
using std::chrono::milliseconds;

namespace {

const tls_server_context& serving() {
  static const tls_server_context one = server_with(test_server());
  return one;
}

const tls_client_context& trusting() {
  static const tls_client_context one = trusting_client();
  return one;
}

/// Like fail_each_allocation(), but only every n-th allocation fails, because there are thousands of slow
/// ones, above all under sanitizers. HAWSER_FAILURE_STRIDE sets n; 1 means all. The attempt returns whether
/// an allocation has failed.
template <class Attempt>
std::size_t fail_allocations(std::size_t every, Attempt attempt) {
  const char* const asked = std::getenv("HAWSER_FAILURE_STRIDE");
  if (sanitized) every *= 11;
  if (asked != nullptr) every = std::strtoull(asked, nullptr, 10);
  for (std::size_t number = 1;; number += every) {
    if (!attempt(number)) return number - 1;
  }
}

/// The memory of OpenSSL and of the rest of the program, without what threads keep for reuse.
std::size_t all_held() {
  buffer_pool::clear();
  return openssl_holds() + heap_bytes();
}

/// One side of a conversation: TLS, the opening handshake, a message and its echo, the end. Returns the
/// error, if any.
std::error_code take_part(role own_role, memory_pipe end, const std::string& text,
                          milliseconds timeout) {
  std::error_code ec;
  const bool asks = own_role == role::client;
  auto secure = asks ? secure_pipe{std::move(end), trusting(), "localhost"}
                     : secure_pipe{std::move(end), serving()};
  secure.handshake(before_long(), ec);
  if (ec) return ec;
  opening_options options;
  options.connection.close_timeout = timeout;
  std::optional<websocket<secure_pipe>> peer;
  if (asks) {
    client_handshake<> handshake{*uri::decode("wss://localhost/")};
    peer = connect(std::move(secure), handshake, ec, options);
  } else {
    server_handshake<> handshake;
    peer = accept(std::move(secure), handshake, ec, options);
  }
  if (!peer) return ec;
  if (asks) {
    ec = peer->write(text);
    const auto answer = peer->read();
    if (ec) return ec;
    if (!answer) return peer->close_reason().error;
    return answer->text() == text ? peer->close() : std::make_error_code(std::errc::bad_message);
  }
  while (const auto message = peer->read()) {
    if ((ec = peer->write(*message))) return ec;
  }
  return peer->close_reason().error;
}

struct talk_result {
  std::error_code ec;
  bool thrown = false;
  bool happened = false;
};

/// Runs both sides. One allocation of this thread's side fails.
talk_result talk(role own_role, std::size_t number) {
  // A side that cannot write waits for the peer to end, so attempts with a failure have short timeouts.
  const auto timeout = number == failing::never ? milliseconds{soon} : milliseconds{20};
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  const std::string text(3000, 'x');
  talk_result result;
  std::thread other{[own_role, &text, timeout, end = std::move(there)]() mutable {
    take_part(own_role == role::client ? role::server : role::client, std::move(end), text,
              timeout);
  }};
  {
    const failing armed{number};
    try {
      result.ec = take_part(own_role, std::move(here), text, timeout);
    } catch (const std::bad_alloc&) {
      result.thrown = true;
    } catch (const std::system_error& error) {
      result.ec = error.code();
      result.thrown = true;
    }
  }
  result.happened = failing::happened();
  other.join();
  return result;
}

TEST_CASE("whichever allocation of a conversation over TLS fails, its caller gets an error",
          "[failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  for (int warm = 0; warm < 3; ++warm) REQUIRE_FALSE(talk(own_role, failing::never).ec);
  const auto before = all_held();
  std::size_t reported = 0;
  const auto count = fail_allocations(1, [&](std::size_t number) {
    const auto result = talk(own_role, number);
    // OpenSSL can continue after some failures; its output must then be valid.
    if (result.happened && (result.ec || result.thrown)) ++reported;
    CHECK(result.ec != std::errc::bad_message);
    return result.happened;
  });
  REQUIRE_FALSE(talk(own_role, failing::never).ec);
  CHECK(count > 500);
  CHECK(reported > 20);
  // A TLS session may be stored or not.
  CHECK(all_held() < before + 64 * 1024);
}

TEST_CASE("whichever allocation of a context fails, the constructor throws", "[failure]") {
  const bool serves = GENERATE(true, false);
  const auto make = [&] {
    if (serves) {
      (void)server_with(test_server());
    } else {
      (void)trusting_client();
    }
  };
  make();
  const auto before = all_held();
  const auto count = fail_allocations(7, [&](std::size_t number) {
    const failing armed{number};
    try {
      make();
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
    }
    return failing::happened();
  });
  make();
  CHECK(count > 100);
  CHECK(all_held() < before + 16 * 1024);
}

TEST_CASE("whichever allocation of a TLS stream fails, its SSL is freed once", "[failure]") {
  asio::io_context context;
  const bool serves = GENERATE(true, false);
  const auto make = [&] {
    if (serves) {
      (void)tls_stream<asio::ip::tcp::socket>{asio::ip::tcp::socket{context}, serving()};
    } else {
      (void)tls_stream<asio::ip::tcp::socket>{asio::ip::tcp::socket{context}, trusting(),
                                              "localhost"};
    }
  };
  make();
  const auto before = all_held();
  // The last ones are of the stream itself, after those of its SSL.
  const auto count = fail_each_allocation([&](std::size_t number) {
    const failing armed{number};
    try {
      make();
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error&) {
    }
  });
  CHECK(count > 10);
  // Less than an SSL.
  CHECK(all_held() < before + 1024);
}

/// The echo that a client receives, or the text of its error.
std::string ask(const std::string& url) {
  std::error_code ec;
  connect_options options;
  options.connection.close_timeout = milliseconds{20};
  auto peer = connect(url, trusting(), ec, options);
  if (!peer) return ec.message();
  peer->write("Hello");
  const auto answer = peer->read();
  const std::string received = answer ? std::string{answer->text()} : "nothing";
  peer->close();
  return received;
}

TEST_CASE(
    "whichever allocation of a threaded server with TLS fails, at most one client is affected",
    "[failure]") {
  std::atomic<bool> threw = false;
  threaded_server_options options;
  options.connection.close_timeout = milliseconds{20};
  tls_threaded_server server{options, server_with(test_server())};
  std::thread running{[&] {
    try {
      server.run([](auto& peer) {
        while (const auto message = peer.read()) peer.write(*message);
      });
    } catch (const std::exception&) {
      threw = true;
    }
  }};
  const auto url = "wss://localhost:" + std::to_string(server.port()) + '/';
  CHECK(ask(url) == "Hello");
  await_connections(server, 0);
  const auto count = fail_allocations(1, [&](std::size_t number) {
    {
      const failing_elsewhere armed{number};
      ask(url);
      await_connections(server, 0);
    }
    const bool happened = failing::happened();
    REQUIRE_FALSE(threw);
    if (number % 16 == 1) REQUIRE(ask(url) == "Hello");
    return happened;
  });
  CHECK(ask(url) == "Hello");
  CHECK(count > 200);
  server.shutdown();
  running.join();
}

TEST_CASE("whichever allocation of an event server with TLS fails, at most one client is affected",
          "[failure]") {
  server_options options;
  options.connection.close_timeout = milliseconds{20};
  server listening{options};
  asio::io_context* context = nullptr;
  listening.on_message([](session& peer, message_view message) { peer.send(message); });
  // A context with one thread needs no strand, which could not be created without memory. The first
  // client gives this test the context, which this thread runs from then on.
  listening.on_close([&](session& peer, const closed&) {
    if (context != nullptr) return;
    const auto executor = peer.get_executor();
    context = &static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    context->stop();
  });
  const asio::ip::tcp::endpoint any{asio::ip::make_address("127.0.0.1"), 0};
  const auto url =
      "wss://localhost:" +
      std::to_string(listening.listen(any, tls_streams{server_with(test_server())}).port()) + '/';
  std::thread own{[&] { listening.run(); }};
  std::thread first{[&] { ask(url); }};
  own.join();
  const auto serve_rest = [&] {
    context->restart();
    context->poll();
  };
  while (listening.connections() != 0) serve_rest();
  first.join();
  std::string thrown;
  // This thread runs the server, another one the client.
  const auto serve = [&](std::size_t number) {
    std::atomic<bool> done = false;
    std::string received;
    std::thread client{[&] {
      received = ask(url);
      done = true;
    }};
    {
      // Asio's TLS operations throw from run() if there is no memory to continue them.
      const failing armed{number, failing::of::all_but_asios};
      try {
        while (!done || listening.connections() != 0) serve_rest();
      } catch (const std::exception& error) {
        const sparing not_counted;
        thrown = error.what();
      }
    }
    // A client must not wait for a peer that has ended.
    if (!thrown.empty()) listening.shutdown();
    client.join();
    return received;
  };
  CHECK(serve(failing::never) == "Hello");
  const auto count = fail_allocations(11, [&](std::size_t number) {
    serve(number);
    const bool happened = failing::happened();
    REQUIRE(thrown.empty());
    if (number % 16 == 1) REQUIRE(serve(failing::never) == "Hello");
    return happened;
  });
  CHECK(serve(failing::never) == "Hello");
  CHECK(count > 200);
}

}  // namespace
