// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hawser/base/wildcard.hpp"
#include "hawser/pubsub/topic.hpp"

namespace hawser::detail {

/// Appends the Redis pattern (PSUBSCRIBE) of a text, which matches only this text.
inline void append_glob_literal(std::string& glob, std::string_view text) {
  for (const char one : text) {
    if (std::string_view{"*?[\\"}.find(one) != std::string_view::npos) glob += '\\';
    glob += one;
  }
}

/// Appends the Redis pattern of a valid topic pattern. It matches at least the same topics: also those with `/` in
/// place of a `*`. Two topic patterns have two Redis patterns.
inline void append_glob(std::string& glob, std::string_view pattern) {
  for (bool more = true; more;) {
    const auto segment = take_segment(pattern, more);
    is_wildcard(segment) ? void(glob += segment) : append_glob_literal(glob, segment);
    if (more) glob += '/';
  }
}

/// Whether a pattern of append_glob() matches a channel, as Redis decides it.
constexpr bool glob_matches(std::string_view glob, std::string_view channel) noexcept {
  const auto literal = [](std::string_view rest, char one) -> std::size_t {
    const std::size_t escape = rest.starts_with('\\') ? 1 : 0;
    return rest.size() > escape && rest[escape] == one ? escape + 1 : 0;
  };
  return matches_wildcards(glob, channel, 0, literal);
}

}  // namespace hawser::detail
