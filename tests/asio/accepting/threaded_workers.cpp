// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_workers.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "hawser/frame/close_code.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// What a worker can end, which then continues.
struct endable {
  mailbox<std::string> calls;
  void stop_reading() { calls.put("stopped "); }
  void abort() { calls.put("aborted "); }
  void begin_close(close_code) { calls.put("going away "); }
  void close_now() { calls.put("closed "); }

  std::string next() { return calls.take().value_or("nothing "); }
};

using workers_of_test = detail::threaded_workers<endable, endable>;

TEST_CASE("the end asks each thread to end, then ends it, and waits for it") {
  workers_of_test all;
  all.begin();
  endable handshake;
  endable connection;
  std::string of_handshake;
  std::string of_connection;
  mailbox<bool> begun;
  all.start([&](auto& entry) {
    all.set_opening(entry, &handshake);
    begun.put(true);
    of_handshake = handshake.next();
    of_handshake += handshake.next();
    all.set_opening(entry, nullptr);
  });
  all.start([&](auto& entry) {
    const workers_of_test::registration registered{all, entry, connection};
    begun.put(true);
    of_connection = connection.next();
    of_connection += connection.next();
  });
  CHECK((begun.take() && begun.take()));
  all.end(1ms);
  CHECK(of_handshake == "stopped aborted ");
  CHECK(of_connection == "going away closed ");
}

TEST_CASE("what begins while the threads end is ended too") {
  workers_of_test all;
  all.begin();
  endable first;
  endable late;
  endable connection;
  std::string calls;
  mailbox<bool> begun;
  all.start([&](auto& entry) {
    all.set_opening(entry, &first);
    begun.put(true);
    calls = first.next();
    all.set_opening(entry, &late);
    calls += late.next();
    all.set_opening(entry, nullptr);
    const workers_of_test::registration registered{all, entry, connection};
    calls += connection.next();
  });
  CHECK(begun.take());
  all.end(0s);
  CHECK(calls == "stopped stopped going away ");
}

TEST_CASE("stop waits for the end, except on the server's own threads and before it runs") {
  workers_of_test all;
  bool begun = false;
  all.stop([&] { begun = true; });
  CHECK(begun);
  all.begin();
  all.stop([] {});
  mailbox<bool> asked;
  mailbox<bool> stopped;
  std::thread other{[&] {
    all.stop([&] { asked.put(true); });
    stopped.put(true);
  }};
  CHECK(asked.take());
  all.start([&](auto&) { all.stop([] {}); });
  all.end(0s);
  CHECK(stopped.take());
  other.join();
}

TEST_CASE("what a thread owns is destroyed before the thread counts as ended") {
  workers_of_test all;
  all.begin();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owned;
  all.start([owned = std::move(owned)](auto&) {});
  all.end(0s);
  CHECK(seen.expired());
}

}  // namespace
