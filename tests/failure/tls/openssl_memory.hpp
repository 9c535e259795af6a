// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace hawser::test {

/// How many octets OpenSSL has on the heap. From the start of the program each of its allocations may be
/// one that fails: see failing.hpp.
std::size_t openssl_holds() noexcept;

}  // namespace hawser::test
