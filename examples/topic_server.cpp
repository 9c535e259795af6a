// SPDX-License-Identifier: BSL-1.0
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include <hawser/pubsub.hpp>

#include "arguments.hpp"

constexpr auto help = R"(topic_server [[ADDRESS:]PORT]

Passes messages between clients by topics, on one event loop per processor.
A client sends "subscribe TOPIC", "unsubscribe TOPIC" or "publish TOPIC TEXT",
and gets "TOPIC TEXT" for each message that others publish to its topics.
A TOPIC to subscribe may be a pattern: news/* or news/**.

  [ADDRESS:]PORT  where it listens; 127.0.0.1:9001 by default

Example: topic_server 9001
)";

/// Removes the first word, and the space after it, from `rest`.
std::string_view take_word(std::string_view& rest) {
  const auto end = rest.find(' ');
  const auto word = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return word;
}

std::error_code perform(hawser::hub& hub, const hawser::session& peer, std::string_view text) {
  const auto verb = take_word(text);
  const auto topic = take_word(text);
  if (verb == "subscribe") {
    // Called before the first message of the topic.
    return hub.subscribe(peer, topic, [peer, name = std::string{topic}](std::error_code) {
      peer.send("subscribed " + name);
    });
  }
  if (verb == "unsubscribe") {
    hub.unsubscribe(peer, topic);
    return {};
  }
  if (verb == "publish") {
    const hawser::prepared_message message{std::string{topic}.append(" ").append(text)};
    return hub.publish(topic, message, {peer});  // to all but the client itself
  }
  return std::make_error_code(std::errc::invalid_argument);
}

int main(int argc, char** argv) try {
  const arguments given{argc, argv, help, 0, 1};
  const auto where = given.listen(0, 9001);

  hawser::server_options options;
  options.address = where.address;
  options.port = where.port;
  options.threads = 0;
  hawser::server server{options};
  // A client that does not read gets 1008 when 16 MiB wait for it: its next messages would be lost.
  hawser::hub hub{
      {.on_dropped = [](hawser::session& peer, const hawser::publication&, std::error_code) {
        peer.close(hawser::close_code::policy_violation, "too slow");
      }}};

  server.on_message([&](hawser::session& peer, hawser::message_view message) {
    if (!message.is_text()) return;
    const auto error = perform(hub, peer, message.text());
    if (error) peer.send("error: " + error.message());
  });
  server.stop_on_signals();
  std::cout << "listening on " << where.url("ws", server.port()) << std::endl;
  server.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
