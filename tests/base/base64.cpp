// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/base64.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser::test;
using namespace std::string_view_literals;

namespace {

// RFC 4648 §10
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
}};

constexpr bool encodes_at_compile_time() {
  const std::array data{std::byte{'f'}, std::byte{'o'}, std::byte{'o'}, std::byte{'b'}};
  const auto characters = hawser::base64_encode(data);
  return std::string_view{characters.data(), characters.size()} == "Zm9vYg==";
}
static_assert(encodes_at_compile_time());

// A constant expression may not write behind the characters.
static_assert(hawser::base64_encode(std::array<std::byte, 3>{}) == std::array{'A', 'A', 'A', 'A'});

// The key of RFC 6455 §1.3.
constexpr bool decodes_at_compile_time() {
  std::array<std::byte, 16> nonce{};
  const auto size = hawser::base64_decode("dGhlIHNhbXBsZSBub25jZQ==", nonce);
  return size == 16 && nonce[0] == std::byte{'t'} && nonce[15] == std::byte{'e'};
}
static_assert(decodes_at_compile_time());

std::optional<std::string> decode(std::string_view characters) {
  std::vector<std::byte> data(64);
  const auto size = hawser::base64_decode(characters, data);
  if (!size) return std::nullopt;
  data.resize(*size);
  return text(data);
}

TEST_CASE("the standard's examples are encoded and decoded", "[rfc-4648-10]") {
  for (const auto& [data, characters] : vectors) {
    CAPTURE(data);
    CHECK(hawser::base64_encode(hawser::as_bytes(data)) == characters);
    CHECK(hawser::base64_size(data.size()) == characters.size());
    CHECK(decode(characters) == data);
  }
}

TEST_CASE("the whole alphabet is used", "[rfc-4648-4]") {
  const auto data =
      "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbaf"
      "c31cb3d35db7e39ebbf3dfbf"_b;
  const auto characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  CHECK(hawser::base64_encode(data) == characters);
  CHECK(decode(characters) == text(data));
}

TEST_CASE("every byte at every position is decoded to itself") {
  for (int value = 0; value < 256; ++value) {
    for (std::size_t place = 0; place < 3; ++place) {
      std::string data(3, '\0');
      data[place] = static_cast<char>(value);
      CHECK(decode(hawser::base64_encode(hawser::as_bytes(data))) == data);
    }
  }
}

TEST_CASE("text that no encoder writes is not decoded", "[rfc-4648-3]") {
  const auto text = GENERATE(as<std::string_view>{},
                             // too little or too much padding, or in the wrong place
                             "Zg", "Zg=", "Z", "Zm8", "Zg=a", "Z===", "A===", "====", "=",
                             "Zg==Zg==", "Zm9v====", "Zg===", "=Zg=",
                             // unused bits that are not zero
                             "Zh==", "Zm9=", "Zm8/=",
                             // white space and other alphabets
                             "Zg==\n", " Zg==", "Zm 8=", "Zm9-", "Zm9_",
                             "Zm\xC3\xA9"
                             "0");
  CAPTURE(text);
  CHECK(decode(text) == std::nullopt);
}

TEST_CASE("a NUL is not part of the alphabet") { CHECK(decode("Zm\0v"sv) == std::nullopt); }

TEST_CASE(
    "text that does not fit is not decoded, and nothing is written after the end of the output") {
  std::array<std::byte, 3> data{};
  CHECK(hawser::base64_decode("Zm9v", data) == 3);
  data = {};
  CHECK(hawser::base64_decode("Zm9v", hawser::mutable_bytes{data}.first(2)) == std::nullopt);
  CHECK(data[2] == std::byte{0});
  CHECK(hawser::base64_decode("Zm8=", hawser::mutable_bytes{data}.first(2)) == 2);
  CHECK(hawser::base64_decode("", {}) == 0);
}

TEST_CASE("base64url has characters that need no encoding in a URL, and no padding",
          "[rfc4648-5][rfc7515-2]") {
  CHECK(hawser::base64url_encode(hawser::as_bytes("\xFB\xEF\xFF")) == "--__");
  CHECK(hawser::base64url_encode(hawser::as_bytes("a")) == "YQ");
  CHECK(hawser::base64url_encode(hawser::as_bytes("")).empty());
}

}  // namespace
