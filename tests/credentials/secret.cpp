// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/secret.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/credentials/crypto/text.hpp"
#include "support/catch.hpp"

using namespace hawser;
using credentials::digest;
using credentials::rails_key;
using credentials::secret;

namespace {

constexpr std::string_view base =
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"
    "ef"
    "0123456789abcdef0123456789abcdef";

std::string hex(const secret& key) { return hawser::detail::to_hex(key.bytes()); }

TEST_CASE("a key is what Rails derives", "[R-AUTH]") {
  CHECK(hex(rails_key(base, "authenticated encrypted cookie", digest::sha1, 32)) ==
        "b990f38e92ef89bb9dc344e4f0c7e6381e877b22ca31f5eb9d0489bc878dbb71");
  CHECK(hex(rails_key(base, "authenticated encrypted cookie", digest::sha256, 32)) ==
        "4a53bce2d8a3c307729ab92f592c66db2c06ec75b695cc370169aa8ab31546fd");
  CHECK(hex(rails_key(base, "signed cookie", digest::sha1)) ==
        "3b51e5460ec462a6eb3dede3b910db6e5cdd620d7b4ee87edd4e844e70c8ad8017900c2a78d1cc0a54d7410a"
        "624f591eb30d04e607480e727e0a93580fd7a442");
}

TEST_CASE("a secret is not empty, and is copied and moved as a value") {
  CHECK_THROWS_AS(secret{""}, std::invalid_argument);
  CHECK_THROWS_AS(rails_key("", "salt"), std::invalid_argument);
  secret one{"one"};
  secret copy = one;
  one = secret{"other"};
  CHECK(as_text(copy.bytes()) == "one");
  CHECK(as_text(one.bytes()) == "other");
  copy = std::move(one);
  CHECK(as_text(copy.bytes()) == "other");
}

}  // namespace
