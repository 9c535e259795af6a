// SPDX-License-Identifier: BSL-1.0
// cable_server [rails | redis URL PREFIX]: the channels of support/recorded_cable.hpp at /cable, by default, with the preset of
// Rails, or with that Redis. POST /broadcast/STREAM publishes the body, which is JSON, /disconnect/USER and
// /disconnect/USER/for-ever end the connections of a user, /restart those of all. /silent, /unsupported, /garbage and
// /unknown-types are scripted servers.
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hawser/cable.hpp>
#include <hawser/redis.hpp>

#include "support/recorded_cable.hpp"

namespace {

namespace cable = hawser::cable;

/// Sends welcome and these texts to each client, whatever it sends.
hawser::route& script(hawser::server& server, const char* path, std::string subprotocol,
                      std::vector<std::string> texts) {
  auto& route = server.route(path);
  route.options().handshake.origin = hawser::any_origin;
  route.options().handshake.subprotocols = {std::move(subprotocol)};
  route.on_open([texts = std::move(texts)](hawser::session& peer) {
    peer.send(cable::welcome_message());
    for (const auto& text : texts) peer.send(text);
  });
  return route;
}

void script_all(hawser::server& server) {
  const std::string v1 = "actioncable-v1-json";
  script(server, "/silent", v1, {}).on_message([](hawser::session& peer, hawser::message_view got) {
    const auto asked = cable::parse_command(got.text());
    if (asked.parsed) peer.send(cable::confirmation_message(asked.parsed->identifier));
  });
  script(server, "/unsupported", "actioncable-unsupported", {});
  script(server, "/garbage", v1, {"not json"});
  script(server, "/unknown-types", v1,
         {R"({"type":"future_type","identifier":"{\"channel\":\"X\"}","message":{"m":1}})",
          R"({"identifier":"{\"channel\":\"X\"}","message":"before confirm"})",
          R"({"identifier":"{\"channel\":\"Other\"}","message":"nobody"})",
          R"({"type":"disconnect","reason":"custom","reconnect":false})"});
}

/// A page that performs something for each POST.
template <class Perform>
void page(hawser::server& server, const char* pattern, Perform perform) {
  server.route(pattern).on_http([perform](hawser::http_request& asked) {
    perform(asked);
    asked.answer({.status = 204});
  });
}

void serve_pages(hawser::server& server, cable::server& cable) {
  page(server, "/broadcast/:stream", [&cable](hawser::http_request& asked) {
    cable.broadcast_text(std::string{asked.parameter("stream")},
                         std::string{asked.request().body()});
  });
  page(server, "/disconnect/:user", [&cable](hawser::http_request& asked) {
    cable.disconnect({{"current_user", std::string{asked.parameter("user")}}});
  });
  page(server, "/disconnect/:user/for-ever", [&cable](hawser::http_request& asked) {
    cable.disconnect({{"current_user", std::string{asked.parameter("user")}}},
                     {.reconnect = false});
  });
  page(server, "/restart", [&cable](hawser::http_request&) { cable.restart(); });
}

template <class Broker>
void serve(Broker& broker, const cable::server_options& options) {
  cable::server cable{broker, options};
  recorded::set_up(cable);

  hawser::server server{hawser::server_options{}};
  recorded::mount(cable, server.route("/cable"));
  script_all(server);
  serve_pages(server, cable);
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/cable" << std::endl;
  server.run();
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> given(argv + 1, argv + argc);
  if (given.size() == 3 && given[0] == "redis") {
    hawser::redis_broker broker{{.url = given[1], .channel_prefix = given[2]}};
    serve(broker, {});
  } else {
    hawser::memory_broker broker;
    const bool like_rails = !given.empty() && given[0] == "rails";
    serve(broker, like_rails ? cable::server_options::rails() : cable::server_options{});
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
