// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/connection_subscriptions.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/cable.hpp"
#include "support/catch.hpp"

namespace cable = hawser::cable;
using cable::errc;
using cable::json;
using hawser::close_code;
using support::cable_world;
using errors = std::vector<std::error_code>;

namespace {

struct echo_channel : cable::channel {
  static inline int unsubscribed_calls = 0;

  static void define(cable::channel_definition<echo_channel>& it) {
    it.on("echo", [](echo_channel& of, const json& data) { of.transmit(data); });
    it.on("fail", [](echo_channel&) { throw std::runtime_error{"no"}; });
    it.on("leave", [](echo_channel& of) { of.reject(); });
    it.after_subscribe([](echo_channel& of) {
      if (of.params().contains("trace")) of.transmit({{"rejected", of.is_rejected()}});
    });
  }
  void subscribed() {
    if (params().contains("fails")) throw std::runtime_error{"no"};
    if (params().contains("stream")) stream_from(params().at("stream").get<std::string>());
    if (params().contains("greet")) transmit("hi");
    if (params().contains("closed")) reject();
  }
  void unsubscribed() { ++unsubscribed_calls; }
};

const std::string plain = R"({"channel":"Room"})";

struct command_world : cable_world {
  explicit command_world(const cable::server_options& options = {}) : cable_world{options} {
    echo_channel::unsubscribed_calls = 0;
    cable.add_channel<echo_channel>("Room");
    serve();
  }
};

std::string subscribe_text(std::string_view identifier) {
  return R"({"command":"subscribe","identifier":)" + std::string{identifier} + '}';
}

}  // namespace

TEST_CASE("messages that are no JSON object count, and the tenth closes the connection",
          "[cable][R-CMD]") {
  command_world it;
  auto client = it.connect_welcome();
  const std::vector<std::string> bad{"",  "nonsense", "\xEF\xBB\xBF{}", "null", "7", "\"x\"", "[1]",
                                     "{", "tru"};
  for (const auto& text : bad) client.peer().sends_text(text);
  client.expect_nothing();
  CHECK(it.take_errors() == errors(bad.size(), errc::not_json));
  client.peer().sends_binary({});
  client.expect_disconnect(std::nullopt, true);
  client.expect_closed(close_code::policy_violation);
  CHECK(it.take_errors() == errors{errc::binary_message});
}

