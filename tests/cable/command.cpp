// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/command.hpp"

#include <string>
#include <string_view>
#include <system_error>

#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;

namespace {

constexpr std::string_view room = R"({"channel":"ChatChannel","room_id":1})";
constexpr std::string_view room_encoded = R"("{\"channel\":\"ChatChannel\",\"room_id\":1}")";

/// The text with the encoded identifier for each $.
std::string with_room(std::string text) {
  for (auto at = text.find('$'); at != text.npos; at = text.find('$')) {
    text.replace(at, 1, room_encoded);
  }
  return text;
}

TEST_CASE("the commands of clients are parsed", "[R-CMD]") {
  const auto subscribe = parse_command(with_room(R"({"command":"subscribe","identifier":$})"));
  REQUIRE(subscribe.parsed);
  CHECK_FALSE(subscribe.error);
  CHECK(subscribe.parsed->type == command_type::subscribe);
  CHECK(subscribe.parsed->identifier == room);
  CHECK(subscribe.identifier == room);
  CHECK(subscribe.parsed->history.is_null());
  CHECK(parse_command(with_room(R"({"command":"unsubscribe","identifier":$})")).parsed->type ==
        command_type::unsubscribe);
  const auto message = parse_command(with_room(
      R"({"command":"message","identifier":$,"data":"{\"action\":\"speak\",\"n\":1}","extra":1})"));
  REQUIRE(message.parsed);
  CHECK(message.parsed->type == command_type::message);
  CHECK(message.parsed->data == json{{"action", "speak"}, {"n", 1}});
}

TEST_CASE("the commands of the extended protocol are parsed", "[R-EXT]") {
  const auto subscribe = parse_command(with_room(
      R"({"command":"subscribe","identifier":$,"history":{"since":5,"streams":{}},"presence":{"id":"u"}})"));
  REQUIRE(subscribe.parsed);
  CHECK(subscribe.parsed->history["since"] == 5);
  CHECK(subscribe.parsed->presence["id"] == "u");
  CHECK(parse_command(with_room(R"({"command":"history","identifier":$,"history":{"since":5}})"))
            .parsed->type == command_type::history);
  CHECK(parse_command(with_room(R"({"command":"history","identifier":$})")).parsed->history ==
        nullptr);
  CHECK(parse_command(with_room(R"({"command":"whisper","identifier":$,"data":null})"))
            .parsed->type == command_type::whisper);
  CHECK(
      parse_command(with_room(R"({"command":"whisper","identifier":$,"data":[1]})")).parsed->data ==
      json::array({1}));
  CHECK(parse_command(with_room(R"({"command":"join","identifier":$,"presence":{"id":"u"}})"))
            .parsed->presence["id"] == "u");
  CHECK(parse_command(with_room(R"({"command":"join","identifier":$})")).parsed);
  CHECK(parse_command(with_room(R"({"command":"leave","identifier":$})")).parsed->type ==
        command_type::leave);
  CHECK(
      parse_command(with_room(R"({"command":"presence","identifier":$,"data":{}})")).parsed->data ==
      json::object());
  CHECK(parse_command(R"({"command":"ping"})").parsed->type == command_type::ping);
  CHECK(parse_command(R"({"command":"pong"})").parsed->type == command_type::pong);
}

TEST_CASE("each malformed command has its error, and its identifier if there is one", "[R-CMD]") {
  struct row {
    const char* text;
    cable::errc error;
    bool has_identifier;
  };
  using enum cable::errc;
  for (const auto& [text, error, has_identifier] : {
           row{"{nope", not_json, false},
           row{"", not_json, false},
           row{"\xEF\xBB\xBF{\"command\":\"ping\"}", not_json, false},
           row{"null", not_json, false},
           row{"5", not_json, false},
           row{R"("hello")", not_json, false},
           row{"[1,2]", not_json, false},
           row{R"(["command","subscribe"])", not_json, false},
           row{"{}", unknown_command, false},
           row{R"({"command":"dance","identifier":$})", unknown_command, true},
           row{R"({"command":7,"identifier":$})", unknown_command, true},
           row{R"({"command":null,"identifier":$})", unknown_command, true},
           row{R"({"command":"Subscribe","identifier":$})", unknown_command, true},
           row{R"({"command":"","identifier":$})", unknown_command, true},
           row{R"({"command":"subscribe"})", bad_identifier, false},
           row{R"({"command":"subscribe","identifier":null})", bad_identifier, false},
           row{R"({"command":"subscribe","identifier":""})", bad_identifier, false},
           row{R"({"command":"subscribe","identifier":5})", bad_identifier, false},
           row{R"({"command":"subscribe","identifier":{"channel":"X"}})", bad_identifier, false},
           row{R"({"command":"message","data":"{}"})", bad_identifier, false},
           row{R"({"command":"unsubscribe"})", bad_identifier, false},
           row{R"({"command":"message","identifier":$})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":{"action":"x"}})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":null})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":"zzz"})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":""})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":"[\"echo\"]"})", bad_data, true},
           row{R"({"command":"message","identifier":$,"data":"null"})", bad_data, true},
           row{R"({"command":"subscribe","identifier":$,"history":5})", bad_data, true},
           row{R"({"command":"subscribe","identifier":$,"presence":"u"})", bad_data, true},
           row{R"({"command":"history","identifier":$,"history":[]})", bad_data, true},
           row{R"({"command":"whisper","identifier":$})", bad_data, true},
           row{R"({"command":"join","identifier":$,"presence":1})", bad_data, true},
           row{R"({"command":"presence","identifier":$,"data":1})", bad_data, true},
       }) {
    CAPTURE(text);
    const auto result = parse_command(with_room(text));
    CHECK_FALSE(result.parsed);
    CHECK(result.error == error);
    CHECK(result.identifier == (has_identifier ? room : ""));
  }
}

