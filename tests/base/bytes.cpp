// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/bytes.hpp"

#include <array>
#include <cstdint>
#include <string_view>

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
