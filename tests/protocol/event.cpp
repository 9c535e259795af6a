// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/event.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a message owns a copy of its view's payload") {
  auto data = bytes("Hello");
  const message_view view{message_kind::binary, data};
  const message kept{view};
  data.assign(5, std::byte{0});
  CHECK(kept.text() == "Hello");
  CHECK(kept.kind == message_kind::binary);
  CHECK(!kept.is_text());
}

TEST_CASE("a stored message converts to a view that can be sent") {
  message kept;
  CHECK(kept.is_text());
  kept.payload = bytes("Hello");
  const message_view view = kept;
  CHECK(view.is_text());
  CHECK(view.text() == "Hello");
  CHECK(view.payload.data() == kept.payload.data());
}

TEST_CASE("closed is not clean by default") {
  const closed why;
  CHECK(why.code == close_code::abnormal);
  CHECK(!why.clean);
  CHECK(why.reason.empty());
}

TEST_CASE("the text of a closed event names the error, the code and the reason") {
  const std::pair<closed, std::string_view> table[] = {
      {{close_code::message_too_big, "2 MiB at most", true},
       "the connection is closed, code 1009 (message too big): 2 MiB at most"},
      {{close_code::normal, {}, true}, "the connection is closed, code 1000 (normal closure)"},
      {{close_code::no_status, {}, true}, "the connection is closed, code 1005 (no code)"},
      {{static_cast<close_code>(4001), "bye", true}, "the connection is closed, code 4001: bye"},
      {{close_code::protocol_error, {}, false, errc::bad_opcode},
       "the opcode is reserved, code 1002 (protocol error)"},
      {{close_code::abnormal, {}, false, errc::aborted},
       "the connection was ended from this side, code 1006 (no closing handshake)"},
      {{close_code::normal, "\r\n\x1b[2J \xC3\xBC", true},
       "the connection is closed, code 1000 (normal closure): ???[2J \xC3\xBC"},
  };
  for (const auto& [end, text] : table) CHECK(end.message() == text);
  closed cut{close_code::abnormal, {}, false, errc::close_timeout};
  cut.unsent = 7;
  CHECK(
      cut.message() ==
      "the peer did not finish the closing handshake in time, code 1006 (no closing handshake), 7 "
      "bytes unsent");
}

TEST_CASE("a pong answers nothing by default", "[rfc-5.5.3]") {
  CHECK(!pong{}.round_trip);
  const event happened = pong{as_bytes("x"), std::chrono::seconds{1}};
  CHECK(std::get<pong>(happened).round_trip == std::chrono::seconds{1});
}

// A default-constructed part is a whole message, as a message_view is.
static_assert(message_part{}.first && message_part{}.last);
static_assert(message_part{}.kind == message_view{}.kind);

}  // namespace
