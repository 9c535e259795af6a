// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/broadcast_endpoint.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/cable/channel.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/server.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;

namespace {

/// An endpoint that records what it is asked for.
struct recorded_endpoint {
  explicit recorded_endpoint(broadcast_endpoint_options options = {.token = "secret"})
      : endpoint{std::move(options),
                 [this](const remote_broadcast& one) {
                   broadcasts.push_back(one);
                   return result;
                 },
                 [this](const std::string& identifier, bool reconnect) {
                   disconnects.emplace_back(identifier, reconnect);
                   return result;
                 }} {}

  unsigned post(std::string_view body, std::string_view authorization = "Bearer secret") {
    return endpoint(
               request{
                   "POST", "/_broadcast", {{"Authorization", std::string{authorization}}}, body})
        .status;
  }

  std::error_code result;
  std::vector<remote_broadcast> broadcasts;
  std::vector<std::pair<std::string, bool>> disconnects;
  broadcast_endpoint endpoint;
};

class endpoint_channel : public channel {
 public:
  static void define(channel_definition<endpoint_channel>& it) {
    it.on("to_others", [](endpoint_channel& of, const json& data) {
      of.broadcast("news", data.at("n"), {.except_sid = data.at("sid").get<std::string>()});
    });
  }
  void subscribed() { stream_from("news", {.history = history_options{}}); }
};

const std::string endpoint_news = R"({"channel":"News"})";

cable::server_options endpoint_options() {
  cable::server_options options;
  options.extended.enabled = true;
  return options;
}

/// A cable server at /cable, and its endpoint at /_broadcast.
struct served_endpoint : testing::world {
  served_endpoint() {
    served->identified_by({"user"});
    served->on_connect([](cable::connection& one) {
      one.identify("user", std::string{one.request().query("user").value_or("")});
    });
    served->add_channel<endpoint_channel>("News");
    served->mount(http_server.route("/cable"));
    served->serve_broadcasts(http_server.route("/_broadcast"), {.token = "secret"});
    serve(http_server);
  }

  /// A client that has subscribed, and its session.
  std::pair<testing::peer, std::string> join(const std::string& user) {
    auto peer =
        connect("/cable?user=" + user, {{"Sec-WebSocket-Protocol", "actioncable-v1-ext-json"}});
    auto sid = json::parse(peer.expect_text()).at("sid").get<std::string>();
    peer.sends_text(subscribe_command(endpoint_news));
    peer.expect_text(confirmation_message(endpoint_news));
    return {std::move(peer), std::move(sid)};
  }

  unsigned post(const json& body, const std::string& token = "secret") {
    return http("POST", "/_broadcast", {{"Authorization", "Bearer " + token}}, body.dump()).status;
  }

  /// The same for what the owner of a session asks for.
  unsigned post_from(const std::string& sid, const json& body) {
    return http("POST", "/_broadcast", {{"Authorization", "Bearer secret"}, {"X-Socket-ID", sid}},
                body.dump())
        .status;
  }

  memory_broker broker;
  std::optional<cable::server> served{std::in_place, broker, endpoint_options()};
  hawser::server http_server{context(), {.listener = first_listener::none}};
};

TEST_CASE("an HTTP request broadcasts, in the format of AnyCable", "[R-EXT]") {
  recorded_endpoint one;
  CHECK(one.post(R"({"stream":"s","data":"{\"a\":1}"})") == 201);
  CHECK(one.post(R"([{"stream":"s","data":"1","meta":{"exclude_socket":"x","transient":true}},
                     {"stream":"t","data":"null","meta":{"broadcast_type":"other"}}])") == 201);
  CHECK(one.post("[]") == 201);
  CHECK(one.broadcasts == std::vector<remote_broadcast>{{"s", "{\"a\":1}", "", false},
                                                        {"s", "1", "x", true},
                                                        {"t", "null", "", false}});
}

TEST_CASE("an HTTP request disconnects, in the format of AnyCable", "[R-EXT]") {
  recorded_endpoint one;
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"7","reconnect":false}})") ==
        201);
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"8"}})") == 201);
  CHECK(one.disconnects == std::vector<std::pair<std::string, bool>>{{"7", false}, {"8", true}});
  for (const auto* const body :
       {R"({"command":"other","payload":{"identifier":"7"}})", R"({"command":"disconnect"})",
        R"({"command":"disconnect","payload":7})", R"({"command":"disconnect","payload":{}})",
        R"({"command":"disconnect","payload":{"identifier":""}})",
        R"({"command":"disconnect","payload":{"identifier":"*"}})",
        R"({"command":1,"payload":{"identifier":"7"}})"}) {
    CAPTURE(body);
    CHECK(one.post(body) == 422);
  }
  CHECK(one.disconnects.size() == 2);
  CHECK(one.broadcasts.empty());
}

