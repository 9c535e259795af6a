// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/protocol/shared_encodings.hpp"

namespace hawser::detail {

// What a message occupies on the heap while it waits in a queue, so that many small ones count for what
// they are. The object itself is the queue's to count.

/// What an allocator keeps beside each block.
inline constexpr std::size_t per_block = 2 * sizeof(void*);

inline std::size_t occupied_by(const std::vector<std::byte>& payload) noexcept {
  return payload.capacity() == 0 ? 0 : payload.capacity() + per_block;
}

inline std::size_t occupied_by(const std::string& payload) noexcept {
  static const std::size_t inside = std::string{}.capacity();
  return payload.capacity() <= inside ? 0 : payload.capacity() + 1 + per_block;
}

/// Other queues may share it: each counts all of it, except the forms that extensions have made.
inline std::size_t occupied_by(const prepared_message& payload) noexcept {
  constexpr std::size_t counts = 2 * sizeof(void*);  // of a std::shared_ptr
  return payload.frame()->capacity() + sizeof(byte_buffer) + sizeof(shared_encodings) + 2 * counts +
         3 * per_block;
}

}  // namespace hawser::detail
