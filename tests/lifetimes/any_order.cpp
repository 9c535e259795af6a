// SPDX-License-Identifier: BSL-1.0

// Handles, options and contexts are destroyed in any order, at thread end and at exit.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/reconnecting_websocket.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "lifetimes/order.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Opens a connection for a client that `run` runs.
template <class Run>
raw_socket& open(stage& server, Run run) {
  std::optional<raw_socket> peer;
  std::thread far{[&] { peer.emplace(server.open()); }};
  run();
  far.join();
  return keep_far_end(std::move(*peer));
}

enum class served { by_handlers, by_coroutine, by_owners };

/// A client, its context and its session, which is open or closed.
things client_scene(bool closed, served how) {
  stage server;
  things all;
  const auto context = all.make<asio::io_context>(1);
  const auto one = std::make_shared<client>(*context, brisk_client(server.url()));
  // A client that is owned by its own handlers is destroyed with its context.
  if (how != served::by_owners) all.add(one);
  const auto kept = all.make<session>();
  bool is_open = false;
  bool is_closed = false;
  one->on_open([&is_open, kept, owner = how == served::by_owners ? one : nullptr](session& now) {
    *kept = now;
    now.data() = now;
    now.on_drained([now] {});
    is_open = true;
  });
  one->on_close([&](session&, const hawser::closed&) { is_closed = true; });
  if (how == served::by_coroutine) {
    one->on_session([kept](session now) -> asio::awaitable<void> {
      while (co_await now.receive()) {
      }
    });
  }
  one->start();
  auto& peer = open(server, [&] { run_until_done(*context, [&] { return is_open; }); });
  if (closed) {
    peer.hang_up();
    run_until_done(*context, [&] { return is_closed; });
  }
  return all;
}

/// A client that waits for a server or for its next attempt.
things waiting_client_scene(bool connecting) {
  stage server;
  things all;
  const auto context = all.make<asio::io_context>(1);
  auto options = brisk_client(server.url());
  options.reconnect->base = options.reconnect->cap = std::chrono::hours{1};
  const auto one = all.make<client>(*context, options);
  int attempts = 0;
  one->on_reconnecting([&](auto...) { ++attempts; });
  one->start();
  if (connecting) {
    std::optional<raw_socket> peer;
    std::thread far{[&] {
      peer.emplace(server.accept());
      peer->receive_until("\r\n\r\n");
      context->stop();
    }};
    context->run();
    far.join();
    keep_far_end(std::move(*peer));
  } else {
    std::thread far{[&] {
      server.refuse(refusal_with(503));
      server.refuse(refusal_with(503));
    }};
    run_until_done(*context, [&] { return attempts == 2; });
    far.join();
  }
  return all;
}

using strand = asio::strand<asio::io_context::executor_type>;

template <class Executor>
Executor executor_of(asio::io_context& context) {
  if constexpr (std::is_same_v<Executor, strand>) {
    return asio::make_strand(context);
  } else {
    return context.get_executor();
  }
}

/// An async_websocket with pending operations, whose handlers may own it.
template <class Executor>
things websocket_scene(bool owned) {
  using socket = asio::basic_stream_socket<tcp, Executor>;
  stage server;
  things all;
  const auto context = all.make<asio::io_context>(1);
  socket near{executor_of<Executor>(*context)};
  near.connect(loopback(server.port()));
  const auto one = std::make_shared<async_websocket<socket>>(std::move(near));
  if (!owned) all.add(one);
  bool is_open = false;
  one->async_connect(uri::decode("ws://localhost/").value(),
                     [&](std::error_code) { is_open = true; });
  open(server, [&] { run_until_done(*context, [&] { return is_open; }); });
  const auto keeper = owned ? one : nullptr;
  const auto into = std::make_shared<message>();
  one->async_read(*into, [keeper, into](std::error_code) {});
  one->async_read(*into, std::chrono::hours{1}, [keeper, into](std::error_code) {});
  one->async_write(std::string(10'000'000, 'x'), [keeper](std::error_code) {});
  one->async_close(close_code::normal, [keeper](std::error_code) {});
  context->poll();
  return all;
}

