// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/io_thread.hpp"

#include <thread>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "support/catch.hpp"

using namespace hawser::detail;

namespace {

TEST_CASE("a context of its own runs until it is released") {
  io_thread one{nullptr};
  std::thread runner{[&] { one.run(); }};
  bool posted = false;
  asio::post(one.context(), [&] { posted = true; });
  one.release();
  runner.join();
  CHECK(posted);
}

TEST_CASE("a context of somebody else's is not kept busy") {
  asio::io_context context;
  io_thread one{&context};
  CHECK(&one.context() == &context);
  context.run();
  CHECK(context.stopped());
}

TEST_CASE("there are as many as asked for, at least one, and one on a foreign context") {
  CHECK(make_io_threads(nullptr, 3).size() == 3);
  CHECK_FALSE(make_io_threads(nullptr, 0).empty());
  asio::io_context context;
  CHECK(make_io_threads(&context, 3).size() == 1);
}

TEST_CASE("to close or abort what is not there is nothing") {
  asio::io_context context;
  io_thread one{&context};
  one.close_all();
  one.abort_all();
  CHECK(context.run() == 2);
}

}  // namespace
