// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/standard_error.hpp"

#include <system_error>

#include <asio/error.hpp>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;
using hawser::detail::standard_error;

TEST_CASE("an error of the system equals its std::errc") {
  CHECK(standard_error(asio::error::would_block) == std::errc::operation_would_block);
  CHECK(standard_error(asio::error::connection_reset) == std::errc::connection_reset);
  CHECK(standard_error(asio::error::broken_pipe) == std::errc::broken_pipe);
  CHECK(standard_error(asio::error::operation_aborted) == std::errc::operation_canceled);
  CHECK(standard_error(asio::error::connection_refused).category() == std::system_category());
}

TEST_CASE("an error of another category is not converted") {
  CHECK(standard_error({}) == std::error_code{});
  CHECK(standard_error(asio::error::eof) == asio::error::eof);
  CHECK(standard_error(asio::error::host_not_found) == asio::error::host_not_found);
  CHECK(standard_error(errc::closed) == errc::closed);
}
