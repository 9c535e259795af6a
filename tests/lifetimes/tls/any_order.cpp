// SPDX-License-Identifier: BSL-1.0

// Objects are destroyed in any order, over TLS.

#include <chrono>
#include <memory>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/tls/client.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/connect.hpp"
#include "hawser/tls/stream.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "lifetimes/order.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/secure_pair.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using echo = running_echo<tls_threaded_server>;

struct far_end {
  far_end() : server{short_timeouts(), server_with(test_server())} {}

  /// Short timeouts, so that the server does not wait for clients that are destroyed later.
  static threaded_server_options short_timeouts() {
    threaded_server_options options;
    options.connection.close_timeout = std::chrono::milliseconds{1};
    return options;
  }

  echo server;
};

things blocking_tls_scene() {
  far_end far;
  things all;
  const auto context = all.make<tls_client_context>(trusting_options());
  const auto one = all.make<client_websocket>(connect(far.server.url("wss"), *context));
  one->write("word");
  return all;
}

things client_scene(bool closed) {
  far_end far;
  things all;
  const auto secure = all.make<const tls_client_context>(trusting_options());
  const auto context = all.make<asio::io_context>(1);
  const auto one = all.make<tls_client>(*context, brisk_client(far.server.url("wss")), *secure);
  const auto kept = all.make<session>();
  bool is_open = false;
  bool is_closed = false;
  one->on_open([&](session& now) {
    *kept = now;
    is_open = true;
  });
  one->on_close([&](session&, const hawser::closed&) { is_closed = true; });
  one->start();
  run_until_done(*context, [&] { return is_open; });
  if (closed) {
    kept->close();
    run_until_done(*context, [&] { return is_closed; });
  }
  return all;
}

/// An async_websocket inside the handshake of TLS, or open.
things websocket_scene(bool open) {
  far_end far;
  things all;
  const auto context = all.make<asio::io_context>(1);
  const auto secure = all.make<tls_client_context>(trusting_options());
  using stream = tls_stream<tcp::socket>;
  tcp::socket near{*context};
  near.connect(loopback(far.server.server().port()));
  const auto one = all.make<async_websocket<stream>>(stream{std::move(near), *secure, "localhost"});
  bool is_open = false;
  one->next_layer().async_handshake([&](std::error_code) {
    one->async_connect(uri::decode("wss://localhost/").value(),
                       [&](std::error_code) { is_open = true; });
  });
  if (!open) return all;
  run_until_done(*context, [&] { return is_open; });
  const auto into = std::make_shared<message>();
  one->async_read(*into, [into](std::error_code) {});
  one->async_write("word", [](std::error_code) {});
  return all;
}

std::vector<named_scene> tls_scenes() {
  return {
      {"a blocking client", [] { return blocking_tls_scene(); }},
      {"an open client", [] { return client_scene(false); }},
      {"a closed client", [] { return client_scene(true); }},
      {"an open websocket", [] { return websocket_scene(true); }},
      {"a websocket that connects", [] { return websocket_scene(false); }},
  };
}

TEST_CASE("over TLS, handles, options and contexts may be destroyed in any order") {
  destroy_in_each_order(tls_scenes());
}

TEST_CASE("over TLS, objects made by a thread may be destroyed after it has ended, or last") {
  destroy_with_threads(tls_scenes());
}

std::vector<things> tls_late;

TEST_CASE("over TLS, static objects may be destroyed after those of the library") {
  for (const auto& one : tls_scenes()) tls_late.push_back(one.make());
}

TEST_CASE("over TLS, static objects may be destroyed before those of the library") {
  for (const auto& one : tls_scenes()) one.make();
  static std::vector<things> destroyed_early;
  for (const auto& one : tls_scenes()) destroyed_early.push_back(one.make());
}

}  // namespace
