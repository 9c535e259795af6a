// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/glob.hpp"

#include <string>
#include <string_view>

#include "hawser/pubsub/topic.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

std::string glob_of(std::string_view pattern) {
  std::string glob;
  detail::append_glob(glob, pattern);
  return glob;
}

TEST_CASE("a Redis pattern has only the wildcards of the topic pattern", "[redis]") {
  CHECK(glob_of("news/*") == "news/*");
  CHECK(glob_of("**") == "**");
  CHECK(glob_of("a?[b]\\/*/c_*/**") == "a\\?\\[b]\\\\/*/c_\\*/**");
}

TEST_CASE("a Redis pattern matches at least what the topic pattern matches", "[redis]") {
  for (const std::string_view pattern :
       {"*", "**", "a/*", "a/**", "*/b", "*/b/*", "a?/*", "c*/*", "[x]/**"}) {
    for (const std::string_view topic :
         {"a", "b", "", "/", "a/", "a/b", "x/b", "a/b/c", "a/x/b", "a?/b", "ab/b", "c*/d", "cc/d",
          "[x]/a", "x/a", "a/b/b/b"}) {
      CAPTURE(pattern, topic);
      const bool got = detail::glob_matches(glob_of(pattern), topic);
      if (topic_matches(pattern, topic)) CHECK(got);
    }
  }
}

TEST_CASE("a Redis pattern matches as Redis does", "[redis]") {
  using detail::glob_matches;
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("a*b*c", "aXbYbZc"));
  CHECK_FALSE(glob_matches("a*b*c", "aXbYbZ"));
  CHECK(glob_matches("a/*", "a/b/c"));
  CHECK(glob_matches("a**", "a"));
  CHECK_FALSE(glob_matches("a", "ab"));
  CHECK_FALSE(glob_matches("ab", "a"));
  CHECK(glob_matches("\\*\\\\", "*\\"));
  CHECK_FALSE(glob_matches("\\*", "x"));
}

}  // namespace
