// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/simd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/utf8.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;
using hawser::detail::simd_block;
using hawser::detail::utf8_state;

namespace {

/// Whether both ways of validating a text of two blocks after "abc" end in the same state.
bool agree(const std::string& blocks) {
  const auto text = "abc" + blocks;
  auto rest = hawser::as_bytes(text);
  const auto walked = hawser::detail::utf8_walk(utf8_state::boundary, rest.data(), rest.size());
  const auto state = hawser::detail::utf8_run_simd(utf8_state::boundary, rest);
  return state == walked && (rest.empty() || state == utf8_state::invalid);
}

/// Bytes at the borders of all rules of RFC 3629 §4.
constexpr std::array<std::uint8_t, 26> borders{0x00, 0x61, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                               0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                               0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};

TEST_CASE("the tables of pairs are the same at compile time and at run time") {
  const auto& table = hawser::detail::utf8_wrong_pairs;
  CHECK((hawser::detail::make_utf8_pairs().first_high == table.first_high));
  CHECK((hawser::detail::make_utf8_pairs().first_low == table.first_low));
  CHECK((hawser::detail::make_utf8_pairs().second_high == table.second_high));
}

TEST_CASE("vector instructions accept and refuse the same pairs of bytes as the automaton",
          "[rfc-3629-4]") {
  if (!hawser::detail::has_simd()) return;
  std::size_t wrong = 0;
  for (unsigned pair = 0; pair < 0x10000; ++pair) {
    std::string text(2 * simd_block, 'x');
    text[10] = static_cast<char>(pair >> 8);
    text[11] = static_cast<char>(pair & 0xFF);
    if (!agree(text)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE(
    "vector instructions accept and refuse the same four bytes as the automaton, wherever blocks "
    "end",
    "[rfc-3629-4]") {
  if (!hawser::detail::has_simd()) return;
  const auto place = GENERATE(as<std::size_t>{}, 0, 29, 31, 32, 61, 62, 63, 64, 93, 123, 124);
  std::size_t wrong = 0;
  std::string text(2 * simd_block, 'x');
  for (const auto first : borders) {
    for (const auto second : borders) {
      for (const auto third : borders) {
        for (const auto fourth : borders) {
          std::ranges::copy(std::array{first, second, third, fourth},
                            text.begin() + static_cast<std::ptrdiff_t>(place));
          if (!agree(text)) ++wrong;
        }
      }
    }
  }
  CAPTURE(place);
  CHECK(wrong == 0);
}

TEST_CASE("vector instructions mask whole blocks, and nothing after them", "[rfc-5.3]") {
  if (!hawser::detail::has_simd()) return;
  constexpr std::uint64_t key = 0x3D21FA373D21FA37;
  for (const auto size : std::initializer_list<std::size_t>{0, 1, 63, 64, 65, 127, 128, 200}) {
    const auto in = pattern(size);
    auto out = pattern(size);
    const auto done = hawser::detail::mask_blocks(in.data(), out.data(), size, key);
    CHECK(done == size / simd_block * simd_block);
    for (std::size_t i = 0; i < size; ++i) {
      const auto mask = static_cast<std::byte>(key >> (8 * (i % 8)));
      REQUIRE(out[i] == (i < done ? in[i] ^ mask : in[i]));
    }
  }
}

}  // namespace
