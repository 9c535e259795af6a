// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/server_message.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;

namespace {

constexpr std::string_view id = R"({"channel":"X"})";

TEST_CASE("the messages of a server have Rails' members in Rails' order") {
  CHECK(welcome_message() == R"({"type":"welcome"})");
  CHECK(ping_message(1795569584) == R"({"type":"ping","message":1795569584})");
  CHECK(confirmation_message(id) ==
        R"({"identifier":"{\"channel\":\"X\"}","type":"confirm_subscription"})");
  CHECK(rejection_message(id) ==
        R"({"identifier":"{\"channel\":\"X\"}","type":"reject_subscription"})");
  CHECK(data_message(id, "[1]") == R"({"identifier":"{\"channel\":\"X\"}","message":[1]})");
  CHECK(disconnect_message("unauthorized", false) ==
        R"({"type":"disconnect","reason":"unauthorized","reconnect":false})");
  CHECK(disconnect_message({}, true) == R"({"type":"disconnect","reason":null,"reconnect":true})");
}

TEST_CASE("the messages of the extended protocol have the members of AnyCable", "[R-EXT]") {
  CHECK(welcome_message("s1") == R"({"type":"welcome","sid":"s1"})");
  CHECK(welcome_message("s2", std::vector<std::string>{"a", "\"b"}) ==
        R"({"type":"welcome","sid":"s2","restored":true,"restored_ids":["a","\"b"]})");
  CHECK(history_confirmation_message("a") == R"({"identifier":"a","type":"confirm_history"})");
  CHECK(history_rejection_message("a") == R"({"identifier":"a","type":"reject_history"})");
  CHECK(pong_message() == R"({"type":"pong"})");
  CHECK(presence_message("a", {{"type", "leave"}, {"id", "u"}}) ==
        R"({"type":"presence","identifier":"a","message":{"id":"u","type":"leave"}})");
  CHECK(data_message("a", "1", {"chat", "e1", 7}) ==
        R"({"identifier":"a","message":1,"stream_id":"chat","epoch":"e1","offset":7})");
}

TEST_CASE("a prefix gives the messages of its subscription", "[R-FAST]") {
  const data_prefix prefix{id};
  for (const std::string_view text : {"null", "1", R"({"a":"<b>"})", R"("x")"}) {
    CHECK(prefix.message(text) == data_message(id, text));
    CHECK(parse_server_message(prefix.message(text))->message == json::parse(text));
  }
  const stream_position position{"s\"", "e", std::numeric_limits<std::uint64_t>::max()};
  CHECK(parse_server_message(prefix.message("1", position))->position == position);
  const data_prefix escaped{R"({"channel":"<X>"})", true};
  CHECK(escaped.message("1") == R"({"identifier":"{\"channel\":\"\u003cX\u003e\"}","message":1})");
}

TEST_CASE("the messages of a server are parsed", "[R-CLIENT]") {
  const auto parsed = [](const std::string& text) {
    auto message = parse_server_message(text);
    REQUIRE(message);
    return *message;
  };
  using enum server_message_type;
  CHECK(parsed(welcome_message()).type == welcome);
  CHECK_FALSE(parsed(welcome_message()).sid);
  const auto restored = parsed(welcome_message("s2", std::vector<std::string>{"a", "b"}));
  CHECK(restored.sid == "s2");
  CHECK(restored.restored);
  CHECK(restored.restored_ids == std::vector<std::string>{"a", "b"});
  CHECK(parsed(ping_message(5)).type == ping);
  CHECK(parsed(ping_message(5)).message == 5);
  CHECK(parsed(confirmation_message(id)).type == confirm_subscription);
  CHECK(parsed(confirmation_message(id)).identifier == id);
  CHECK(parsed(rejection_message(id, true)).type == reject_subscription);
  CHECK(parsed(disconnect_message("x", false)).reason == "x");
  CHECK_FALSE(parsed(disconnect_message("x", false)).reconnect);
  CHECK_FALSE(parsed(disconnect_message({}, true)).reason);
  CHECK(parsed(disconnect_message({}, true)).reconnect);
  CHECK(parsed(R"({"type":"disconnect"})").reconnect);
  CHECK(parsed(R"({"type":"disconnect","reconnect":0})").reconnect);
  CHECK(parsed(history_confirmation_message(id)).type == confirm_history);
  CHECK(parsed(history_rejection_message(id)).type == reject_history);
  CHECK(parsed(pong_message()).type == pong);
  CHECK(parsed(presence_message(id, json::object())).type == presence);
}

TEST_CASE("a message without a type, or of an unknown one, is data", "[R-CLIENT]") {
  for (const auto text : {R"({"identifier":"a","message":1})",
                          R"({"identifier":"a","message":1,"type":"future_type"})",
                          R"({"identifier":"a","message":1,"type":5})",
                          R"({"identifier":"a","message":1,"type":null})"}) {
    CAPTURE(text);
    const auto message = parse_server_message(text);
    REQUIRE(message);
    CHECK(message->type == server_message_type::data);
    CHECK(message->message == 1);
  }
  CHECK(parse_server_message(R"({"identifier":"a"})")->message.is_null());
}

TEST_CASE("a position is complete or absent", "[R-EXT]") {
  for (const auto text : {R"({"identifier":"a","stream_id":"s","epoch":"e"})",
                          R"({"identifier":"a","stream_id":"s","epoch":"e","offset":-1})",
                          R"({"identifier":"a","stream_id":"s","epoch":"e","offset":1.5})",
                          R"({"identifier":"a","stream_id":5,"epoch":"e","offset":1})",
                          R"({"identifier":"a","epoch":"e","offset":1})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_server_message(text)->position);
  }
}

TEST_CASE("what a client cannot use gives nothing", "[R-CLIENT]") {
  for (const auto text :
       {"", "not json", "5", "[]", "null", "{}", "\xEF\xBB\xBF{\"type\":\"welcome\"}",
        R"({"message":1})", R"({"identifier":5,"message":1})", R"({"identifier":"","message":1})",
        R"({"type":"confirm_subscription"})",
        R"({"type":"reject_subscription","identifier":null})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_server_message(text));
  }
  CHECK_FALSE(parse_server_message(welcome_message(), {.max_bytes = 5}));
  CHECK(parse_server_message(R"({"type":"welcome","sid":5,"restored":"x","restored_ids":5})"));
  CHECK(parse_server_message(R"({"type":"welcome","restored_ids":[1,"a"]})")->restored_ids ==
        std::vector<std::string>{"a"});
}

}  // namespace
