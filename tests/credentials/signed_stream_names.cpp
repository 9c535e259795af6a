// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/signed_stream_names.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

namespace {

namespace signing = hawser::credentials;
using hawser::json;

// As AnyCable and Rails sign it with SHA-256 and JSON.
constexpr std::string_view signed_chat =
    "ImNoYXQvMjAyMyI=--2b2e054b6413bf3bc7e8bbad2f68962aa2ba19821800ccbd8de6fd7314e8320c";

TEST_CASE("a signed name of a stream is verified and made, as by AnyCable", "[R-AUTH]") {
  const signing::signed_stream_names names{signing::secret{"s3Krit"}};
  std::error_code ec = signing::errc::missing;
  CHECK(names(signed_chat, ec) == "chat/2023");
  CHECK_FALSE(ec);
  CHECK(names.sign("chat/2023") == signed_chat);
}

TEST_CASE("a name with another signature, or that is no text, is refused", "[R-AUTH]") {
  const signing::signed_stream_names names{signing::secret{"s3Krit"}};
  const signing::message_verifier verifier{signing::secret{"s3Krit"}};
  std::string changed{signed_chat};
  changed.back() = 'd';
  std::error_code ec;
  CHECK_FALSE(names(changed, ec));
  CHECK(ec == signing::errc::bad_signature);
  CHECK_FALSE(signing::signed_stream_names{signing::secret{"other"}}(signed_chat, ec));
  CHECK(ec == signing::errc::bad_signature);
  for (const auto& value : {json(7), json{{"name", "chat"}}, json::array({"chat"}), json()}) {
    CAPTURE(value.dump());
    CHECK_FALSE(names(verifier.sign(value), ec));
    CHECK(ec == signing::errc::malformed);
  }
  for (const auto* const text : {"", "chat/2023", "ImNoYXQvMjAyMyI="}) {
    CAPTURE(text);
    CHECK_FALSE(names(text, ec));
    CHECK(ec == signing::errc::malformed);
  }
  // Signed for a purpose: it is something else.
  CHECK_FALSE(names(verifier.sign("chat", "login"), ec));
  CHECK(ec == signing::errc::malformed);
}

TEST_CASE("a name that an older key has signed is accepted", "[R-AUTH]") {
  const signing::signed_stream_names names{signing::message_verifier{
      std::vector<signing::secret>{signing::secret{"new"}, signing::secret{"s3Krit"}}}};
  std::error_code ec;
  CHECK(names(signed_chat, ec) == "chat/2023");
  CHECK(names.sign("chat/2023") != signed_chat);
}

}  // namespace
