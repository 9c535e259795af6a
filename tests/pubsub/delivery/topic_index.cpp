// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/delivery/topic_index.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "hawser/pubsub/topic.hpp"
#include "support/catch.hpp"

using namespace hawser;
using hawser::detail::topic_index;

namespace {

using names = std::vector<std::string>;

names matches_in(topic_index<std::string>& index, const std::string& topic) {
  names found;
  index.for_each_match(topic, [&](std::string& name) { found.push_back(name); });
  std::ranges::sort(found);
  return found;
}

const names all_patterns{"*",      "*/*",   "**",    "/",      "/*",    "a",      "a/",
                         "a/*",    "a/**",  "a/*/c", "a/b",    "a/b/*", "a/b/**", "*/b",
                         "*/b/**", "*/*/c", "b/**",  "*/*/**", "a/b/c", "b",      "a/*/**"};
const names all_topics{"a",    "b",     "c",     "/",   "//",      "a/",   "a/b",
                       "a/b/", "a/b/c", "a/x/c", "b/b", "b/b/c/d", "x/y/z"};

TEST_CASE("the index finds what topic_matches() says") {
  topic_index<std::string> index;
  for (const auto& pattern : all_patterns) index.at(pattern) = pattern;
  CHECK(index.size() == all_patterns.size());
  auto left = all_patterns;
  while (true) {
    for (const auto& topic : all_topics) {
      names expected;
      for (const auto& pattern : left) {
        if (topic_matches(pattern, topic)) expected.push_back(pattern);
      }
      std::ranges::sort(expected);
      CAPTURE(topic, left);
      CHECK(matches_in(index, topic) == expected);
    }
    if (left.empty()) break;
    // An inner node of the tree before its children, and after them.
    const auto one = left.begin() + static_cast<std::ptrdiff_t>(left.size() / 2);
    index.erase(*one);
    CHECK(index.find(*one) == nullptr);
    left.erase(one);
    CHECK(index.size() == left.size());
  }
}

TEST_CASE("an entry stays where it is, and is found again") {
  topic_index<std::string> index;
  for (const auto& pattern : all_patterns) {
    auto& entry = index.at(pattern);
    entry = pattern;
    CHECK(&index.at(pattern) == &entry);
  }
  for (const auto& pattern : all_patterns) CHECK(*index.find(pattern) == pattern);
  CHECK(index.find("a/b/c/d") == nullptr);
  CHECK(index.find("a/b/c/*") == nullptr);
  CHECK(index.find("c/*") == nullptr);
}

}  // namespace
