// SPDX-License-Identifier: BSL-1.0
// redis_talk URL PREFIX [AUTHORITY [CERTIFICATE KEY]]: obeys the lines "subscribe PATTERN", "unsubscribe PATTERN", "publish TOPIC TEXT" and "excepting
// TOPIC TEXT", and prints what happens.
#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <hawser/redis.hpp>

#include "redis_trust.hpp"

namespace {

/// Of any thread: a line is one write.
void print(const std::string& line) { std::cout << line + '\n' << std::flush; }

void obey(hawser::redis_broker& broker, const std::shared_ptr<hawser::subscriber>& own,
          const std::string& line) {
  std::istringstream words{line};
  std::string verb;
  std::string topic;
  std::string text;
  words >> verb >> topic;
  std::getline(words >> std::ws, text);
  if (verb == "subscribe") {
    const auto error = broker.subscribe(own, topic, [topic](std::error_code ec) {
      print(ec ? "failed " + topic + ' ' + ec.message() : "live " + topic);
    });
    if (error) print("error " + error.message());
  } else if (verb == "unsubscribe") {
    broker.unsubscribe(own, topic);
  } else {
    hawser::publication one{topic, hawser::prepared_message{text}};
    if (verb == "excepting") one.except = {1};
    const auto error = broker.publish(std::move(one));
    if (error) print("error " + error.message());
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return 2;
  auto broker = broker_trusting(
      argv + 3, {
                    .url = argv[1],
                    .channel_prefix = argv[2],
                    .reconnect = {.base = std::chrono::milliseconds{20},
                                  .cap = std::chrono::milliseconds{200}},
                    .on_error =
                        [](std::error_code why, std::string_view detail) {
                          print("error " + why.message() + ": " + std::string{detail});
                        },
                });
  const auto own = std::make_shared<hawser::subscriber>();
  own->on_publication = [](const hawser::publication& got) {
    print(got.topic + ' ' + std::string{hawser::as_text(got.message.payload())} +
          (got.except.empty() ? "" : " excepting"));
  };
  own->on_gap = [] { print("gap"); };
  for (std::string line; std::getline(std::cin, line);) obey(broker, own, line);
} catch (const std::exception& error) {
  std::cout << "exception " << error.what() << '\n';
  return 1;
}
