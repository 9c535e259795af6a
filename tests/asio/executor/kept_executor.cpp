// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/executor/kept_executor.hpp"

#include <optional>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "support/catch.hpp"

using hawser::detail::kept_executor;

namespace {

using context_strand = asio::strand<asio::io_context::executor_type>;

TEST_CASE("a kept executor of a strand may outlive the strand's context") {
  std::optional<asio::io_context> context{1};
  std::optional<kept_executor<context_strand>> kept{std::in_place, asio::make_strand(*context)};
  kept_executor<context_strand> other{asio::make_strand(*context)};
  bool ran = false;
  asio::post(kept->get(), [&] { ran = true; });
  context->run();
  CHECK(ran);
  if (GENERATE(true, false)) kept.reset();
  context.reset();
}

TEST_CASE("a kept executor of any type may outlive its context") {
  std::optional<asio::io_context> context{1};
  kept_executor<asio::any_io_executor> kept{asio::make_strand(*context)};
  bool ran = false;
  asio::post(kept.get(), [&] { ran = true; });
  context->run();
  CHECK(ran);
  context.reset();
}

TEST_CASE("executors may be released by other threads while their context ends") {
  std::optional<asio::io_context> context{1};
  std::optional<kept_executor<context_strand>> kept{std::in_place, asio::make_strand(*context)};
  std::thread other{[&] { kept.reset(); }};
  context.reset();
  other.join();
  CHECK_FALSE(kept);
}

}  // namespace
