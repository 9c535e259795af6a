// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/mask.hpp"

#include <array>
#include <cstddef>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;

namespace {

constexpr hawser::mask_key example_key{std::byte{0x37}, std::byte{0xFA}, std::byte{0x21},
                                       std::byte{0x3D}};

// RFC 6455 §5.7: a masked "Hello".
constexpr bool masks_hello() {
  std::array payload{std::byte{0x7F}, std::byte{0x9F}, std::byte{0x4D}, std::byte{0x51},
                     std::byte{0x58}};
  hawser::apply_mask(payload, example_key);
  return payload ==
         std::array{std::byte{'H'}, std::byte{'e'}, std::byte{'l'}, std::byte{'l'}, std::byte{'o'}};
}
static_assert(masks_hello());

constexpr bool masks_from_an_offset() {
  std::array payload{std::byte{0x4D}, std::byte{0x51}, std::byte{0x58}};
  hawser::apply_mask(payload, example_key, 2);
  return payload == std::array{std::byte{'l'}, std::byte{'l'}, std::byte{'o'}};
}
static_assert(masks_from_an_offset());

// Long enough for the words and blocks that only the code for run time uses.
constexpr bool masks_long_payloads() {
  for (std::size_t size = 0; size <= 70; ++size) {
    std::array<std::byte, 70> payload{};
    hawser::apply_mask(hawser::mutable_bytes{payload}.first(size), example_key, 1);
    for (std::size_t i = 0; i < 70; ++i) {
      if (payload[i] != (i < size ? example_key[(i + 1) % 4] : std::byte{})) return false;
    }
  }
  return true;
}
static_assert(masks_long_payloads());

// The algorithm of RFC 6455 §5.3, literally.
std::vector<std::byte> transformed(std::vector<std::byte> data, hawser::mask_key key) {
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = data[i] ^ key[i % 4];
  return data;
}

TEST_CASE("the RFC's masked Hello is unmasked at run time", "[rfc-5.7]") {
  auto payload = "7f 9f 4d 51 58"_b;
  hawser::apply_mask(payload, example_key);
  CHECK(text(payload) == "Hello");
  hawser::apply_mask(payload, example_key);
  CHECK(payload == "7f 9f 4d 51 58"_b);
}

TEST_CASE("every length at every alignment is masked, and nothing beside it", "[rfc-5.3]") {
  for (std::size_t size = 0; size <= 200; ++size) {
    for (std::size_t start = 0; start < 9; ++start) {
      auto memory = pattern(start + size + 9);
      auto expected = memory;
      for (std::size_t i = 0; i < size; ++i) {
        expected[start + i] = expected[start + i] ^ example_key[i % 4];
      }
      hawser::apply_mask(hawser::mutable_bytes{memory}.subspan(start, size), example_key);
      REQUIRE(memory == expected);
    }
  }
}

TEST_CASE("a payload in two pieces, cut anywhere, is masked like the whole payload", "[rfc-5.3]") {
  const auto whole = transformed(pattern(150), example_key);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    auto payload = pattern(150);
    const hawser::mutable_bytes view{payload};
    hawser::apply_mask(view.first(cut), example_key);
    hawser::apply_mask(view.subspan(cut), example_key, cut);
    REQUIRE(payload == whole);
  }
}

TEST_CASE("a payload in single bytes is masked like the whole payload", "[rfc-5.3]") {
  auto payload = pattern(77);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    hawser::apply_mask(hawser::mutable_bytes{payload}.subspan(i, 1), example_key, i);
  }
  CHECK(payload == transformed(pattern(77), example_key));
}

TEST_CASE("a masked copy does not change its source") {
  const auto source = pattern(100);
  std::vector<std::byte> copy(100);
  hawser::copy_masked(source, copy.data(), example_key);
  CHECK(copy == transformed(source, example_key));
  CHECK(source == pattern(100));
}

TEST_CASE("a masked copy may overlap the end of its source, at any distance") {
  for (const auto size : std::array<std::size_t, 9>{0, 1, 7, 8, 31, 32, 33, 100, 150}) {
    for (std::size_t distance = 0; distance <= 40; ++distance) {
      auto memory = pattern(distance + size);
      const std::vector payload(memory.begin() + static_cast<std::ptrdiff_t>(distance),
                                memory.end());
      hawser::copy_masked(hawser::bytes_view{memory}.subspan(distance), memory.data(), example_key);
      memory.resize(size);
      REQUIRE(memory == transformed(payload, example_key));
    }
  }
}

}  // namespace
