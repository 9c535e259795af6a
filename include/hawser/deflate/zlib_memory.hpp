// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <new>

#include <zlib.h>

namespace hawser::detail {

/// Allocates zlib's memory by operator new, so that programs that count or limit allocations see
/// all of it. Returns null, and does not throw, if memory allocation fails.
inline void* zlib_allocate(void*, unsigned count, unsigned size) noexcept {
  return ::operator new(static_cast<std::size_t>(count) * size, std::nothrow);
}

inline void zlib_free(void*, void* memory) noexcept { ::operator delete(memory); }

/// A stream that zlib has not initialised yet.
inline z_stream unused_zlib_stream() noexcept {
  z_stream stream{};
  stream.zalloc = zlib_allocate;
  stream.zfree = zlib_free;
  return stream;
}

}  // namespace hawser::detail
