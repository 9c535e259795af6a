// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

void echo(server& made) {
  made.on_message([](session& peer, message_view view) { peer.send(view); });
}

/// Sends a text and returns the echo.
std::string echoed(client_websocket& peer, std::string_view words) {
  if (peer.write(words)) return "not sent";
  const auto answer = peer.read();
  return answer ? std::string{answer->text()} : "the end";
}

/// Reads until the end, and returns it as text.
std::string end_of(client_websocket& peer) {
  while (peer.read()) {
  }
  return shown(peer.close_reason());
}

// The same for every kind of server

TEMPLATE_TEST_CASE("a server listens on a free port and serves each client", "", event_echo,
                   threaded_echo) {
  TestType server;
  CHECK(server.port() != 0);
  auto first = connect(url_of(server));
  auto second = connect(url_of(server));
  CHECK_FALSE(first.write("first"));
  CHECK(echoed(second, "second") == "second");
  CHECK(first.read()->text() == "first");
  CHECK(server.connections() == 2);
  CHECK_FALSE(first.close());
  CHECK(shown(first.close_reason()) == "closed{1000, clean}");
  CHECK(server.ends.take() == "closed{1000, clean}");
}

TEMPLATE_TEST_CASE("a client over the connection limit gets 503, and a later one is served again",
                   "[abuse]", event_echo, threaded_echo) {
  TestType server{{.max_connections = 2}};
  auto first = connect(url_of(server));
  raw_socket second{server.port()};  // sends nothing, but counts
  await_connections(server, 2);
  for (int i = 0; i < 4; ++i) {
    std::error_code ec;
    response refusal;
    CHECK_FALSE(connect(url_of(server), ec, {}, &refusal));
    CHECK(ec == errc::upgrade_refused);
    CHECK(refusal.status == 503);
  }
  CHECK_FALSE(first.close());
  await_connections(server, 1);
  CHECK(echoed(first = connect(url_of(server)), "Hello") == "Hello");
}

TEMPLATE_TEST_CASE("a server that stops closes open connections with 1001", "[rfc-7.4.1]",
                   event_echo, threaded_echo) {
  TestType server;
  auto client = connect(url_of(server));
  server.stop();
  CHECK(end_of(client) == "closed{1001, clean}");
  CHECK(server.ends.take() == "closed{1001, clean}");
  CHECK(server.returns());
  CHECK(server.connections() == 0);
  server.stop();
}

TEMPLATE_TEST_CASE("a signal stops a server after stop_on_signals()", "", event_echo,
                   threaded_echo) {
  const auto signal = GENERATE(SIGINT, SIGTERM);
  TestType server;
  server.stop_on_signals();
  auto client = connect(url_of(server));
  std::raise(signal);
  CHECK(end_of(client) == "closed{1001, clean}");
  CHECK(server.returns());
}

TEMPLATE_TEST_CASE("clients that reset, hang up or break the protocol affect no others", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server;
  auto other = connect(url_of(server));
  {
    auto client = opened(server.port());
    client.socket().set_option(asio::socket_base::linger{true, 0});
    client.socket().close();
    CHECK(server.ends.take() == "closed{1006, Connection reset by peer}");
  }
  {
    auto client = opened(server.port());
    client.hang_up();
    CHECK(server.ends.take() == "closed{1006, the peer ended the stream without a Close frame}");
  }
  {
    auto client = opened(server.port());
    client.send(header_from(role::client, 2, 1000));
    client.hang_up();
    CHECK(server.ends.take() == "closed{1006, the stream ended inside a message}");
  }
  {
    auto client = opened(server.port());
    client.send("83 80 00 00 00 00"_b);
    CHECK(frames_shown(client.receive_all()) == lines{"close 1002 \"the opcode is reserved\""});
    CHECK(client.ended());
    client.hang_up();
    CHECK(server.ends.take() == "closed{1002, the opcode is reserved}");
  }
  CHECK(echoed(other, "still here") == "still here");
  CHECK_FALSE(other.close());
  CHECK(server.ends.take() == "closed{1000, clean}");
}

