// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hawser/base/utf8_pairs.hpp"

// Loops that vector instructions run faster, on processors that have them. The instructions are chosen at run
// time, so a program needs no compiler option. HAWSER_NO_SIMD, defined in all units of a program or in none,
// leaves them out; the results are the same.
// The vectors are those of the compilers' extensions: the header of the intrinsics takes longer to compile than all
// of the core.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(HAWSER_NO_SIMD)
#define HAWSER_DETAIL_AVX2 1
#endif

namespace hawser::detail {

/// The size of the blocks that these functions process.
inline constexpr std::size_t simd_block = 64;

#if defined(HAWSER_DETAIL_AVX2)

inline bool has_simd() noexcept { return __builtin_cpu_supports("avx2") != 0; }

using byte_lanes = std::uint8_t __attribute__((vector_size(32)));
using char_lanes = char __attribute__((vector_size(32)));
using word_lanes = std::uint64_t __attribute__((vector_size(32)));

template <class Lanes, class Byte>
[[gnu::target("avx2")]] inline Lanes load_lanes(const Byte* from) noexcept {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

/// Masks whole blocks, and returns their size. All of a block is read before it is written.
[[gnu::target("avx2")]] inline std::size_t mask_blocks(const std::byte* in, std::byte* out,
                                                       std::size_t size,
                                                       std::uint64_t key) noexcept {
  std::size_t done = 0;
  for (; size - done >= simd_block; done += simd_block) {
    const auto first = load_lanes<word_lanes>(in + done) ^ key;
    const auto second = load_lanes<word_lanes>(in + done + 32) ^ key;
    std::memcpy(out + done, &first, sizeof first);
    std::memcpy(out + done + 32, &second, sizeof second);
  }
  return done;
}

/// The entry of a table for each lane, which must be below 16.
[[gnu::target("avx2")]] inline byte_lanes look_up(const utf8_pairs::table& table,
                                                  byte_lanes lanes) noexcept {
  const auto entries = __builtin_ia32_pshufb256(load_lanes<char_lanes>(table.data()),
                                                __builtin_convertvector(lanes, char_lanes));
  return __builtin_convertvector(entries, byte_lanes);
}

/// Not zero where one of 32 bytes cannot follow the three bytes before it.
[[gnu::target("avx2")]] inline byte_lanes utf8_errors(const std::byte* from) noexcept {
  const auto one_before = load_lanes<byte_lanes>(from - 1);
  const auto wrong_pairs = look_up(utf8_wrong_pairs.first_high, one_before >> 4) &
                           look_up(utf8_wrong_pairs.first_low, one_before & 0x0F) &
                           look_up(utf8_wrong_pairs.second_high, load_lanes<byte_lanes>(from) >> 4);
  // The third or the fourth byte of a code point.
  const auto must_be_tail =
      (load_lanes<byte_lanes>(from - 2) >= 0xE0) | (load_lanes<byte_lanes>(from - 3) >= 0xF0);
  return wrong_pairs ^ (__builtin_convertvector(must_be_tail, byte_lanes) & utf8_pairs::two_tails);
}

/// Whether a lane has its top bit.
[[gnu::target("avx2")]] inline bool has_top_bit(byte_lanes lanes) noexcept {
  return __builtin_ia32_pmovmskb256(__builtin_convertvector(lanes, char_lanes)) != 0;
}

[[gnu::target("avx2")]] inline bool is_zero(byte_lanes lanes) noexcept {
  return !has_top_bit(__builtin_convertvector(lanes != 0, byte_lanes));
}

/// Whether each byte of whole blocks may follow the bytes before it. A byte that begins no code point is found
/// only if another byte follows it. Three bytes before `from` must be readable, and end a code point.
[[gnu::target("avx2")]] inline bool utf8_blocks_fit(const std::byte* from,
                                                    std::size_t size) noexcept {
  bool was_ascii = true;
  for (std::size_t done = 0; done < size; done += simd_block) {
    const auto* const at = from + done;
    const bool is_ascii =
        !has_top_bit(load_lanes<byte_lanes>(at) | load_lanes<byte_lanes>(at + 32));
    if ((!is_ascii || !was_ascii) && !is_zero(utf8_errors(at) | utf8_errors(at + 32))) return false;
    was_ascii = is_ascii;
  }
  return true;
}

#else

// Never called.
constexpr bool has_simd() noexcept { return false; }
inline std::size_t mask_blocks(auto...) noexcept { return 0; }
inline bool utf8_blocks_fit(auto...) noexcept { return false; }

#endif

}  // namespace hawser::detail
