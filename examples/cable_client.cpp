// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <hawser/cable/consumer.hpp>

#include "arguments.hpp"

constexpr auto help = R"(cable_client URL CHANNEL [ACTION [DATA]]

Subscribes to a channel of an Action Cable server, and prints its messages.
Stays connected until SIGINT.

  URL      the server: ws://, wss://, http:// or https://
  CHANNEL  its name, or a JSON object with its name as "channel" and with its parameters
  ACTION   an action to perform once the subscription is connected
  DATA     a JSON object with the data of the action

Example: cable_client ws://127.0.0.1:3000/cable ChatChannel speak '{"text":"hi"}'
)";

namespace cable = hawser::cable;

cable::json object_of(const std::string& text) {
  auto value = cable::parse_json(text);
  if (!value || !value->is_object()) throw std::invalid_argument{"no JSON object: " + text};
  return *value;
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 2, 4};
  const auto name = given.text(1);
  const auto channel = name.starts_with('{') ? object_of(name) : cable::json(name);
  const auto action = given.text(2);
  const auto data = object_of(given.text(3, "{}"));

  asio::io_context io{1};
  asio::signal_set signals{io, SIGINT, SIGTERM};
  int status = 0;
  const auto stopped = [&](std::error_code cause) {
    if (cause) std::cerr << cause.message() << '\n';
    if (cause) status = 1;
    signals.cancel();
  };
  cable::consumer consumer{io, {.client = {.url = given.text(0)}}, {.on_stopped = stopped}};
  signals.async_wait([&](std::error_code, int) { consumer.disconnect(); });

  cable::subscription room;
  room = consumer.subscribe(
      channel,
      {.on_connected =
           [&](const cable::connected_info& how) {
             std::cout << (how.reconnected ? "connected again" : "connected") << std::endl;
             if (!action.empty() && !how.reconnected) room.perform(action, data);
           },
       .on_disconnected =
           [](const cable::disconnected_info& how) {
             std::cerr << "disconnected: " << how.cause.message() << '\n';
           },
       .on_rejected =
           [&](std::error_code why) {
             std::cerr << why.message() << '\n';
             status = 1;
             consumer.disconnect();
           },
       .on_received =
           [](const cable::json& message) { std::cout << cable::to_text(message) << std::endl; }});
  consumer.connect();
  io.run();
  return status;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