TEMPLATE_TEST_CASE("a client that stops inside a frame, or is silent, is detected as dead",
                   "[abuse]", event_echo, threaded_echo) {
  echo_options options;
  options.connection.keep_alive_interval = 50ms;
  options.connection.keep_alive_timeout = 50ms;
  TestType server{options};
  auto client = opened(server.port());
  const bool speaks = GENERATE(true, false);
  if (speaks) CHECK(client.send(header_from(role::client, 2, 1000)));
  CHECK(server.ends.take() == "closed{1006, the peer did not answer the keep-alive ping}");
  CHECK(frames_shown(client.receive_all()).at(0) == "ping 0000000000000001");
}

TEMPLATE_TEST_CASE("a silent client is closed with 1001 at the idle timeout, if there is one", "",
                   event_echo, threaded_echo) {
  echo_options options;
  options.connection.idle_timeout = 100ms;
  options.connection.keep_alive_interval = 10ms;
  TestType server{options};
  auto peer = connect(url_of(server));
  CHECK(echoed(peer, "a") == "a");
  const auto begin = std::chrono::steady_clock::now();
  // Until then, the client answers pings.
  CHECK(end_of(peer) == "closed{1001, clean, \"idle for too long\"}");
  CHECK(std::chrono::steady_clock::now() - begin >= 90ms);
  CHECK(server.ends.take() == "closed{1001, clean}");
}

