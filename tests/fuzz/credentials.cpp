// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "fuzz/fuzz.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/utf8.hpp"

using namespace hawser;
using namespace hawser::fuzz;
using namespace hawser::credentials::detail;
using credentials::digest;
using credentials::jwt;
using credentials::message_verifier;
using credentials::rails_cookies;
using credentials::secret;

namespace {

const jwt::clock::time_point signing_time{std::chrono::seconds{1'700'000'000}};

/// The result and the error agree, and the error has a text of its own.
template <class Value>
void check(const Value& found, std::error_code ec) {
  require(found.has_value() == !ec, "a value with an error, or neither");
  require(!ec || ec.category() == credentials::error_category(), "an error of another category");
  require(!ec || !ec.message().empty(), "an error without a text");
  require(!found || parse_json(to_text(*found), {.max_bytes = 1'000'000, .max_depth = 200}),
          "a value that is no JSON");
}

void check_jwt(const std::string& first, const std::string& second) {
  static const jwt tokens{{.secrets = {"k", "other"},
                           .audience = "cable",
                           .require_expiry = false,
                           .leeway = std::chrono::seconds{1}}};
  std::error_code ec;
  const auto raw = tokens.verified(first, ec, signing_time);
  check(raw, ec);
  require(!raw, "a forged token");
  // With a good signature, so that the claims are read.
  auto token = base64url_encode(as_bytes(first)) + '.' + base64url_encode(as_bytes(second));
  token += '.' + base64url_encode(hash_value{secret{"other"}, digest::sha256, token}.bytes());
  check(tokens.verified(token, ec, signing_time), ec);
  token =
      base64url_encode(as_bytes(R"({"alg":"HS256"})")) + '.' + base64url_encode(as_bytes(second));
  token += '.' + base64url_encode(hash_value{secret{"k"}, digest::sha256, token}.bytes());
  check(tokens.verified(token, ec, signing_time), ec);
}

void check_signed(const std::string& text, const std::string& purpose) {
  static const message_verifier verifier{secret{"k"}};
  std::error_code ec;
  check(verifier.verified(text, ec), ec);
  require(ec.operator bool(), "a forged text");
  const auto encoded = base64_encode(as_bytes(text));
  const auto made =
      encoded + "--" +
      hawser::detail::to_hex(hash_value{secret{"k"}, digest::sha256, encoded}.bytes());
  check(verifier.verified(made, ec), ec);
  check(verifier.verified(made, "p", ec, signing_time), ec);
  const auto own = verifier.sign(text, purpose, signing_time + std::chrono::seconds{1});
  const auto again = verifier.verified(own, purpose, ec, signing_time);
  const bool fits = own.size() <= 8 * 1024;
  // A purpose that is no UTF-8 is changed by JSON, so it fits nothing.
  require(again.has_value() == (fits && is_valid_utf8(purpose)), "an own text is refused");
}

void check_cookie(const std::string& value, const std::string& content) {
  static const rails_cookies cookies{credentials::rails_secret{"k"}};
  static const auto key = credentials::rails_key("k", "authenticated encrypted cookie",
                                                 digest::sha256, sealed::key_size);
  std::error_code ec;
  check(cookies.decrypt("p", value, ec, signing_time), ec);
  require(ec.operator bool(), "a forged cookie");
  check(cookies.verified("p", value, ec, signing_time), ec);
  require(ec.operator bool(), "a forged signed cookie");
  const auto made = seal(key, content, std::string(sealed::iv_size, 'i'));
  const auto encoded = [](std::string_view bytes) { return base64_encode(as_bytes(bytes)); };
  check(cookies.decrypt(
            "p", encoded(made.encrypted) + "--" + encoded(made.iv) + "--" + encoded(made.tag), ec,
            signing_time),
        ec);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto kind = input.below(3);
  const auto cut = input.below(256);
  const auto text_of = [](bytes_view bytes) { return std::string{as_text(bytes)}; };
  const auto first = text_of(input.take(cut));
  const auto second = text_of(input.rest());
  switch (kind) {
    case 0: check_jwt(first, second); break;
    case 1: check_signed(first, second); break;
    default: check_cookie(first, second); break;
  }
  return 0;
}
