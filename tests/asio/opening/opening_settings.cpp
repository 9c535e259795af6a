// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/opening_settings.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "hawser/asio/http_request.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "support/catch.hpp"

using namespace hawser;
using hawser::detail::opening_settings;

namespace {

opening_settings settings_with(const std::string& pattern, bool routed, bool general) {
  opening_settings made;
  const auto respond = [](const request&) { return response{}; };
  made.routes.push_back(std::make_unique<route>(pattern, route_options{}));
  if (routed) made.routes.back()->on_http(respond);
  if (general) made.on_http = [](http_request& asked) { asked.answer(200); };
  return made;
}

TEST_CASE("the first route that matches is found, with its parameters") {
  auto settings = settings_with("/a/:x", false, false);
  settings.routes.push_back(std::make_unique<route>("/*", route_options{}));
  detail::path_parameters parameters;
  CHECK(settings.find("/a/1", parameters) == settings.routes[0].get());
  CHECK(detail::value_of("x", parameters) == "1");
  CHECK(settings.find("/a", parameters) == settings.routes[1].get());
  CHECK(parameters.empty());
}

TEST_CASE("a route's hook comes before the server's, except about the server as a whole") {
  const request about_path{"GET", "/a", {}};
  const request about_server{"OPTIONS", "*", {}};
  for (const bool routed : {true, false}) {
    for (const bool general : {true, false}) {
      const auto settings = settings_with("/:any", routed, general);
      const auto& found = settings.routes.front();
      const auto* const own = routed ? &found->http_hook() : nullptr;
      const auto* const shared = general ? &settings.on_http : nullptr;
      CHECK(settings.hook_for(about_path, found.get()) == (routed ? own : shared));
      CHECK(settings.hook_for(about_path, nullptr) == shared);
      CHECK(settings.hook_for(about_server, found.get()) == shared);
    }
  }
}

TEST_CASE("a second route for the same paths is an error") {
  const auto settings = settings_with("/rooms/:id", false, false);
  CHECK_THROWS_AS(settings.check_is_first("/rooms/:name"), std::invalid_argument);
  CHECK_NOTHROW(settings.check_is_first("/rooms"));
  CHECK_NOTHROW(settings.check_is_first("/*"));
}

TEST_CASE("a route, or a hook for HTTP, is enough for a server to begin") {
  opening_settings settings;
  CHECK_THROWS_AS(settings.check_has_work("server::run()"), std::logic_error);
  settings.on_http = [](http_request& asked) { asked.answer(200); };
  CHECK_NOTHROW(settings.check_has_work("server::run()"));
  CHECK_NOTHROW(settings_with("/a", false, false).check_has_work("server::run()"));
}

}  // namespace
