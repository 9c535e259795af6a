// SPDX-License-Identifier: BSL-1.0

// How a cable server identifies its clients: by the cookies of a Rails application, and by tokens.

#include "hawser/cable.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/ip/address.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/credentials.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing.hpp"
#include "support/catch.hpp"

namespace cable = hawser::cable;
namespace credentials = hawser::credentials;
using hawser::header_fields;
using hawser::json;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view subprotocols = "actioncable-v1-json, actioncable-unsupported";

class who_am_i final : public cable::channel {
 public:
  void subscribed() { transmit(connection().identifier()); }
};

/// A cable server in memory.
struct cable_site {
  explicit cable_site(std::function<void(cable::connection&)> connect) {
    served.identified_by({"current_user"});
    served.on_connect(std::move(connect));
    served.add_channel<who_am_i>("WhoAmI");
    served.mount(http.route("/cable"));
    world.serve(http);
  }

  auto open(std::string_view target, header_fields headers) {
    if (!headers.find("Sec-WebSocket-Protocol")) {
      headers.add("Sec-WebSocket-Protocol", subprotocols);
    }
    return world.connect(target, headers);
  }

  /// The connection identifier of a client with this request.
  std::string identifier(std::string_view target, const header_fields& headers) {
    auto peer = open(target, headers);
    peer.expect_text(cable::welcome_message());
    const std::string id = R"({"channel":"WhoAmI"})";
    peer.sends_text(cable::subscribe_command(id));
    return json::parse(peer.expect_text()).at("message").get<std::string>();
  }

  /// A client with this request is disconnected for this reason, and does not come back.
  void expect_refusal(std::string_view target, const header_fields& headers,
                      std::string_view reason) {
    auto peer = open(target, headers);
    peer.expect_text(cable::disconnect_message(reason, false));
    peer.expect_close(hawser::close_code::normal);
  }

  hawser::testing::world world;
  hawser::memory_broker broker;
  cable::server served{broker};
  hawser::server http{world.context(), {.listener = hawser::first_listener::none}};
};

header_fields cookie(std::string_view name, std::string_view value) {
  header_fields fields;
  fields.add("Cookie", "theme=dark; " + std::string{name} + '=' + hawser::encode_cookie(value));
  return fields;
}

}  // namespace

