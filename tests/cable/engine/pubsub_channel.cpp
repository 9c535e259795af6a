// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/pubsub_channel.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/cable/server.hpp"
#include "support/cable.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"

using namespace hawser::test;
namespace cable = hawser::cable;
using cable::errc;
using cable::json;

namespace {

/// A verifier for which a name is signed if it ends with an exclamation mark.
std::optional<std::string> without_mark(std::string_view name, std::error_code& ec) {
  if (name == "throws") throw std::runtime_error{"the verifier"};
  if (name.ends_with('!')) return std::string{name.substr(0, name.size() - 1)};
  if (name != "no reason") ec = std::make_error_code(std::errc::permission_denied);
  return std::nullopt;
}

std::string pubsub_id(const json& params) {
  json identifier{{"channel", "$pubsub"}};
  identifier.update(params);
  return identifier.dump();
}

const std::string open_news = pubsub_id({{"stream_name", "news"}});
const std::string signed_news = pubsub_id({{"signed_stream_name", "news!"}});

/// A cable server in memory with the extended protocol and these streams.
struct pubsub_world : memory_cable {
  explicit pubsub_world(cable::pubsub_options options) : memory_cable{enabled()} {
    served.serve_pubsub(std::move(options));
    mount();
  }

  static cable::server_options enabled() {
    cable::server_options options;
    options.extended.enabled = true;
    return options;
  }

