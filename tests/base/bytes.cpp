// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;

namespace {

template <class T>
constexpr bool comes_back(T value) {
  std::array<std::byte, sizeof(T)> wire{};
  hawser::store_big_endian(wire, value);
  return hawser::load_big_endian<T>(wire) == value;
}

static_assert(comes_back(std::uint8_t{0xFE}));
static_assert(comes_back(std::uint16_t{0xFEDC}));
static_assert(comes_back(std::uint32_t{0xFEDCBA98}));
static_assert(comes_back(std::uint64_t{0xFEDCBA9876543210}));

template <class From>
constexpr bool is_binary = std::is_convertible_v<From, hawser::binary_view>;

static_assert(is_binary<hawser::bytes_view> && is_binary<hawser::mutable_bytes>);
static_assert(is_binary<std::vector<std::uint8_t>> && is_binary<std::span<const std::uint8_t>>);
static_assert(is_binary<std::vector<char>> && is_binary<std::span<const char>>);
static_assert(is_binary<std::array<std::byte, 3>> && is_binary<std::uint8_t (&)[3]>);
// Texts, and what is no range of bytes.
static_assert(!is_binary<std::string> && !is_binary<std::string_view> && !is_binary<const char*>);
static_assert(!is_binary<const char (&)[3]> && !is_binary<std::vector<int>>);
static_assert(!is_binary<std::vector<bool>> && !is_binary<std::u8string> && !is_binary<int>);

TEST_CASE("a binary_view has the bytes of the range from which it is made") {
  CHECK(hawser::binary_view{}.empty());
  const std::vector<std::uint8_t> numbers{0, 1, 255};
  const hawser::binary_view view = numbers;
  CHECK(to_hex(view) == "0001ff");
  CHECK(static_cast<const void*>(view.data()) == numbers.data());
  CHECK(to_hex(hawser::binary_view{std::array{'h', 'i'}}) == "6869");
}

TEST_CASE("integers are stored with the most significant byte first", "[rfc-5.2]") {
  std::array<std::byte, 8> wire{};
  hawser::store_big_endian(wire, std::uint64_t{0x0102030405060708});
  CHECK(to_hex(wire) == "0102030405060708");
  hawser::store_big_endian(wire, std::uint16_t{0xABCD});
  CHECK(to_hex(wire) == "abcd030405060708");
  CHECK(hawser::load_big_endian<std::uint32_t>(wire) == 0xABCD0304);
}

TEST_CASE("as_bytes() and as_text() are views of the same memory") {
  const std::string_view hello = "h\xC3\xA9";
  const auto data = hawser::as_bytes(hello);
  CHECK(to_hex(data) == "68c3a9");
  CHECK(hawser::as_text(data).data() == hello.data());
  CHECK(hawser::as_text(data) == hello);
  CHECK(hawser::as_bytes("").empty());
  CHECK(hawser::as_text({}).empty());
}

}  // namespace
