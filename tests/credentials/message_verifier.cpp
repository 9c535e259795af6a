// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/message_verifier.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace std::chrono_literals;
using credentials::digest;
using credentials::message_verifier;
using credentials::secret;

namespace {

using credentials::errc;

const message_verifier::clock::time_point signing_time{1'700'000'000s};

std::error_code error_of(const message_verifier& verifier, std::string_view text) {
  std::error_code ec = errc::missing;
  const bool valid = verifier.verified(text, ec).has_value();
  CHECK(valid == !ec);
  return ec;
}

std::error_code error_of(const message_verifier& verifier, std::string_view text,
                         std::string_view purpose) {
  std::error_code ec = errc::missing;
  const bool valid = verifier.verified(text, purpose, ec, signing_time).has_value();
  CHECK(valid == !ec);
  return ec;
}

/// A text with this content, signed with "k".
std::string signed_content(std::string_view content) {
  const auto text = base64_encode(as_bytes(content));
  const credentials::detail::hash_value signature{secret{"k"}, digest::sha256, text};
  return text + "--" + hawser::detail::to_hex(signature.bytes());
}

TEST_CASE("a signed stream name of AnyCable and Turbo is read and written", "[R-AUTH]") {
  constexpr std::string_view text =
      "ImNoYXQvMjAyMyI=--2b2e054b6413bf3bc7e8bbad2f68962aa2ba19821800ccbd8de6fd7314e8320c";
  const message_verifier names{secret{"s3Krit"}};
  std::error_code ec = errc::missing;
  CHECK(names.verified(text, ec) == json("chat/2023"));
  CHECK_FALSE(ec);
  CHECK(names.sign("chat/2023") == text);
  CHECK(error_of(message_verifier{secret{"other"}}, text) == errc::bad_signature);
  CHECK(error_of(message_verifier{secret{"s3Krit"}, digest::sha1}, text) == errc::bad_signature);
}

TEST_CASE("every changed character of a signed text is noticed", "[abuse][R-AUTH]") {
  const message_verifier verifier{secret{"k"}};
  const auto text = verifier.sign({{"id", 7}});
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'a' ? 'b' : 'a';
    CAPTURE(i);
    CHECK(error_of(verifier, changed));
    CHECK(error_of(verifier, text.substr(0, i)));
  }
  CHECK(error_of(verifier, text + "00") == errc::bad_signature);
}

TEST_CASE("a text that is not signed is malformed", "[abuse][R-AUTH]") {
  const message_verifier verifier{secret{"k"}};
  for (const std::string_view text : {"", "-", "--x", "abc", "abc--0", "abc--zz", "abc--AB"}) {
    CAPTURE(text);
    CHECK(error_of(verifier, text) == errc::malformed);
  }
  CHECK(error_of(verifier, "--") == errc::bad_signature);
  CHECK(error_of(verifier, std::string(9000, '-')) == errc::too_large);
  CHECK(error_of(verifier, signed_content("\x04\x08I\"\x0aalice")) == errc::marshal_refused);
  CHECK(error_of(verifier, signed_content("")) == errc::malformed);
  CHECK(error_of(verifier, signed_content("{nope")) == errc::malformed);
  CHECK(error_of(verifier, signed_content(std::string(1000, '['))) == errc::malformed);
  auto text = signed_content("7");
  const credentials::detail::hash_value signature{secret{"k"}, digest::sha256, "N*=="};
  CHECK(error_of(verifier, "N*==--" + hawser::detail::to_hex(signature.bytes())) ==
        errc::malformed);
}

TEST_CASE("a text is signed for one purpose and until its expiry", "[R-AUTH]") {
  const message_verifier verifier{secret{"k"}};
  const auto text = verifier.sign("alice", "login", signing_time + 1ms);
  std::error_code ec = errc::missing;
  CHECK(verifier.verified(text, "login", ec, signing_time) == json("alice"));
  CHECK_FALSE(ec);
  CHECK_FALSE(verifier.verified(text, "login", ec, signing_time + 1s));
  CHECK(ec == errc::expired);
  CHECK(error_of(verifier, text, "reset") == errc::wrong_purpose);
  CHECK(error_of(verifier, verifier.sign("alice"), "login") == errc::wrong_purpose);
  CHECK(error_of(verifier, verifier.sign("alice", "log\"in"), "log\"in") == std::error_code{});
  CHECK_FALSE(error_of(verifier, verifier.sign(json{{"a", 1}}, "login"), "login"));
}

TEST_CASE("what is no envelope of Rails is refused, whatever its signature", "[abuse][R-AUTH]") {
  const message_verifier verifier{secret{"k"}};
  const auto error = [&](std::string_view content) {
    return error_of(verifier, signed_content(content), "p");
  };
  CHECK_FALSE(error(R"({"_rails":{"message":"Nw==","exp":null,"pur":"p"}})"));
  CHECK_FALSE(error(R"({"_rails":{"message":"Nw==","pur":"p"}})"));
  CHECK_FALSE(error(R"({"_rails":{"data":7,"pur":"p"}})"));
  CHECK_FALSE(error(R"({"_rails":{"message":"Nw==","exp":"2023-11-14T22:13:21.000Z","pur":"p"}})"));
  CHECK(error(R"({"_rails":{"message":"Nw==","exp":"2023-11-14T22:13:20.000Z","pur":"p"}})") ==
        errc::expired);
  CHECK(error(R"({"_rails":{"message":"Nw==","exp":"tomorrow","pur":"p"}})") == errc::bad_claim);
  CHECK(error(R"({"_rails":{"message":"Nw==","exp":7,"pur":"p"}})") == errc::bad_claim);
  CHECK(error(R"({"_rails":{"message":"Nw==","pur":null}})") == errc::wrong_purpose);
  CHECK(error(R"({"_rails":{"message":"Nw=="}})") == errc::wrong_purpose);
  CHECK(error(R"({"_rails":{"message":7,"pur":"p"}})") == errc::malformed);
  CHECK(error(R"({"_rails":{"message":"N*","pur":"p"}})") == errc::malformed);
  CHECK(error(R"({"_rails":{"message":"BAhJ","pur":"p"}})") == errc::marshal_refused);
  CHECK(error(R"({"_rails":{"pur":"p"}})") == errc::malformed);
  CHECK(error(R"({"_rails":[]})") == errc::malformed);
  CHECK(error("[]") == errc::wrong_purpose);
  CHECK(error("7") == errc::wrong_purpose);
  CHECK(error("{}") == errc::wrong_purpose);
  CHECK(error("x") == errc::malformed);
}

TEST_CASE("a time is read and written as Rails writes it", "[R-AUTH]") {
  using credentials::detail::decode_time;
  using credentials::detail::encode_time;
  CHECK(encode_time(signing_time) == "2023-11-14T22:13:20.000Z");
  CHECK(encode_time(signing_time + 7ms) == "2023-11-14T22:13:20.007Z");
  CHECK(decode_time("2023-11-14T22:13:20.999Z") == signing_time + 999ms);
  CHECK(decode_time("2023-11-14T22:13:20.5Z") == signing_time + 500ms);
  CHECK(decode_time("2023-11-14T22:13:20.0019999999999999Z") == signing_time + 1ms);
  CHECK(decode_time("2023-11-14T22:13:20Z") == signing_time);
  CHECK(decode_time("1970-01-01T00:00:00Z") == message_verifier::clock::time_point{});
  CHECK(decode_time("9999-12-31T23:59:59Z") == (message_verifier::clock::time_point::max)());
  CHECK(decode_time("0000-01-01T00:00:00Z") == (message_verifier::clock::time_point::min)());
  for (const std::string_view text :
       {"", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+00:00", "2023-02-30T00:00:00Z", "2023-13-01T00:00:00Z",
        "2023-11-14T24:00:00Z", "2023-11-14T22:60:00Z", "2023-11-14T22:13:61Z",
        "2023-11-14 22:13:20Z", "2023-11-14T22:13:20ZZ", "-023-11-14T22:13:20Z"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_time(text));
  }
}

TEST_CASE("keys of a verifier are rotated", "[R-AUTH]") {
  const message_verifier both{std::vector{secret{"new"}, secret{"old"}}};
  CHECK_FALSE(error_of(both, message_verifier{secret{"old"}}.sign(7)));
  CHECK_FALSE(error_of(message_verifier{secret{"new"}}, both.sign(7)));
  CHECK(error_of(message_verifier{secret{"old"}}, both.sign(7)) == errc::bad_signature);
  CHECK_THROWS_AS(message_verifier{std::vector<secret>{}}, std::invalid_argument);
}

}  // namespace
