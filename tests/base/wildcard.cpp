// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/wildcard.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace hawser;

namespace {

constexpr std::size_t same(std::string_view rest, char c) { return rest.front() == c ? 1 : 0; }

/// By the definition, for texts that are short.
bool expected(std::string_view pattern, std::string_view text, std::size_t least) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*') {
    return !text.empty() && text.front() == pattern.front() &&
           expected(pattern.substr(1), text.substr(1), least);
  }
  for (auto size = least; size <= text.size(); ++size) {
    if (expected(pattern.substr(1), text.substr(size), least)) return true;
  }
  return false;
}

/// The words of these letters, up to the length.
template <class Function>
void for_each_word(std::string_view letters, std::size_t longest, const Function& function,
                   const std::string& begin = {}) {
  function(begin);
  if (begin.size() == longest) return;
  for (const char one : letters) for_each_word(letters, longest, function, begin + one);
}

TEST_CASE("a wildcard matches as it is defined", "[wildcard]") {
  std::size_t wrong = 0;
  for_each_word("ab*", 4, [&](const std::string& pattern) {
    for_each_word("ab", 5, [&](const std::string& text) {
      for (const std::size_t least : {std::size_t{0}, std::size_t{1}}) {
        const bool got = detail::matches_wildcards(pattern, text, least, same);
        if (got != expected(pattern, text, least)) ++wrong;
      }
    });
  });
  CHECK(wrong == 0);
}

TEST_CASE("a place of a pattern may have several characters", "[wildcard]") {
  const auto escaped = [](std::string_view rest, char c) -> std::size_t {
    return rest.size() > 1 && rest[0] == '%' && rest[1] == c ? 2 : 0;
  };
  CHECK(detail::matches_wildcards("%a*%*", "ab*", 0, escaped));
  CHECK_FALSE(detail::matches_wildcards("%a*%*", "abc", 0, escaped));
  CHECK_FALSE(detail::matches_wildcards("%a%", "a", 0, escaped));
}

TEST_CASE("many wildcards do not take exponential time", "[wildcard]") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  std::size_t steps = 0;
  const auto counted = [&](std::string_view rest, char c) {
    ++steps;
    return same(rest, c);
  };
  const std::string text = std::string(1'000, 'a') + 'b';
  CHECK_FALSE(detail::matches_wildcards(pattern, text, 0, counted));
  CHECK(steps <= pattern.size() * text.size());
}

}  // namespace
