// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/utf8.hpp"

namespace hawser {

// A topic is a name of one or more segments that are separated by `/`: `news`, `rooms/12/typing`. It is
// UTF-8, not empty, without control characters (U+0000 to U+001F, U+007F), and no segment of it is a
// wildcard. Names are compared byte by byte. A segment may be empty: `news` and `news/` are two topics.
//
// A subscription names a topic or a pattern, in which a whole segment may be a wildcard:
//   `*`   one segment:           `rooms/*/typing` matches `rooms/12/typing`, but not `rooms/typing`
//   `**`  one or more segments:  `rooms/**` matches `rooms/12` and `rooms/12/typing`, but not `rooms`;
//                                only as the last segment
// A `*` beside other characters of its segment is one of them: `chat_*` is a topic.

/// The default limit of the length of a topic or a pattern, in bytes.
inline constexpr std::size_t max_topic_length = 1024;

namespace detail {

/// Removes the first segment, and the `/` after it, from `rest`, and returns that segment. `more` is then
/// whether segments are left.
constexpr std::string_view take_segment(std::string_view& rest, bool& more) noexcept {
  const auto end = rest.find('/');
  const auto segment = rest.substr(0, end);
  more = end != rest.npos;
  rest.remove_prefix(more ? end + 1 : rest.size());
  return segment;
}

inline bool is_topic_text(std::string_view name, std::size_t longest) noexcept {
  const auto is_control = [](char one) {
    return static_cast<unsigned char>(one) < 0x20 || one == 0x7f;
  };
  return !name.empty() && name.size() <= longest && std::ranges::none_of(name, is_control) &&
         is_valid_utf8(name);
}

/// Whether a segment is a wildcard.
constexpr bool is_wildcard(std::string_view segment) noexcept {
  return segment == "*" || segment == "**";
}

/// Whether a name has a segment that is a wildcard.
constexpr bool has_wildcard(std::string_view name) noexcept {
  for (bool more = name.find('*') != name.npos; more;) {
    if (is_wildcard(take_segment(name, more))) return true;
  }
  return false;
}

}  // namespace detail

/// Whether messages can be published to that name.
inline bool is_topic(std::string_view name, std::size_t longest = max_topic_length) noexcept {
  return !detail::has_wildcard(name) && detail::is_topic_text(name, longest);
}

/// Whether that name can be subscribed: a topic, or a pattern.
inline bool is_topic_pattern(std::string_view name,
                             std::size_t longest = max_topic_length) noexcept {
  if (!detail::is_topic_text(name, longest)) return false;
  for (bool more = detail::has_wildcard(name); more;) {
    if (detail::take_segment(name, more) == "**" && more) return false;
  }
  return true;
}

/// Whether a valid pattern matches a valid topic.
constexpr bool topic_matches(std::string_view pattern, std::string_view topic) noexcept {
  for (bool more_pattern = true, more_topic = true; more_pattern || more_topic;) {
    if (!more_pattern || !more_topic) return false;
    const auto wanted = detail::take_segment(pattern, more_pattern);
    if (wanted == "**") return true;
    const auto segment = detail::take_segment(topic, more_topic);
    if (wanted != "*" && wanted != segment) return false;
  }
  return true;
}

}  // namespace hawser