TEST_CASE("deeply nested JSON is refused before anything is made of it", "[cable][R-CMD]") {
  command_world it;
  auto client = it.connect_welcome();
  client.peer().sends_text(std::string(30'000, '['));
  client.subscribe_as(R"({"channel":"Room","x":)" + std::string(1'500, '[') +
                      std::string(1'500, ']') + "}");
  client.expect_rejected(R"({"channel":"Room","x":)" + std::string(1'500, '[') +
                         std::string(1'500, ']') + "}");
  CHECK(it.take_errors() == errors{errc::not_json, errc::identifier_not_json});
}

TEST_CASE("a binary message may close the connection with 1003", "[cable][R-CMD]") {
  cable::server_options options;
  options.refuse_binary = true;
  command_world it{options};
  auto client = it.connect_welcome();
  client.peer().sends_binary({});
  client.expect_disconnect(std::nullopt, false);
  client.expect_closed(close_code::unsupported_data);
}

TEST_CASE("a command that is too long closes the connection with 1009", "[cable][R-CMD]") {
  command_world it;
  auto client = it.connect_welcome();
  client.peer().sends_text(std::string(64 * 1024 + 1, ' '));
  client.expect_closed(close_code::message_too_big);
}

TEST_CASE("malformed commands are ignored and reported", "[cable][R-CMD]") {
  command_world it;
  auto client = it.connect_welcome();
  client.subscribe_as(plain);
  client.expect_confirmed(plain);
  const auto id = cable::to_text(plain);
  const std::vector<std::pair<std::string, errc>> all{
      {"{}", errc::unknown_command},
      {R"({"command":"shout"})", errc::unknown_command},
      {R"({"command":7})", errc::unknown_command},
      {R"({"command":"subscribe"})", errc::bad_identifier},
      {subscribe_text("null"), errc::bad_identifier},
      {subscribe_text("{}"), errc::bad_identifier},
      {subscribe_text("\"\""), errc::bad_identifier},
      {R"({"command":"unsubscribe"})", errc::bad_identifier},
      {R"({"command":"message","identifier":"x","data":"{}"})", errc::unknown_subscription},
      {R"({"command":"message","identifier":)" + id + "}", errc::bad_data},
      {R"({"command":"message","identifier":)" + id + R"(,"data":{}})", errc::bad_data},
      {R"({"command":"message","identifier":)" + id + R"(,"data":"x"})", errc::bad_data},
      {R"({"command":"message","identifier":)" + id + R"(,"data":"[]"})", errc::bad_data},
      {R"({"command":"message","identifier":)" + id + R"(,"data":"{}"})", errc::unknown_action},
      {cable::message_command(plain, {{"action", "nothing"}}), errc::unknown_action},
      {cable::message_command(plain, {{"action", "subscribed"}}), errc::unknown_action},
      {cable::message_command(plain, {{"action", "unsubscribed"}}), errc::unknown_action},
      {cable::message_command(plain, {{"action", "transmit"}}), errc::unknown_action},
      {cable::message_command(plain, {{"action", 7}}), errc::unknown_action},
  };
  for (const auto& [text, error] : all) {
    CAPTURE(text);
    client.peer().sends_text(text);
    client.expect_nothing();
    CHECK(it.take_errors() == errors{error});
  }
  client.unsubscribe("unknown");
  client.expect_nothing();
  CHECK(it.faults.empty());
  client.perform(plain, "echo");
  client.expect_message(plain, {{"action", "echo"}});
}

TEST_CASE("a subscription that cannot be is rejected with its identifier, or ignored as by Rails",
          "[cable][R-CMD][R-ID]") {
  const bool rails = GENERATE(false, true);
  auto options = rails ? cable::server_options::rails() : cable::server_options{};
  options.max_identifier_size = 100;
  command_world it{options};
  auto client = it.connect_welcome();
  const std::vector<std::pair<std::string, errc>> all{
      {"nonsense", errc::identifier_not_json},
      {"[]", errc::identifier_not_json},
      {"{}", errc::unknown_channel},
      {R"({"channel":7})", errc::unknown_channel},
      {R"({"channel":"room"})", errc::unknown_channel},
      {R"({"channel":"ApplicationCable::Channel"})", errc::unknown_channel},
      {R"({"channel":"Room","x":")" + std::string(100, 'x') + "\"}", errc::identifier_too_long},
  };
  for (const auto& [identifier, error] : all) {
    CAPTURE(identifier);
    client.subscribe_as(identifier);
    if (!rails) client.expect_rejected(identifier);
    client.expect_nothing();
    CHECK(it.take_errors() == errors{error});
  }
  CHECK(it.cable.statistics().subscriptions == 0);
}

TEST_CASE("a connection has at most so many subscriptions", "[cable][R-ID]") {
  cable::server_options options;
  options.max_subscriptions = 20;
  command_world it{options};
  auto client = it.connect_welcome();
  for (int i = 0; i < 1'000; ++i) client.subscribe({{"channel", "Room"}, {"i", i}});
  for (int i = 0; i < 1'000; ++i) {
    const auto id = cable::to_text({{"channel", "Room"}, {"i", i}});
    i < 20 ? client.expect_confirmed(id) : client.expect_rejected(id);
  }
  CHECK(it.cable.statistics().subscriptions == 20);
  client.unsubscribe(cable::to_text({{"channel", "Room"}, {"i", 3}}));
  const auto id = client.subscribe({{"channel", "Room"}});
  client.expect_confirmed(id);
}

TEST_CASE("a confirmed subscription is confirmed again, or not by Rails", "[cable][R-CMD]") {
  const bool rails = GENERATE(false, true);
  command_world it{rails ? cable::server_options::rails() : cable::server_options{}};
  auto client = it.connect_welcome();
  const auto id = client.subscribe({{"channel", "Room"}, {"stream", "s"}});
  client.expect_confirmed(id);
  client.subscribe_as(id);
  if (!rails) client.expect_confirmed(id);
  it.cable.broadcast("s", 1);
  client.expect_message(id, 1);
  client.expect_nothing();
  CHECK(it.take_errors() == (rails ? errors{errc::already_subscribed} : errors{}));
}

TEST_CASE("identifiers are compared as texts, and each has its own copy of a broadcast",
          "[cable][R-ID][R-FAST]") {
  command_world it;
  auto client = it.connect_welcome();
  const std::string one = R"({"channel":"Room","stream":"s"})";
  const std::string two = R"({"channel":"Room", "stream":"s"})";
  client.subscribe_as(one);
  client.expect_confirmed(one);
  client.subscribe_as(two);
  client.expect_confirmed(two);
  it.cable.broadcast("s", {{"a", 1}});
  auto got = std::vector{client.peer().expect_text(), client.peer().expect_text()};
  std::ranges::sort(got);
  auto wanted =
      std::vector{cable::data_message(one, R"({"a":1})"), cable::data_message(two, R"({"a":1})")};
  std::ranges::sort(wanted);
  CHECK(got == wanted);
}

TEST_CASE("a subscription whose subscribed throws is rejected, or exists unconfirmed as by Rails",
          "[cable][R-CMD]") {
  const bool rails = GENERATE(false, true);
  command_world it{rails ? cable::server_options::rails() : cable::server_options{}};
  auto client = it.connect_welcome();
  const auto id = client.subscribe({{"channel", "Room"}, {"fails", true}});
  if (!rails) client.expect_rejected(id);
  client.expect_nothing();
  REQUIRE(it.faults.size() == 1);
  CHECK(it.faults[0] == support::noted_fault{{}, "subscribed", id, true});
  CHECK(echo_channel::unsubscribed_calls == 0);
  client.perform(id, "echo");
  if (rails) client.expect_message(id);
  client.expect_nothing();
}

TEST_CASE("an action that throws is reported, and the subscription lives on", "[cable][R-CMD]") {
  command_world it;
  auto client = it.connect_welcome();
  client.subscribe_as(plain);
  client.expect_confirmed(plain);
  client.perform(plain, "fail");
  client.perform(plain, "echo");
  client.expect_message(plain);
  CHECK(it.faults == std::vector{support::noted_fault{{}, "fail", plain, true}});
}

TEST_CASE("the messages of subscribed and its hooks come before the rejection",
          "[cable][R-REJECT]") {
  command_world it;
  auto client = it.connect_welcome();
  const auto id = client.subscribe(
      {{"channel", "Room"}, {"greet", 1}, {"closed", 1}, {"trace", 1}, {"stream", "s"}});
  client.expect_message(id, "hi");
  client.expect_message(id, {{"rejected", true}});
  client.expect_rejected(id);
  CHECK(echo_channel::unsubscribed_calls == 1);
  CHECK(it.broker.subscriptions("s") == 0);
  client.perform(id, "echo");
  client.expect_nothing();
  CHECK(it.take_errors() == errors{errc::unknown_subscription});
}

TEST_CASE("a rejection in an action ends the subscription, or only its actions by Rails",
          "[cable][R-REJECT]") {
  const bool rails = GENERATE(false, true);
  command_world it{rails ? cable::server_options::rails() : cable::server_options{}};
  auto client = it.connect_welcome();
  const auto id = client.subscribe({{"channel", "Room"}, {"stream", "s"}});
  client.expect_confirmed(id);
  client.perform(id, "leave");
  if (!rails) client.expect_rejected(id);
  it.cable.broadcast("s", 1);
  if (rails) client.expect_message(id, 1);
  client.perform(id, "echo");
  client.expect_nothing();
  CHECK(it.take_errors() == errors{rails ? errc::rejected : errc::unknown_subscription});
  CHECK(echo_channel::unsubscribed_calls == (rails ? 0 : 1));
}

TEST_CASE("in 1,000 rounds, no message of a stream follows its rejection", "[cable][R-REJECT]") {
  command_world it;
  auto client = it.connect_welcome();
  for (int i = 0; i < 1'000; ++i) {
    const auto id = client.subscribe({{"channel", "Room"}, {"stream", "s"}, {"closed", i}});
    it.cable.broadcast("s", i);
    client.expect_rejected(id);
    it.cable.broadcast("s", i);
  }
  client.expect_nothing();
  CHECK(it.cable.statistics().streams == 1);
}

TEST_CASE("random subscribe and unsubscribe commands end in a consistent state",
          "[cable][R-CONN]") {
  command_world it;
  auto client = it.connect_welcome();
  std::vector<bool> subscribed(4);
  std::uint32_t random = 7;
  for (int i = 0; i < 10'000; ++i) {
    random = random * 1'664'525 + 1'013'904'223;
    const std::size_t at = (random >> 20) % subscribed.size();
    const auto id = cable::to_text({{"channel", "Room"}, {"n", at}, {"stream", "s"}});
    const bool begin = (random >> 28) % 2 == 0;
    begin ? client.subscribe_as(id) : client.unsubscribe(id);
    if (begin) client.expect_confirmed(id);
    subscribed[at] = begin;
  }
  client.expect_nothing();
  const auto count = static_cast<std::size_t>(std::ranges::count(subscribed, true));
  CHECK(it.cable.statistics().subscriptions == count);
}
