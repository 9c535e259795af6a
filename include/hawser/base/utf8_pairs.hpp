// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hawser::detail {

/// Which neighbouring bytes cannot both stand in UTF-8 text: RFC 3629 §4. A pair is wrong if the three entries of
/// its half bytes have a bit in common. Each bit stands for one rule. The rule `two_tails` holds
/// for the second and third byte that follow a lead byte as well: there it must be broken.
///
/// This is the method of Keiser and Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte" (2021): vector
/// instructions look up a half byte of each lane at once.
struct utf8_pairs {
  using table = std::array<std::uint8_t, 32>;  // twice 16 entries: a vector has two halves
  table first_high{};
  table first_low{};
  table second_high{};

  static constexpr std::uint8_t two_tails = 0x80;
};

constexpr utf8_pairs make_utf8_pairs() noexcept {
  utf8_pairs pairs;
  // Sets of half bytes: bit n stands for n.
  constexpr unsigned ascii = 0x00FF;
  constexpr unsigned tail = 0x0F00;
  constexpr unsigned lead = 0xF000;
  constexpr unsigned any = 0xFFFF;
  const auto forbid = [&](std::uint8_t bit, unsigned first_high, unsigned first_low,
                          unsigned second_high) {
    for (std::size_t entry = 0; entry < 32; ++entry) {
      const auto half = entry % 16;
      if ((first_high >> half & 1) != 0) pairs.first_high[entry] |= bit;
      if ((first_low >> half & 1) != 0) pairs.first_low[entry] |= bit;
      if ((second_high >> half & 1) != 0) pairs.second_high[entry] |= bit;
    }
  };
  forbid(0x01, lead, any, ascii | lead);       // a code point is cut short
  forbid(0x02, ascii, any, tail);              // a tail without a lead byte
  forbid(0x04, 1U << 0xC, 0x0003, tail);       // C0, C1: overlong
  forbid(0x08, 1U << 0xE, 0x0001, 0x0300);     // E0 80–9F: overlong
  forbid(0x10, 1U << 0xE, 1U << 0xD, 0x0C00);  // ED A0–BF: a surrogate
  forbid(0x20, 1U << 0xF, 0xFFE1, 0x0100);     // F0 80–8F: overlong; F5–FF
  forbid(0x40, 1U << 0xF, 0xFFF0, 0x0E00);     // F4 90–BF: above U+10FFFF; F5–FF
  forbid(utf8_pairs::two_tails, tail, any, tail);
  return pairs;
}

inline constexpr utf8_pairs utf8_wrong_pairs = make_utf8_pairs();

}  // namespace hawser::detail
