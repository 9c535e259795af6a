// SPDX-License-Identifier: BSL-1.0
// anycable_server [no_pong]: a cable server with the extended protocol at /cable; with `no_pong`, clients have half a
// second to answer a ping. POST /_broadcast broadcasts in the format of AnyCable, /drop ends all connections without a
// closing handshake, /restart with server_restart, /disconnect/USER and /disconnect/USER/for-ever those of a user.
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include <hawser/cable.hpp>
#include <hawser/credentials.hpp>

namespace {

using namespace std::chrono_literals;
namespace cable = hawser::cable;
namespace credentials = hawser::credentials;
using cable::json;

/// Streams from a room, with all that the extended protocol has.
class chat_channel : public cable::channel {
 public:
  static void define(cable::channel_definition<chat_channel>& it) {
    it.on("speak", &chat_channel::speak);
  }

  void subscribed() {
    if (!params().contains("room")) return reject();
    stream_from(room(), {.history = cable::history_options{}, .whisper = true, .presence = true});
  }
  void speak(const json& data) {
    transmit({{"user", connection().identifier<std::string>("user")}, {"text", data.at("text")}});
  }

 private:
  std::string room() { return "chat_" + params().at("room").dump(); }
};

/// The user in the query, or the one of a token that is signed with "secret".
void authenticate(const credentials::jwt& tokens, cable::connection& peer) {
  const auto token = credentials::find_anycable_token(peer.request());
  if (!token) {
    const auto user = peer.request().query("user");
    if (!user) peer.reject_unauthorized();
    return peer.identify("user", *user);
  }
  std::error_code ec;
  const auto claims = tokens.verified(*token, ec);
  if (ec == credentials::errc::expired) return peer.close("token_expired", false);
  if (!claims) peer.reject_unauthorized();
  const auto identifiers = json::parse(claims->at("ext").get<std::string>());
  peer.identify("user", identifiers.at("user").get<std::string>());
}

cable::server_options options_of(bool wants_pongs) {
  cable::server_options made;
  if (wants_pongs) made.ping_interval = 1s;
  made.extended.enabled = true;
  if (wants_pongs) made.extended.pong_timeout = 500ms;
  return made;
}

/// A page that performs something for each request.
template <class Perform>
void page(hawser::server& server, const char* pattern, Perform perform) {
  server.route(pattern).on_http([perform](hawser::http_request& asked) {
    perform(asked);
    asked.answer({.status = 204});
  });
}

void serve_pages(hawser::server& server, cable::server& served) {
  served.serve_broadcasts(server.route("/_broadcast"), {.allow_any_client = true});
  page(server, "/drop", [&](hawser::http_request&) {
    server.for_each([](hawser::session& one) { one.close_now(); });
  });
  page(server, "/restart", [&](hawser::http_request&) { served.restart(); });
  page(server, "/disconnect/:user", [&](hawser::http_request& asked) {
    served.disconnect({{"user", std::string{asked.parameter("user")}}});
  });
  page(server, "/disconnect/:user/for-ever", [&](hawser::http_request& asked) {
    served.disconnect({{"user", std::string{asked.parameter("user")}}}, {.reconnect = false});
  });
}

}  // namespace

int main(int argc, char** argv) try {
  const credentials::jwt tokens{{.secrets = {"secret"}}};
  hawser::memory_broker broker;
  cable::server served{broker, options_of(argc > 1 && std::string_view{argv[1]} == "no_pong")};
  served.identified_by({"user"});
  served.on_connect([&](cable::connection& peer) { authenticate(tokens, peer); });
  served.add_channel<chat_channel>("ChatChannel");
  served.serve_pubsub(
      {.public_streams = true,
       .of_public = {.history = cable::history_options{}, .whisper = true},
       .signed_streams = credentials::signed_stream_names{credentials::secret{"s3Krit"}}});

  hawser::server server{hawser::server_options{}};
  served.mount(server.route("/cable"));
  serve_pages(server, served);
  server.stop_on_signals();
  std::cout << "listening on ws://127.0.0.1:" << server.port() << "/cable" << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
