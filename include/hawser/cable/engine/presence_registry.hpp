// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

inline json joined_event(const std::string& id, const json& info) {
  json event{{"type", "join"}, {"id", id}};
  if (!info.is_null()) event["info"] = info;
  return event;
}
inline json left_event(const std::string& id) { return {{"type", "leave"}, {"id", id}}; }
inline json presence_error() { return {{"type", "error"}}; }

/// Which ids are on the streams, in this process or in all processes of a presence_store. Publishes their events. May be
/// used on any thread. A session is named by its sid.
class presence_registry {
 public:
  /// Gets the event for the client that has asked, null if there is none.
  using answer = std::function<void(const json& event)>;

  presence_registry() = default;
  presence_registry(const presence_registry&) = delete;
  presence_registry& operator=(const presence_registry&) = delete;
  virtual ~presence_registry() = default;

  // These return the event if it is known at once. Otherwise `later` is called with it, on any thread, or never.

  virtual std::optional<json> join(std::string_view stream, std::string_view session,
                                   const std::string& id, const json& info,
                                   const answer& later) = 0;
  virtual std::optional<json> find(std::string_view stream, bool with_records,
                                   const answer& later) = 0;

  virtual void leave(std::string_view stream, std::string_view session) = 0;

  /// The connection of a session is lost.
  virtual void disconnect(std::string_view session) = 0;

  /// What a session has joined belongs to its continuation.
  virtual void transfer(std::string_view from, std::string_view to) = 0;

  /// Lost sessions that have not come back leave. Called while there are connections, about once a second.
  virtual void expire() = 0;
};

}  // namespace hawser::cable::detail
