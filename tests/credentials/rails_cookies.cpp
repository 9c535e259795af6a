// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/rails_cookies.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/handshake/cookie.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;
using credentials::digest;
using credentials::rails_cookies;
using credentials::rails_secret;

namespace {

using credentials::errc;

// What Rails 6.1 has written.
const std::string secret_key_base =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
    "ef"
    "0123456789abcdef0123456789abcdef";
constexpr std::string_view encrypted =
    "SNb/UMvW9zQSX9goZjrvHxBYxgx3xT7rqa3QgtOqVDjes6ClTG25cWEPk+"
    "yvmLjSNTIw5Un4r2t05aasM6cGbRA9fKZ3/Ns=--Bwq7y/SDOg6dnsl1--1Zk7JIUYxP4ON8cY0Z2Mnw==";
constexpr std::string_view with_expiry =
    "rptMKycy39QOYcJwoduKoFnM1lcYsWdoy6ZbYwUtLtiOuME1FZMzLJJiRXgUr7URUV4RaxrTqJAfVD77HpeQqCb28FAkgp"
    "WQ7TofF2pyHYFxEqjTNigqWyQ=--Yo/966qHWHpMlE1s--pIY6XEHqZ3bg3sOhVZn2Rg==";
constexpr std::string_view signed_value =
    "eyJfcmFpbHMiOnsibWVzc2FnZSI6IkltRnNhV05sSWc9PSIsImV4cCI6bnVsbCwicHVyIjoiY29va2llLnVzZXJfaWRfcy"
    "J9fQ==--e77eb7e931b01d41a28a1c12578030527fd58361";

/// An application with the defaults of Rails 6.1.
rails_secret old_rails(const std::string& base = secret_key_base) {
  return {.secret_key_base = base, .key_digest = digest::sha1};
}

std::error_code decrypt_error(const rails_cookies& cookies, std::string_view name,
                              std::string_view value) {
  std::error_code ec = errc::missing;
  const bool valid = cookies.decrypt(name, value, ec).has_value();
  CHECK(valid == !ec);
  return ec;
}

std::error_code verify_error(const rails_cookies& cookies, std::string_view name,
                             std::string_view value) {
  std::error_code ec = errc::missing;
  const bool valid = cookies.verified(name, value, ec).has_value();
  CHECK(valid == !ec);
  return ec;
}

/// The text sealed with the key of old_rails(), in the form of a cookie.
std::string sealed_text(std::string_view text,
                        std::string_view iv = "\x07\x0a\xbb\xcb\xf4\x83\x3a\x0e\x9d\x9e\xc9\x75") {
  const auto key =
      credentials::rails_key(secret_key_base, "authenticated encrypted cookie", digest::sha1, 32);
  const auto made = credentials::detail::seal(key, text, iv);
  return base64_encode(as_bytes(made.encrypted)) + "--" + base64_encode(as_bytes(made.iv)) + "--" +
         base64_encode(as_bytes(made.tag));
}

TEST_CASE("an encrypted cookie of Rails is read, and written byte by byte", "[R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  std::error_code ec = errc::missing;
  CHECK(cookies.decrypt("user_id", encrypted, ec) == json("alice"));
  CHECK_FALSE(ec);
  CHECK(sealed_text(credentials::detail::wrap("alice", "cookie.user_id", {})) == encrypted);
  // Until 2100-01-01T00:00:00.000Z
  const auto end = credentials::detail::decode_time("2100-01-01T00:00:00.000Z");
  REQUIRE(end);
  CHECK(cookies.decrypt("exp", with_expiry, ec, *end - 1ms) == json{{"id", 7}});
  CHECK_FALSE(ec);
  CHECK_FALSE(cookies.decrypt("exp", with_expiry, ec, *end));
  CHECK(ec == errc::expired);
  CHECK(sealed_text(credentials::detail::wrap({{"id", 7}}, "cookie.exp", end),
                    *credentials::detail::from_base64("Yo/966qHWHpMlE1s")) == with_expiry);
}

TEST_CASE("a signed cookie of Rails is read, and written byte by byte", "[R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  std::error_code ec = errc::missing;
  CHECK(cookies.verified("user_id_s", signed_value, ec) == json("alice"));
  CHECK_FALSE(ec);
  CHECK(cookies.sign("user_id_s", "alice") == signed_value);
}

TEST_CASE("a cookie is found in the request, with its percent-encoding", "[R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  const request asked{"GET",
                      "/cable",
                      {{"Cookie", "theme=dark; user_id=" + encode_cookie(encrypted) +
                                      "; user_id_s=" + std::string{signed_value} + "; bad=%"}}};
  std::error_code ec = errc::missing;
  CHECK(cookies.decrypt(asked, "user_id", ec) == json("alice"));
  CHECK_FALSE(ec);
  CHECK(cookies.verified(asked, "user_id_s", ec) == json("alice"));
  CHECK_FALSE(ec);
  CHECK_FALSE(cookies.decrypt(asked, "user", ec));
  CHECK(ec == errc::missing);
  CHECK_FALSE(cookies.verified(asked, "bad", ec));
  CHECK(ec == errc::malformed);
  CHECK_FALSE(cookies.decrypt(asked, "theme", ec));
  CHECK(ec == errc::malformed);
}