/// Limits the descriptors of this process to those that are already open.
class no_descriptors {
 public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    few.rlim_cur = (std::min<rlim_t>)(open_files() + 64, before_.rlim_cur);
    ::setrlimit(RLIMIT_NOFILE, &few);
    for (int one = ::dup(0); one >= 0; one = ::dup(0)) taken_.push_back(one);
  }
  ~no_descriptors() { give_back(); }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;

  void give_back() {
    for (const int one : taken_) ::close(one);
    taken_.clear();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEMPLATE_TEST_CASE("a server that runs out of descriptors goes on when there are some again",
                   "[abuse]", event_echo, threaded_echo) {
  // UBSan opens descriptors to check an object's type, and reports a wrong type if it cannot.
  if (sanitized) return;
  TestType server;
  auto first = connect(url_of(server));
  asio::io_context context{1};
  tcp::socket client{context, tcp::v4()};
  no_descriptors shortage;
  client.connect(loopback(server.port()));
  raw_socket second{std::move(client)};
  second.send(upgrade_request);
  const auto begin = std::chrono::steady_clock::now();
  const auto busy = std::clock();
  const timeval timeout{0, 350'000};
  ::setsockopt(second.socket().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  const auto received = second.receive();
  const auto worked = std::clock() - busy;
  shortage.give_back();
  CHECK(received.empty());
  CHECK(std::chrono::steady_clock::now() - begin >= 300ms);
  // The retries use little processor time.
  CHECK(worked < CLOCKS_PER_SEC / 10);
  CHECK(echoed(first, "still here") == "still here");
  const timeval more{soon.count(), 0};
  ::setsockopt(second.socket().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &more, sizeof more);
  CHECK(second.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  auto third = connect(url_of(server));
  CHECK(echoed(third, "me too") == "me too");
}

TEMPLATE_TEST_CASE("data after a Close is read until the close timeout at most", "[abuse]",
                   event_echo, threaded_echo) {
  echo_options options;
  options.connection.close_timeout = 100ms;
  TestType server{options};
  auto client = opened(server.port());
  std::thread flood{[&] {
    client.send(close_from(role::client, 1000, "bye"));
    const auto data = frame_from(role::client, opcode::binary, std::string(10'000, 'x'));
    while (client.send(data)) {
    }
  }};
  CHECK(server.ends.take() == "closed{1000, clean, \"bye\"}");
  flood.join();
}

TEMPLATE_TEST_CASE("a flood of pings or messages from a client that reads no answers ends",
                   "[abuse]", event_echo, threaded_echo) {
  const auto op = GENERATE(opcode::ping, opcode::text);
  echo_options options;
  options.connection.write_timeout = 100ms;
  options.connection.close_timeout = 100ms;
  TestType server{options};
  auto client = opened(server.port());
  byte_vector flood;
  for (int i = 0; i < 1000; ++i) {
    flood = std::move(flood) + frame_from(role::client, op, std::string(125, 'p'));
  }
  std::thread flooder{[&] {
    while (client.send(flood)) {
    }
  }};
  const auto end = server.ends.take();
  flooder.join();
  CHECK(end == "closed{1006, the peer took no data for too long}");
}

// Listening

TEST_CASE("an event server that cannot listen throws at once") {
  server first{{}};
  server_options options;
  options.port = first.port();
  CHECK_THROWS_WITH(server{options}, Catch::Matchers::StartsWith("listen on 127.0.0.1:"));
  CHECK_THROWS_AS(first.listen(loopback(first.port())), std::system_error);
  options.address = "localhost";
  CHECK_THROWS_WITH(server{options}, Catch::Matchers::StartsWith("address \"localhost\": "));
}

TEST_CASE("a server without a first listener has those that are added, on any executor") {
  const server_options options{.listener = first_listener::none};
  const auto check = [](hawser::server& made) {
    CHECK(made.port() == 0);
    const auto first = made.listen(loopback()).port();
    CHECK(made.port() == first);
    CHECK(made.listen(loopback()).port() != first);
    CHECK_THROWS_AS(made.listen(loopback(first)), std::system_error);
    CHECK(made.port() == first);
  };
  hawser::server own{options};
  check(own);
  asio::io_context context;
  hawser::server shared{context, options};
  check(shared);
}

TEST_CASE("a listener that cannot be added does not affect the others") {
  live_server server{[](hawser::server& made) {
    echo(made);
    CHECK_THROWS_AS(made.listen(loopback(made.port())), std::system_error);
  }};
  auto peer = connect(server.url());
  CHECK(echoed(peer, "ahoy") == "ahoy");
}

TEST_CASE("a server listens on several endpoints, of IPv4, IPv6 and Unix sockets") {
  using local = asio::local::stream_protocol;
  const auto path = "/tmp/hawser-server-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  std::uint16_t second_port = 0;
  std::uint16_t v6_port = 0;
  mailbox<std::string> addresses;
  live_server server{[&](hawser::server& made) {
    echo(made);
    made.on_open([&](session& peer) { addresses.put(std::string{peer.remote_address()}); });
    second_port = made.listen(loopback()).port();
    std::error_code no_v6;
    tcp::acceptor probe{raw_socket::context()};
    probe.open(tcp::v6(), no_v6);
    if (!no_v6) probe.bind({asio::ip::address_v6::loopback(), 0}, no_v6);
    if (!no_v6) v6_port = made.listen(tcp::endpoint{asio::ip::address_v6::loopback(), 0}).port();
    made.listen(local::endpoint{path});
  }};
  CHECK(second_port != 0);
  auto first = connect(server.url());
  CHECK(echoed(first, "v4") == "v4");
  auto second = connect(url_at(second_port));
  CHECK(echoed(second, "v4 too") == "v4 too");
  for (int i = 0; i < 2; ++i) {
    CHECK(addresses.take().value_or("").starts_with("127.0.0.1:"));
  }
  if (v6_port != 0) {
    auto third = connect("ws://[::1]:" + std::to_string(v6_port));
    CHECK(echoed(third, "v6") == "v6");
    CHECK(addresses.take().value_or("").starts_with("[::1]:"));
  }
  local::socket socket{raw_socket::context()};
  socket.connect(local::endpoint{path});
  std::error_code ec;
  client_handshake handshake{uri::decode("ws://localhost/").value()};
  auto last = connect(local_socket_transport{std::move(socket)}, handshake, ec);
  REQUIRE(last);
  CHECK_FALSE(last->write("Unix"));
  CHECK(last->read()->text() == "Unix");
  CHECK_FALSE(last->close());
  ::unlink(path.c_str());
}

TEST_CASE("connections spread over the threads, and stay on theirs") {
  constexpr std::size_t threads = 3;
  server_options options;
  options.threads = threads;
  mailbox<std::thread::id> ids;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session&) { ids.put(std::this_thread::get_id()); });
                       made.on_message([&](session& peer, message_view view) {
                         ids.put(std::this_thread::get_id());
                         peer.send(view);
                       });
                     },
                     options};
  std::set<std::thread::id> seen;
  std::vector<client_websocket> clients;
  for (std::size_t i = 0; i < 2 * threads; ++i) {
    clients.push_back(connect(server.url()));
    const auto id = ids.take();
    REQUIRE(id);
    seen.insert(*id);
    for (int round = 0; round < 3; ++round) {
      CHECK(echoed(clients.back(), "Hello") == "Hello");
      CHECK(ids.take() == id);
    }
  }
  CHECK(seen.size() == threads);
}

TEST_CASE("a server may run on an io_context of the application's, which runs out of work") {
  asio::io_context context{1};
  server server{context, {}};
  echo(server);
  server.start();
  std::thread client_thread{[&] {
    auto client = connect(url_at(server.port()));
    if (echoed(client, "Hello") == "Hello") (void)client.close();
    server.shutdown({.grace = soon});
  }};
  context.run();
  client_thread.join();
  CHECK(server.connections() == 0);
  CHECK(context.stopped());
}

TEST_CASE("a server on a context of the application's may end before it, at any moment") {
  const int moment = GENERATE(0, 1, 2, 3);
  asio::io_context context{1};
  std::vector<raw_socket> clients;
  int opened = 0;
  {
    server server{context, {}};
    server.on_open([&](session&) { ++opened; });
    server.on_close([&](session&, const closed&) { FAIL_CHECK("called after the destruction"); });
    server.start();
    if (moment >= 1) clients.emplace_back(server.port());
    if (moment >= 2) {
      while (server.connections() != 1) context.run_one();
      clients.back().send(upgrade_request);
      while (opened != 1) context.run_one();
    }
    if (moment == 3) server.shutdown({.grace = soon});
  }
  context.run_for(soon);
  CHECK(context.stopped());
  for (auto& client : clients) client.receive_all();
}

TEST_CASE("a flood of frames does not delay the other connections of its thread", "[abuse]") {
  constexpr std::size_t frames = 4'000'000;  // of 8 bytes
  constexpr std::size_t turn = 2 * 1024 * 1024 / 8;
  mailbox<bool> at_work;
  mailbox<bool> go_on;
  mailbox<std::size_t> before_other;
  std::size_t seen = 0;  // used only on the io thread
  live_server server{[&](hawser::server& made) {
    made.on_message([&](session& peer, message_view view) {
      if (view.text() == "other") {
        before_other.put(seen);
        peer.send(view);
      } else if (++seen == 1) {
        at_work.put(true);
        go_on.take();
      }
    });
  }};
  auto other = connect(server.url());
  auto client = opened(server->port());
  std::thread flooder{[&] {
    const auto frame = frame_from(role::client, opcode::text, "xy");
    byte_vector some;
    for (int i = 0; i < 10'000; ++i) some = std::move(some) + frame;
    for (std::size_t i = 0; i < frames && client.send(some); i += 10'000) {
    }
  }};
  CHECK(at_work.take());
  // The thread is busy with the first frame. The message arrives before the second one is read.
  CHECK_FALSE(other.write("other"));
  go_on.put(true);
  CHECK(other.read()->text() == "other");
  CHECK(before_other.take().value_or(frames) < turn);
  std::error_code ignored;
  client.socket().shutdown(tcp::socket::shutdown_both, ignored);
  flooder.join();
}

// Limits

TEMPLATE_TEST_CASE("the number of connections per address is limited", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{{.max_connections_per_address = 2}};
  auto first = connect(url_of(server));
  auto second = connect(url_of(server));
  CHECK(status_for(server.port(), upgrade_request) == 503);
  tcp::socket elsewhere{raw_socket::context(),
                        tcp::endpoint{asio::ip::make_address("127.0.0.2"), 0}};
  elsewhere.connect(loopback(server.port()));
  raw_socket third{std::move(elsewhere)};
  third.send(upgrade_request);
  CHECK(status_of(third.receive_until("\r\n\r\n")) == 101);
  CHECK_FALSE(first.close());
  await_connections(server, 2);
  CHECK(status_for(server.port(), upgrade_request) == 101);
}

// Faults of handlers

TEST_CASE("an exception of a handler closes its session with 1011 and is reported", "[rfc-7.4.1]") {
  const std::string where = GENERATE("open", "message", "ping", "drained", "part");
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    echo(made);
    made.on_error([&](session& peer, const std::exception_ptr& error) {
      errors.put(exception_text(error) + (peer ? " of a session" : ""));
    });
    auto& bad = made.route("/bad");
    bad.on_error([&](session& peer, const std::exception_ptr& error) {
      errors.put(exception_text(error) + (peer ? " of a session" : ""));
    });
    const auto fail = [](const auto&...) { throw std::runtime_error{"on purpose"}; };
    if (where == "open") bad.on_open(fail);
    if (where == "message") bad.on_message(fail);
    if (where == "ping") bad.on_ping(fail);
    if (where == "part") bad.on_part(fail);
    if (where == "drained") {
      bad.on_open([fail](session& peer) {
        peer.on_drained(fail);
        peer.send(std::string(2'000'000, 'x'));
      });
    }
  }};
  auto other = connect(server.url());
  auto client = connect(server.url("/bad"));
  if (where == "message" || where == "part") CHECK_FALSE(client.write("Hello"));
  if (where == "ping") CHECK_FALSE(client.ping());
  CHECK(end_of(client) == "closed{1011, clean}");
  CHECK(errors.take() == "on purpose of a session");
  CHECK(echoed(other, "still here") == "still here");
}

TEST_CASE("an exception of on_close is reported, and on_close is not called again") {
  mailbox<std::string> errors;
  std::atomic<int> times = 0;
  live_server server{[&](hawser::server& made) {
    made.on_close([&](session&, const closed&) {
      ++times;
      throw std::runtime_error{"on purpose"};
    });
    made.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
  }};
  auto client = connect(server.url());
  CHECK_FALSE(client.close());
  CHECK(errors.take() == "on purpose");
  server.await_connections(0);
  CHECK(times == 1);
}

// Shutdown

TEST_CASE(
    "shutdown works from handlers, from the upgrade hook, from many threads, and before run") {
  SECTION("from a handler") {
    live_server server{[](hawser::server& made) {
      made.on_message([&](session&, message_view) { made.shutdown({.grace = soon}); });
    }};
    auto client = connect(server.url());
    CHECK_FALSE(client.write("stop"));
    CHECK(end_of(client) == "closed{1001, clean}");
    CHECK(server.returns());
  }
  SECTION("from the upgrade hook") {
    live_server server{[](hawser::server& made) {
      made.on_upgrade([&](upgrade&) { made.shutdown({.grace = soon}); });
    }};
    std::error_code ec;
    auto client = connect(server.url(), ec);
    if (client) CHECK(end_of(*client) == "closed{1001, clean}");
    CHECK(server.returns());
  }
  SECTION("from many threads") {
    live_server server{echo, {.threads = 2}};
    auto client = connect(server.url());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { server->shutdown({.grace = soon}); });
    for (auto& thread : threads) thread.join();
    CHECK(end_of(client) == "closed{1001, clean}");
    CHECK(server.returns());
  }
  SECTION("before run") {
    server server{{.threads = 2}};
    server.fallback();
    server.shutdown();
    server.run();
    server.shutdown();
    CHECK(server.connections() == 0);
  }
}

