// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/quiet_opening.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/listen.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/server.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// Uses the sockets as streams, and counts them.
struct counted_streams {
  static constexpr bool client_speaks_first = true;

  std::shared_ptr<std::atomic<int>> made = std::make_shared<std::atomic<int>>(0);
  bool fails = false;

  template <class Socket>
  Socket operator()(Socket socket) const {
    ++*made;
    if (fails) throw std::system_error{std::make_error_code(std::errc::protocol_error)};
    return socket;
  }
};

/// A server that listens with such streams on a free port.
struct counting_server {
  explicit counting_server(counted_streams streams = {}, server_options options = {})
      : made{streams.made},
        server{[&](hawser::server& one) {
                 one.on_open([](session&) {});
                 port = one.listen(loopback(), streams).port();
               },
               std::move(options)} {}

  std::shared_ptr<std::atomic<int>> made;
  std::uint16_t port = 0;
  live_server server;
};

TEST_CASE("the stream of a client is made when its first byte is there", "[abuse]") {
  counting_server far;
  raw_socket client{far.port};
  raw_socket silent{far.port};
  far.server.await_connections(2);
  CHECK(*far.made == 0);
  client.send(upgrade_request);
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
  CHECK(*far.made == 1);
  CHECK(far.server->connections() == 2);
}

TEST_CASE("the handshake timeout ends a silent client, whose stream was never made", "[abuse]") {
  server_options options;
  options.handshake_timeout = 100ms;
  counting_server far{{}, options};
  raw_socket silent{far.port};
  CHECK(silent.receive_all().empty());
  CHECK(silent.ended());
  far.server.await_connections(0);
  CHECK(*far.made == 0);
}

TEST_CASE("a silent client that disconnects is removed") {
  counting_server far;
  {
    raw_socket silent{far.port};
    far.server.await_connections(1);
  }
  far.server.await_connections(0);
}

TEST_CASE("a server that shuts down drops its silent clients") {
  counting_server far;
  raw_socket silent{far.port};
  far.server.await_connections(1);
  far.server->shutdown({.grace = soon});
  CHECK(far.server.returns());
  CHECK(silent.receive_all().empty());
  CHECK(*far.made == 0);
}

TEST_CASE("a server is destroyed while clients are silent") {
  raw_socket silent = [] {
    counting_server far;
    raw_socket client{far.port};
    far.server.await_connections(1);
    return client;
  }();
  CHECK(silent.receive_all().empty());
}

TEST_CASE("a client whose stream cannot be made is dropped, and the next one is served") {
  counted_streams streams;
  streams.fails = true;
  counting_server far{streams};
  raw_socket client{far.port};
  client.send(upgrade_request);
  CHECK(client.receive_all().empty());
  far.server.await_connections(0);
  raw_socket plain = opened(far.server->port());
  far.server.await_connections(1);
}

TEST_CASE("the abandonment of a silent connection waits for a function that runs on its strand") {
  using strand_type = detail::exclusive_strand;
  using socket = asio::basic_stream_socket<tcp, strand_type>;
  asio::thread_pool pool{1};
  const strand_type strand{asio::make_strand(asio::any_io_executor{pool.get_executor()})};
  const auto one = std::make_shared<detail::quiet_opening<socket, counted_streams>>(
      socket{strand}, std::make_shared<counted_streams>(), "", nullptr,
      std::make_shared<detail::opening_settings>(), detail::io_registries{pool.get_executor()},
      detail::connection_places::place{});
  std::promise<void> running;
  std::promise<void> abandoned;
  std::atomic<bool> has_run = false;
  asio::post(strand, [&] {
    running.set_value();
    abandoned.get_future().wait_for(200ms);
    has_run = true;
  });
  running.get_future().wait();
  one->abandon();
  CHECK(has_run);
  abandoned.set_value();
  pool.join();
}

}  // namespace