TEST_CASE("a cable server answers origins as the recorded server of Rails did",
          "[cable][R-ORIGIN][rails]") {
  hawser::testing::world world;
  hawser::memory_broker broker;
  const bool like_rails = GENERATE(true, false);
  CAPTURE(like_rails);
  cable::server served{broker,
                       like_rails ? cable::server_options::rails() : cable::server_options{}};
  hawser::server http{world.context(),
                      {.listener = hawser::first_listener::none, .trusted_proxies = {"10.0.0.1"}}};
  auto& route = http.route("/cable");
  route.options().handshake.allowed_hosts = {"*"};
  route.options().handshake.allowed_origins = {"http://exact.example", "http://*.any.example"};
  served.mount(route);
  world.serve(http);
  const auto answer = [&](std::string_view origin, header_fields fields = {}) {
    if (!origin.empty()) fields.add("Origin", origin);
    fields.add("Host", "rails.example:3000");
    fields.add("Sec-WebSocket-Protocol", subprotocols);
    const auto got = world.request("/cable", fields);
    if (got.status == 404) CHECK(got.body == "Page not found");
    return got.status;
  };
  const unsigned refused = like_rails ? 404 : 403;
  // origin_bad, origin_missing, origin_exact_string, origin_same_as_host, origin_https_vs_http_host
  CHECK(answer("http://evil.example") == refused);
  CHECK(answer("") == (like_rails ? 404 : 101));
  CHECK(answer("http://exact.example") == 101);
  CHECK(answer("http://rails.example:3000") == 101);
  CHECK(answer("https://rails.example:3000") == refused);
  // origin_case: hosts have no case, unlike in Rails.
  CHECK(answer("http://EXACT.example") == 101);
  CHECK(answer("http://exact.example.evil.example") == refused);
  CHECK(answer("http://a.any.example") == 101);
  CHECK(answer("null") == refused);
  // origin_https_forwarded_proto, origin_forwarded_host: only a trusted proxy says so.
  const auto forwarded = [&] {
    return std::pair{answer("https://rails.example:3000", {{"X-Forwarded-Proto", "https"}}),
                     answer("http://proxy.example", {{"X-Forwarded-Host", "evil, proxy.example"}})};
  };
  CHECK(forwarded() == std::pair{refused, refused});
  world.set_remote_endpoint({asio::ip::make_address("10.0.0.1"), 50'000});
  CHECK(forwarded() == std::pair{101U, 101U});
}

TEST_CASE("a cable connection is identified by an encrypted cookie of Rails", "[cable][R-AUTH]") {
  const credentials::rails_cookies cookies{credentials::rails_secret{"secret"}};
  cable_site site{[&](cable::connection& one) {
    std::error_code ec;
    const auto user = cookies.decrypt(one.request(), "user_id", ec);
    if (!user || !user->is_number_unsigned()) one.reject_unauthorized();
    one.identify("current_user", user->get<unsigned>());
  }};
  CHECK(site.identifier("/cable", cookie("user_id", cookies.encrypt("user_id", 7))) == "7");
  site.expect_refusal("/cable", {}, "unauthorized");
  site.expect_refusal("/cable", cookie("user_id", "7"), "unauthorized");
  site.expect_refusal("/cable", cookie("user_id", cookies.encrypt("order_id", 7)), "unauthorized");
  site.expect_refusal("/cable", cookie("user_id", cookies.encrypt("user_id", "7")), "unauthorized");
  const credentials::rails_cookies foreign{credentials::rails_secret{"other"}};
  site.expect_refusal("/cable", cookie("user_id", foreign.encrypt("user_id", 7)), "unauthorized");
}

TEST_CASE("a cable connection is identified by a signed cookie of Rails", "[cable][R-AUTH]") {
  const credentials::rails_cookies cookies{credentials::rails_secret{"secret"}};
  cable_site site{[&](cable::connection& one) {
    std::error_code ec;
    const auto user = cookies.verified(one.request(), "user", ec);
    if (!user || !user->is_string()) one.reject_unauthorized();
    one.identify("current_user", user->get<std::string>());
  }};
  CHECK(site.identifier("/cable", cookie("user", cookies.sign("user", "alice"))) == "alice");
  site.expect_refusal("/cable", cookie("user", cookies.sign("admin", "alice")), "unauthorized");
  site.expect_refusal(
      "/cable",
      cookie("user", cookies.sign("user", "alice", std::chrono::system_clock::now() - 1s)),
      "unauthorized");
}

TEST_CASE("a cable connection is identified by the token of AnyCable's clients",
          "[cable][R-AUTH]") {
  const credentials::jwt tokens{{.secrets = {"secret"}}};
  cable_site site{[&](cable::connection& one) {
    std::error_code ec = credentials::errc::missing;
    const auto token = credentials::find_anycable_token(one.request());
    const auto claims = token ? tokens.verified(*token, ec) : std::nullopt;
    if (ec == credentials::errc::expired) return one.close("token_expired", false);
    if (!claims || !claims->contains("ext")) one.reject_unauthorized();
    const auto identifiers = hawser::parse_json(claims->at("ext").get<std::string>());
    one.identify("current_user", identifiers->at("current_user").get<std::string>());
  }};
  const auto token_until = [&](std::chrono::system_clock::time_point end) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(end.time_since_epoch());
    return tokens.sign({{"ext", R"({"current_user":"alice"})"}, {"exp", seconds.count()}});
  };
  const auto now = std::chrono::system_clock::now();
  const auto good = token_until(now + 1h);
  const auto offered = [](const std::string& token) {
    return header_fields{
        {"Sec-WebSocket-Protocol", std::string{subprotocols} + ", anycable-token." + token}};
  };
  CHECK(site.identifier("/cable?jid=" + good, {}) == "alice");
  CHECK(site.identifier("/cable", {{"X-JID", good}}) == "alice");
  CHECK(site.identifier("/cable", offered(good)) == "alice");
  // The token is not sent back.
  auto peer = site.open("/cable", offered(good));
  CHECK(peer.response().header("Sec-WebSocket-Protocol") == "actioncable-v1-json");
  CHECK(site.open("/cable", {{"Sec-WebSocket-Protocol", "anycable-token." + good}})
            .response()
            .header("Sec-WebSocket-Protocol") == std::nullopt);

  const auto old = token_until(now - 1s);
  site.expect_refusal("/cable?jid=" + old, {}, "token_expired");
  site.expect_refusal("/cable", {{"X-JID", old}}, "token_expired");
  site.expect_refusal("/cable", offered(old), "token_expired");
  site.expect_refusal("/cable?jid=" + good + "x", {}, "unauthorized");
  site.expect_refusal("/cable", {}, "unauthorized");
}
