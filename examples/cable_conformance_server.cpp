// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/signal_set.hpp>
#include <hawser/cable.hpp>

#include "anyt_channels.hpp"
#include "arguments.hpp"

#if defined(WITH_REDIS)
#include <hawser/redis.hpp>
#endif

constexpr auto help = R"(cable_conformance_server [[ADDRESS:]PORT]

The server that the conformance tool anyt tests, at the path /cable.
SIGTERM disconnects all clients, which may reconnect, and ends the server.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9292 by default
  REDIS_URL       an environment variable: the Redis server by which anyt publishes,
                  redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:/PATH;
                  without it, only clients of this server publish

Example: cable_conformance_server 9292
)";

template <class Broker>
void serve(Broker& broker, const listen_address& where,
           const hawser::cable::extended_options& extended) {
  hawser::cable::server cable{broker, {.extended = extended}};
  anyt::set_up(cable);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  hawser::server server{options};
  auto& route = server.route("/cable");
  route.options().handshake.origin = hawser::any_origin;
  cable.mount(route);
  server.on_shutdown([&] { cable.restart(); });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << "cable" << std::endl;
  server.run();
}

void serve_by_redis([[maybe_unused]] const std::string& url,
                    [[maybe_unused]] const listen_address& where) {
#if defined(WITH_REDIS)
  hawser::redis_broker broker{{
      .url = url,
      .on_error =
          [](std::error_code why, std::string_view detail) {
            std::cerr << "Redis: " << why.message() << ' ' << detail << '\n';
          },
  }};
  hawser::redis_history history{broker};
  hawser::redis_sessions sessions{broker};
  hawser::redis_presence presence{broker};
  serve(broker, where,
        {.enabled = true,
         .store = &history,
         .session_store = &sessions,
         .presence_store = &presence});
#else
  throw std::runtime_error{"REDIS_URL is set, but this program was built without hiredis"};
#endif
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9292);
  const char* const redis = std::getenv("REDIS_URL");
  if (redis != nullptr && *redis != '\0') {
    serve_by_redis(redis, where);
  } else {
    hawser::memory_broker broker;
    serve(broker, where, {});
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
