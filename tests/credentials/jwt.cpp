// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/jwt.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;
using credentials::jwt;
using credentials::jwt_algorithm;
using credentials::jwt_options;

namespace {

using credentials::errc;

const jwt::clock::time_point noon{1'700'000'000s};
constexpr int noon_seconds = 1'700'000'000;

/// A token with this header and payload, signed with the secret.
std::string token_of(std::string_view header, std::string_view payload,
                     std::string_view secret = "secret",
                     credentials::digest function = credentials::digest::sha256) {
  auto token = base64url_encode(as_bytes(header)) + '.' + base64url_encode(as_bytes(payload));
  const credentials::detail::hash_value signature{credentials::secret{secret}, function, token};
  return token + '.' + base64url_encode(signature.bytes());
}

std::error_code error_of(const jwt& tokens, std::string_view token) {
  std::error_code ec = errc::missing;
  const bool valid = tokens.verified(token, ec, noon).has_value();
  CHECK(valid == !ec);
  return ec;
}

std::error_code error_of(const jwt_options& options, const json& claims) {
  const jwt tokens{options};
  return error_of(tokens, tokens.sign(claims));
}

TEST_CASE("the example of RFC 7515 is valid until it expires", "[rfc7515-A.1][R-AUTH]") {
  const auto key = credentials::detail::from_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  REQUIRE(key);
  const jwt tokens{{.secrets = {*key}}};
  constexpr std::string_view token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
      "cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  std::error_code ec = errc::missing;
  const auto claims = tokens.verified(token, ec, jwt::clock::time_point{1'300'819'379s});
  CHECK_FALSE(ec);
  CHECK(claims == json{{"iss", "joe"}, {"exp", 1300819380}, {"http://example.com/is_root", true}});
  CHECK_FALSE(tokens.verified(token, ec, jwt::clock::time_point{1'300'819'380s}));
  CHECK(ec == errc::expired);
  CHECK_FALSE(tokens.verified(token, ec));
}

TEST_CASE("a signed token is valid with each algorithm, and with no other one", "[R-AUTH]") {
  const json claims{{"sub", "7"}, {"exp", noon_seconds + 1}};
  for (const auto algorithm : {jwt_algorithm::hs256, jwt_algorithm::hs384, jwt_algorithm::hs512}) {
    const jwt signing{{.secrets = {"secret"}, .algorithm = algorithm}};
    for (const auto other : {jwt_algorithm::hs256, jwt_algorithm::hs384, jwt_algorithm::hs512}) {
      const jwt verifying{{.secrets = {"secret"}, .algorithm = other}};
      CHECK(error_of(verifying, signing.sign(claims)) ==
            (algorithm == other ? std::error_code{} : errc::wrong_algorithm));
    }
  }
}

TEST_CASE("a token cannot choose its algorithm", "[abuse][R-AUTH]") {
  const jwt tokens{{.secrets = {"secret"}, .require_expiry = false}};
  CHECK_FALSE(error_of(tokens, token_of(R"({"alg":"HS256"})", "{}")));
  for (const std::string_view header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"hs256"})", R"({"alg":"HS512"})",
        R"({"alg":"RS256"})", R"({"alg":null})", R"({"alg":256})", R"({"alg":["HS256"]})", "{}",
        R"({"typ":"JWT"})"}) {
    CAPTURE(header);
    const auto token = token_of(header, "{}");
    CHECK(error_of(tokens, token) == errc::wrong_algorithm);
    CHECK(error_of(tokens, token.substr(0, token.rfind('.') + 1)) == errc::wrong_algorithm);
  }
  CHECK(error_of(tokens, token_of(R"({"alg":"HS256"})", "{}", "secret",
                                  credentials::digest::sha512)) == errc::bad_signature);
  CHECK(error_of(tokens, token_of(R"({"alg":"HS256","crit":["exp"]})", "{}")) ==
        errc::unknown_extension);
}

TEST_CASE("every changed character of a token is noticed", "[abuse][R-AUTH]") {
  const jwt tokens{{.secrets = {"secret"}, .require_expiry = false}};
  const auto token = tokens.sign({{"sub", "7"}});
  CHECK_FALSE(error_of(tokens, token));
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK(error_of(tokens, changed));
    CHECK(error_of(tokens, token.substr(0, i)));
  }
  CHECK(error_of(tokens, token + "A") == errc::bad_signature);
  CHECK(error_of(tokens, token + "AA") == errc::malformed);
  CHECK(error_of(tokens, token + "AAAA") == errc::bad_signature);
  CHECK(error_of(tokens, token.substr(0, token.rfind('.') + 1)) == errc::bad_signature);
}

TEST_CASE("a text that is no token is malformed", "[abuse][R-AUTH]") {
  const jwt tokens{{.secrets = {"secret"}, .require_expiry = false}};
  for (const std::string_view text :
       {"", ".", "..", "...", "a.b.c", "e30", "e30.e30", "e30.e30.e30.", "e30.e30.*",
        "e30=.e30.e30", "bnVsbA.e30.e30", "W10.e30.e30"}) {
    CAPTURE(text);
    CHECK(error_of(tokens, text) == errc::malformed);
  }
  const std::string_view header = R"({"alg":"HS256"})";
  for (const std::string_view payload : {"", "null", "[]", "7", "{", "{}x", R"({"a":"\xFF"})"}) {
    CAPTURE(payload);
    CHECK(error_of(tokens, token_of(header, payload)) == errc::malformed);
  }
  const auto deep = std::string(1000, '[') + std::string(1000, ']');
  CHECK(error_of(tokens, token_of(header, "{\"a\":" + deep + "}")) == errc::malformed);
  CHECK(error_of(tokens, token_of(deep, "{}")) == errc::malformed);
  CHECK(error_of(tokens, std::string(9000, '.')) == errc::too_large);
  CHECK(error_of(tokens, token_of(header, "{\"a\":\"" + std::string(9000, 'x') + "\"}")) ==
        errc::too_large);
}

TEST_CASE("a token has expired from the second of its expiry on, plus the leeway",
          "[rfc7519-4.1.4][R-AUTH]") {
  const jwt_options strict{.secrets = {"secret"}};
  const jwt_options lenient{.secrets = {"secret"}, .leeway = 10s};
  const auto expires = [](double after) { return json{{"exp", noon_seconds + after}}; };
  CHECK_FALSE(error_of(strict, expires(1)));
  CHECK_FALSE(error_of(strict, expires(0.5)));
  CHECK(error_of(strict, expires(0)) == errc::expired);
  CHECK(error_of(strict, expires(-1)) == errc::expired);
  CHECK_FALSE(error_of(lenient, expires(-9)));
  CHECK(error_of(lenient, expires(-10)) == errc::expired);
  CHECK(error_of(strict, {{"exp", -1e300}}) == errc::expired);
  CHECK_FALSE(error_of(strict, {{"exp", 1e300}}));
  CHECK_FALSE(error_of(strict, {{"exp", UINT64_MAX}}));
  CHECK(error_of(strict, {{"exp", std::to_string(noon_seconds + 1)}}) == errc::bad_claim);
  CHECK(error_of(strict, {{"exp", nullptr}}) == errc::bad_claim);
  CHECK(error_of(strict, json::object()) == errc::missing_claim);
  CHECK_FALSE(error_of({.secrets = {"secret"}, .require_expiry = false}, json::object()));
}

TEST_CASE("a token is valid from the second of nbf on, minus the leeway",
          "[rfc7519-4.1.5][R-AUTH]") {
  const auto begins = [](int after, std::chrono::seconds leeway = 0s) {
    return error_of({.secrets = {"secret"}, .require_expiry = false, .leeway = leeway},
                    {{"nbf", noon_seconds + after}});
  };
  CHECK_FALSE(begins(0));
  CHECK_FALSE(begins(-1));
  CHECK(begins(1) == errc::not_yet_valid);
  CHECK_FALSE(begins(10, 10s));
  CHECK(begins(11, 10s) == errc::not_yet_valid);
  CHECK(error_of({.secrets = {"secret"}, .require_expiry = false}, {{"nbf", "now"}}) ==
        errc::bad_claim);
}

TEST_CASE("a token is for an audience and of an issuer", "[rfc7519-4.1][R-AUTH]") {
  const jwt_options options{
      .secrets = {"secret"}, .audience = "cable", .issuer = "app", .require_expiry = false};
  CHECK_FALSE(error_of(options, {{"aud", "cable"}, {"iss", "app"}}));
  CHECK_FALSE(error_of(options, {{"aud", {"api", "cable"}}, {"iss", "app"}}));
  CHECK(error_of(options, {{"aud", "api"}, {"iss", "app"}}) == errc::wrong_audience);
  CHECK(error_of(options, {{"aud", json::array()}, {"iss", "app"}}) == errc::wrong_audience);
  CHECK(error_of(options, {{"aud", 7}, {"iss", "app"}}) == errc::wrong_audience);
  CHECK(error_of(options, {{"iss", "app"}}) == errc::missing_claim);
  CHECK(error_of(options, {{"aud", "cable"}}) == errc::missing_claim);
  CHECK(error_of(options, {{"aud", "cable"}, {"iss", "App"}}) == errc::wrong_issuer);
  CHECK(error_of(options, {{"aud", "cable"}, {"iss", {"app"}}}) == errc::wrong_issuer);
}

TEST_CASE("keys are rotated: the first one signs, all of them verify", "[R-AUTH]") {
  const json claims{{"exp", noon_seconds + 1}};
  const jwt old{{.secrets = {"old"}}};
  const jwt both{{.secrets = {"new", "old"}}};
  const jwt fresh{{.secrets = {"new"}}};
  CHECK_FALSE(error_of(both, old.sign(claims)));
  CHECK_FALSE(error_of(both, fresh.sign(claims)));
  CHECK_FALSE(error_of(fresh, both.sign(claims)));
  CHECK(error_of(fresh, old.sign(claims)) == errc::bad_signature);
  CHECK(error_of(old, both.sign(claims)) == errc::bad_signature);
}

TEST_CASE("an empty secret is refused, because anyone could sign", "[R-AUTH]") {
  CHECK_THROWS_AS((jwt{{.secrets = {}}}), std::invalid_argument);
  CHECK_THROWS_AS((jwt{{.secrets = {"secret", ""}}}), std::invalid_argument);
}

TEST_CASE("an error of credentials has a text", "[R-AUTH]") {
  for (int value = 1; value <= static_cast<int>(errc::wrong_purpose); ++value) {
    CHECK_FALSE(credentials::describe(static_cast<errc>(value)).empty());
  }
  CHECK(credentials::describe(static_cast<errc>(99)).empty());
  const std::error_code ec = errc::expired;
  CHECK(ec.message() == "the credential has expired");
  CHECK(ec.category().name() == std::string_view{"hawser.credentials"});
}

}  // namespace
