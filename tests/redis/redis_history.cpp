// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/redis_history.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/redis/errc.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

namespace redis_history_tests {

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

const kept_topic chat{"chat", "$history:chat"};

/// The answers of a store, on any thread.
class answers {
 public:
  history_store::found_handler found() {
    return [this](std::error_code ec, const found_history& got) {
      std::string line = ec ? ec.message() : std::to_string(static_cast<int>(got.status));
      if (!ec) line += ' ' + got.epoch;
      for (const auto& one : got.messages) line += ' ' + std::to_string(one.offset) + one.text;
      add(line);
    };
  }
  history_store::kept_handler kept() {
    return [this](std::error_code ec) { add(ec ? ec.message() : "kept"); };
  }
  void add(std::string line) {
    const std::lock_guard guard{mutex_};
    all_.push_back(std::move(line));
  }
  std::size_t count() const {
    const std::lock_guard guard{mutex_};
    return all_.size();
  }
  /// The answer of this number, from 1 on.
  std::string at(std::size_t number) const {
    if (!eventually([&] { return count() >= number; })) return "none";
    const std::lock_guard guard{mutex_};
    return all_[number - 1];
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

/// The end of the only EVAL that a peer has got, after its script.
std::string words_of_script(const redis_peer& peer) {
  for (const auto& line : peer.commands()) {
    if (line.starts_with("EVAL ")) return line.substr(line.rfind(" 2 app:$kept:"));
  }
  return {};
}

publication message_to_chat(std::string_view text) { return {"chat", prepared_message{text}}; }

TEST_CASE("one command keeps a message and publishes it", "[redis][R-EXT]") {
  redis_peer peer;
  peer.answer("EVAL", ":1\r\n");
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  CHECK_FALSE(history.publish(message_to_chat(R"({"a":1})"), chat.notes, {}));
  REQUIRE(eventually([&] { return broker.statistics().confirmed == 1; }));
  CHECK(words_of_script(peer) ==
        R"( 2 app:$kept:chat app:$messages:chat app:chat app:$history:chat {"a":1} )");
  CHECK(broker.statistics().published == 1);
  CHECK(broker.statistics().queued_bytes == 0);
  CHECK(history.publish({"rooms/*", prepared_message{"x"}}, chat.notes, {}) == errc::bad_topic);
}

TEST_CASE("a note comes with the message that is kept", "[redis][R-EXT][R-OTHERS]") {
  redis_peer peer;
  peer.answer("EVAL", ":1\r\n");
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  CHECK_FALSE(history.publish(message_to_chat("1"), chat.notes, "!ks"));
  REQUIRE(eventually([&] { return broker.statistics().confirmed == 1; }));
  CHECK(words_of_script(peer).ends_with(" app:chat app:$history:chat 1 !ks"));
}

TEST_CASE("a message that is kept excepts the same sessions as others", "[redis][R-OTHERS]") {
  redis_peer peer;
  peer.answer("EVAL", ":1\r\n");
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  const auto ann = std::make_shared<subscriber>();
  ann->on_publication = [&](const publication& got) {
    story.add("except " + std::to_string(got.except.empty() ? 0 : got.except.front()));
  };
  CHECK_FALSE(broker.subscribe(ann, "chat", [&](std::error_code) { story.add("live"); }));
  REQUIRE(story.at(1) == "live");
  auto one = message_to_chat("x");
  one.except = {7};
  CHECK_FALSE(history.publish(std::move(one), chat.notes, {}));
  REQUIRE(eventually([&] { return broker.statistics().confirmed == 1; }));
  peer.send("*3\r\n$7\r\nmessage\r\n$8\r\napp:chat\r\n$1\r\nx\r\n");
  CHECK(story.at(2) == "except 7");
}

TEST_CASE("a topic is kept with its options, and its messages are found", "[redis][R-EXT]") {
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.answer("EVAL", ":1\r\n");
  history.keep(chat, {.max_messages = 7, .ttl = 60s}, story.kept());
  CHECK(story.at(1) == "kept");
  const auto kept = words_of_script(peer);
  CHECK(kept.starts_with(" 2 app:$kept:chat app:$messages:chat "));
  CHECK(kept.ends_with(" 7 60"));

  peer.answer("EVAL",
              "*6\r\n$5\r\nfound\r\n$1\r\ne\r\n$1\r\n7\r\n$1\r\nx\r\n$1\r\n8\r\n$1\r\ny\r\n");
  history.find(chat, {history_position{"e", 6}}, "-mark", story.found());
  CHECK(story.at(2) == "0 e 7x 8y");
  CHECK(peer.commands().back().ends_with(
      " 2 app:$kept:chat app:$messages:chat app:$history:chat -mark after e 6"));
  history.find(chat, {std::nullopt, -5}, "-mark", story.found());
  CHECK(story.at(3) == "0 e 7x 8y");
  CHECK(peer.commands().back().ends_with(" -mark since  -5"));
}

TEST_CASE("what Redis says of a history is its status", "[redis][R-EXT]") {
  const auto [name, status] = GENERATE(table<std::string, history_status>({
      {"unknown_stream", history_status::unknown_stream},
      {"other_epoch", history_status::other_epoch},
      {"too_old", history_status::too_old},
      {"too_new", history_status::too_new},
  }));
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.answer("EVAL", "*2\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n$1\r\ne\r\n");
  history.find(chat, {history_position{"e", 6}}, "-mark", story.found());
  CHECK(story.at(1) == std::to_string(static_cast<int>(status)) + " e");
}

TEST_CASE("a reply that is no history is an error, and the next one is not", "[redis][R-EXT]") {
  const auto reply =
      GENERATE(std::string{":1\r\n"}, std::string{"*0\r\n"}, std::string{"*1\r\n$5\r\nfound\r\n"},
               std::string{"*2\r\n$4\r\nlost\r\n$1\r\ne\r\n"},
               std::string{"*3\r\n$5\r\nfound\r\n$1\r\ne\r\n$1\r\n7\r\n"},
               std::string{"*4\r\n$5\r\nfound\r\n$1\r\ne\r\n$2\r\n-7\r\n$1\r\nx\r\n"});
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.answer("EVAL", reply);
  history.find(chat, {}, "-mark", story.found());
  CHECK(story.at(1) == make_error_code(redis::errc::bad_reply).message());
  peer.answer("EVAL", "*2\r\n$5\r\nfound\r\n$0\r\n\r\n");
  history.find(chat, {}, "-mark", story.found());
  CHECK(story.at(2) == "0 ");
}

TEST_CASE("a command that Redis refuses is an error, and is reported", "[redis][R-EXT]") {
  redis_peer peer;
  answers story;
  answers reported;
  auto options = quick_options(peer, "app");
  options.on_error = [&](std::error_code why, std::string_view detail) {
    reported.add(why.message() + ": " + std::string{detail});
  };
  redis_broker broker{options};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.answer("EVAL", "-NOPERM no\r\n");
  history.find(chat, {}, "-mark", story.found());
  CHECK(story.at(1) == make_error_code(redis::errc::refused).message());
  history.keep(chat, {}, story.kept());
  CHECK(story.at(2) == make_error_code(redis::errc::refused).message());
  CHECK(reported.at(1) == "Redis has refused a command: NOPERM no");
}

TEST_CASE("without a connection, histories are not found at once, and topics are kept later",
          "[redis][R-EXT]") {
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.ignore("PING");  // no log-in is finished
  peer.hang_up();
  REQUIRE(eventually([&] { return !broker.statistics().is_connected; }));
  // One of both connections may be there for a moment.
  REQUIRE(eventually([&] {
    answers one;
    history.find(chat, {}, "-mark", one.found());
    return one.at(1) == make_error_code(redis::errc::not_connected).message();
  }));
  history.keep(chat, {}, story.kept());
  CHECK(story.count() == 0);
  peer.answer("EVAL", ":1\r\n");
  peer.answer("PING", "");
  peer.hang_up();
  CHECK(story.at(1) == "kept");
}

TEST_CASE("a search without a reply fails when the connection ends", "[redis][R-EXT]") {
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  REQUIRE(connects(broker));
  peer.ignore("EVAL");
  history.find(chat, {}, "-mark", story.found());
  REQUIRE(eventually([&] { return !words_of_script(peer).empty(); }));
  peer.hang_up();
  CHECK(story.at(1) == make_error_code(redis::errc::ended).message());
  CHECK(broker.statistics().lost == 0);
  CHECK(eventually([&] { return broker.statistics().queued_bytes == 0; }));
}

TEST_CASE("after the end of its broker, a history is closed", "[redis][R-EXT]") {
  redis_peer peer;
  answers story;
  redis_broker broker{quick_options(peer, "app")};
  redis_history history{broker};
  broker.shutdown();
  CHECK(history.publish(message_to_chat("x"), chat.notes, {}) == errc::closed);
  history.find(chat, {}, "-mark", story.found());
  history.keep(chat, {}, story.kept());
  CHECK(story.at(1) == make_error_code(errc::closed).message());
  CHECK(story.at(2) == make_error_code(errc::closed).message());
}

}  // namespace redis_history_tests
