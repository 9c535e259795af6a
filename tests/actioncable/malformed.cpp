// SPDX-License-Identifier: BSL-1.0
// Each kind of wrong command, and its answer: by default, and with the answers of Rails.
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

#include "hawser/cable.hpp"
#include "support/cable.hpp"
#include "support/catch.hpp"

namespace {
namespace malformed {

namespace cable = hawser::cable;
using cable::errc;
using cable::json;

struct room : cable::channel {
  static void define(cable::channel_definition<room>& it) {
    it.on("echo", [](room& of, const json& data) { of.transmit(data); });
  }
  void subscribed() {
    if (params().contains("fails")) throw 1;
  }
  void unsubscribed() {}
};

/// A row of the table: what a client sends after it has subscribed `open`, and what happens.
struct row {
  const char* name;
  std::string text;
  std::error_code error;  ///< Of on_error; none: it is not called
  std::string answer;     ///< Empty: none
  std::string of_rails;
};

const std::string open_room = R"({"channel":"Room"})";

std::string subscribing(const std::string& identifier_json) {
  return R"({"command":"subscribe","identifier":)" + identifier_json + '}';
}

std::string message(const std::string& rest) {
  return R"({"command":"message","identifier":)" + cable::to_text(open_room) + rest + '}';
}

/// A subscription that is rejected, or is ignored by Rails.
row rejection_row(const char* name, const std::string& identifier, errc why) {
  return {name, cable::subscribe_command(identifier), why, cable::rejection_message(identifier),
          ""};
}

std::vector<row> table() {
  const std::string echo = R"({"action":"echo"})";
  return {
      {"empty text", "", errc::not_json, "", ""},
      {"no JSON", "nonsense", errc::not_json, "", ""},
      {"cut JSON", R"({"command":"subscribe")", errc::not_json, "", ""},
      {"BOM", "\xEF\xBB\xBF" + cable::subscribe_command(open_room), errc::not_json, "", ""},
      {"null", "null", errc::not_json, "", ""},
      {"number", "7", errc::not_json, "", ""},
      {"array", R"(["subscribe"])", errc::not_json, "", ""},
      {"string", R"("subscribe")", errc::not_json, "", ""},
      {"no command", "{}", errc::unknown_command, "", ""},
      {"null command", R"({"command":null})", errc::unknown_command, "", ""},
      {"unknown command", R"({"command":"shout"})", errc::unknown_command, "", ""},
      {"command in capitals", R"({"command":"SUBSCRIBE"})", errc::unknown_command, "", ""},
      {"no identifier", R"({"command":"subscribe"})", errc::bad_identifier, "", ""},
      {"null identifier", subscribing("null"), errc::bad_identifier, "", ""},
      {"number as identifier", subscribing("7"), errc::bad_identifier, "", ""},
      {"object as identifier", subscribing(open_room), errc::bad_identifier, "", ""},
      {"empty identifier", subscribing(R"("")"), errc::bad_identifier, "", ""},
      rejection_row("identifier that is no JSON", "room", errc::identifier_not_json),
      rejection_row("identifier that is an array", "[1]", errc::identifier_not_json),
      rejection_row("identifier that is a string", R"("Room")", errc::identifier_not_json),
      rejection_row("identifier without a channel", R"({"room":1})", errc::unknown_channel),
      rejection_row("unknown channel", R"({"channel":"Nothing"})", errc::unknown_channel),
      rejection_row("no channel, but a class", R"({"channel":"String"})", errc::unknown_channel),
      rejection_row("channel in lower case", R"({"channel":"room"})", errc::unknown_channel),
      rejection_row("channel that is no string", R"({"channel":7})", errc::unknown_channel),
      rejection_row("abstract base", R"({"channel":"ActionCable::Channel::Base"})",
                    errc::unknown_channel),
      {"same identifier again",
       cable::subscribe_command(open_room),
       {},
       cable::confirmation_message(open_room),
       ""},
      {"unsubscribe of an unknown identifier", cable::unsubscribe_command("unknown"), {}, "", ""},
      {"unsubscribe without an identifier", R"({"command":"unsubscribe"})", errc::bad_identifier,
       "", ""},
      {"message of an unknown subscription", cable::message_command("unknown", json::object()),
       errc::unknown_subscription, "", ""},
      {"message without data", message(""), errc::bad_data, "", ""},
      {"object as data", message(R"(,"data":)" + echo), errc::bad_data, "", ""},
      {"data that is no JSON", message(R"(,"data":"echo")"), errc::bad_data, "", ""},
      {"array as data", message(R"(,"data":"[\"echo\"]")"), errc::bad_data, "", ""},
      {"unknown action", cable::message_command(open_room, {{"action", "nothing"}}),
       errc::unknown_action, "", ""},
      {"function of the channel", cable::message_command(open_room, {{"action", "subscribed"}}),
       errc::unknown_action, "", ""},
      {"function of the base", cable::message_command(open_room, {{"action", "stream_from"}}),
       errc::unknown_action, "", ""},
      {"number as action", cable::message_command(open_room, {{"action", 7}}), errc::unknown_action,
       "", ""},
      {"no action, and no receive()", cable::message_command(open_room, json::object()),
       errc::unknown_action, "", ""},
      {"extra members", R"({"command":"unsubscribe","identifier":"x","more":[1]})", {}, "", ""},
      {"the last of duplicate members",
       R"({"command":"shout","command":"unsubscribe","identifier":"x"})",
       {},
       "",
       ""},
  };
}

}  // namespace malformed

TEST_CASE("each wrong command has its answer, and the connection lives on", "[cable][R-CMD]") {
  using namespace malformed;
  const bool rails = GENERATE(false, true);
  auto options = rails ? cable::server_options::rails() : cable::server_options{};
  options.max_violations = 0;
  support::cable_world it{options};
  it.cable.add_channel<room>("Room");
  it.serve();
  auto client = it.connect_welcome();
  client.subscribe_as(open_room);
  client.expect_confirmed(open_room);
  for (const auto& one : table()) {
    CAPTURE(rails, one.name);
    client.peer().sends_text(one.text);
    const auto& answer = rails ? one.of_rails : one.answer;
    if (!answer.empty()) client.peer().expect_text(answer);
    client.expect_nothing();
    const auto errors = it.take_errors();
    const bool is_repeated = rails && one.name == std::string{"same identifier again"};
    const std::error_code wanted = is_repeated ? errc::already_subscribed : one.error;
    CHECK(errors == (wanted ? std::vector{wanted} : std::vector<std::error_code>{}));
    client.perform(open_room, "echo");
    client.expect_message(open_room, {{"action", "echo"}});
  }
}

TEST_CASE("text that is not UTF-8 closes the connection with 1007", "[cable][R-CMD]") {
  using namespace malformed;
  support::cable_world it;
  it.serve();
  auto client = it.connect_welcome();
  client.peer().sends_text("\xC3\x28");
  client.expect_closed(hawser::close_code::invalid_payload);
}

TEST_CASE("a command after the Close frame of either side is dropped", "[cable][R-CMD]") {
  using namespace malformed;
  const bool by_server = GENERATE(false, true);
  support::cable_world it;
  int commands = 0;
  it.cable.before_command([&](cable::connection&, const cable::command&) {
    ++commands;
    return true;
  });
  it.cable.add_channel<room>("Room");
  it.serve();
  auto client = it.connect_welcome();
  if (by_server) {
    it.cable.restart();
    client.expect_disconnect("server_restart", true);
    client.expect_closed(hawser::close_code::normal);
  } else {
    client.close();
  }
  client.subscribe_as(open_room);
  if (!by_server) client.expect_closed(hawser::close_code::normal);
  client.expect_nothing();
  CHECK(commands == 0);
  CHECK(it.faults.empty());
}

}  // namespace
