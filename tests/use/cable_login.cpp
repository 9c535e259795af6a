// SPDX-License-Identifier: BSL-1.0
// Clients of a cable server are identified by a token, in the forms of AnyCable.
// Prints: {"type":"welcome"}
// Prints: {"type":"disconnect","reason":"token_expired","reconnect":false}
#include <chrono>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

#include <hawser/cable.hpp>
#include <hawser/credentials.hpp>
#include <hawser/testing.hpp>

using namespace std::chrono_literals;
namespace cable = hawser::cable;
namespace credentials = hawser::credentials;

int main() try {
  const credentials::jwt tokens{{.secrets = {"secret"}}};
  hawser::memory_broker broker;
  cable::server served{broker};
  served.identified_by({"current_user"});
  served.on_connect([&](cable::connection& one) {
    std::error_code ec;
    const auto token = credentials::find_anycable_token(one.request());
    const auto claims = token ? tokens.verified(*token, ec) : std::nullopt;
    // The client gets a new token before it connects again.
    if (ec == credentials::errc::expired) return one.close("token_expired", false);
    const auto ext = claims ? claims->find("ext") : hawser::json::const_iterator{};
    if (!claims || ext == claims->end() || !ext->is_string()) one.reject_unauthorized();
    const auto identifiers = hawser::parse_json(ext->get<std::string>());
    one.identify("current_user", identifiers->at("current_user").get<std::string>());
  });

  hawser::testing::world world;
  hawser::server server{world.context(), {.listener = hawser::first_listener::none}};
  served.mount(server.route("/cable"));
  world.serve(server);
  for (const auto lifetime : {1h, -1h}) {
    const auto end = (std::chrono::system_clock::now() + lifetime).time_since_epoch();
    const auto token =
        tokens.sign({{"ext", R"({"current_user":"ann"})"},
                     {"exp", std::chrono::duration_cast<std::chrono::seconds>(end).count()}});
    auto peer =
        world.connect("/cable?jid=" + token, {{"Sec-WebSocket-Protocol", "actioncable-v1-json"}});
    std::cout << peer.expect_text() << std::endl;
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