TEST_CASE("a cookie cannot be used under another name, or as the other kind", "[abuse][R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  CHECK(decrypt_error(cookies, "admin_id", encrypted) == errc::wrong_purpose);
  CHECK(verify_error(cookies, "user_id", signed_value) == errc::wrong_purpose);
  CHECK(decrypt_error(cookies, "user_id_s", signed_value) == errc::malformed);
  CHECK(verify_error(cookies, "user_id", encrypted) == errc::malformed);
  // A text without an envelope is for no purpose.
  CHECK(decrypt_error(cookies, "user_id", sealed_text("\"alice\"")) == errc::wrong_purpose);
}

TEST_CASE("cookies of every digest are written and read", "[R-AUTH]") {
  for (const auto key : {digest::sha1, digest::sha256}) {
    for (const auto signature : {digest::sha1, digest::sha256}) {
      const rails_cookies cookies{rails_secret{secret_key_base, key, signature}};
      const json value{{"id", 7}, {"name", "M\xC3\xBCller"}};
      std::error_code ec = errc::missing;
      CHECK(cookies.decrypt("a", cookies.encrypt("a", value), ec) == value);
      CHECK(cookies.verified("a", cookies.sign("a", value), ec) == value);
      CHECK_FALSE(ec);
      const auto past = rails_cookies::clock::now() - 1h;
      CHECK(decrypt_error(cookies, "a", cookies.encrypt("a", value, past)) == errc::expired);
      CHECK(verify_error(cookies, "a", cookies.sign("a", value, past)) == errc::expired);
    }
  }
  const rails_cookies cookies{old_rails()};
  CHECK(cookies.encrypt("a", 1) != cookies.encrypt("a", 1));
}

TEST_CASE("secrets are rotated: the first one writes, all of them read", "[R-AUTH]") {
  const rails_cookies old{old_rails()};
  const rails_cookies both{{rails_secret{"new secret"}, old_rails()}};
  const rails_cookies fresh{rails_secret{"new secret"}};
  CHECK_FALSE(decrypt_error(both, "user_id", encrypted));
  CHECK_FALSE(verify_error(both, "user_id_s", signed_value));
  CHECK_FALSE(decrypt_error(fresh, "a", both.encrypt("a", 1)));
  CHECK_FALSE(verify_error(fresh, "a", both.sign("a", 1)));
  CHECK(decrypt_error(fresh, "user_id", encrypted) == errc::bad_signature);
  CHECK(verify_error(fresh, "user_id_s", signed_value) == errc::bad_signature);
  CHECK(decrypt_error(old, "a", both.encrypt("a", 1)) == errc::bad_signature);
  // The error of the key that fits, not of another one.
  CHECK(verify_error(both, "other", signed_value) == errc::wrong_purpose);
  CHECK_THROWS_AS(rails_cookies{std::vector<rails_secret>{}}, std::invalid_argument);
  CHECK_THROWS_AS(rails_cookies{rails_secret{""}}, std::invalid_argument);
}

TEST_CASE("every changed character of a cookie is noticed", "[abuse][R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  for (std::size_t i = 0; i < encrypted.size(); ++i) {
    std::string changed{encrypted};
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK(decrypt_error(cookies, "user_id", changed));
    CHECK(decrypt_error(cookies, "user_id", encrypted.substr(0, i)));
  }
}

TEST_CASE("what is no cookie of Rails is refused", "[abuse][R-AUTH]") {
  const rails_cookies cookies{old_rails()};
  for (const std::string_view value :
       {"", "--", "----", "------", "AAAA--AAAA--AAAA",
        "x--Bwq7y/SDOg6dnsl1--1Zk7JIUYxP4ON8cY0Z2Mnw==",
        "AAAA--Bwq7y_SDOg6dnsl1--1Zk7JIUYxP4ON8cY0Z2Mnw==", "AAAA--Bwq7y/SDOg6dnsl1--1Zk7"}) {
    CAPTURE(value);
    CHECK(decrypt_error(cookies, "user_id", value) == errc::malformed);
  }
  CHECK(decrypt_error(cookies, "user_id", "--Bwq7y/SDOg6dnsl1--1Zk7JIUYxP4ON8cY0Z2Mnw==") ==
        errc::bad_signature);
  CHECK(decrypt_error(cookies, "user_id", std::string(9000, 'A')) == errc::too_large);
  CHECK(verify_error(cookies, "user_id", std::string(9000, 'A')) == errc::too_large);
  CHECK(decrypt_error(cookies, "user_id", sealed_text("")) == errc::malformed);
  CHECK(decrypt_error(cookies, "user_id", sealed_text("\x04\x08I\"\x0aalice")) ==
        errc::marshal_refused);
  CHECK(decrypt_error(cookies, "user_id",
                      sealed_text(R"({"_rails":{"message":"BAhJIgphbGljZQY6BkVU","exp":null,)"
                                  R"("pur":"cookie.user_id"}})")) == errc::marshal_refused);
}

}  // namespace
