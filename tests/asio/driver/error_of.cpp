// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/error_of.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("each exception is mapped to an error") {
  const auto error_of = [](const auto& thrown) {
    return detail::error_of(std::make_exception_ptr(thrown));
  };
  CHECK(error_of(std::system_error{errc::connect_timeout}) == errc::connect_timeout);
  CHECK(error_of(std::bad_alloc{}) == errc::out_of_memory);
  CHECK(error_of(std::runtime_error{"no"}) == errc::aborted);
  CHECK(error_of(42) == errc::aborted);
  CHECK(error_of(std::system_error{std::error_code{}}) == errc::aborted);
}

TEST_CASE("an exception without a code is mapped to the error that the caller chooses") {
  const auto error_of = [](const auto& thrown) {
    return detail::error_of(std::make_exception_ptr(thrown), errc::upgrade_failed);
  };
  CHECK(error_of(std::runtime_error{"no"}) == errc::upgrade_failed);
  CHECK(error_of(42) == errc::upgrade_failed);
  CHECK(error_of(std::system_error{errc::connect_timeout}) == errc::connect_timeout);
}

}  // namespace
