// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/sha1.hpp"

#include <string>
#include <string_view>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;

namespace {

constexpr bool digest_is(const hawser::sha1_digest& digest, std::string_view hex) {
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto value = std::to_integer<unsigned>(digest[i]);
    constexpr std::string_view digits = "0123456789abcdef";
    if (hex[2 * i] != digits[value >> 4] || hex[2 * i + 1] != digits[value & 0xF]) return false;
  }
  return hex.size() == 2 * digest.size();
}

// RFC 3174 §7.3
static_assert(digest_is(hawser::sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d"));
static_assert(digest_is(hawser::sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
static_assert(digest_is(hawser::sha1(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709"));
// RFC 6455 §1.3
static_assert(digest_is(hawser::sha1("dGhlIHNhbXBsZSBub25jZQ=="
                                     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"),
                        "b37a4f2cc0624f1690f64606cf385945b2bec4ea"));

TEST_CASE("the RFC's long examples are hashed", "[rfc-3174-7.3]") {
  CHECK(to_hex(hawser::sha1(std::string(1'000'000, 'a'))) ==
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  std::string digits;
  for (int i = 0; i < 80; ++i) digits += "01234567";
  CHECK(to_hex(hawser::sha1(digits)) == "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

TEST_CASE("a text has the hash of its bytes") {
  CHECK(hawser::sha1(hawser::as_bytes("abc")) == hawser::sha1("abc"));
}

TEST_CASE("the padding is right on both sides of a block's end", "[rfc-3174-4]") {
  // From another implementation: n times the letter x.
  const auto [size, expected] = GENERATE(table<std::size_t, std::string>({
      {54, "31045e7bb077ff8d188a776b196b980388735dbb"},
      {55, "cef734ba81a024479e09eb5a75b6ddae62e6abf1"},
      {56, "901305367c259952f4e7af8323f480d59f81335b"},
      {57, "025ecbd5d70f8fb3c5457cd96bab13fda305dc59"},
      {63, "0ddc4e0cccd9a12850deb5abb0853a4425559fec"},
      {64, "bb2fa3ee7afb9f54c6dfb5d021f14b1ffe40c163"},
      {65, "78c741ddc482e4cdf8c474a0876347a0905b6233"},
      {119, "4300320394f7ee239bcdce7d3b8bcee173a0cd5c"},
      {120, "ceb2821639c4b6dcb10bce0e522ca2e608ce056d"},
  }));
  CAPTURE(size);
  CHECK(to_hex(hawser::sha1(std::string(size, 'x'))) == expected);
}

}  // namespace
