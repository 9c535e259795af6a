// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/link/reply.hpp"

#include <string>
#include <system_error>

#include "hawser/redis/errc.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::detail;

namespace {

TEST_CASE("replies are taken whole, wherever the stream is cut", "[redis]") {
  const std::string stream =
      "+OK\r\n:7\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nx\r\nzy\r\n-ERR no\r\n$-1\r\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, stream.size()}) {
    redis_reader reader{1'000};
    std::string all;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view{stream}.substr(at, step));
      std::error_code ec;
      while (const auto one = reader.next(ec)) {
        all += std::to_string(one->type) + std::string{text_of(*one)} +
               std::string{text_at(*one, 2)} + ' ';
      }
      CHECK_FALSE(ec);
    }
    CHECK(all == "5OK 3 2x\r\nzy 6ERR no 4 ");
  }
}

TEST_CASE("a stream that is not of Redis, or too large, is an error", "[redis]") {
  std::error_code ec;
  redis_reader reader{100};
  reader.feed("HTTP/1.1 400 Bad Request\r\n");
  CHECK_FALSE(reader.next(ec));
  CHECK(ec == redis::errc::bad_reply);
  ec.clear();
  redis_reader other{100};
  other.feed("$1000\r\n" + std::string(93, 'x'));
  CHECK_FALSE(other.next(ec));
  CHECK_FALSE(ec);
  other.feed("x");
  CHECK_FALSE(other.next(ec));
  CHECK(ec == redis::errc::reply_too_large);
}

TEST_CASE("a command has its words with their lengths", "[redis]") {
  std::string out = "+";
  append_command(out, {"PUBLISH", "a", ""});
  CHECK(out == "+*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$0\r\n\r\n");
}

TEST_CASE("error replies say whether the log-in, the server or the command is at fault",
          "[redis]") {
  CHECK(meaning_of("NOAUTH Authentication required.") == redis::errc::bad_credentials);
  CHECK(meaning_of("WRONGPASS invalid") == redis::errc::bad_credentials);
  CHECK(meaning_of("ERR invalid password") == redis::errc::bad_credentials);
  CHECK(meaning_of("LOADING Redis is loading") == redis::errc::not_ready);
  CHECK(meaning_of("MASTERDOWN Link") == redis::errc::not_ready);
  CHECK(meaning_of("OOM command not allowed") == redis::errc::refused);
  CHECK(meaning_of("") == redis::errc::refused);
}

}  // namespace
