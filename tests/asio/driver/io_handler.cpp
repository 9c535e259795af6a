// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/io_handler.hpp"

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using hawser::detail::io_handler;

namespace {

TEST_CASE("an io_handler calls what it holds once, and destroys it before the call returns") {
  const auto alive = std::make_shared<int>();
  std::size_t counted = 0;
  io_handler first{[alive, &counted](std::error_code ec, std::size_t count) {
    CHECK(ec == std::errc::broken_pipe);
    counted = count;
  }};
  io_handler second{std::move(first)};
  CHECK(alive.use_count() == 2);
  second(std::make_error_code(std::errc::broken_pipe), 7);
  CHECK(counted == 7);
  CHECK(alive.use_count() == 1);
}

TEST_CASE("an io_handler that is not called destroys what it holds") {
  const auto alive = std::make_shared<int>();
  {
    const io_handler held{[owner = std::shared_ptr<int>{alive}](std::error_code, std::size_t) {}};
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

}  // namespace
