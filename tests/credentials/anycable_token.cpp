// SPDX-License-Identifier: BSL-1.0
#include "hawser/credentials/anycable_token.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "hawser/handshake/header_fields.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

std::optional<std::string> token_in(std::string_view target, const header_fields& fields) {
  return credentials::find_anycable_token(request{"GET", target, fields});
}

TEST_CASE("the token of AnyCable is in the query, in X-JID or in a subprotocol", "[R-AUTH]") {
  CHECK(token_in("/cable?jid=a.b.c", {}) == "a.b.c");
  CHECK(token_in("/cable", {{"x-jid", "a.b.c"}}) == "a.b.c");
  CHECK(token_in("/cable", {{"Sec-WebSocket-Protocol",
                             "actioncable-v1-json, anycable-token.a.b.c"}}) == "a.b.c");
  CHECK(token_in("/cable?jid=1",
                 {{"X-JID", "2"}, {"Sec-WebSocket-Protocol", "anycable-token.3"}}) == "1");
  CHECK(token_in("/cable?jid=", {{"X-JID", ""}, {"Sec-WebSocket-Protocol", "anycable-token.3"}}) ==
        "3");
  CHECK_FALSE(token_in("/cable?jid=%zz", {}));
  CHECK_FALSE(token_in("/cable?id=1", {{"Sec-WebSocket-Protocol", "anycable-token., anycable"}}));
}

}  // namespace
