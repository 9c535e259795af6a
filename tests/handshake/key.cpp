// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/key.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace {

template <std::size_t Size>
constexpr std::string_view view(const std::array<char, Size>& characters) {
  return {characters.data(), characters.size()};
}

constexpr std::array<std::byte, 16> bytes_1_to_16() {
  std::array<std::byte, 16> data{};
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i + 1);
  return data;
}

// RFC 6455 §1.3 and §4.1: the answer to a key, and the bytes 1 to 16 as a key.
static_assert(view(hawser::accept_key_for("dGhlIHNhbXBsZSBub25jZQ==")) ==
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
static_assert(view(hawser::encode_key(bytes_1_to_16())) == "AQIDBAUGBwgJCgsMDQ4PEA==");

TEST_CASE("the RFC's key has the RFC's answer at run time", "[rfc-1.3][rfc-4.2.2]") {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  CHECK(view(hawser::accept_key_for(key)) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("a key is the base64 of exactly 16 bytes", "[rfc-4.2.1]") {
  CHECK(hawser::is_handshake_key("dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK(hawser::is_handshake_key("AAAAAAAAAAAAAAAAAAAAAA=="));
  CHECK(hawser::is_handshake_key("+/+/+/+/+/+/+/+/+/+/+w=="));
  for (const std::string_view bad : {
           "",
           "dGhlIHNhbXBsZSBub25jZQ",        // no padding
           "dGhlIHNhbXBsZSBub25jZQ=",       // half of it
           "dGhlIHNhbXBsZSBub25jZQ===",     // too much
           "dGhlIHNhbXBsZSBub25j",          // 15 bytes
           "dGhlIHNhbXBsZSBub25jZQA=",      // 17 bytes
           "dGhlIHNhbXBsZSBub25jZWFh",      // 18 bytes, 24 characters
           "dGhlIHNhbXBsZSBub25jZQ==AAAA",  // more after the padding
           "dGhlIHNhbXBsZSBub25j ZQ=",      // white space
           "dGhlIHNhbXBsZSBub25jZ_==",      // another alphabet
           "SGVsbG8sIHdvcmxkIQ==",          // 13 bytes
       }) {
    CAPTURE(bad);
    CHECK_FALSE(hawser::is_handshake_key(bad));
  }
}

}  // namespace