TEST_CASE("shutdown is not delayed by peers that never answer", "[abuse]") {
  const byte_vector much(50'000'000);
  server_options options;
  options.threads = 2;
  options.budget.hard = much.size() * 2;
  std::atomic<int> closes = 0;
  std::atomic<int> opens = 0;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session& peer) {
                         ++opens;
                         if (peer.request().path() == "/much") peer.send(bytes_view{much});
                         if (peer.request().path() == "/paused") peer.pause();
                       });
                       made.on_close([&](session&, const closed&) { ++closes; });
                     },
                     options};
  const auto silent = opened(server->port());
  auto inside_a_frame = opened(server->port());
  CHECK(inside_a_frame.send(header_from(role::client, 2, 1000)));
  const auto deaf = opened(server->port(), upgrade_to("/much"));
  const auto paused = opened(server->port(), upgrade_to("/paused"));
  const raw_socket before_the_handshake{server->port()};
  raw_socket refused{server->port()};
  refused.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  refused.receive_until("\r\n\r\n");
  server.await_connections(6);
  server->shutdown({.grace = 100ms});
  CHECK(server.returns());
  CHECK(server->connections() == 0);
  CHECK(opens == 4);
  CHECK(closes == 4);
}

TEST_CASE("a server that stops while clients connect answers each with 1001 or 503") {
  for (int round = 0; round < 20; ++round) {
    live_server server{echo, {.threads = 2}};
    std::atomic<int> started = 0;
    std::vector<std::string> ends(20);
    std::vector<std::thread> crowd;
    for (auto& end : ends) {
      crowd.emplace_back([&] {
        std::error_code ec;
        response refusal;
        ++started;
        auto client = connect(server.url(), ec, {}, &refusal);
        if (client) end = end_of(*client);
        if (!client && ec == errc::upgrade_refused) end = std::to_string(refusal.status);
        // A client in the system's queue is not accepted but reset.
      });
    }
    CHECK(eventually([&] { return started >= 10; }));
    server->shutdown({.grace = soon});
    CHECK(server.returns());
    for (auto& client : crowd) client.join();
    for (const auto& end : ends) {
      if (end != "closed{1001, clean}" && end != "503" && !end.empty()) FAIL_CHECK(end);
    }
  }
}

