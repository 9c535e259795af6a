// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/strand_gate.hpp"

#include <memory>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "support/catch.hpp"

namespace {

using context_strand = asio::strand<asio::io_context::executor_type>;

TEST_CASE("a function runs at once on its strand, and is posted there by other callers") {
  asio::io_context context;
  hawser::detail::strand_gate<context_strand> gate{asio::make_strand(context.get_executor())};
  int runs = 0;
  gate.run([&] { ++runs; });
  CHECK(runs == 0);
  context.run();
  CHECK(runs == 1);
  asio::post(gate.get(), [&] {
    gate.run([&] { ++runs; });
    CHECK(runs == 2);
  });
  context.restart();
  context.run();
  CHECK(runs == 2);
}

TEST_CASE("a strand gate that is shut runs nothing, also after the end of its context") {
  int runs = 0;
  auto context = std::make_unique<asio::io_context>();
  hawser::detail::strand_gate<context_strand> gate{asio::make_strand(context->get_executor())};
  gate.shut();
  context.reset();
  gate.run([&] { ++runs; });
  CHECK(runs == 0);
}

}  // namespace
