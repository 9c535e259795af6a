// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/header.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr bool same(const frame_header& left, const frame_header& right) {
  return left.op == right.op && left.fin == right.fin && left.reserved == right.reserved &&
         left.masked == right.masked && left.mask == right.mask && left.length == right.length;
}

template <class... Bytes>
constexpr auto bytes_of(Bytes... values) {
  return std::array{static_cast<std::byte>(values)...};
}

/// The result of decode().
struct reading {
  frame_header header;
  std::size_t size;
  errc error;
};

constexpr reading read(bytes_view wire) {
  frame_header header;
  const auto [size, error] = decode(wire, header);
  return {header, size, error};
}

/// Whether `header` is encoded as `wire` and `wire` is decoded as `header`.
template <std::size_t Size>
constexpr bool is_on_the_wire(const frame_header& header, std::array<std::byte, Size> wire) {
  std::array<std::byte, Size> written{};
  if (encoded_size(header) != Size || encode(header, written) != Size || written != wire) {
    return false;
  }
  const auto back = read(wire);
  return back.size == Size && back.error == errc{} && same(back.header, header);
}

// The examples of RFC 6455 §5.7.
static_assert(is_on_the_wire({opcode::text, true, 0, false, {}, 5}, bytes_of(0x81, 0x05)));
static_assert(is_on_the_wire({opcode::text, true, 0, true, example_key, 5},
                             bytes_of(0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D)));
static_assert(is_on_the_wire({opcode::text, false, 0, false, {}, 3}, bytes_of(0x01, 0x03)));
static_assert(is_on_the_wire({opcode::continuation, true, 0, false, {}, 2}, bytes_of(0x80, 0x02)));
static_assert(is_on_the_wire({opcode::ping, true, 0, false, {}, 5}, bytes_of(0x89, 0x05)));
static_assert(is_on_the_wire({opcode::pong, true, 0, true, example_key, 5},
                             bytes_of(0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 256},
                             bytes_of(0x82, 0x7E, 0x01, 0x00)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 65'536},
                             bytes_of(0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0)));

// The lengths at which the encoding changes.
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 0}, bytes_of(0x82, 0)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 125}, bytes_of(0x82, 125)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 126},
                             bytes_of(0x82, 126, 0, 126)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 127},
                             bytes_of(0x82, 126, 0, 127)));
static_assert(is_on_the_wire({opcode::binary, true, 0, false, {}, 65'535},
                             bytes_of(0x82, 126, 0xFF, 0xFF)));
static_assert(is_on_the_wire({opcode::binary, true, rsv1, true, example_key, 0x7FFF'FFFF'FFFF'FFFF},
                             bytes_of(0xC2, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                      0x37, 0xFA, 0x21, 0x3D)));

/// The error, if no size is reported beside it.
constexpr errc error_of(bytes_view wire) {
  const auto result = read(wire);
  return result.size == 0 ? result.error : errc{};
}

// There is one encoding of each length.
static_assert(error_of(bytes_of(0x82, 126, 0, 0)) == errc::length_not_minimal);
static_assert(error_of(bytes_of(0x82, 126, 0, 125)) == errc::length_not_minimal);
static_assert(error_of(bytes_of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0)) == errc::length_not_minimal);
static_assert(error_of(bytes_of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 125)) == errc::length_not_minimal);
static_assert(error_of(bytes_of(0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF)) ==
              errc::length_not_minimal);
static_assert(error_of(bytes_of(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0)) == errc::length_too_large);
static_assert(error_of(bytes_of(0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)) ==
              errc::length_too_large);
// The error is reported before the mask key has arrived.
static_assert(error_of(bytes_of(0x82, 0xFE, 0, 1)) == errc::length_not_minimal);

TEST_CASE("encoded_size() is the size that encode() writes", "[rfc-5.2]") {
  const bool masked = GENERATE(false, true);
  for (const auto& [length, size] : {std::pair<std::uint64_t, std::size_t>{0, 2},
                                     {125, 2},
                                     {126, 4},
                                     {0xFFFF, 4},
                                     {0x10000, 10},
                                     {0x7FFFFFFFFFFFFFFF, 10}}) {
    const frame_header header{opcode::binary, true, 0, masked, example_key, length};
    byte_vector buffer(max_header_size);
    CAPTURE(length);
    CHECK(encoded_size(header) == size + (masked ? 4 : 0));
    CHECK(encode(header, buffer) == encoded_size(header));
  }
}

TEST_CASE("a header is complete with its last byte and not before", "[rfc-5.2]") {
  for (const auto length : {std::uint64_t{0}, std::uint64_t{125}, std::uint64_t{126},
                            std::uint64_t{65'535}, std::uint64_t{65'536}, std::uint64_t{1} << 62}) {
    for (const auto from : {role::client, role::server}) {
      const auto wire = header_from(from, 2, length);
      for (std::size_t size = 0; size < wire.size(); ++size) {
        const byte_vector cut{wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size)};
        const auto back = read(cut);
        CHECK(back.size == 0);
        CHECK(back.error == errc{});
      }
      const auto back = read(wire + bytes("payload"));
      CHECK(back.size == wire.size());
      CHECK(back.header.length == length);
    }
  }
}

TEST_CASE("op, fin and reserved bits are set with the second byte", "[rfc-5.2]") {
  const auto back = read("2a ff"_b);
  CHECK(back.size == 0);
  CHECK(back.header.op == opcode::pong);
  CHECK(!back.header.fin);
  CHECK(back.header.reserved == rsv2);
}

TEST_CASE("each first byte is decoded as it was encoded", "[rfc-5.2]") {
  for (int first = 0; first < 256; ++first) {
    const byte_vector wire{static_cast<std::byte>(first), std::byte{7}};
    const auto back = read(wire);
    REQUIRE(back.size == 2);
    byte_vector written(2);
    CHECK(encode(back.header, written) == 2);
    CHECK(written == wire);
  }
}

TEST_CASE("every length of up to three bytes is decoded as it was encoded", "[rfc-5.2]") {
  for (std::uint64_t length = 0; length < 70'000; ++length) {
    std::array<std::byte, max_header_size> wire{};
    const auto size = encode({opcode::text, true, 0, false, {}, length}, wire);
    const auto back = read(bytes_view{wire}.first(size));
    if (back.size != size || back.header.length != length || back.error != errc{}) {
      FAIL_CHECK(length);
    }
  }
}

}  // namespace
