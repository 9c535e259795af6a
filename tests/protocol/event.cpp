// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/event.hpp"

#include <utility>
#include <variant>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a message to keep owns what the view shows") {
  auto octets = bytes("Hello");
  const message_view view{message_kind::binary, octets};
  const message kept{view};
  octets.assign(5, std::byte{0});
  CHECK(kept.text() == "Hello");
  CHECK(kept.kind == message_kind::binary);
  CHECK(!kept.is_text());
}

TEST_CASE("a kept message can be sent on as a view") {
  message kept;
  CHECK(kept.is_text());
  kept.payload = bytes("Hello");
  const message_view view = kept;
  CHECK(view.is_text());
  CHECK(view.text() == "Hello");
  CHECK(view.payload.data() == kept.payload.data());
}

TEST_CASE("what ends a connection is not clean unless it says so") {
  const closed why;
  CHECK(why.code == close_code::abnormal);
  CHECK(!why.clean);
  CHECK(why.reason.empty());
}

TEST_CASE("a pong answers nothing unless it says so", "[rfc-5.5.3]") {
  CHECK(!pong{}.round_trip);
  const event happened = pong{as_bytes("x"), std::chrono::seconds{1}};
  CHECK(std::get<pong>(happened).round_trip == std::chrono::seconds{1});
}

}  // namespace