TEST_CASE("a server on which nothing is set does not start") {
  asio::io_context context;
  server started{context, {}};
  CHECK_THROWS_WITH(
      started.start(),
      "hawser::server::start(): no handler is set; a server that only sends calls fallback()");
  server running{server_options{}};
  CHECK_THROWS_WITH(
      running.run(),
      "hawser::server::run(): no handler is set; a server that only sends calls fallback()");
  // It may still be set up.
  started.on_http([](const request&) { return response{.status = 200}; });
  CHECK_NOTHROW(started.start());
  running.fallback();
  running.shutdown();
  CHECK_NOTHROW(running.run());
}

TEST_CASE("run() returns when a stop is requested, as after shutdown()") {
  server one{server_options{}};
  echo(one);
  std::jthread serving{[&](std::stop_token stop) {
    one.run(std::move(stop), {.code = close_code::service_restart});
  }};
  auto client = connect("ws://127.0.0.1:" + std::to_string(one.port()));
  CHECK(echoed(client, "Hello") == "Hello");
  serving.request_stop();
  CHECK(end_of(client) == "closed{1012, clean}");
  serving.join();
}

TEST_CASE("a server on a std::jthread ends with its scope, also by an exception") {
  server one{server_options{}};
  echo(one);
  const auto use = [&] {
    const std::jthread serving{[&](std::stop_token stop) { one.run(std::move(stop)); }};
    throw std::runtime_error{"on purpose"};
  };
  CHECK_THROWS_AS(use(), std::runtime_error);
  CHECK(one.connections() == 0);
}

