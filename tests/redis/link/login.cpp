// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/login.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/redis/address.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/reply.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::detail;

namespace {

std::string commands_of(const redis_address& where) { return redis_login{}.begin(where, "me"); }

std::string command(std::initializer_list<std::string_view> words) {
  std::string made;
  append_command(made, words);
  return made;
}

/// The result of the replies to the log-in of an address with a password and a database.
std::error_code result_of(std::string_view replies) {
  redis_login login;
  (void)login.begin({.password = "secret", .database = 0}, "me");
  redis_reader reader{1'000};
  reader.feed(replies);
  std::error_code ec;
  while (const auto one = reader.next(ec)) {
    CHECK_FALSE(login.is_done());
    if (const auto failed = login.take(*one)) return failed;
  }
  CHECK(login.is_done());
  return ec;
}

TEST_CASE("a log-in has the commands that its address asks for", "[redis]") {
  const auto last = command({"CLIENT", "SETNAME", "me"}) + command({"PING"});
  CHECK(commands_of({}) == last);
  CHECK(commands_of({.password = "secret"}) == command({"AUTH", "secret"}) + last);
  CHECK(commands_of({.user = "ann", .password = "secret", .database = 0}) ==
        command({"AUTH", "ann", "secret"}) + command({"SELECT", "0"}) + last);
}

TEST_CASE("a log-in fails where Redis refuses what it needs", "[redis]") {
  CHECK_FALSE(result_of("+OK\r\n+OK\r\n+OK\r\n+PONG\r\n"));
  CHECK_FALSE(result_of("+OK\r\n+OK\r\n-NOPERM\r\n-NOPERM\r\n"));
  CHECK(result_of("-ERR any\r\n") == redis::errc::bad_credentials);
  CHECK(result_of("+OK\r\n-ERR any\r\n") == redis::errc::refused);
  CHECK(result_of("+OK\r\n+OK\r\n-NOAUTH\r\n") == redis::errc::bad_credentials);
  CHECK(result_of("+OK\r\n+OK\r\n+OK\r\n-LOADING\r\n") == redis::errc::not_ready);
  CHECK(result_of("+OK\r\n+OK\r\n+OK\r\n:1\r\n") == redis::errc::bad_reply);
}

}  // namespace
