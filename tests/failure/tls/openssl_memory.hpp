// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace hawser::test {

/// The number of bytes that OpenSSL has on the heap. From the start of the program, any of its
/// allocations can be made to fail: see failing.hpp.
std::size_t openssl_holds() noexcept;

}  // namespace hawser::test
