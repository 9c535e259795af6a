// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <new>
#include <system_error>

#include "hawser/base/error.hpp"

namespace hawser::detail {

/// The error for an exception: the code of a std::system_error, errc::out_of_memory for
/// std::bad_alloc, or `otherwise`.
inline std::error_code error_of(const std::exception_ptr& thrown,
                                errc otherwise = errc::aborted) noexcept {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    return error.code() ? error.code() : otherwise;
  } catch (const std::bad_alloc&) {
    return errc::out_of_memory;
  } catch (...) {
    return otherwise;
  }
}

}  // namespace hawser::detail
