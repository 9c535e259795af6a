// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/live_channels.hpp"

#include <optional>
#include <string_view>

#include "support/catch.hpp"

using namespace hawser;
using detail::channel_names;
using detail::live_channels;

namespace {

TEST_CASE("a channel is the prefix, a colon and the topic", "[redis][R-REDIS]") {
  const channel_names with{"app"};
  CHECK(with.of("chat_1") == "app:chat_1");
  CHECK(with.of("news/*") == "app:news/*");
  CHECK(with.topic_of("app:chat_1") == std::optional<std::string_view>{"chat_1"});
  for (const std::string_view other :
       {"chat_1", "app", "app:", "application:x", "app:\xff", "app:a/*"}) {
    CHECK_FALSE(with.topic_of(other));
  }
  CHECK(channel_names{"a*b"}.of("x/*") == "a\\*b:x/*");
  const channel_names without{""};
  CHECK(without.of("chat_1") == "chat_1");
  CHECK(without.topic_of("chat:1") == std::optional<std::string_view>{"chat:1"});
}

TEST_CASE("of the copies of a publication one counts", "[redis]") {
  live_channels all;
  CHECK_FALSE(all.counts("a/*", "a/b"));
  all.note("a/*", true, true);
  all.note("**", true, true);
  CHECK(all.counts("**", "a/b"));
  CHECK_FALSE(all.counts("a/*", "a/b"));
  all.note("**", true, false);
  CHECK(all.counts("a/*", "a/b"));
  all.note("a/b", false, true);
  CHECK_FALSE(all.counts("a/*", "a/b"));
  CHECK(all.counts("a/*", "a/c"));
  all.note("a/b", false, false);
  CHECK(all.counts("a/*", "a/b"));
  all.clear();
  CHECK_FALSE(all.counts("a/*", "a/b"));
}

}  // namespace
