// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/simd.hpp"

namespace hawser {

namespace detail {

/// The position inside a code point, which determines the bytes that may follow. The value is the
/// position of the state's six bits in a row of `utf8_rows`; `invalid` is zero, so every byte that
/// no rule allows leads to it.
enum class utf8_state : std::uint8_t {
  invalid = 0,
  boundary = 6,
  one_more = 12,
  two_more = 18,
  three_more = 24,
  after_e0 = 30,  // A0–BF: less is overlong
  after_ed = 36,  // 80–9F: more is a surrogate
  after_f0 = 42,  // 90–BF: less is overlong
  after_f4 = 48,  // 80–8F: more is above U+10FFFF
};

/// For each byte, the next state of every state. One step of the automaton is one load and one
/// shift, and the load does not depend on the previous step.
constexpr std::array<std::uint64_t, 256> make_utf8_rows() noexcept {
  using enum utf8_state;
  std::array<std::uint64_t, 256> rows{};
  const auto allow = [&](utf8_state from, unsigned first, unsigned last, utf8_state to) {
    for (auto byte = first; byte <= last; ++byte) {
      rows[byte] |= std::uint64_t{static_cast<std::uint8_t>(to)} << static_cast<unsigned>(from);
    }
  };
  // The syntax of RFC 3629 §4.
  allow(boundary, 0x00, 0x7F, boundary);
  allow(boundary, 0xC2, 0xDF, one_more);
  allow(boundary, 0xE0, 0xE0, after_e0);
  allow(boundary, 0xE1, 0xEC, two_more);
  allow(boundary, 0xED, 0xED, after_ed);
  allow(boundary, 0xEE, 0xEF, two_more);
  allow(boundary, 0xF0, 0xF0, after_f0);
  allow(boundary, 0xF1, 0xF3, three_more);
  allow(boundary, 0xF4, 0xF4, after_f4);
  allow(after_e0, 0xA0, 0xBF, one_more);
  allow(after_ed, 0x80, 0x9F, one_more);
  allow(after_f0, 0x90, 0xBF, two_more);
  allow(after_f4, 0x80, 0x8F, two_more);
  allow(three_more, 0x80, 0xBF, two_more);
  allow(two_more, 0x80, 0xBF, one_more);
  allow(one_more, 0x80, 0xBF, boundary);
  return rows;
}

inline constexpr std::array<std::uint64_t, 256> utf8_rows = make_utf8_rows();

template <class Byte>
constexpr utf8_state utf8_walk(utf8_state state, const Byte* bytes, std::size_t size) noexcept {
  auto place = static_cast<std::uint64_t>(state);
  for (std::size_t i = 0; i < size; ++i) {
    place = utf8_rows[static_cast<std::uint8_t>(bytes[i])] >> (place & 63);
  }
  return static_cast<utf8_state>(place & 63);
}

inline std::uint64_t top_bits(const std::byte* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word & 0x8080808080808080;
}

template <std::size_t... Words>
inline bool is_ascii(const std::byte* bytes, std::index_sequence<Words...>) noexcept {
  return (top_bits(bytes + 8 * Words) | ...) == 0;
}

/// Checks whole blocks from the front of `bytes` and removes them, and stops at the block that
/// makes the text invalid. Long runs of ASCII, the common case, need no steps.
template <std::size_t Words>
inline utf8_state utf8_run_blocks(utf8_state state, bytes_view& bytes) noexcept {
  constexpr auto block = 8 * Words;
  while (bytes.size() >= block && state != utf8_state::invalid) {
    if (state != utf8_state::boundary ||
        !is_ascii(bytes.data(), std::make_index_sequence<Words>{})) {
      state = utf8_walk(state, bytes.data(), block);
    }
    bytes = bytes.subspan(block);
  }
  return state;
}

/// Does the same with vector instructions. `bytes` must have more than a block.
inline utf8_state utf8_run_simd(utf8_state state, bytes_view& bytes) noexcept {
  // The blocks begin after three bytes, and where a code point begins. A code point has four bytes at most.
  std::size_t begin = 3;
  state = utf8_walk(state, bytes.data(), begin);
  for (; state > utf8_state::boundary; ++begin) {
    state = utf8_walk(state, &bytes[begin], 1);
  }
  const auto size = (bytes.size() - begin) / simd_block * simd_block;
  if (state == utf8_state::invalid || !utf8_blocks_fit(&bytes[begin], size)) {
    return utf8_state::invalid;
  }
  const auto end = begin + size;
  auto last = end - 1;  // where the last code point begins
  while ((bytes[last] & std::byte{0xC0}) == std::byte{0x80}) --last;
  state = utf8_walk(utf8_state::boundary, &bytes[last], end - last);
  bytes = bytes.subspan(end);
  return state;
}

/// From this size on, vector instructions save time.
inline constexpr std::size_t utf8_simd_size = 2 * simd_block;

/// Removes ASCII from the front of `bytes`, 256 bytes at most. Short texts, most of them ASCII, need no more.
inline void skip_ascii(bytes_view& bytes) noexcept {
  for (int block = 0; block < 8 && bytes.size() >= 32; ++block) {
    if (!is_ascii(bytes.data(), std::make_index_sequence<4>{})) return;
    bytes = bytes.subspan(32);
  }
}

/// Same result as utf8_walk, faster.
inline utf8_state utf8_run(utf8_state state, bytes_view bytes) noexcept {
  if (state == utf8_state::boundary) skip_ascii(bytes);
  if (bytes.size() >= utf8_simd_size && has_simd()) state = utf8_run_simd(state, bytes);
  state = utf8_run_blocks<4>(state, bytes);
  state = utf8_run_blocks<1>(state, bytes);
  if (state == utf8_state::invalid) return state;
  return utf8_walk(state, bytes.data(), bytes.size());
}

}  // namespace detail

/// Checks UTF-8 text that arrives in pieces, cut at any byte: RFC 3629.
class utf8_validator {
 public:
  /// Returns false once the text fed so far cannot be the start of valid text: at the first byte
  /// that makes it invalid, not at the end of its code point. Stays false until reset().
  constexpr bool feed(bytes_view bytes) noexcept {
    state_ = std::is_constant_evaluated() ? detail::utf8_walk(state_, bytes.data(), bytes.size())
                                          : detail::utf8_run(state_, bytes);
    return state_ != detail::utf8_state::invalid;
  }

