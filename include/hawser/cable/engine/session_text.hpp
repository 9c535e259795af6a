// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/engine/kept_sessions.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

/// What a session_store has of a session.
struct session_text {
  identifier_texts who;
  std::vector<kept_subscription> subscriptions;
};

inline json json_of(const stream_options& of) {
  json made{{"whisper", of.whisper}, {"presence", of.presence}};
  if (of.history) made["history"] = {of.history->max_messages, of.history->ttl.count()};
  return made;
}

inline std::string encode_session(const identifier_texts& who,
                                  const std::vector<kept_subscription>& subscriptions) {
  auto all = json::array();
  for (const auto& one : subscriptions) {
    auto streams = json::array();
    for (const auto& [name, options] : one.streams) {
      streams.push_back(json::array({name, json_of(options)}));
    }
    all.push_back(json::array({one.identifier, one.state, streams}));
  }
  return to_text({{"who", who}, {"subscriptions", all}});
}

/// Throws nlohmann::json::exception if the text is of another program.
inline session_text decode_session(std::string_view text) {
  const auto all = json::parse(text);
  session_text made{all.at("who").get<identifier_texts>(), {}};
  for (const auto& one : all.at("subscriptions")) {
    kept_subscription kept{one.at(0).get<std::string>(), one.at(1), {}};
    for (const auto& stream : one.at(2)) {
      const auto& given = stream.at(1);
      stream_options options{std::nullopt, given.at("whisper").get<bool>(),
                             given.at("presence").get<bool>()};
      if (const auto history = given.find("history"); history != given.end()) {
        options.history =
            history_options{history->at(0).get<std::size_t>(),
                            std::chrono::seconds{history->at(1).get<std::chrono::seconds::rep>()}};
      }
      kept.streams.emplace_back(stream.at(0).get<std::string>(), options);
    }
    made.subscriptions.push_back(std::move(kept));
  }
  return made;
}

}  // namespace hawser::cable::detail
