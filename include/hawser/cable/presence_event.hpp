// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable {

/// An id that is present on the stream of a subscription: `actioncable-v1-ext-json`.
struct presence_member {
  std::string id;
  json info = {};  ///< What joined with it; null if nothing

  friend bool operator==(const presence_member&, const presence_member&) = default;
};

enum class presence_change : std::uint8_t {
  joined,   ///< `members` has the id that is present now
  left,     ///< `members` has the id that is no longer present
  records,  ///< The answer to subscription::request_presence()
  refused,  ///< The server refuses a join or a request
};

/// What a subscription learns of the ids that are present.
struct presence_event {
  presence_change what = presence_change::refused;
  std::vector<presence_member> members = {};
  std::size_t total =
      0;  ///< Of `records`: how many ids are present, also if `members` was not asked for
};

/// What subscription::request_presence() asks for.
enum class presence_request : std::uint8_t { records, total };

namespace detail {

inline std::optional<presence_member> presence_member_of(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto* const id = string_member(object, "id");
  if (id == nullptr) return std::nullopt;
  const auto info = object.find("info");
  return presence_member{*id, info == object.end() ? json{} : *info};
}

}  // namespace detail

/// The event of a presence message. Nothing if its type is unknown, or an id is missing. Throws only std::bad_alloc.
[[nodiscard]] inline std::optional<presence_event> parse_presence_event(const json& message) {
  if (!message.is_object()) return std::nullopt;
  const auto* const type = detail::string_member(message, "type");
  if (type == nullptr) return std::nullopt;
  presence_event made;
  if (*type == "error") return made;
  if (*type == "join" || *type == "leave") {
    auto member = detail::presence_member_of(message);
    if (!member) return std::nullopt;
    made.what = *type == "join" ? presence_change::joined : presence_change::left;
    made.members.push_back(std::move(*member));
    return made;
  }
  if (*type != "info") return std::nullopt;
  made.what = presence_change::records;
  if (const auto records = message.find("records"); records != message.end()) {
    for (const auto& one : *records) {
      auto member = detail::presence_member_of(one);
      if (!member) return std::nullopt;
      made.members.push_back(std::move(*member));
    }
  }
  const auto total = message.find("total");
  made.total = total != message.end() && total->is_number_unsigned() ? total->get<std::size_t>()
                                                                     : made.members.size();
  return made;
}

}  // namespace hawser::cable
