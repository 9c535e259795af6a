// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/redis_presence.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/redis/errc.hpp"
#include "hawser/redis/presence/scripts.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

namespace redis_presence_tests {

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

const presence_topic lobby{"lobby", "$presence:lobby"};
const std::string known = "*2\r\n:1\r\n:0\r\n";
const std::string lease_lost = "*1\r\n$8\r\nno_lease\r\n";
const std::string joined = "*1\r\n$6\r\njoined\r\n";

/// The last answer.
class answer {
 public:
  presence_store::joined_handler to_join() {
    return [this](std::error_code ec, presence_status status) {
      set(ec ? ec.message() : std::to_string(static_cast<int>(status)));
    };
  }
  presence_store::found_handler to_find() {
    return [this](std::error_code ec, const found_presence& found) {
      std::string line = ec ? ec.message() : std::to_string(found.total);
      for (const auto& one : found.joined) line += ' ' + one;
      set(line);
    };
  }
  /// Waits for it, and forgets it.
  std::string line() {
    eventually([&] {
      const std::lock_guard guard{mutex_};
      return !line_.empty();
    });
    const std::lock_guard guard{mutex_};
    return std::exchange(line_, {});
  }

 private:
  void set(std::string line) {
    const std::lock_guard guard{mutex_};
    line_ = std::move(line);
  }

  std::mutex mutex_;
  std::string line_;
};

std::string start_of(std::string_view script) {
  return "EVAL " + hawser::detail::presence_script(script);
}

/// A Redis that answers scripts, and a process.
struct process {
  process() {
    answers(hawser::detail::renew_presence_script, known);
    answers(hawser::detail::join_presence_script, joined);
    answers(hawser::detail::leave_presence_script, ":1\r\n");
    answers(hawser::detail::disconnect_presence_script, ":1\r\n");
    answers(hawser::detail::transfer_presence_script, "*1\r\n$5\r\nmoved\r\n");
  }

  void answers(std::string_view script, const std::string& reply) {
    peer.answer(start_of(script), reply);
  }

  std::string join(const std::string& session, const std::string& id,
                   const presence_topic& on = lobby) {
    presence.join(on, session, {id, "+" + id, "-" + id}, {7, 9}, got.to_join());
    return got.line();
  }

  /// What followed the script in each call of it, without the prefix; the process is in front.
  std::vector<std::string> calls(std::string_view script) const {
    std::vector<std::string> all;
    const auto start = start_of(script) + " 0 app: ";
    for (const auto& line : peer.commands()) {
      if (line.starts_with(start)) all.push_back(line.substr(start.size()));
    }
    return all;
  }

  /// Whether a call of the script ends with these words, behind the name of the process.
  bool called(std::string_view script, const std::string& words) const {
    return eventually([&] {
      return std::ranges::any_of(calls(script), [&](const auto& one) {
        return one.ends_with(words) && one.find(' ') == one.size() - words.size();
      });
    });
  }

  /// The names under which this process has renewed its lease.
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& one : calls(hawser::detail::renew_presence_script)) {
      all.insert(one.substr(0, one.find(' ')));
    }
    return all;
  }

  /// Ends the connections, and waits until a command of that script comes with another name of the process.
  std::string next_join_after_hang_up() {
    const auto before = calls(hawser::detail::join_presence_script).size();
    peer.hang_up();
    eventually([&] { return calls(hawser::detail::join_presence_script).size() > before; });
    const auto all = calls(hawser::detail::join_presence_script);
    return all.size() > before ? all.back().substr(all.back().find(' ')) : "none";
  }

  redis_peer peer;
  redis_broker broker{quick_options(peer, "app")};
  redis_presence presence{broker, {.lease = 30ms}};
  answer got;
};

TEST_CASE("presence is changed under the names of the broker", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  CHECK(one.join("s", "ann") == "0");
  CHECK(one.called(hawser::detail::join_presence_script,
                   " 7 9 s lobby app:$presence:lobby ann +ann -ann"));
  one.presence.leave("lobby", "s");
  CHECK(one.called(hawser::detail::leave_presence_script, " s lobby"));
  CHECK(one.join("r", "bob") == "0");
  one.presence.disconnect("r", 15s);
  CHECK(one.called(hawser::detail::disconnect_presence_script, " r 15000"));
  one.presence.transfer("r", "t");
  CHECK(one.called(hawser::detail::transfer_presence_script, " r t"));
  one.presence.find("lobby", presence_scope::total, one.got.to_find());
  CHECK(one.called(hawser::detail::find_presence_script, " lobby total"));
  one.presence.find("lobby", presence_scope::members, one.got.to_find());
  CHECK(one.called(hawser::detail::find_presence_script, " lobby members"));
  CHECK(one.called(hawser::detail::renew_presence_script, " 30"));
}

