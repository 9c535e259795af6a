// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/cable/history_options.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable {

/// Which messages a client has missed: those after a position of each stream, and for other streams those since a time.
struct history_request {
  std::optional<std::int64_t> since;  ///< In seconds since 1970
  std::map<std::string, history_position, std::less<>> streams;
};

namespace detail {

/// An integer of any sign; numbers with a fraction are rounded down.
inline std::optional<std::int64_t> seconds_of(const json& value) {
  if (value.is_number_unsigned()) {
    constexpr auto most = (std::numeric_limits<std::int64_t>::max)();
    const auto number = value.get<std::uint64_t>();
    return number > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  return number > -9e15 && number < 9e15 ? std::optional{static_cast<std::int64_t>(number)}
                                         : std::nullopt;
}

inline std::optional<history_position> history_position_of(const json& value) {
  if (!value.is_object()) return std::nullopt;
  const auto epoch = value.find("epoch");
  const auto offset = value.find("offset");
  if (epoch == value.end() || !epoch->is_string()) return std::nullopt;
  if (offset == value.end() || !offset->is_number_unsigned()) return std::nullopt;
  return history_position{epoch->get<std::string>(), offset->get<std::uint64_t>()};
}

}  // namespace detail

/// The request of a command: `{"since":…,"streams":{"<stream>":{"epoch":…,"offset":…}}}`. A `since` of false is none, as
/// clients that do not ask by time send it; null is a request without members. Nothing if a member is malformed. Throws
/// only std::bad_alloc.
[[nodiscard]] inline std::optional<history_request> parse_history_request(const json& value) {
  history_request made;
  if (value.is_null()) return made;
  if (!value.is_object()) return std::nullopt;
  const auto since = value.find("since");
  if (since != value.end() && !since->is_null() && *since != json(false)) {
    made.since = detail::seconds_of(*since);
    if (!made.since) return std::nullopt;
  }
  const auto streams = value.find("streams");
  if (streams == value.end() || streams->is_null()) return made;
  if (!streams->is_object()) return std::nullopt;
  for (const auto& [name, position] : streams->items()) {
    auto read = detail::history_position_of(position);
    if (!read) return std::nullopt;
    made.streams.emplace(name, std::move(*read));
  }
  return made;
}

}  // namespace hawser::cable
