// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/address.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/redis/errc.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a URL of Redis names a server, a user and a database", "[redis]") {
  struct row {
    std::string_view url;
    redis_address expected;
  };
  for (const auto& [url, expected] : {
           row{"redis://localhost", {.host = "localhost"}},
           row{"redis://localhost/", {.host = "localhost"}},
           row{"redis://127.0.0.1:7000/3", {.host = "127.0.0.1", .port = 7000, .database = 3}},
           row{"redis://[::1]:7000", {.host = "::1", .port = 7000}},
           row{"redis://:secret@host/0", {.host = "host", .password = "secret", .database = 0}},
           row{"redis://ann:p%40ss%3a@host", {.host = "host", .user = "ann", .password = "p@ss:"}},
           row{"redis://ann:a@b@host", {.host = "host", .user = "ann", .password = "a@b"}},
           row{"unix:/run/redis.sock", {.path = "/run/redis.sock"}},
           row{"unix:///run/re%20dis.sock?db=2", {.path = "/run/re dis.sock", .database = 2}},
           row{"unix://ann:secret@/r.sock",
               {.path = "/r.sock", .user = "ann", .password = "secret"}},
       }) {
    CAPTURE(url);
    std::error_code ec;
    const auto got = redis_address::decode(url, ec);
    REQUIRE(got);
    CHECK_FALSE(ec);
    CHECK(got->host == expected.host);
    CHECK(got->port == expected.port);
    CHECK(got->path == expected.path);
    CHECK(got->user == expected.user);
    CHECK(got->password == expected.password);
    CHECK(got->database == expected.database);
  }
}

TEST_CASE("a URL that is not of Redis is an error", "[redis]") {
  using namespace std::string_view_literals;
  for (const auto url : {"",
                         "localhost",
                         "redis:",
                         "redis://",
                         "redis://host:0",
                         "redis://host:70000",
                         "redis://host/x",
                         "redis://host/1/2",
                         "redis://host/-1",
                         "redis://host/99999999999",
                         "redis://host?db=1",
                         "redis://ann@host",
                         "redis://ann:@host",
                         "redis://ann:%zz@host",
                         "redis://@host",
                         "http://host",
                         "rediss:",
                         "rediss://",
                         "rediss:/path",
                         "rediss://ann@host",
                         "unix:",
                         "unix:relative",
                         "unix://host/path",
                         "unix:/path?x=1",
                         "unix:/path?db=",
                         "unix:/a%00b",
                         "unix://"}) {
    CAPTURE(url);
    std::error_code ec;
    CHECK_FALSE(redis_address::decode(url, ec));
    CHECK(ec == redis::errc::bad_url);
  }
}

TEST_CASE("a URL of Redis with TLS has the same parts", "[redis]") {
  std::error_code ec;
  const auto where = redis_address::decode("rediss://ann:s%40cret@redis.example:7000/3", ec);
  REQUIRE(where);
  CHECK(where->is_secure);
  CHECK((where->host == "redis.example" && where->port == 7000 && where->database == 3U));
  CHECK((where->user == "ann" && where->password == "s@cret"));
  const auto brief = redis_address::decode("rediss://[::1]", ec);
  REQUIRE(brief);
  CHECK((brief->is_secure && brief->host == "::1" && brief->port == 6379));
  CHECK_FALSE(redis_address::decode("redis://host", ec)->is_secure);
}

TEST_CASE("each error of Redis has a description", "[redis]") {
  CHECK(std::string{redis::error_category().name()} == "hawser.redis");
  for (int value = 1; value <= static_cast<int>(redis::errc::ended); ++value) {
    const std::error_code ec = static_cast<redis::errc>(value);
    CHECK_FALSE(ec.message().empty());
    CHECK_FALSE(ec.message().ends_with('.'));
  }
  CHECK(redis::describe(redis::errc{}).empty());
}

}  // namespace
