// SPDX-License-Identifier: BSL-1.0
#include "hawser/deflate/deflater.hpp"

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hawser/deflate/options.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/strict_inflate.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

const auto hello = as_bytes("Hello");

TEST_CASE("the RFC's examples are compressed as it shows", "[rfc7692-7.2.3.1]") {
  const auto with = usual_deflater();
  CHECK(deflated(*with, hello) == "f2 48 cd c9 c9 07 00"_b);
}

TEST_CASE("a message may refer to the one before", "[rfc7692-7.2.3.2]") {
  const auto with = usual_deflater();
  deflated(*with, hello);
  CHECK(deflated(*with, hello) == "f2 00 11 00 00"_b);
  with->reset();
  CHECK(deflated(*with, hello) == "f2 48 cd c9 c9 07 00"_b);
}

TEST_CASE("an empty message is one byte, at any position", "[rfc7692-7.2.3.6]") {
  const auto with = usual_deflater();
  CHECK(deflated(*with, {}) == "00"_b);
  CHECK(deflated(*with, {}) == "00"_b);
  CHECK(deflated(*with, hello) == "f2 48 cd c9 c9 07 00"_b);
  CHECK(deflated(*with, {}) == "00"_b);
  byte_vector encoded;
  with->encode({}, part::more, encoded);
  with->encode({}, part::last, encoded);
  CHECK(encoded == "00"_b);
  CHECK(deflated(*with, hello) == "f2 00 11 00 00"_b);
}

TEST_CASE("a piece may be longer than zlib takes in one call", "[rfc7692-6.1]") {
  constexpr std::size_t at_once = std::size_t{1} << 24;
  byte_vector message(2 * at_once + 5);
  message[at_once - 1] = std::byte{1};
  message[at_once] = std::byte{2};
  message.back() = std::byte{3};
  const auto with = deflater::make({1, 8, 15});
  const auto by = inflater::make({15});
  REQUIRE(with);
  REQUIRE(by);
  const auto encoded = deflated(*with, message);
  CHECK(encoded.size() < message.size() / 100);
  const auto result = inflated(*by, encoded, std::size_t{1} << 20);
  CHECK(result.error == errc{});
  CHECK((result.output == message));
}

TEST_CASE("a message in pieces is one message", "[rfc7692-6.1]") {
  std::mt19937 random{7};
  const auto whole = some_bytes(random, 50'000);
  const auto size = GENERATE(as<std::size_t>{}, 1, 7, 1000, 49'999);
  const auto with = usual_deflater();
  byte_vector encoded;
  for (bytes_view rest{whole}; !rest.empty();) {
    const auto piece = rest.first((std::min)(size, rest.size()));
    rest = rest.subspan(piece.size());
    with->encode(piece, part::more, encoded);
  }
  with->encode({}, part::last, encoded);
  strict_inflate strict;
  REQUIRE(strict.message(encoded));
  CHECK(strict.output() == whole);
}

TEST_CASE("with any settings, no message refers back further than its window", "[rfc7692-7.1.2]") {
  const auto bits = GENERATE(9, 10, 12, 15);
  const auto memory_level = GENERATE(1, 5, 9);
  const auto level = GENERATE(1, 6, 9);
  const auto with = deflater::make({level, memory_level, bits});
  std::mt19937 random{static_cast<std::uint32_t>(bits)};
  // Data that repeats what was sent just more than a window ago.
  const auto period = some_bytes(random, (std::size_t{1} << bits) + 1);
  strict_inflate strict;
  for (const std::size_t size : {period.size(), period.size(), std::size_t{300}, period.size()}) {
    const bytes_view message{period.data(), size};
    REQUIRE(strict.message(deflated(*with, message)));
    CHECK(strict.output() == byte_vector{message.begin(), message.end()});
  }
  CHECK(strict.longest_distance <= std::size_t{1} << bits);
  CHECK(strict.longest_distance > 0);
}

TEST_CASE("random bytes become hardly longer") {
  std::mt19937 random{1};
  byte_vector noise(100'000);
  for (auto& byte : noise) byte = std::byte(random());
  const auto encoded = deflated(noise);
  CHECK(encoded.size() < noise.size() + 100);
  strict_inflate strict;
  REQUIRE(strict.message(encoded));
  CHECK(strict.output() == noise);
  CHECK(strict.stored_blocks > 0);
}

TEST_CASE("encoded bytes are appended to the output") {
  byte_vector encoded = "01 02"_b;
  usual_deflater()->encode(hello, part::last, encoded);
  CHECK(encoded == "01 02 f2 48 cd c9 c9 07 00"_b);
}

TEST_CASE("settings out of their range are clamped to it") {
  using settings = deflater::settings;
  CHECK(deflater::settings_for({.level = 0, .memory_level = 0, .own_window_bits = 8}, 15) ==
        settings{1, 1, 9});
  CHECK(deflater::settings_for({.level = 99, .memory_level = 99, .own_window_bits = 99}, 15) ==
        settings{9, 9, 15});
  CHECK(deflater::settings_for({.own_window_bits = 14}, 10).window_bits == 10);
  CHECK(deflater::settings_for({.own_window_bits = 10}, 14).window_bits == 10);
  CHECK(deflater::make({1, 1, 9})->made_with() == settings{1, 1, 9});
}

TEST_CASE("settings that zlib refuses make no deflater") {
  CHECK_FALSE(deflater::make({6, 8, 8}));
  CHECK_FALSE(deflater::make({6, 8, 16}));
}

}  // namespace
