// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/redis_sessions.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>

#include "hawser/base/error.hpp"
#include "hawser/redis/errc.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

namespace redis_sessions_tests {

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

/// The last answer to take().
class taking {
 public:
  session_store::taken_handler handler() {
    return [this](std::error_code ec, const std::optional<taken_session>& got) {
      std::string line = ec ? ec.message() : got ? got->text : "nothing";
      if (got) {
        for (const auto& one : got->revocations) line += ' ' + one;
      }
      const std::lock_guard guard{mutex_};
      line_ = line;
    };
  }
  std::string line() {
    eventually([&] {
      const std::lock_guard guard{mutex_};
      return !line_.empty();
    });
    return line_;
  }

 private:
  std::mutex mutex_;
  std::string line_;
};

TEST_CASE("sessions are saved, forgotten and revoked under the names of the broker",
          "[redis][R-EXT]") {
  redis_peer peer;
  peer.answer("EVAL", ":1\r\n");
  peer.answer("DEL", ":1\r\n");
  redis_broker broker{quick_options(peer, "app")};
  redis_sessions sessions{broker};
  REQUIRE(connects(broker));
  const auto last = [&](const std::string& words) {
    return eventually([&] { return peer.commands().back().ends_with(words); });
  };
  sessions.save("s*", "a text", 300s, session_store::save_kind::first);
  CHECK(last(" 1 app:$session:s* a text 300"));
  sessions.save("s*", "another", 300s, session_store::save_kind::again);
  CHECK(last(" 1 app:$session:s* another 300"));
  sessions.forget("s*");
  CHECK(last("DEL app:$session:s*"));
  sessions.revoke("all", 60s);
  CHECK(last(" 1 app:$revoked all 60"));
  CHECK(eventually([&] { return broker.statistics().queued_bytes == 0; }));
}

TEST_CASE("a session is taken with its revocations", "[redis][R-EXT]") {
  redis_peer peer;
  redis_broker broker{quick_options(peer, "app")};
  redis_sessions sessions{broker};
  REQUIRE(connects(broker));
  const auto [reply, line] = GENERATE(table<std::string, std::string>({
      {"*0\r\n", "nothing"},
      {"*1\r\n$1\r\nx\r\n", "x"},
      {"*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n", "x y z"},
      {":1\r\n", "what Redis sent is not a reply to the command"},
      {"-ERR no\r\n", "Redis has refused a command"},
  }));
  peer.answer("EVAL", reply);
  taking taken;
  sessions.take("s", taken.handler());
  CHECK(taken.line() == line);
  CHECK(peer.commands().back().ends_with(" 2 app:$session:s app:$revoked"));
}

TEST_CASE("a session is not taken at once without a connection, or after the end",
          "[redis][R-EXT]") {
  redis_broker_options options;
  options.url = "unix:/nowhere/redis";
  redis_broker broker{options};
  redis_sessions sessions{broker};
  taking first;
  sessions.take("s", first.handler());
  CHECK(first.line() == make_error_code(redis::errc::not_connected).message());
  broker.shutdown();
  taking second;
  sessions.take("s", second.handler());
  CHECK(second.line() == make_error_code(errc::closed).message());
}

}  // namespace redis_sessions_tests