TEST_CASE("run() returns at once if a stop was requested before") {
  // On the stack, g++ 12 -Og takes it for uninitialized.
  const auto source = std::make_unique<std::stop_source>();
  server one{server_options{}};
  one.fallback();
  CHECK_THROWS_AS(one.run(source->get_token(), {.code = close_code::no_status}), std::system_error);
  source->request_stop();
  one.run(source->get_token());
  CHECK(one.connections() == 0);
}

TEST_CASE("run() leaves no thread and no descriptor") {
  {
    live_server warm{echo};
    CHECK_FALSE(connect(warm.url()).close());
  }
  const auto files = open_files();
  const auto before = threads();
  {
    live_server server{echo, {.threads = 3}};
    auto client = connect(server.url());
    CHECK(echoed(client, "Hello") == "Hello");
  }
  CHECK(open_files() == files);
  CHECK(threads_fall_to(before));
}

// All sessions of a server

TEST_CASE(
    "for_each() visits the open sessions of all threads, and broadcast() sends to those it "
    "selects") {
  mailbox<std::string> greeted;
  live_server server{[&](hawser::server& made) {
                       made.on_message([&](session&, message_view view) {
                         greeted.put(std::string{view.text()});
                       });
                     },
                     {.threads = 2}};
  std::vector<client_websocket> clients;
  for (const char* const target : {"/a", "/b", "/b", "/c"}) {
    clients.push_back(connect(server.url(target)));
    CHECK_FALSE(clients.back().write("here"));
    CHECK(greeted.take() == "here");
  }
  std::set<std::uint64_t> ids;
  std::set<std::string> paths;
  server->for_each([&](session& each) {
    ids.insert(each.id());
    paths.insert(std::string{each.request().path()});
    CHECK(std::hash<session>{}(each) == std::hash<session>{}(session{each}));
  });
  CHECK(ids.size() == 4);
  CHECK(ids.count(0) == 0);
  CHECK(paths == std::set<std::string>{"/a", "/b", "/c"});

  const prepared_message news{"news"};
  CHECK(server->broadcast(news,
                          [](const session& each) { return each.request().path() == "/b"; }) == 2);
  CHECK(server->broadcast(prepared_message{"all"}) == 4);
  CHECK(server->broadcast(prepared_message{"\xff"}) == 0);
  CHECK(clients[1].read()->text() == "news");
  CHECK(clients[2].read()->text() == "news");
  for (auto& client : clients) CHECK(client.read()->text() == "all");

  CHECK_FALSE(clients[0].close());
  CHECK(eventually([&] { return server->broadcast(prepared_message{"rest"}) == 3; }));
  CHECK(session{}.id() == 0);
}

