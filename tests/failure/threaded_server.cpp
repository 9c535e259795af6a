// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_server.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>

#include "failure/failing.hpp"
#include "failure/talk.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// An echo server with a thread for each connection, which calls `entered` first. Records whether run()
/// throws.
class echo {
 public:
  explicit echo(
      const threaded_server_options& options = {}, const std::function<void()>& entered = [] {})
      : server_{options} {
    server_.on_error([this](const std::exception_ptr&) { ++errors_; });
    thread_ = std::thread{[this, entered] {
      try {
        server_.run([&entered](auto& peer) {
          entered();
          while (const auto message = peer.read()) peer.write(*message);
        });
      } catch (const std::exception&) {
        threw_ = true;
      }
    }};
  }
  ~echo() {
    server_.shutdown();
    thread_.join();
  }
  echo(const echo&) = delete;
  echo& operator=(const echo&) = delete;

  threaded_server& operator*() { return server_; }
  void stop() { server_.shutdown({.grace = std::chrono::milliseconds{30}}); }
  std::size_t errors() const { return errors_; }
  /// Whether `count` errors are reported soon; clients may see them earlier.
  bool tells(std::size_t count) const {
    return eventually([&] { return errors_ == count; });
  }
  bool threw() const { return threw_; }

  /// The bytes that a client receives that sends everything at once.
  byte_vector serve() {
    raw_socket client{server_.port()};
    client.send(upgrade_request);
    client.send(standard_talk(role::client));
    client.hang_up();
    return client.receive_all();
  }

 private:
  std::atomic<std::size_t> errors_ = 0;
  std::atomic<bool> threw_ = false;
  threaded_server server_;
  std::thread thread_;
};

TEST_CASE("whichever allocation of a threaded server fails, at most one client is affected",
          "[failure]") {
  echo all;
  const auto whole = all.serve();
  CHECK(text(whole).starts_with("HTTP/1.1 101"));
  await_connections(*all, 0);
  const auto count = fail_each_allocation([&](std::size_t number) {
    {
      const failing_elsewhere armed{number};
      all.serve();
      await_connections(*all, 0);
    }
    REQUIRE_FALSE(all.threw());
    REQUIRE(all.serve() == whole);
    await_connections(*all, 0);
  });
  CHECK(count > 10);
}

TEST_CASE(
    "whichever allocation fails while a server refuses clients, other clients are not affected",
    "[failure]") {
  // The thread of the connected client may allocate while it waits. That must not be the allocation
  // that fails.
  mailbox<bool> spared;
  echo all{{.max_connections = 1}, [&spared] {
             thread_local const sparing until_it_ends;
             spared.put(true);
           }};
  auto kept = opened((*all).port());
  REQUIRE(spared.take());
  const auto refusal = all.serve();
  CHECK(status_of(refusal) == 503);
  fail_each_allocation([&](std::size_t number) {
    {
      const failing_elsewhere armed{number};
      all.serve();
    }
    REQUIRE_FALSE(all.threw());
    REQUIRE(all.serve() == refusal);
  });
  kept.send(frame_from(role::client, opcode::text, "still there"));
  CHECK(kept.receive_frames(1) == std::vector<std::string>{"text \"still there\""});
}

TEST_CASE("whichever allocation of a stopping server fails, it stops", "[failure]") {
  threaded_server_options options;
  options.connection.close_timeout = std::chrono::milliseconds{30};
  const auto count = fail_each_allocation([&](std::size_t number) {
    echo all{options};
    auto one = opened((*all).port());
    auto other = opened((*all).port());
    await_connections(*all, 2);
    {
      const failing_elsewhere armed{number};
      all.stop();
      await_connections(*all, 0);
    }
    CHECK_FALSE(all.threw());
  });
  CHECK(count > 0);
}

/// While this object exists, no thread can be created, because there is no memory for its stack.
class no_more_threads {
 public:
  no_more_threads() {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t vast;
    pthread_attr_init(&vast);
    pthread_attr_setstacksize(&vast, std::size_t{1} << 47);
    pthread_setattr_default_np(&vast);
    pthread_attr_destroy(&vast);
  }
  ~no_more_threads() {
    pthread_setattr_default_np(&usual_);
    pthread_attr_destroy(&usual_);
  }
  no_more_threads(const no_more_threads&) = delete;
  no_more_threads& operator=(const no_more_threads&) = delete;

 private:
  pthread_attr_t usual_{};
};

TEST_CASE("if no thread can be created, one client is affected", "[failure]") {
  echo all;
  const auto whole = all.serve();
  const auto errors = all.errors();
  {
    const no_more_threads full;
    CHECK_THROWS_AS(std::thread([] {}), std::system_error);
    CHECK(all.serve().empty());
    CHECK(all.tells(errors + 1));
  }
  await_connections(*all, 0);
  CHECK(all.serve() == whole);
  CHECK_FALSE(all.threw());
}

}  // namespace
