// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/io_thread.hpp"

#include <concepts>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

static_assert(std::same_as<io_thread::executor_type, asio::io_context::executor_type>);

TEST_CASE("a thread runs until it is released, and does what was posted before") {
  io_thread one;
  std::thread runner{[&] { one.run(); }};
  bool posted = false;
  asio::post(one.executor(), [&] { posted = true; });
  one.release();
  runner.join();
  CHECK(posted);
}

TEST_CASE("a thread may be released again, and end without having run") {
  io_thread one;
  one.release();
  one.release();
  if (GENERATE(true, false)) one.run();
}

TEST_CASE("closing or aborting all connections has no effect if there are none") {
  io_thread one;
  one.close_all({});
  one.abort_all();
  one.release();
  one.run();
  CHECK(one.registries().openings->now() == serving::cut);
}

}  // namespace