TEST_CASE("a server's executor runs timers of the application") {
  mailbox<bool> fired;
  live_server server{[](hawser::server& made) { made.fallback(); }};
  asio::steady_timer timer{server->get_executor(), 1ms};
  timer.async_wait([&](std::error_code ec) { fired.put(!ec); });
  CHECK(fired.take() == true);
}

// Settings that are refused

TEST_CASE("a second route for the same paths is refused") {
  server made{{}};
  made.route("/rooms/:id").on_message([](session&, message_view) {});
  CHECK_THROWS_WITH(made.route("/rooms/:name"), "hawser: two routes for '/rooms/:name'");
  CHECK_NOTHROW(made.route("/rooms/*"));
}

TEST_CASE("a route for all paths and handlers of the server itself exclude each other") {
  server made{{}};
  const auto ignore = [](session&, message_view) {};
  SECTION("the handlers first") {
    made.on_message(ignore);
    CHECK_THROWS_WITH(made.route("/*"), "hawser: two routes for '/*'");
    CHECK_NOTHROW(made.on_open([](session&) {}));
  }
  SECTION("the route first") {
    made.route("/*").on_message(ignore);
    CHECK_THROWS_WITH(made.on_message(ignore), "hawser: two routes for '/*'");
    CHECK_THROWS_AS(made.route("/*"), std::invalid_argument);
  }
}

TEST_CASE("a second hook for the same requests is refused, and the first one stays") {
  int called = 0;
  live_server server{[&](hawser::server& made) {
    const auto first = [&](const request&) {
      ++called;
      return response{.status = 200};
    };
    const auto second = [](const request&) { return response{.status = 500}; };
    made.on_http(first);
    CHECK_THROWS_WITH(made.on_http(second), "hawser: server::on_http() was called before");
    auto& health = made.route("/health").on_http(first);
    CHECK_THROWS_WITH(health.on_http(second), "hawser: route::on_http() was called before");
    made.on_upgrade([](upgrade& asked) { asked.accept(); });
    CHECK_THROWS_WITH(made.on_upgrade([](upgrade& asked) { asked.reject(403); }),
                      "hawser: route::on_upgrade() was called before");
  }};
  CHECK(connect(server.url()).is_open());
  for (const auto* path : {"/", "/health"}) {
    raw_socket client{server->port()};
    client.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 200 "));
  }
  CHECK(called == 2);
}

TEST_CASE("a server that has started refuses handlers, routes and listeners") {
  asio::io_context context;
  server made{context, {}};
  auto& room = made.route("/room");
  made.start();
  const auto ignore = [](session&, message_view) {};
  CHECK_THROWS_AS(room.on_message(ignore), std::logic_error);
  CHECK_THROWS_AS(made.on_message(ignore), std::logic_error);
  CHECK_THROWS_AS(made.on_upgrade([](upgrade&) {}), std::logic_error);
  CHECK_THROWS_AS(made.on_http([](http_request&) {}), std::logic_error);
  CHECK_THROWS_AS(made.route("/other"), std::logic_error);
  CHECK_THROWS_AS(made.listen(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0}),
                  std::logic_error);
}

}  // namespace
