// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/eventually.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

// The memory budget of both kinds of server, over real sockets. transport/memory_budget tests the rule.

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::size_t mib = 1024 * 1024;
const std::string ended_with_code = "closed{1013, the server stores too much}";
const std::string cut_off = "closed{1006, the server stores too much}";

echo_options frugal(std::size_t budget) {
  echo_options options;
  options.memory_budget = budget;
  options.connection.max_message_size = 8 * mib;
  options.connection.close_timeout = std::chrono::milliseconds{200};
  return options;
}

byte_vector begun(std::size_t size) {
  return frame_from(role::client, opcode::text, std::string(size, 'x'), fin::no);
}

TEMPLATE_TEST_CASE("beyond the budget the connection that stores the most is closed with 1013",
                   "[abuse]", event_echo, threaded_echo) {
  TestType server{frugal(4 * mib)};
  std::vector<raw_socket> modest;
  for (int i = 0; i < 8; ++i) {
    modest.push_back(opened(server.port()));
    modest.back().send(begun(200'000));
  }
  CHECK(eventually([&] { return server.buffered_bytes() >= 8 * 199'000; }));
  CHECK(server.buffered_bytes() < 4 * mib);
  auto greedy = opened(server.port());
  greedy.send(begun(4'000'000));
  CHECK(greedy.receive_frames(1) ==
        std::vector<std::string>{"close 1013 \"the server stores too much\""});
  greedy.hang_up();
  CHECK(server.ends.take() == ended_with_code);
  for (auto& one : modest) {
    one.send(frame_from(role::client, 0, as_bytes("end"), fin::yes));
    CHECK(one.receive_frames(1).front().starts_with("text"));
  }
  CHECK(eventually([&] { return server.buffered_bytes() == 0; }));
}

TEMPLATE_TEST_CASE("within the budget, and without a limit, no connection is closed", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server{frugal(GENERATE(std::size_t{0}, 64 * mib))};
  auto one = opened(server.port());
  one.send(begun(3'000'000));
  CHECK(eventually([&] { return server.buffered_bytes() >= 2'999'000; }));
  one.send(frame_from(role::client, 0, as_bytes(std::string(3'000'000, 'y')), fin::yes));
  CHECK(one.receive_frames(1).size() == 1);
  CHECK(eventually([&] { return server.buffered_bytes() == 0; }));
}

TEMPLATE_TEST_CASE("clients that read no answers are cut off to keep the budget", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server{frugal(6 * mib)};
  const auto message = frame_from(role::client, opcode::binary, std::string(4'000'000, 'x'));
  std::vector<std::thread> writers;
  std::vector<raw_socket> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(opened(server.port()));
  for (auto& one : clients) {
    writers.emplace_back([&] {
      while (one.send(message)) {
      }
    });
  }
  std::size_t ended = 0;
  while (ended < 3) {
    const auto end = server.ends.take();
    REQUIRE(end);
    CHECK((*end == cut_off || *end == ended_with_code));
    ++ended;
  }
  for (auto& one : clients) {
    std::error_code ignored;
    one.socket().shutdown(one.socket().shutdown_both, ignored);
  }
  for (auto& one : writers) one.join();
  CHECK(eventually([&] { return server.buffered_bytes() == 0; }));
}

TEMPLATE_TEST_CASE("requests count, and handshakes that store the most end", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{frugal(100'000)};
  std::vector<raw_socket> slow;
  for (int i = 0; i < 10; ++i) {
    slow.emplace_back(server.port());
    slow.back().send("GET / HTTP/1.1\r\nX: " + std::string(12'000, 'x'));
  }
  CHECK(eventually([&] {
    for (auto& one : slow) one.send("x");
    return server.connections() <= 5;
  }));
  CHECK(eventually([&] { return server.buffered_bytes() <= 100'000; }));
}

TEMPLATE_TEST_CASE("an open connection counts its request", "[abuse]", event_echo, threaded_echo) {
  TestType server{frugal(0)};
  auto asked = std::string{upgrade_request};
  asked.insert(asked.size() - 2, "X: " + std::string(10'000, 'x') + "\r\n");
  const auto client = opened(server.port(), asked);
  CHECK(eventually([&] {
    return server.buffered_bytes() >= 10'000 - 1024 && server.buffered_bytes() <= 12'000;
  }));
}

/// Waits until a thread has done what it was asked to do before.
void await(const asio::any_io_executor& executor) {
  std::promise<void> done;
  asio::post(executor, [&] { done.set_value(); });
  done.get_future().wait();
}

TEST_CASE("what other threads send to a client that does not read counts", "[abuse]") {
  mailbox<session> sessions;
  mailbox<std::string> ends;
  server_options options;
  options.memory_budget = 8 * mib;
  options.budget.hard = 0;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session& peer) { sessions.put(peer); });
                       made.on_close([&](session&, const closed& end) { ends.put(shown(end)); });
                     },
                     options};
  auto client = opened(server->port());
  const auto peer = sessions.take();
  REQUIRE(peer);
  std::size_t sent = 0;

  SECTION("the session is cut off if much waits to be written") {
    while (!peer->send(std::string(100'000, 'x'))) {
      sent += 100'000;
      await(peer->get_executor());
    }
    CHECK(ends.take() == cut_off);
  }
  SECTION("it is closed with 1013 if its thread was busy, and so has little to write") {
    std::promise<void> release;
    asio::post(peer->get_executor(), [&] { release.get_future().wait(); });
    while (!peer->send(std::string(100'000, 'x'))) sent += 100'000;
    release.set_value();
    // The first message was begun.
    CHECK(client.receive_frames(2).back() == "close 1013 \"the server stores too much\"");
    client.hang_up();
  }
  CHECK(sent >= 7 * mib);
  CHECK(eventually([&] { return server->buffered_bytes() == 0; }));
}

TEST_CASE("sessions on an executor of several threads stay within the budget", "[abuse]") {
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  server_options options;
  options.memory_budget = 4 * mib;
  mailbox<std::string> ends;
  server shared{context.get_executor(), options};
  shared.on_message([](session& peer, message_view view) { peer.send(view); });
  shared.on_close([&](session&, const closed& end) { ends.put(shown(end)); });
  shared.start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
  {
    std::vector<raw_socket> crowd;
    for (int i = 0; i < 24; ++i) crowd.push_back(opened(shared.port()));
    const auto most_of_it = begun(900'000);
    for (auto& one : crowd) one.send(most_of_it);
    for (int i = 0; i < 19; ++i) CHECK(ends.take() == ended_with_code);
    CHECK(eventually([&] { return shared.buffered_bytes() <= 4 * mib; }));
  }
  CHECK(eventually([&] { return shared.buffered_bytes() == 0; }));
  shared.shutdown({.grace = soon});
  work.reset();
  for (auto& one : threads) one.join();
}

TEST_CASE("while a threaded server stores more than its budget, new clients get 503", "[abuse]") {
  threaded_server_options options;
  options.memory_budget = 8 * 1024;
  options.connection.close_timeout =
      std::chrono::milliseconds{50};  // the client does not answer the Close at the end
  threaded_server server{options};
  mailbox<bool> delivered;
  mailbox<bool> enough;
  std::thread run{[&] {
    server.run([&](auto& peer) {
      // A delivered message is stored until the next read.
      const auto message = peer.read();
      delivered.put(message.has_value());
      enough.take();
    });
  }};
  auto client = opened(server.port());
  client.send(begun(5000));
  CHECK(eventually([&] { return server.buffered_bytes() >= 4096; }));
  client.send(frame_from(role::client, 0, as_bytes(std::string(8000, 'y')), fin::yes));
  CHECK(delivered.take() == true);
  CHECK(server.buffered_bytes() > 8 * 1024);
  CHECK(status_for(server.port(), upgrade_request) == 503);
  enough.put(true);
  server.shutdown();
  run.join();
}

}  // namespace
