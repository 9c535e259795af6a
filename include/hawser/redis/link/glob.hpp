// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

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
  auto star = glob.npos;  // the last `*`, and how much of the channel it may not begin before
  std::size_t after = 0;
  std::size_t at = 0;
  std::size_t next = 0;
  while (next < channel.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = at++;
      after = next;
      continue;
    }
    const auto literal = at < glob.size() && glob[at] == '\\' ? at + 1 : at;
    if (literal < glob.size() && glob[literal] == channel[next]) {
      at = literal + 1;
      ++next;
    } else if (star != glob.npos) {
      at = star + 1;
      next = ++after;
    } else {
      return false;
    }
  }
  while (at < glob.size() && glob[at] == '*') ++at;
  return at == glob.size();
}

}  // namespace hawser::detail
