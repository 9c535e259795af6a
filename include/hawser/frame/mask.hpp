// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hawser/base/bytes.hpp"

namespace hawser {

/// The four octets in a client's frame that its payload is masked with, in the order of the wire.
using mask_key = std::array<std::byte, 4>;

namespace detail {

/// The key as it looks from the octet at `offset` on.
constexpr mask_key rotate_mask(mask_key key, std::size_t offset) noexcept {
  return {key[offset % 4], key[(offset + 1) % 4], key[(offset + 2) % 4], key[(offset + 3) % 4]};
}

// A block is read whole before it is written, so `out` may overlap `in` from below.
template <std::size_t Words>
inline void mask_block(const std::byte* in, std::byte* out, std::uint64_t key) noexcept {
  std::array<std::uint64_t, Words> words;
  std::memcpy(words.data(), in, sizeof words);
  for (auto& word : words) word ^= key;
  std::memcpy(out, words.data(), sizeof words);
}

}  // namespace detail

/// Masks or unmasks a stretch of payload whose first octet is at `offset` of the whole payload
/// (RFC 6455 §5.3), and writes it to `out`, which has room for it. `out` may be `in.data()` or lie
/// before it and overlap; it must not begin inside `in`.
constexpr void copy_masked(bytes_view in, std::byte* out, mask_key key,
                           std::size_t offset = 0) noexcept {
  key = detail::rotate_mask(key, offset);
  std::size_t done = 0;
  if (!std::is_constant_evaluated()) {
    std::array<mask_key, 2> twice{key, key};
    std::uint64_t word = 0;
    std::memcpy(&word, &twice, sizeof word);
    for (; in.size() - done >= 64; done += 64) detail::mask_block<8>(&in[done], out + done, word);
    for (; in.size() - done >= 8; done += 8) detail::mask_block<1>(&in[done], out + done, word);
  }
  for (; done < in.size(); ++done) out[done] = in[done] ^ key[done % 4];
}

/// Masks or unmasks, which is the same, a stretch of payload in place. `offset` is the place in the
/// whole payload of its first octet, so that a payload may come in pieces cut anywhere:
/// RFC 6455 §5.3.
constexpr void apply_mask(mutable_bytes data, mask_key key, std::size_t offset = 0) noexcept {
  copy_masked(data, data.data(), key, offset);
}

}  // namespace hawser
