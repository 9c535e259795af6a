// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/connect_options.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "hawser/asio/connect_error.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

const auto here_uri = *uri::decode("ws://here.example/a");

response to(std::string_view location) {
  response answer{.status = 302};
  answer.headers.add("Location", location);
  return answer;
}

connect_options following(unsigned redirects) {
  connect_options options{.cookie = "id=1", .max_redirects = redirects};
  options.handshake.headers.add("Authorization", "Bearer secret");
  options.handshake.headers.add("X-Other", "1");
  return options;
}

TEST_CASE("a proxy that cannot be used for the server is an error", "[rfc1929][rfc7617-2]") {
  const auto usable = [](const proxy& via, const uri& where = here_uri) {
    return detail::proxy_for(where, {.proxy = [&](const uri&) { return via; }}).has_value();
  };
  CHECK(usable({proxy_kind::http, "h", 1, "user", "a:b"}));
  CHECK_FALSE(usable({proxy_kind::http, "h", 1, "us:er", "a"}));
  CHECK(usable({proxy_kind::socks5, "h", 1, "us:er", "a"}));
  CHECK_FALSE(usable({proxy_kind::socks5, "h", 1, "user", ""}));
  CHECK_FALSE(usable({proxy_kind::socks5, "h", 1, "user", std::string(256, 'x')}));
  const auto far = *uri::decode("ws://" + std::string(256, 'x'));
  CHECK_FALSE(usable({proxy_kind::socks5, "h", 1}, far));
  CHECK(usable({proxy_kind::http, "h", 1}, far));
  CHECK(usable({}, far));
}

TEST_CASE("without a finder there is no proxy") {
  CHECK(detail::proxy_for(here_uri, {})->kind == proxy_kind::none);
}

TEST_CASE("a cookie is one line of the request") {
  const detail::destination there{here_uri, following(0)};
  CHECK(there.policy().headers.find_only("Cookie") == "id=1");
  CHECK_FALSE(detail::destination{here_uri, {.cookie = "a\r\nb"}}.policy().headers.valid());
}

TEST_CASE("redirections are followed up to their limit") {
  const auto [wanted, followed] = GENERATE(table<unsigned, int>({{0, 0}, {1, 1}, {5, 5}, {99, 5}}));
  CAPTURE(wanted);
  detail::destination there{here_uri, following(wanted)};
  int count = 0;
  while (there.follow(to("/b")) && count < 100) ++count;
  CHECK(count == followed);
  CHECK(there.where().target() == (followed == 0 ? "/a" : "/b"));
}

TEST_CASE("a redirection without a valid Location is not followed") {
  detail::destination there{here_uri, following(5)};
  CHECK_FALSE(there.follow(response{.status = 302}));
  CHECK_FALSE(there.follow(to("ftp://elsewhere.example/")));
  CHECK(there.where().host() == "here.example");
}

TEST_CASE("on the same server a redirection keeps the credentials") {
  detail::destination there{here_uri, following(5)};
  CHECK(there.follow(to("/b")));
  CHECK(there.policy().headers.find("Authorization"));
  CHECK(there.policy().headers.find("Cookie"));
}

TEST_CASE("another server gets only safe fields, and so does the first one afterwards", "[abuse]") {
  const auto location = GENERATE(as<std::string>{}, "ws://there.example/a",
                                 "ws://here.example:81/a", "wss://here.example/a");
  CAPTURE(location);
  auto options = following(5);
  options.handshake.headers.add("Accept-Language", "el");
  options.handshake.subprotocols = {"token.secret"};
  options.safe_headers = {"Accept-Language"};
  detail::destination there{here_uri, options};
  for (const auto& next : {location, std::string{"wss://here.example/a"}}) {
    CHECK(there.follow(to(next)));
    CHECK(there.policy().headers.text() == "Accept-Language: el\r\n");
    CHECK(there.policy().subprotocols.empty());
  }
}