/// An async_websocket whose opening handshake is pending.
things opening_websocket_scene() {
  stage server;
  things all;
  const auto context = all.make<asio::io_context>(1);
  tcp::socket near{*context};
  near.connect(loopback(server.port()));
  const auto one = all.make<async_websocket<tcp::socket>>(std::move(near));
  one->async_connect(uri::decode("ws://localhost/").value(), [](std::error_code) {});
  context->poll();
  keep_far_end(server.accept());
  return all;
}

things blocking_scene() {
  stage server;
  things all;
  open(server, [&] { all.make<client_websocket>(connect(server.url())); });
  return all;
}

things reconnecting_scene() {
  stage server;
  things all;
  const auto one = all.make<reconnecting_websocket>(brisk_client(server.url()));
  std::thread far{[&] {
    auto& peer = keep_far_end(server.open());
    peer.send(frame_from(role::server, opcode::text, "word"));
  }};
  one->read();
  far.join();
  return all;
}

things threaded_server_scene() {
  things all;
  threaded_server_options options;
  options.connection.close_timeout = std::chrono::milliseconds{1};
  const auto one = all.make<threaded_server>(options);
  std::thread runner{[&] {
    one->run([](auto& peer) {
      while (peer.read()) {
      }
    });
  }};
  all.make<client_websocket>(connect(url_at(one->port())));
  one->shutdown();
  runner.join();
  return all;
}

things values_scene() {
  things all;
  const auto text = all.make<prepared_message>("text");
  all.make<prepared_message>(*text);
  const auto options = all.make<client_options>(brisk_client("ws://127.0.0.1/"));
  all.make<client_options>(*options);
  const auto error = all.make<std::error_code>(errc::closed);
  // Even its text is valid while other static objects are destroyed.
  all.add(std::shared_ptr<void>{nullptr, [ec = *error](void*) { (void)ec.message(); }});
  return all;
}

std::vector<named_scene> scenes() {
  using plain = asio::io_context::executor_type;
  return {
      {"an open client", [] { return client_scene(false, served::by_handlers); }},
      {"a closed client", [] { return client_scene(true, served::by_handlers); }},
      {"a client served by a coroutine", [] { return client_scene(false, served::by_coroutine); }},
      {"a closed one so served", [] { return client_scene(true, served::by_coroutine); }},
      {"a client that its handlers own", [] { return client_scene(false, served::by_owners); }},
      {"a closed one so owned", [] { return client_scene(true, served::by_owners); }},
      {"a client that connects", [] { return waiting_client_scene(true); }},
      {"a client that waits", [] { return waiting_client_scene(false); }},
      {"a websocket", [] { return websocket_scene<plain>(false); }},
      {"a websocket on a strand", [] { return websocket_scene<strand>(false); }},
      {"a websocket on any executor", [] { return websocket_scene<asio::any_io_executor>(false); }},
      {"a websocket that its handlers own", [] { return websocket_scene<strand>(true); }},
      {"a websocket that connects", [] { return opening_websocket_scene(); }},
      {"a blocking client", [] { return blocking_scene(); }},
      {"a reconnecting client", [] { return reconnecting_scene(); }},
      {"a threaded server", [] { return threaded_server_scene(); }},
      {"values", [] { return values_scene(); }},
  };
}

TEST_CASE("handles, options and contexts may be destroyed in any order") {
  destroy_in_each_order(scenes());
}

TEST_CASE("objects made by a thread may be destroyed after it has ended, or last") {
  destroy_with_threads(scenes());
}

// Each test is a program of its own. These continue after it has returned from main.

std::vector<things> destroyed_late;

TEST_CASE("static objects may be destroyed after those of the library") {
  for (const auto& one : scenes()) destroyed_late.push_back(one.make());
}

TEST_CASE("static objects may be destroyed before those of the library") {
  for (const auto& one : scenes()) one.make();
  static std::vector<things> destroyed_early;
  for (const auto& one : scenes()) destroyed_early.push_back(one.make());
}

}  // namespace