  hawser::testing::peer join(const std::string& identifier) {
    auto peer = connect("actioncable-v1-ext-json");
    peer.expect_text();
    peer.sends_text(cable::subscribe_command(identifier));
    peer.expect_text(cable::confirmation_message(identifier));
    return peer;
  }
};

TEST_CASE("a client streams from a public name, and from a signed one", "[cable][R-EXT]") {
  support::cable_world it;
  it.cable.serve_pubsub({.public_streams = true, .signed_streams = without_mark});
  it.serve();
  auto client = it.connect_welcome();
  for (const auto& id : {open_news, signed_news}) {
    client.subscribe_as(id);
    client.expect_confirmed(id);
  }
  it.cable.broadcast("news", {{"n", 1}});
  const auto first = client.peer().expect_text();
  const auto second = client.peer().expect_text();
  const auto open = cable::data_message(open_news, R"({"n":1})");
  const auto sealed = cable::data_message(signed_news, R"({"n":1})");
  CHECK(((first == open && second == sealed) || (first == sealed && second == open)));
  it.cable.broadcast("news!", 2);
  client.expect_nothing();
  client.perform(open_news, "speak");
  client.expect_nothing();
  CHECK(it.take_errors() == std::vector<std::error_code>{errc::unknown_action});
  client.unsubscribe(open_news);
  it.cable.broadcast("news", 3);
  client.expect_message(signed_news, 3);
  client.expect_nothing();
}

TEST_CASE("a stream that is not permitted is rejected, and the reason is reported",
          "[cable][R-EXT][R-REJECT]") {
  using options = cable::pubsub_options;
  const options open{.public_streams = true};
  const options sealed{.signed_streams = without_mark};
  const options both{.public_streams = true, .signed_streams = without_mark};
  const std::error_code denied = std::make_error_code(std::errc::permission_denied);
  const std::error_code bad_topic = hawser::errc::bad_topic;
  struct row {
    options permitted;
    json params;
    std::error_code reason;
  };
  for (const auto& [permitted, params, reason] : {
           row{sealed, {{"stream_name", "news"}}, errc::rejected},
           row{open, {{"signed_stream_name", "news!"}}, errc::rejected},
           row{both, json::object(), errc::bad_data},
           row{both, {{"stream_name", 1}}, errc::bad_data},
           row{both, {{"stream_name", "news"}, {"signed_stream_name", "news!"}}, errc::bad_data},
           row{both, {{"signed_stream_name", "news"}}, denied},
           row{both, {{"signed_stream_name", "no reason"}}, bad_topic},
           row{both, {{"signed_stream_name", "!"}}, bad_topic},
           row{both, {{"stream_name", ""}}, bad_topic},
           row{both, {{"stream_name", std::string(2'000, 'x')}}, bad_topic},
           row{both, {{"stream_name", "$whisper:chat"}}, bad_topic},
           row{both, {{"stream_name", "$presence:chat"}}, bad_topic},
           row{both, {{"stream_name", "action_cable/7"}}, bad_topic},
           row{both, {{"stream_name", "hawser_cable/disconnect"}}, bad_topic},
           row{both, {{"signed_stream_name", "action_cable/7!"}}, bad_topic},
       }) {
    CAPTURE(params.dump());
    support::cable_world it;
    it.cable.serve_pubsub(permitted);
    it.serve();
    auto client = it.connect_welcome();
    const auto id = pubsub_id(params);
    client.subscribe_as(id);
    client.expect_rejected(id);
    CHECK(it.take_errors() == std::vector{reason});
    CHECK(it.cable.statistics().subscriptions == 0);
    CHECK(it.cable.statistics().streams == 1);  // that of partial remote disconnects
  }
}

TEST_CASE("a verifier that throws rejects the subscription", "[cable][R-EXT][R-REJECT]") {
  support::cable_world it;
  it.cable.serve_pubsub({.signed_streams = without_mark});
  it.serve();
  auto client = it.connect_welcome();
  const auto id = pubsub_id({{"signed_stream_name", "throws"}});
  client.subscribe_as(id);
  client.expect_rejected(id);
  REQUIRE(it.faults.size() == 1);
  CHECK(it.faults.front().threw);
}

TEST_CASE("there are no streams without a channel unless they are served", "[cable][R-EXT]") {
  support::cable_world it;
  CHECK_THROWS_AS(it.cable.serve_pubsub({}), std::invalid_argument);
  it.cable.serve_pubsub({.public_streams = true}, "News");
  CHECK_THROWS_AS(it.cable.serve_pubsub({.public_streams = true}, "News"), std::invalid_argument);
  it.serve();
  CHECK_THROWS_AS(it.cable.serve_pubsub({.public_streams = true}), std::logic_error);
  auto client = it.connect_welcome();
  client.subscribe_as(open_news);
  client.expect_rejected(open_news);
  const auto id = client.subscribe({{"channel", "News"}, {"stream_name", "news"}});
  client.expect_confirmed(id);
}

TEST_CASE(
    "clients of public streams whisper and are present, those of signed ones if it is allowed",
    "[cable][R-EXT][R-OTHERS]") {
  for (const bool allowed : {false, true}) {
    pubsub_world world{{.public_streams = true,
                        .signed_streams = without_mark,
                        .of_signed = {.whisper = allowed, .presence = allowed}}};
    for (const auto& id : {open_news, signed_news}) {
      auto ann = world.join(id);
      auto bob = world.join(id);
      const auto* const name = id == open_news ? "ann" : "eve";
      ann.sends_text(cable::whisper_command(id, "typing"));
      ann.sends_text(cable::join_command(id, {{"id", name}}));
      if (allowed || id == open_news) {
        bob.expect_text(cable::data_message(id, R"("typing")"));
        bob.expect_text(cable::presence_message(id, {{"type", "join"}, {"id", name}}));
      } else {
        bob.expect_nothing();
      }
    }
  }
}

TEST_CASE("streams without a channel have a history if it is allowed", "[cable][R-EXT]") {
  pubsub_world world{{.public_streams = true, .of_public = {.history = cable::history_options{}}}};
  auto ann = world.join(open_news);
  world.served.broadcast("news", 1);
  const auto got = json::parse(ann.expect_text());
  CHECK(got.at("stream_id") == "news");
  CHECK(got.at("offset") == 1);
  auto bob = world.connect("actioncable-v1-ext-json");
  bob.expect_text();
  bob.sends_text(cable::subscribe_command(
      open_news, {{"streams", {{"news", {{"epoch", got.at("epoch")}, {"offset", 0}}}}}}));
  bob.expect_text(cable::confirmation_message(open_news));
  CHECK(json::parse(bob.expect_text()) == got);
  bob.expect_text(cable::history_confirmation_message(open_news));
}

}  // namespace
