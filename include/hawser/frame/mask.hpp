// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hawser/base/bytes.hpp"
#include "hawser/base/simd.hpp"

namespace hawser {

/// The four bytes that mask a client's frame, in the order in which they are sent.
using mask_key = std::array<std::byte, 4>;

namespace detail {

/// The key for a payload that begins at `offset`.
constexpr mask_key rotate_mask(mask_key key, std::size_t offset) noexcept {
  return {key[offset % 4], key[(offset + 1) % 4], key[(offset + 2) % 4], key[(offset + 3) % 4]};
}

inline std::uint64_t load_word(const std::byte* from) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

inline void store_word(std::byte* to, std::uint64_t word) noexcept {
  std::memcpy(to, &word, sizeof word);
}

// Everything is read before anything is written, so `out` may overlap the end of `in` from below.
// Compilers vectorise this form, but not a loop over an array.
inline void mask_32(const std::byte* in, std::byte* out, std::uint64_t key) noexcept {
  const auto first = load_word(in) ^ key;
  const auto second = load_word(in + 8) ^ key;
  const auto third = load_word(in + 16) ^ key;
  const auto fourth = load_word(in + 24) ^ key;
  store_word(out, first);
  store_word(out + 8, second);
  store_word(out + 16, third);
  store_word(out + 24, fourth);
}

/// From this size on, vector instructions save time.
inline constexpr std::size_t mask_simd_size = 4 * simd_block;

}  // namespace detail

/// Copies `in`, masked or unmasked, to `out`. `offset` is the position of the first byte in the
/// whole payload (RFC 6455 §5.3). `out` must have in.size() bytes. It may be `in.data()` or an
/// address before it, also overlapping; it must not begin inside `in`.
constexpr void copy_masked(bytes_view in, std::byte* out, mask_key key,
                           std::size_t offset = 0) noexcept {
  if (offset % 4 != 0) key = detail::rotate_mask(key, offset);
  std::size_t done = 0;
  if (!std::is_constant_evaluated()) {
    const std::array twice{key, key};
    const auto word = std::bit_cast<std::uint64_t>(twice);
    if (in.size() >= detail::mask_simd_size && detail::has_simd()) {
      done = detail::mask_blocks(in.data(), out, in.size(), word);
    }
    for (; in.size() - done >= 32; done += 32) detail::mask_32(&in[done], out + done, word);
    for (; in.size() - done >= 8; done += 8) {
      detail::store_word(out + done, detail::load_word(&in[done]) ^ word);
    }
  }
  for (; done < in.size(); ++done) out[done] = in[done] ^ key[done % 4];
}

/// Masks or unmasks `data` in place; both are the same operation. `offset` is the position of the
/// first byte in the whole payload, so a payload can be processed in pieces: RFC 6455 §5.3.
constexpr void apply_mask(mutable_bytes data, mask_key key, std::size_t offset = 0) noexcept {
  copy_masked(data, data.data(), key, offset);
}

}  // namespace hawser