TEST_CASE("Redis is not asked about sessions that have joined nothing", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  one.presence.leave("lobby", "s");
  one.presence.disconnect("s", 15s);
  CHECK(one.join("s", "ann") == "0");
  CHECK(one.calls(hawser::detail::leave_presence_script).empty());
  CHECK(one.calls(hawser::detail::disconnect_presence_script).empty());
}

TEST_CASE("what Redis says of a join is its status", "[redis][R-EXT]") {
  const auto [reply, line] = GENERATE(table<std::string, std::string>({
      {joined, "0"},
      {"*1\r\n$7\r\nupdated\r\n", "1"},
      {"*1\r\n$8\r\nmismatch\r\n", "2"},
      {"*1\r\n$4\r\nfull\r\n", "3"},
      {"*1\r\n$1\r\nx\r\n", "what Redis sent is not a reply to the command"},
      {"*0\r\n", "what Redis sent is not a reply to the command"},
      {":1\r\n", "what Redis sent is not a reply to the command"},
      {"-ERR no\r\n", "Redis has refused a command"},
  }));
  process one;
  REQUIRE(connects(one.broker));
  one.answers(hawser::detail::join_presence_script, reply);
  CHECK(one.join("s", "ann") == line);
}

TEST_CASE("the ids of a stream are found", "[redis][R-EXT]") {
  const auto [reply, line] = GENERATE(table<std::string, std::string>({
      {"*2\r\n$5\r\nfound\r\n$1\r\n0\r\n", "0"},
      {"*4\r\n$5\r\nfound\r\n$1\r\n2\r\n$2\r\n+a\r\n$2\r\n+b\r\n", "2 +a +b"},
      {"*2\r\n$5\r\nfound\r\n$1\r\nx\r\n", "what Redis sent is not a reply to the command"},
      {"*1\r\n$5\r\nfound\r\n", "what Redis sent is not a reply to the command"},
      {"$5\r\nfound\r\n", "what Redis sent is not a reply to the command"},
      {"-ERR no\r\n", "Redis has refused a command"},
  }));
  process one;
  REQUIRE(connects(one.broker));
  one.answers(hawser::detail::find_presence_script, reply);
  one.presence.find("lobby", presence_scope::members, one.got.to_find());
  CHECK(one.got.line() == line);
}

TEST_CASE("without a connection, joins and questions fail at once", "[redis][R-EXT]") {
  redis_broker_options options;
  options.url = "unix:/nowhere/redis";
  redis_broker broker{options};
  redis_presence presence{broker};
  answer got;
  const auto expected = make_error_code(redis::errc::not_connected).message();
  presence.join(lobby, "s", {"ann", "+", "-"}, {}, got.to_join());
  CHECK(got.line() == expected);
  presence.find("lobby", presence_scope::total, got.to_find());
  CHECK(got.line() == expected);
}

TEST_CASE("a request ends with its connection", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  one.answers(hawser::detail::join_presence_script, "-");
  presence_store& store = one.presence;
  store.join(lobby, "s", {"ann", "+", "-"}, {}, one.got.to_join());
  REQUIRE(eventually([&] { return !one.calls(hawser::detail::join_presence_script).empty(); }));
  one.peer.hang_up();
  CHECK(one.got.line() == make_error_code(redis::errc::ended).message());
}

TEST_CASE("a session that is on a stream does not change its id", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  CHECK(one.join("s", "ann") == "0");
  CHECK(one.join("s", "bob") == "2");
  CHECK(one.calls(hawser::detail::join_presence_script).size() == 1);
  one.presence.leave("lobby", "s");
  CHECK(one.join("s", "bob") == "0");
}

TEST_CASE("after a lost connection, a process joins again under another name what is still there",
          "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  REQUIRE(one.join("s", "ann") == "0");
  REQUIRE(one.join("t", "bob") == "0");
  REQUIRE(one.join("u", "eve") == "0");
  one.presence.leave("lobby", "s");
  one.presence.disconnect("t", 15s);
  const auto names = one.names();
  const auto line = one.next_join_after_hang_up();
  CHECK(line == " 7 9 u lobby app:$presence:lobby eve +eve -eve");
  CHECK(one.names().size() > names.size());
}

