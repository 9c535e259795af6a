// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <system_error>

#include <asio/error.hpp>

namespace hawser::detail {

/// Converts an error of Asio to one of the standard library. Asio (1.22, at least) has its own
/// category for the system's errors, in which no error is equal to a std::errc.
inline std::error_code standard_error(std::error_code ec) noexcept {
  const bool of_system = ec.category() == ::asio::error::get_system_category();
  return of_system ? std::error_code{ec.value(), std::system_category()} : ec;
}

}  // namespace hawser::detail
