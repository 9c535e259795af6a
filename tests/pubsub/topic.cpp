// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/topic.hpp"

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a topic is UTF-8, not empty, and without control characters and wildcards") {
  for (const std::string_view name :
       {"news", "a/b", "/", "a//b", "a/", "/a", "chat:12", "né ws", "?#%"}) {
    CAPTURE(name);
    CHECK(is_topic(name));
    CHECK(is_topic_pattern(name));
  }
  using namespace std::string_view_literals;
  for (const auto name : {""sv, "a\0b"sv, "a\n"sv, "\x7f"sv, "\xff"sv, "\xc3"sv}) {
    CHECK_FALSE(is_topic(name));
    CHECK_FALSE(is_topic_pattern(name));
  }
  for (const std::string_view name : {"*", "**", "a/*", "a/**", "*/b", "*/*", "a/*/**"}) {
    CAPTURE(name);
    CHECK_FALSE(is_topic(name));
    CHECK(is_topic_pattern(name));
  }
}

TEST_CASE("a wildcard is a whole segment, and two asterisks are the last one") {
  for (const std::string_view name : {"**/a", "a/**/b", "a/**/", "**/", "*/**/*", "a*/**/b"}) {
    CAPTURE(name);
    CHECK_FALSE(is_topic_pattern(name));
    CHECK_FALSE(is_topic(name));
  }
}

TEST_CASE("an asterisk beside other characters of its segment is one of them") {
  for (const std::string_view name : {"chat_*", "*a", "a/b*", "***", "a*/b", "a/*b*/c", "** /a"}) {
    CAPTURE(name);
    CHECK(is_topic(name));
    CHECK(is_topic_pattern(name));
  }
  for (const std::string_view name : {"chat_*/*", "*/chat_*", "***/**"}) {
    CAPTURE(name);
    CHECK_FALSE(is_topic(name));
    CHECK(is_topic_pattern(name));
  }
}

TEST_CASE("the length of a topic is limited in bytes") {
  CHECK(is_topic(std::string(max_topic_length, 'x')));
  CHECK_FALSE(is_topic(std::string(max_topic_length + 1, 'x')));
  CHECK(is_topic_pattern("a/*", 3));
  CHECK_FALSE(is_topic_pattern("a/*", 2));
  CHECK_FALSE(is_topic("a", 0));
}

TEST_CASE("patterns match segment by segment") {
  struct row {
    std::string_view pattern;
    std::string_view topic;
    bool matches;
  };
  for (const auto& [pattern, topic, matches] : {
           row{"news", "news", true},
           row{"news", "new", false},
           row{"news", "news/", false},
           row{"news/", "news", false},
           row{"News", "news", false},
           row{"*", "news", true},
           row{"*", "news/a", false},
           row{"*", "/", false},
           row{"*/*", "/", true},
           row{"news/*", "news/a", true},
           row{"news/*", "news/", true},
           row{"news/*", "news", false},
           row{"news/*", "news/a/b", false},
           row{"*/a", "news/a", true},
           row{"*/a", "news/b", false},
           row{"rooms/*/typing", "rooms/12/typing", true},
           row{"rooms/*/typing", "rooms/typing", false},
           row{"rooms/*/typing", "rooms/1/2/typing", false},
           row{"**", "news", true},
           row{"**", "a/b/c", true},
           row{"news/**", "news", false},
           row{"news/**", "news/", true},
           row{"news/**", "news/a", true},
           row{"news/**", "news/a/b", true},
           row{"news/**", "newsa", false},
           row{"*/b/**", "a/b/c", true},
           row{"*/b/**", "a/b", false},
           row{"chat_*", "chat_*", true},
           row{"chat_*", "chat_1", false},
           row{"*", "chat_*", true},
           row{"***", "**a", false},
           row{"chat_*/*", "chat_*/1", true},
           row{"chat_*/*", "chat_2/1", false},
           row{"chat_*", "chat_*", true},
           row{"chat_*", "chat_1", false},
           row{"*", "chat_*", true},
           row{"***", "**a", false},
           row{"chat_*/*", "chat_*/1", true},
           row{"chat_*/*", "chat_2/1", false},
       }) {
    CAPTURE(pattern, topic);
    CHECK(topic_matches(pattern, topic) == matches);
  }
}

}  // namespace
