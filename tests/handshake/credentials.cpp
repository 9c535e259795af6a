// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/credentials.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::string_view_literals;

namespace {

static_assert(decode_bearer_token("Bearer x") == "x");

TEST_CASE("a bearer token has the characters of RFC 6750 and no others", "[rfc6750-2.1]") {
  const struct {
    std::string_view value;
    std::optional<std::string_view> token;
  } table[] = {
      {"Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"},
      {"bearer a", "a"},
      {"BEARER   a~+/==", "a~+/=="},
      {"", std::nullopt},
      {"Bearer", std::nullopt},
      {"Bearer ", std::nullopt},
      {"Bearer =", std::nullopt},
      {"Bearer a=b", std::nullopt},
      {"Bearer a b", std::nullopt},
      {"Bearer a,b", std::nullopt},
      {"Bearer \"a\"", std::nullopt},
      {"Bearer a\tb", std::nullopt},
      {"Bearer\ta", std::nullopt},
      {"Bearer \xC3\xBC", std::nullopt},
      {"Bearers a", std::nullopt},
      {"Basic a", std::nullopt},
      {"a", std::nullopt},
      {" Bearer a", std::nullopt},
  };
  for (const auto& row : table) {
    CAPTURE(row.value);
    CHECK(decode_bearer_token(row.value) == row.token);
  }
}

TEST_CASE("user and password of basic authentication are decoded", "[rfc7617-2]") {
  const auto decoded = [](std::string_view text) {
    return decode_basic_credentials("Basic " + base64_encode(as_bytes(text)));
  };
  CHECK(decode_basic_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==") ==
        basic_credentials{"Aladdin", "open sesame"});
  CHECK(decode_basic_credentials("bAsIc  Og==") == basic_credentials{"", ""});
  CHECK(decoded("user:") == basic_credentials{"user", ""});
  CHECK(decoded(":password") == basic_credentials{"", "password"});
  CHECK(decoded("a:b:c") == basic_credentials{"a", "b:c"});
  CHECK(decoded("test:123\xC2\xA3") == basic_credentials{"test", "123\xC2\xA3"});
  const std::string longest(3000, 'x');
  CHECK(decoded(longest + ':' + longest) == basic_credentials{longest, longest});
  for (const auto bad : {""sv, "user"sv, "a\nb:c"sv, "a:b\0"sv, "a:\x7f"sv, "\t:b"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(decoded(bad));
  }
}

TEST_CASE("other schemes than basic authentication have no user", "[rfc7617-2][abuse]") {
  for (const auto value : {
           ""sv,
           "Basic"sv,
           "Basic "sv,
           "Basic Og"sv,    // without padding
           "Basic Og="sv,   // with half of it
           "Basic Oh=="sv,  // unused bits are set
           "Basic O g=="sv,
           "Basic Og==Og=="sv,
           "Basic Og==,Og=="sv,
           "Basic Og==\n"sv,
           "Basic ===="sv,
           "Basic !!!!"sv,
           "Bearer Og=="sv,
           "BasicOg=="sv,
           "Og=="sv,
       }) {
    CAPTURE(value);
    CHECK_FALSE(decode_basic_credentials(value));
  }
}

}  // namespace