TEST_CASE("of two commands in one object the last one counts", "[R-JSON]") {
  const auto result = parse_command(
      with_room(R"({"command":"dance","command":"message","identifier":$,"data":"{}"})"));
  REQUIRE(result.parsed);
  CHECK(result.parsed->type == command_type::message);
}

TEST_CASE("the string of a command's data has the limits of the command", "[R-JSON]") {
  const auto text = with_room(R"({"command":"message","identifier":$,"data":"{\"a\":[[[1]]]}"})");
  CHECK(parse_command(text, {.max_depth = 4}).parsed);
  CHECK(parse_command(text, {.max_depth = 3}).error == cable::errc::bad_data);
  CHECK(parse_command(text, {.max_bytes = text.size()}).parsed);
  CHECK(parse_command(text, {.max_bytes = text.size() - 1}).error == cable::errc::not_json);
}

TEST_CASE("an identifier keeps its bytes", "[R-ID]") {
  const std::string spaced = R"({"room_id": 1,  "channel":"ChatChannel", "\u00e9":1})";
  CHECK(parse_command(subscribe_command(spaced)).parsed->identifier == spaced);
}

TEST_CASE("an identifier gives the channel and the parameters", "[R-ID]") {
  const auto good = parse_identifier(room);
  CHECK_FALSE(good.error);
  CHECK(good.channel == "ChatChannel");
  CHECK(good.params == json{{"channel", "ChatChannel"}, {"room_id", 1}});
  for (const auto text : {"ChatChannel", "\"ChatChannel\"", "[\"ChatChannel\"]", "5", "null", ""}) {
    CHECK(parse_identifier(text).error == cable::errc::identifier_not_json);
  }
  for (const auto text :
       {R"({"room_id":1})", R"({"channel":5})", R"({"channel":null})", R"({"channel":""})"}) {
    CHECK(parse_identifier(text).error == cable::errc::unknown_channel);
  }
  CHECK(parse_identifier(R"({"channel":"X","a":[1]})", {.max_depth = 1}).error ==
        cable::errc::identifier_not_json);
}

TEST_CASE("the commands that are written are those that are parsed", "[R-CLIENT]") {
  CHECK(subscribe_command(room) == with_room(R"({"command":"subscribe","identifier":$})"));
  CHECK(unsubscribe_command(room) == with_room(R"({"command":"unsubscribe","identifier":$})"));
  CHECK(message_command(room, {{"action", "speak"}, {"message", "h\"i"}}) ==
        with_room(R"({"command":"message","identifier":$,)"
                  R"("data":"{\"action\":\"speak\",\"message\":\"h\\\"i\"}"})"));
  const auto parsed = [](const std::string& text) {
    const auto result = parse_command(text);
    REQUIRE(result.parsed);
    return *result.parsed;
  };
  const json object = {{"a", 1}};
  CHECK(parsed(message_command(room, object)).data == object);
  CHECK(parsed(subscribe_command(room, object)).history == object);
  CHECK(parsed(history_command(room, object)).history == object);
  CHECK(parsed(whisper_command(room, "x")).data == "x");
  CHECK(parsed(join_command(room, object)).presence == object);
  CHECK(parsed(leave_command(room)).identifier == room);
  CHECK(parsed(presence_command(room)).data == json::object());
  CHECK(parsed(ping_command()).type == command_type::ping);
  CHECK(parsed(pong_command()).type == command_type::pong);
}

}  // namespace
