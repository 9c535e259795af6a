// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/route.hpp"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace hawser;
using namespace std::string_literals;

namespace {

using path_values = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("a pattern matches paths by their segments") {
  struct row {
    std::string_view pattern;
    std::string_view path;
    std::optional<path_values> found;
  };
  const std::vector<row> rows{
      {"/", "/", path_values{}},
      {"/", "/x", std::nullopt},
      {"/chat", "/chat", path_values{}},
      {"/chat", "/chats", std::nullopt},
      {"/chat", "/Chat", std::nullopt},
      {"/chat", "/chat/x", std::nullopt},
      {"/chat/all", "/chat", std::nullopt},
      {"/rooms/:id", "/rooms/7", path_values{{"id", "7"}}},
      {"/rooms/:id", "/rooms/", std::nullopt},
      {"/rooms/:id", "/rooms", std::nullopt},
      {"/rooms/:id", "/rooms/7/8", std::nullopt},
      {"/rooms/:id/:who", "/rooms/7/a%2Fb", path_values{{"id", "7"}, {"who", "a/b"}}},
      {"/rooms/:id", "/rooms/%CE%B1+b%20c%00", path_values{{"id", "\xCE\xB1+b c\0"s}}},
      {"/rooms/:id", "/rooms/%", std::nullopt},
      {"/rooms/:id", "/rooms/7%2", std::nullopt},
      {"/rooms/:id/all", "/rooms/%zz/all", std::nullopt},
      {"/a%20b", "/a%20b", path_values{}},
      {"/a b", "/a%20b", std::nullopt},
      {"/files/*", "/files/%zz", path_values{}},
      {"/files/*", "/files/a/b/c", path_values{}},
      {"/files/*", "/files/", path_values{}},
      {"/files/*", "/other/a", std::nullopt},
      {"/*", "/whatever/there/is", path_values{}},
      {"/*", "/", path_values{}},
  };
  for (const auto& [pattern, path, found] : rows) {
    INFO(pattern << " and " << path);
    CHECK(route{std::string{pattern}, {}}.match(path) == found);
  }
}

TEST_CASE("a route keeps its settings and its pattern") {
  route_options given;
  given.budget.high = 7;
  route made{"/", given};
  CHECK(made.options().budget.high == 7);
  CHECK_FALSE(made.handlers()->on_open);
  int opened = 0;
  made.on_open([&](session&) { ++opened; }).on_upgrade([](upgrade&) {});
  session none;
  made.handlers()->on_open(none);
  CHECK(opened == 1);
  CHECK(made.upgrade_hook());
}

TEST_CASE("two patterns are for the same paths if they differ in names of parameters only") {
  const auto same = [](const char* left, const char* right) {
    return route{left, {}}.is_for(right) && route{right, {}}.is_for(left);
  };
  CHECK(same("/", "/"));
  CHECK(same("/chat", "/chat"));
  CHECK(same("/rooms/:id", "/rooms/:name"));
  CHECK(same("/rooms/:id/*", "/rooms/:name/*"));
  CHECK_FALSE(same("/chat", "/chats"));
  CHECK_FALSE(same("/rooms/:id", "/rooms/*"));
  CHECK_FALSE(same("/rooms/:id", "/rooms/all"));
  CHECK_FALSE(same("/rooms/:id", "/rooms"));
  CHECK_FALSE(same("/chat", "/chat/"));
}

TEST_CASE("a route that is in use refuses other handlers") {
  route made{"/", {}};
  made.on_message([](session&, message_view) {});
  made.freeze(true);
  CHECK_THROWS_AS(made.on_message([](session&, message_view) {}), std::logic_error);
  CHECK_THROWS_AS(made.on_upgrade([](upgrade&) {}), std::logic_error);
  CHECK_THROWS_AS(made.on_http([](http_request&) {}), std::logic_error);
  CHECK_FALSE(made.upgrade_hook());
  made.freeze(false);
  CHECK_NOTHROW(made.on_upgrade([](upgrade&) {}));
}

TEST_CASE("a route refuses empty hooks") {
  route made{"/", {}};
  CHECK_THROWS_AS(made.on_upgrade(std::function<void(upgrade&)>{}), std::invalid_argument);
  CHECK_THROWS_AS(made.on_http(http_hook{}), std::invalid_argument);
  CHECK_THROWS_AS(made.on_http(std::function<response(const request&)>{}), std::invalid_argument);
}

}  // namespace