TEST_CASE("connect_to applies to the first server only") {
  auto options = following(5);
  options.connect_to = "127.0.0.1:9001";
  detail::destination there{here_uri, options};
  CHECK(there.where().host_field() == "here.example");
  CHECK(there.place()->authority() == "127.0.0.1:9001");
  CHECK(there.follow(to("/b")));
  CHECK(there.place()->authority() == "127.0.0.1:9001");
  CHECK(there.follow(to("ws://there.example/b")));
  CHECK(there.place()->authority() == "there.example");
  CHECK(there.follow(to("ws://here.example/b")));
  CHECK(there.place()->authority() == "here.example");

  options.connect_to = GENERATE("", "127.0.0.1:0", "a/b", "::1");
  const auto place = detail::destination{here_uri, options}.place();
  CHECK(place.has_value() == options.connect_to.empty());
}

TEST_CASE("a proxy gets the User-Agent of the request", "[rfc9110-10.1.5]") {
  connect_options options;
  options.handshake.headers = {{"Authorization", "secret"}};
  const auto fields = [&] {
    const auto sent = detail::destination{here_uri, options}.proxy_headers();
    return std::string{sent.text()};
  };
  CHECK(fields() == "User-Agent: " + std::string{default_user_agent} + "\r\n");
  options.handshake.user_agent = "";
  CHECK(fields().empty());
  options.handshake.headers.add("user-agent", "mine");
  CHECK(fields() == "User-Agent: mine\r\n");
}

TEST_CASE("the text of a failed connect shows neither user information nor the query", "[abuse]") {
  const auto url =
      GENERATE(as<std::string>{}, "ws://anna:secret@here.example:81/room?token=secret",
               "http://anna:secret@here.example/?token=secret", "ws://anna:sec/ret@h/");
  const std::string shown = connect_error{errc::bad_uri_host, url, {}}.what();
  CAPTURE(shown);
  CHECK(shown.find("sec") == shown.npos);
  CHECK(shown.find("anna") == shown.npos);
  CHECK(shown.ends_with("the host of the URI is missing or malformed"));
  if (url.starts_with("ws://anna:secret")) CHECK(shown.starts_with("ws://here.example:81/room: "));
}

TEST_CASE("the text of a refused connect has the status of the response") {
  const auto [why, status, shown] = GENERATE(table<errc, unsigned, std::string>({
      {errc::upgrade_refused, 403, "ws://h/ (HTTP status 403 Forbidden): "},
      {errc::upgrade_refused, 200, "ws://h/ (HTTP status 200 OK): "},
      {errc::upgrade_refused, 499, "ws://h/ (HTTP status 499): "},
      {errc::proxy_authentication, 407, "ws://h/ (HTTP status 407): "},
      {errc::proxy_refused, 502, "ws://h/ (HTTP status 502 Bad Gateway): "},
      // A SOCKS proxy has no status.
      {errc::proxy_refused, 200, "ws://h/: "},
      {errc::truncated_handshake, 200, "ws://h/: "},
  }));
  const response answer{.status = status, .reason = "\x9B evil"};
  CHECK(connect_error(why, "ws://h/", answer).what() == shown + make_error_code(why).message());
}

TEST_CASE("the text of a failed connect names the option that is wrong, without secrets") {
  const auto what = [](errc why, const connect_options& options) {
    const std::string shown = connect_error{why, "ws://h/", {}, options}.what();
    return shown.substr(0, shown.rfind(": "));
  };
  const auto bad_header = errc::bad_header_value;
  CHECK(what(bad_header, {.handshake = {.headers = {{"X-Token", "secret\r\n"}}}}) ==
        "ws://h/ (header \"X-Token\")");
  CHECK(what(bad_header, {.handshake = {.headers = {{"A", "1"}, {"Upgrade", "secret"}}}}) ==
        "ws://h/ (header \"Upgrade\")");
  CHECK(what(bad_header, {.handshake = {.origin = "secret\n"}}) == "ws://h/ (header \"Origin\")");
  CHECK(what(bad_header, {.handshake = {.subprotocols = {"se cret"}}}) ==
        "ws://h/ (header \"Sec-WebSocket-Protocol\")");
  CHECK(what(bad_header, {.cookie = "secret\n"}) == "ws://h/ (header \"Cookie\")");
  CHECK(what(errc::bad_connect_to, {.connect_to = "nowhere:0"}) ==
        "ws://h/ (connect_to \"nowhere:0\")");
  CHECK(what(errc::bad_connect_to, {.connect_to = "anna:secret@h"}) ==
        "ws://h/ (connect_to \"://...\")");
}

}  // namespace