TEST_CASE("a request without the token gets 401, and nothing is broadcast", "[R-EXT]") {
  recorded_endpoint one;
  const std::string_view body = R"({"stream":"s","data":"1"})";
  for (const auto* const given : {"", "secret", "Bearer", "Bearer ", "Bearer secret2",
                                  "Bearer secre", "Basic secret", "bearer  SECRET"}) {
    CAPTURE(given);
    CHECK(one.post(body, given) == 401);
  }
  const auto refused = one.endpoint(request{"POST", "/", {}, body});
  CHECK(refused.status == 401);
  CHECK(refused.header("WWW-Authenticate") == "Bearer");
  CHECK(one.broadcasts.empty());
  CHECK(one.post(body, "bearer secret") == 201);
  CHECK_THROWS_AS(recorded_endpoint{broadcast_endpoint_options{}}, std::invalid_argument);
  CHECK(recorded_endpoint{{.allow_any_client = true}}.post(body, "") == 201);
}

TEST_CASE("a request that is malformed gets 422, and nothing is broadcast", "[R-EXT]") {
  recorded_endpoint one{{.token = "secret", .limits = {.max_bytes = 200}, .max_broadcasts = 2}};
  const std::string good = R"({"stream":"s","data":"1"})";
  for (const auto& body :
       {std::string{}, std::string{"x"}, std::string{"1"}, std::string{"{}"},
        std::string{R"({"stream":"s"})"}, std::string{R"({"data":"1"})"},
        std::string{R"({"stream":1,"data":"1"})"}, std::string{R"({"stream":"s","data":{}})"},
        std::string{R"({"stream":"s","data":"{"})"}, std::string{R"({"stream":"","data":"1"})"},
        std::string{R"({"stream":"*","data":"1"})"}, "[" + good + ",1]",
        "[" + good + "," + good + "," + good + "]", good + std::string(200, ' ')}) {
    CAPTURE(body);
    CHECK(one.post(body) == 422);
  }
  CHECK(one.endpoint(request{"GET", "/", {{"Authorization", "Bearer secret"}}}).status == 422);
  CHECK(one.broadcasts.empty());
}

TEST_CASE("the endpoint of a server broadcasts to its clients, with history unless it is transient",
          "[cable][R-EXT]") {
  served_endpoint it;
  auto ann = it.join("1").first;
  CHECK(it.post({{"stream", "news"}, {"data", R"({"n":1})"}}) == 201);
  auto got = json::parse(ann.expect_text());
  CHECK(got.at("message") == json{{"n", 1}});
  CHECK(got.at("offset") == 1);
  CHECK(it.post({{"stream", "news"}, {"data", "2"}, {"meta", {{"transient", true}}}}) == 201);
  ann.expect_text(data_message(endpoint_news, "2"));
  CHECK(it.post({{"stream", "news"}, {"data", "3"}}) == 201);
  CHECK(json::parse(ann.expect_text()).at("offset") == 2);
  CHECK(it.post({{"stream", "news"}, {"data", "4"}}, "other") == 401);
  ann.expect_nothing();
}

TEST_CASE("the endpoint of a server leaves out the session that a request names",
          "[cable][R-EXT][R-OTHERS]") {
  served_endpoint it;
  auto [ann, sid] = it.join("1");
  auto bob = it.join("2").first;
  const auto publish = [&](const std::string& except) {
    return it.post({{"stream", "news"}, {"data", "1"}, {"meta", {{"exclude_socket", except}}}});
  };
  CHECK(publish(sid) == 201);
  ann.expect_nothing();
  CHECK(json::parse(bob.expect_text()).at("message") == 1);
  CHECK(publish("unknown") == 201);
  CHECK(json::parse(ann.expect_text()).at("offset") == 2);
  CHECK(json::parse(bob.expect_text()).at("offset") == 2);
}

TEST_CASE(
    "the endpoint of a server leaves out the session that a header field names, unless the body "
    "names one",
    "[cable][R-EXT][R-OTHERS]") {
  served_endpoint it;
  auto [ann, anns] = it.join("1");
  auto [bob, bobs] = it.join("2");
  json body{{"stream", "news"}, {"data", "1"}};
  CHECK(it.post_from(anns, body) == 201);
  ann.expect_nothing();
  CHECK(json::parse(bob.expect_text()).at("message") == 1);
  body["meta"] = {{"exclude_socket", bobs}};
  CHECK(it.post_from(anns, body) == 201);
  CHECK(json::parse(ann.expect_text()).at("offset") == 2);
  bob.expect_nothing();
}

TEST_CASE("a broadcast leaves out the session and the connection that its options name",
          "[cable][R-OTHERS]") {
  served_endpoint it;
  auto [ann, anns] = it.join("1");
  auto [bob, bobs] = it.join("2");
  auto [eve, eves] = it.join("3");
  std::uint64_t third = 0;
  it.http_server.for_each([&](session& one) {
    if (one.request().query("user") == "3") third = one.id();
  });
  it.served->broadcast("news", 1, {.except = third, .except_sid = anns});
  CHECK(json::parse(bob.expect_text()).at("message") == 1);
  bob.sends_text(
      message_command(endpoint_news, {{"action", "to_others"}, {"n", 2}, {"sid", bobs}}));
  CHECK(json::parse(ann.expect_text()).at("message") == 2);
  CHECK(json::parse(eve.expect_text()).at("message") == 2);
  it.served->broadcast("news", 3, {.except_sid = "unknown"});
  for (auto* const one : {&ann, &bob, &eve}) {
    CHECK(json::parse(one->expect_text()).at("message") == 3);
    one->expect_nothing();
  }
}

TEST_CASE("a broadcast that is transient has no place in the history", "[cable][R-EXT]") {
  served_endpoint it;
  auto [ann, sid] = it.join("1");
  it.served->broadcast_text("news", "1", {.transient = true});
  ann.expect_text(data_message(endpoint_news, "1"));
  it.served->broadcast("news", 2);
  CHECK(json::parse(ann.expect_text()).at("offset") == 1);
  ann.sends_text(history_command(endpoint_news, {{"since", 0}}));
  CHECK(json::parse(ann.expect_text()).at("message") == 2);
  ann.expect_text(history_confirmation_message(endpoint_news));
}

TEST_CASE("the endpoint of a server disconnects by the connection identifier",
          "[cable][R-EXT][R-DISC]") {
  served_endpoint it;
  auto ann = it.join("1").first;
  auto bob = it.join("2").first;
  const auto disconnect = [&](const json& payload) {
    return it.post({{"command", "disconnect"}, {"payload", payload}});
  };
  CHECK(disconnect({{"identifier", "1"}, {"reconnect", false}}) == 201);
  ann.expect_text(disconnect_message("remote", false));
  ann.expect_close(close_code::normal);
  bob.expect_nothing();
  CHECK(disconnect({{"identifier", "2"}}) == 201);
  bob.expect_text(disconnect_message("remote", true));
}

TEST_CASE("the endpoint of a server that was destroyed answers 503", "[cable][R-EXT]") {
  served_endpoint it;
  it.served.reset();
  CHECK(it.post({{"stream", "news"}, {"data", "1"}}) == 503);
  CHECK(it.post({{"command", "disconnect"}, {"payload", {{"identifier", "1"}}}}) == 503);
}

TEST_CASE("a request that cannot be published gets 503", "[R-EXT]") {
  recorded_endpoint one;
  one.result = hawser::errc::closed;
  CHECK(one.post(R"({"stream":"s","data":"1"})") == 503);
  CHECK(one.post(R"({"command":"disconnect","payload":{"identifier":"8"}})") == 503);
}

}  // namespace
