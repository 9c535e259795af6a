// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <string_view>

namespace hawser::detail {

/// Whether a pattern matches the whole text, where each `*` stands for `least` characters or more: zero
/// or one. For any other
/// place of the pattern, `literal(rest, c)` says how many of its characters match this character of the text: zero if
/// they do not. Takes at most the product of both sizes.
template <class Literal>
constexpr bool matches_wildcards(std::string_view pattern, std::string_view text, std::size_t least,
                                 Literal literal) noexcept {
  auto star = pattern.npos;  // the last one, and where in the text what follows it is looked for
  std::size_t after_star = 0;
  std::size_t at = 0;
  std::size_t next = 0;
  while (next < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      after_star = next += least;
      continue;
    }
    const auto taken = at < pattern.size() ? literal(pattern.substr(at), text[next]) : 0;
    if (taken != 0) {
      at += taken;
      ++next;
    } else if (star != pattern.npos) {
      at = star + 1;
      next = ++after_star;
    } else {
      return false;
    }
  }
  while (least == 0 && at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace hawser::detail
