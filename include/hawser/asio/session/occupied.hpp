// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/protocol/shared_encodings.hpp"

namespace hawser::detail {

// The heap memory of a message in a queue, so that many small messages count for what they use. The
// queue counts the object itself.

/// An estimate of an allocator's overhead per block.
inline constexpr std::size_t per_block = 2 * sizeof(void*);

inline std::size_t occupied_by(const std::vector<std::byte>& payload) noexcept {
  return payload.capacity() == 0 ? 0 : payload.capacity() + per_block;
}

inline std::size_t occupied_by(const std::string& payload) noexcept {
  static const std::size_t inside = std::string{}.capacity();
  return payload.capacity() <= inside ? 0 : payload.capacity() + 1 + per_block;
}

/// A session keeps its request.
inline std::size_t occupied_by(const request& asked) noexcept {
  return asked.method().size() + asked.target().size() + asked.body().size() +
         asked.headers.text().size();
}

/// Other queues may share the payload: each counts all of it, except the forms encoded by extensions.
inline std::size_t occupied_by(const prepared_message& payload) noexcept {
  constexpr std::size_t counts = 2 * sizeof(void*);  // of a std::shared_ptr
  return payload.frame()->capacity() + sizeof(byte_buffer) + sizeof(shared_encodings) + 2 * counts +
         3 * per_block;
}

}  // namespace hawser::detail