  /// Whether the text is valid if it ends here: valid so far, and not inside a code point.
  constexpr bool complete() const noexcept { return state_ == detail::utf8_state::boundary; }

  /// Starts a new text.
  constexpr void reset() noexcept { state_ = detail::utf8_state::boundary; }

 private:
  detail::utf8_state state_ = detail::utf8_state::boundary;
};

/// Whether the bytes are complete, valid UTF-8: RFC 3629.
[[nodiscard]] constexpr bool is_valid_utf8(bytes_view bytes) noexcept {
  utf8_validator text;
  return text.feed(bytes) && text.complete();
}

/// Whether the text is valid UTF-8: RFC 3629.
[[nodiscard]] constexpr bool is_valid_utf8(std::string_view text) noexcept {
  if (!std::is_constant_evaluated()) return is_valid_utf8(as_bytes(text));
  constexpr auto boundary = detail::utf8_state::boundary;
  return detail::utf8_walk(boundary, text.data(), text.size()) == boundary;
}

/// The longest prefix of `text` of at most `size` bytes that does not end inside a code point.
/// `text` must be valid UTF-8. A view into `text`.
constexpr std::string_view utf8_prefix(std::string_view text, std::size_t size) noexcept {
  if (text.size() <= size) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (size > 0 && continues(text[size])) --size;
  return text.substr(0, size);
}

}  // namespace hawser
