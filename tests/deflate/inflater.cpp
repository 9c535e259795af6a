// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/inflater.hpp"

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

const auto inflated_hello = "48 65 6c 6c 6f"_b;

/// The decoded payload, which must be the same for each size of output memory and each cut.
byte_vector inflated_in_all_ways(const byte_vector& payload) {
  const auto whole = inflated(*inflater::make({15}), payload);
  REQUIRE(whole.error == errc{});
  for (const auto capacity : std::initializer_list<std::size_t>{1, 2, 3, 5, 4096}) {
    CHECK(inflated(*inflater::make({15}), payload, capacity).output == whole.output);
    for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
      const auto by = inflater::make({15});
      auto begun = inflated(*by, bytes_view{payload}.first(cut), capacity, part::more);
      REQUIRE(begun.error == errc{});
      const auto rest = inflated(*by, bytes_view{payload}.subspan(cut), capacity);
      REQUIRE(rest.error == errc{});
      CHECK(begun.output + rest.output == whole.output);
    }
  }
  return whole.output;
}

errc error_of(const byte_vector& payload) { return inflated(*inflater::make({15}), payload).error; }

TEST_CASE("the RFC's examples are decompressed", "[rfc7692-7.2.3]") {
  CHECK(inflated_in_all_ways("f2 48 cd c9 c9 07 00"_b) == inflated_hello);              // 7.2.3.1
  CHECK(inflated_in_all_ways("00 05 00 fa ff 48 65 6c 6c 6f 00"_b) == inflated_hello);  // 7.2.3.3
  CHECK(inflated_in_all_ways("f3 48 cd c9 c9 07 00 00"_b) == inflated_hello);           // 7.2.3.4
  CHECK(inflated_in_all_ways("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"_b) == inflated_hello);
  CHECK(inflated_in_all_ways("00"_b).empty());  // 7.2.3.6
}

TEST_CASE("a message may refer to the one before, until a reset", "[rfc7692-7.2.3.2]") {
  const auto by = inflater::make({15});
  CHECK(inflated(*by, "f2 48 cd c9 c9 07 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "00"_b).output.empty());
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
  by->reset();
  CHECK(inflated(*by, "f2 00 11 00 00"_b).error == errc::bad_extension_data);
}

TEST_CASE("a block marked as the last one does not end the message", "[rfc7692-7.2.3.4]") {
  // Two such messages, then one that refers to them.
  const auto final_hello = "f3 48 cd c9 c9 07 00"_b;
  CHECK(inflated_in_all_ways(final_hello + final_hello + "00"_b) ==
        inflated_hello + inflated_hello);
  const auto by = inflater::make({15});
  CHECK(inflated(*by, final_hello + "00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f3 00 11 00 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
}

TEST_CASE("a missing byte after the last block is accepted") {
  CHECK(inflated_in_all_ways("f3 48 cd c9 c9 07 00"_b) == inflated_hello);
  const auto by = inflater::make({15});
  CHECK(inflated(*by, "f3 48 cd c9 c9 07 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
}

TEST_CASE("a missing byte of an empty message is accepted") {
  CHECK(inflated_in_all_ways({}).empty());
  const auto by = inflater::make({15});
  CHECK(inflated(*by, "f2 48 cd c9 c9 07 00"_b).output == inflated_hello);
  CHECK(inflated(*by, {}).output.empty());
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
}

TEST_CASE("empty pieces have no effect") {
  const auto by = inflater::make({15});
  CHECK(inflated(*by, {}, 8, part::more).output.empty());
  CHECK(inflated(*by, "f2 48 cd c9"_b, 8, part::more).error == errc{});
  CHECK(inflated(*by, {}, 8, part::more).error == errc{});
  CHECK(inflated(*by, "c9 07 00"_b, 8, part::more).error == errc{});
  CHECK(inflated(*by, {}, 8).error == errc{});
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
}

TEST_CASE("long messages are decompressed as they were sent", "[rfc7692-7.2.2]") {
  std::mt19937 random{11};
  const auto capacity = GENERATE(as<std::size_t>{}, 1, 257, 4096, 1'000'000);
  const auto by = inflater::make({15});
  const auto with = usual_deflater();
  for (const auto size : std::initializer_list<std::size_t>{1, 300, 5000, 70'000}) {
    const auto message = some_bytes(random, size);
    const auto result = inflated(*by, deflated(*with, message), capacity);
    REQUIRE(result.error == errc{});
    CHECK(result.output == message);
  }
}

TEST_CASE("a window of 8 bits is enough for a peer that uses no more", "[rfc7692-7.1.2]") {
  const auto by = inflater::make({8});
  REQUIRE(by);
  CHECK(inflated(*by, "f2 48 cd c9 c9 07 00"_b).output == inflated_hello);
  CHECK(inflated(*by, "f2 00 11 00 00"_b).output == inflated_hello);
}

// A last block of nine literals and a match, without one bit of the match and the end of the block.
TEST_CASE(
    "a last block that ends after the message is refused, whatever memory there is for output",
    "[rfc7692-7.2.3.4]") {
  for (std::size_t capacity = 1; capacity <= 16; ++capacity) {
    CAPTURE(capacity);
    const auto by = inflater::make({15});
    CHECK(inflated(*by, "4b 4c 4c 4c 4c 4c 4c 4c 4c 04 32"_b, capacity).error ==
          errc::bad_extension_data);
  }
}

TEST_CASE("data that is not a deflate stream is refused", "[rfc7692-7.2.2]") {
  for (const auto* payload : {"06", "07", "ff", "00 01 00 00 00 61", "f2 48 cd c9 c9 07",
                              "f2 48 cd c9", "f2", "fa", "00 05 00 fa ff 48 65 6c 6c 6f", "00 00",
                              "00 00 00", "03", "f2 00 11 00 00", "aa aa aa aa"}) {
    CAPTURE(payload);
    CHECK(error_of(from_hex(payload)) == errc::bad_extension_data);
  }
}

TEST_CASE("a truncated message is refused, at every position", "[rfc7692-7.2.2]") {
  std::mt19937 random{3};
  const auto encoded = deflated(some_bytes(random, 2000));
  std::size_t refused = 0;
  for (std::size_t size = 1; size < encoded.size(); ++size) {
    refused += error_of({encoded.begin(), encoded.begin() + static_cast<std::ptrdiff_t>(size)}) ==
               errc::bad_extension_data;
  }
  CHECK(refused == encoded.size() - 1);
}

TEST_CASE("any bytes are decoded or refused, and each of them once") {
  std::mt19937 random{5};
  std::size_t good = 0;
  for (int round = 0; round < 3000; ++round) {
    byte_vector noise(random() % 40);
    for (auto& byte : noise) byte = std::byte(random() % 8 == 0 ? random() : random() % 8);
    const auto by = inflater::make({9});
    const auto result = inflated(*by, noise, 1 + random() % 64);
    good += result.error == errc{};
    CHECK(result.output.size() < 40 * 1032);
  }
  CHECK(good > 0);
}

TEST_CASE("settings that zlib refuses make no inflater") {
  CHECK_FALSE(inflater::make({16}));
  CHECK_FALSE(inflater::make({7}));
}

TEST_CASE("after reset() a message is decoded although the one before was cut off") {
  const auto whole = "f2 48 cd c9 c9 07 00"_b;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto by = inflater::make({15});
    (void)inflated(*by, bytes_view{whole}.first(size));
    by->reset();
    const auto result = inflated(*by, whole);
    CHECK(result.error == errc{});
    CHECK(result.output == inflated_hello);
  }
}

}  // namespace
