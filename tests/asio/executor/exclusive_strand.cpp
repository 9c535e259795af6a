// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/exclusive_strand.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser::detail;
using namespace hawser::test;

namespace {

static_assert(asio::execution::is_executor<exclusive_strand>::value);
static_assert(std::constructible_from<asio::any_io_executor, exclusive_strand>);

template <class Context>
exclusive_strand strand_on(Context& context) {
  return exclusive_strand{
      asio::strand<asio::any_io_executor>{asio::any_io_executor{context.get_executor()}}};
}

TEST_CASE("functions on a strand do not run at the same time, whichever executor posts them") {
  asio::thread_pool pool{4};
  const auto strand = strand_on(pool);
  const asio::any_io_executor erased{strand};
  int count = 0;
  for (int i = 0; i < 1000; ++i) {
    asio::post(strand, [&] { ++count; });
    asio::post(erased, [&] { ++count; });
  }
  pool.join();
  CHECK(count == 2000);
}

TEST_CASE("a function that runs on the strand knows that, and dispatches at once") {
  asio::io_context context;
  const auto strand = strand_on(context);
  const auto copy = strand;
  int order = 0;
  asio::post(strand, [&] {
    CHECK(copy.running_in_this_thread());
    asio::dispatch(copy, [&] { CHECK(++order == 1); });
    asio::post(copy, [&] { CHECK(++order == 3); });
    CHECK(++order == 2);
  });
  CHECK_FALSE(strand.running_in_this_thread());
  context.run();
  CHECK(order == 3);
  CHECK(strand == copy);
  CHECK_FALSE(strand == strand_on(context));
}

TEST_CASE("a strand accepts functions that can only be moved, and destroys them on the strand") {
  asio::io_context context;
  const auto strand = strand_on(context);
  bool held = false;
  const auto noting = [&](const int* one) {
    held = strand.running_in_this_thread();
    delete one;
  };
  asio::post(strand, [one = std::unique_ptr<const int, decltype(noting)>{new int{1}, noting}] {});
  context.run();
  CHECK(held);
}

TEST_CASE("a strand keeps its context busy while work on it is guarded") {
  asio::io_context context;
  const auto strand = strand_on(context);
  auto busy = asio::make_work_guard(strand);
  asio::post(context, [&] { busy.reset(); });
  context.run_one();
  CHECK_FALSE(busy.owns_work());
  CHECK(context.run() == 0);
  const asio::basic_stream_socket<asio::ip::tcp, exclusive_strand> socket{strand};
  CHECK_FALSE(socket.is_open());
}

TEST_CASE("locking a strand waits for the function that runs, and delays the next") {
  asio::thread_pool pool{2};
  const auto strand = strand_on(pool);
  mailbox<bool> begun;
  mailbox<bool> go_on;
  int shared = 0;  // used by the strand and the thread that locks it, without another lock
  asio::post(strand, [&] {
    begun.put(true);
    go_on.take();
    ++shared;
  });
  REQUIRE(begun.take());
  std::thread helper{[&] { go_on.put(true); }};
  {
    const auto held = strand.hold();
    CHECK(shared == 1);
    asio::post(strand, [&] { ++shared; });
    ++shared;
    CHECK(shared == 2);
  }
  helper.join();
  pool.join();
  CHECK(shared == 3);
}

TEST_CASE("a function on the strand may lock it") {
  asio::io_context context;
  const auto strand = strand_on(context);
  bool done = false;
  asio::post(strand, [&] {
    const auto held = hold(strand);
    done = held.owns_lock();
  });
  context.run();
  CHECK(done);
  CHECK_FALSE(hold(context.get_executor()).owns_lock());
}

TEST_CASE("a thread does not enter one strand inside another, even by dispatch") {
  asio::io_context context;
  const auto outer = strand_on(context);
  const auto inner = strand_on(context);
  int order = 0;
  asio::post(outer, [&] {
    asio::dispatch(inner, [&] { CHECK(++order == 2); });
    CHECK(++order == 1);
  });
  context.run();
  CHECK(order == 2);
}

}  // namespace
