// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_workers.hpp"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <asio/post.hpp>

#include "hawser/frame/close_code.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// What a worker can end, which then continues.
struct endable {
  mailbox<std::string> calls;
  void stop_reading() { calls.put("stopped "); }
  void abort() { calls.put("aborted "); }
  void begin_close(close_code, std::string_view reason) { calls.put(std::string{reason} + ' '); }
  void close_now() { calls.put("closed "); }

  std::string next() { return calls.take().value_or("nothing "); }
};

using workers_of_test = detail::threaded_workers<endable, endable>;
const detail::farewell goodbye{close_code::going_away, "goodbye"};

/// Waits for all threads.
void end(workers_of_test& all) {
  all.release();
  all.run();
}

TEST_CASE("a shutdown asks each thread to end, then ends it, and waits for it") {
  workers_of_test all;
  endable handshake;
  endable connection;
  std::string of_handshake;
  std::string of_connection;
  mailbox<bool> begun;
  all.start([&](auto& entry) {
    all.set_opening(entry, &handshake);
    begun.put(true);
    for (int i = 0; i < 3; ++i) of_handshake += handshake.next();
    all.set_opening(entry, nullptr);
  });
  all.start([&](auto& entry) {
    const workers_of_test::registration registered{all, entry, connection};
    begun.put(true);
    for (int i = 0; i < 2; ++i) of_connection += connection.next();
  });
  CHECK((begun.take() && begun.take()));
  CHECK_FALSE(all.refuses());
  all.refuse_openings();
  CHECK(all.refuses());
  all.close_all(goodbye);
  all.abort_all();
  end(all);
  CHECK(of_handshake == "stopped stopped aborted ");
  CHECK(of_connection == "goodbye closed ");
}

TEST_CASE("what begins during a shutdown is ended too") {
  workers_of_test all;
  endable handshake;
  endable connection;
  std::string calls;
  const bool cut = GENERATE(false, true);
  all.refuse_openings();
  all.close_all(goodbye);
  if (cut) all.abort_all();
  all.start([&](auto& entry) {
    all.set_opening(entry, &handshake);
    calls = handshake.next();
    all.set_opening(entry, nullptr);
    const workers_of_test::registration registered{all, entry, connection};
    calls += connection.next();
  });
  end(all);
  CHECK(calls == (cut ? "stopped closed " : "stopped goodbye "));
}

TEST_CASE("connections that begin during the drain continue") {
  workers_of_test all;
  endable connection;
  all.refuse_openings();
  all.start([&](auto& entry) {
    const workers_of_test::registration registered{all, entry, connection};
  });
  end(all);
  connection.calls.put("nothing ");
  CHECK(connection.next() == "nothing ");
}

TEST_CASE(
    "an error of accepting ends the connections, and is thrown unless a shutdown lacks memory") {
  workers_of_test all;
  endable connection;
  mailbox<bool> begun;
  std::string calls;
  all.start([&](auto& entry) {
    const workers_of_test::registration registered{all, entry, connection};
    begun.put(true);
    calls = connection.next();
  });
  CHECK(begun.take());
  const bool ends = GENERATE(false, true);
  asio::post(all.executor(), [&] {
    if (ends) all.refuse_openings();
    throw std::bad_alloc{};
  });
  if (ends) {
    CHECK_NOTHROW(all.run());
  } else {
    CHECK_THROWS_AS(all.run(), std::bad_alloc);
  }
  CHECK(calls == "closed ");
}

TEST_CASE("an exception of a hook ends the connections, and is thrown") {
  workers_of_test all;
  asio::post(all.executor(), [&] {
    all.refuse_openings();
    throw std::runtime_error{"of a hook"};
  });
  CHECK_THROWS_AS(all.run(), std::runtime_error);
}

TEST_CASE("what a thread owns is destroyed before the thread counts as ended") {
  workers_of_test all;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owned;
  all.start([owned = std::move(owned)](auto&) {});
  end(all);
  CHECK(seen.expired());
}

}  // namespace
