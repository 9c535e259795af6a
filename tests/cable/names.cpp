// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/names.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace shop {

struct article {
  int number = 0;
};

std::string to_broadcast_param(const article& one) {
  return hawser::cable::gid("shop", "Article", one.number);
}

}  // namespace shop

namespace {

using hawser::cable::broadcasting_for;
using hawser::cable::channel_name;
using hawser::cable::gid;

TEST_CASE("the name of a channel is derived as Rails derives it", "[R-NAME]") {
  CHECK(channel_name("ChatChannel") == "chat");
  CHECK(channel_name("Chats::AppearancesChannel") == "chats:appearances");
  CHECK(channel_name("FooChats::BarAppearancesChannel") == "foo_chats:bar_appearances");
  CHECK(channel_name("Chat") == "chat");
  CHECK(channel_name("ChannelChannel") == "channel");
  CHECK(channel_name("Channel").empty());
  CHECK(channel_name("HTMLChannel") == "html");
  CHECK(channel_name("HTMLPagesChannel") == "html_pages");
  CHECK(channel_name("Room2DoorChannel") == "room2_door");
  CHECK(channel_name("Some-NameChannel") == "some_name");
  CHECK(channel_name("A::B::CChannel") == "a:b:c");
  CHECK(channel_name("").empty());
}

TEST_CASE("a broadcast is named after the channel and its objects", "[R-NAME]") {
  CHECK(broadcasting_for("chat") == "chat");
  CHECK(broadcasting_for("object", "gid-zed") == "object:gid-zed");
  CHECK(broadcasting_for("chat", 5, std::string{"a"}, std::string_view{"b"}, true) ==
        "chat:5:a:b:true");
  CHECK(broadcasting_for("chat", std::uint64_t{18446744073709551615U}, -1) ==
        "chat:18446744073709551615:-1");
  CHECK(broadcasting_for("chat", shop::article{7}) == "chat:Z2lkOi8vc2hvcC9BcnRpY2xlLzc");
}

TEST_CASE("a GlobalID is URL-safe Base64 without padding", "[R-NAME]") {
  CHECK(gid("app", "Person", 5) == "Z2lkOi8vYXBwL1BlcnNvbi81");
  CHECK(gid("app", "Person", "5") == gid("app", "Person", 5));
  CHECK(gid("app", "Person", "a b/c") == "Z2lkOi8vYXBwL1BlcnNvbi9hK2IlMkZj");
  CHECK(gid("a", "B", "~~?").find_first_of("+/=") == std::string::npos);
}

}  // namespace
