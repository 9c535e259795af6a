// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/cookie.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using hawser::decode_cookie;

namespace {

using values = std::vector<std::string>;

values cookies_in(std::string_view field) {
  values found;
  hawser::cookie_list list{field};
  while (const auto one = list.next()) {
    found.push_back(std::string{one->name}.append(" is ").append(one->value));
  }
  return found;
}

TEST_CASE("a Cookie field is a list of names and values", "[rfc6265-4.2.1][R-AUTH]") {
  CHECK(cookies_in("a=1; b=2") == values{"a is 1", "b is 2"});
  CHECK(cookies_in("a=1;b=2") == values{"a is 1", "b is 2"});
  CHECK(cookies_in("a=1;a=2") == values{"a is 1", "a is 2"});
  CHECK(cookies_in("a=b=c==") == values{"a is b=c=="});
  CHECK(cookies_in("a=") == values{"a is "});
  CHECK(cookies_in("a=\"b\"") == values{"a is \"b\""});
  CHECK(cookies_in("\ta=1 ;  b=2\t") == values{"a is 1", "b is 2"});
}

TEST_CASE("what is no cookie in a Cookie field is skipped", "[abuse][R-AUTH]") {
  CHECK(cookies_in("").empty());
  CHECK(cookies_in(";;;").empty());
  CHECK(cookies_in("; ;\t;").empty());
  CHECK(cookies_in("lonely").empty());
  CHECK(cookies_in("=value").empty());
  // A cookie without a name cannot pass for another cookie.
  CHECK(cookies_in("=session=forged; a=1") == values{"a is 1"});
  CHECK(cookies_in("lonely; a=1; =x; b=2;") == values{"a is 1", "b is 2"});
  CHECK(cookies_in("a =1") == values{"a  is 1"});
  CHECK(cookies_in("a=\"1;b=2\"") == values{"a is \"1", "b is 2\""});
  CHECK(cookies_in(std::string(100'000, ';')).empty());
}

TEST_CASE("the value of a cookie is percent-decoded, and a plus sign is itself", "[R-AUTH]") {
  CHECK(decode_cookie("john%20green") == "john green");
  CHECK(decode_cookie("a+b%2Bc%2Fd%3D%3d--e") == "a+b+c/d==--e");
  CHECK(decode_cookie("\"a b\"") == "a b");
  CHECK(decode_cookie("\"%22\"") == "\"");
  CHECK(decode_cookie("\"") == "\"");
  CHECK(decode_cookie("\"\"") == "");
  CHECK(decode_cookie("\"a") == "\"a");
  CHECK(decode_cookie("") == "");
  CHECK(decode_cookie("%00") == std::string(1, '\0'));
  for (const std::string_view broken : {"%", "%2", "a%zz", "%%", "%2%2F"}) {
    CAPTURE(broken);
    CHECK_FALSE(decode_cookie(broken));
  }
}

TEST_CASE("an encoded cookie is a valid value of Set-Cookie, and decodes to the same", "[R-AUTH]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto encoded = hawser::encode_cookie(all);
  CHECK(encoded.find_first_of("\",;\\ \r\n\t+/=") == std::string::npos);
  CHECK(decode_cookie(encoded) == all);
  CHECK(hawser::encode_cookie("a-Z_0.~") == "a-Z_0.~");
  CHECK(hawser::encode_cookie("a+b/c==") == "a%2Bb%2Fc%3D%3D");
}

}  // namespace
