// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/crypto/text.hpp"

#include <string>
#include <string_view>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::credentials::detail;

namespace {

TEST_CASE("base64url has no padding, and no characters of base64", "[rfc4648-5][rfc7515-2]") {
  for (const std::string_view bytes : {"", "f", "fo", "foo", "foob", "fooba", "\xFB\xEF\xFF"}) {
    CHECK(from_base64url(base64url_encode(as_bytes(bytes))) == bytes);
  }
  for (const std::string_view text : {"A", "AA==", "AA=", "++++", "////", "AB", "A A", "AAAAA"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64url(text));
  }
}

TEST_CASE("a signature's hexadecimal digits are in lower case, two for each byte") {
  CHECK(from_hex("007fff") == std::string{"\x00\x7F\xFF", 3});
  CHECK(from_hex("") == "");
  for (const std::string_view text : {"0", "0g", "FF", "f F", "-1", "0x"}) {
    CAPTURE(text);
    CHECK_FALSE(from_hex(text));
  }
}

TEST_CASE("a text is cut at its last separator") {
  std::string_view text = "a--b--c";
  CHECK(take_before_last(text, "--") == "a--b");
  CHECK(text == "c");
  CHECK_FALSE(take_before_last(text, "--"));
  CHECK(text == "c");
}

}  // namespace