TEST_CASE("a process that Redis has forgotten joins again and repeats the question once",
          "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  REQUIRE(one.join("s", "ann") == "0");
  const auto names = one.names();
  one.answers(hawser::detail::find_presence_script, lease_lost);
  one.presence.find("lobby", presence_scope::total, one.got.to_find());
  CHECK(one.got.line() == make_error_code(redis::errc::not_ready).message());
  CHECK(one.calls(hawser::detail::find_presence_script).size() == 2);
  CHECK(eventually([&] { return one.names().size() > names.size(); }));
  CHECK(eventually([&] { return one.calls(hawser::detail::join_presence_script).size() > 1; }));
}

TEST_CASE("a renewal says that Redis has forgotten the process, or that more is due",
          "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  REQUIRE(one.join("s", "ann") == "0");
  one.answers(hawser::detail::renew_presence_script, "*2\r\n:0\r\n:0\r\n");
  CHECK(eventually([&] { return one.calls(hawser::detail::join_presence_script).size() > 2; }));
  one.answers(hawser::detail::renew_presence_script, "*2\r\n:1\r\n:1\r\n");
  const auto before = one.calls(hawser::detail::renew_presence_script).size();
  CHECK(eventually(
      [&] { return one.calls(hawser::detail::renew_presence_script).size() > before + 20; }));
}

TEST_CASE("what a continued session has joined is joined again, too", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  one.answers(hawser::detail::transfer_presence_script,
              "*6\r\n$5\r\nmoved\r\n$5\r\nlobby\r\n$1\r\nc\r\n$3\r\nann\r\n$1\r\n+\r\n$1\r\n-\r\n");
  one.presence.transfer("s", "t");
  REQUIRE(one.called(hawser::detail::transfer_presence_script, " s t"));
  REQUIRE(eventually([&] { return one.broker.statistics().queued_bytes == 0; }));
  CHECK(one.next_join_after_hang_up() == " 0 0 t lobby c ann + -");
}

TEST_CASE("a transfer is asked for again until Redis has the process", "[redis][R-EXT]") {
  process one;
  REQUIRE(connects(one.broker));
  one.answers(hawser::detail::transfer_presence_script, lease_lost);
  one.presence.transfer("s", "t");
  CHECK(eventually([&] { return one.calls(hawser::detail::transfer_presence_script).size() > 2; }));
  one.answers(hawser::detail::transfer_presence_script, "*1\r\n$5\r\nmoved\r\n");
  CHECK(one.join("t", "ann") == "0");
}

TEST_CASE("replies that are not expected do not end anything", "[redis][R-EXT]") {
  const auto reply = GENERATE("+OK\r\n", ":1\r\n", "*0\r\n", "*1\r\n*0\r\n", "$-1\r\n", "*-1\r\n",
                              "*2\r\n$1\r\nx\r\n$-1\r\n", "*2\r\n:1\r\n$1\r\nx\r\n", "-ERR x\r\n",
                              "*2\r\n$5\r\nmoved\r\n$1\r\nx\r\n");
  process one;
  REQUIRE(connects(one.broker));
  REQUIRE(one.join("u", "eve") == "0");
  REQUIRE(one.join("v", "eve") == "0");
  using namespace hawser::detail;
  for (const auto script :
       {renew_presence_script, join_presence_script, leave_presence_script,
        disconnect_presence_script, transfer_presence_script, find_presence_script}) {
    one.answers(script, reply);
  }
  one.presence.transfer("s", "t");
  CHECK(one.join("s", "ann").find("Redis") != std::string::npos);
  one.presence.find("lobby", presence_scope::members, one.got.to_find());
  CHECK(one.got.line().find("Redis") != std::string::npos);
  one.presence.leave("lobby", "u");
  one.presence.disconnect("v", 0s);
  CHECK(one.called(disconnect_presence_script, " v 0"));
  CHECK(eventually([&] { return one.broker.statistics().queued_bytes == 0; }));
  one.answers(renew_presence_script, known);
  one.answers(join_presence_script, joined);
  CHECK(one.join("s", "ann") == "0");
  CHECK(one.broker.statistics().connections == 2);
}

TEST_CASE("a presence may end before its requests", "[redis][R-EXT]") {
  redis_peer peer;
  peer.ignore("EVAL");
  redis_broker broker{quick_options(peer, "app")};
  REQUIRE(connects(broker));
  answer got;
  {
    redis_presence presence{broker, {.lease = 3ms}};
    presence.join(lobby, "s", {"ann", "+", "-"}, {}, got.to_join());
    REQUIRE(eventually([&] { return broker.statistics().queued_bytes != 0; }));
  }
  peer.hang_up();
  CHECK(eventually([&] { return broker.statistics().queued_bytes == 0; }));
}

}  // namespace redis_presence_tests
