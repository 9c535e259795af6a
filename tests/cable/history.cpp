// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/history.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::cable;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using steady_time = std::chrono::steady_clock::time_point;

history_time time_at(std::int64_t second) {
  return {steady_time{std::chrono::hours{24} + std::chrono::seconds{second}}, 1'000'000 + second};
}

constexpr std::int64_t wall_second(std::int64_t second) { return 1'000'000 + second; }

std::vector<std::string> texts_of_history(const history_result& found) {
  std::vector<std::string> all;
  for (const auto& one : found.messages) all.emplace_back(hawser::as_text(one.text.payload()));
  return all;
}

using history_lines = std::vector<std::string>;

TEST_CASE("a history returns the messages after a position", "[R-EXT]") {
  history kept{"e"};
  CHECK(kept.append("a", prepared_message{"1"}, {}, time_at(0)) == history_position{"e", 1});
  CHECK(kept.append("b", prepared_message{"x"}, {}, time_at(0)) == history_position{"e", 1});
  CHECK(kept.append("a", prepared_message{"2"}, {}, time_at(1)) == history_position{"e", 2});
  CHECK(kept.append("a", prepared_message{"3"}, {}, time_at(2)) == history_position{"e", 3});

  const auto found = kept.after("a", {"e", 1}, time_at(3));
  CHECK(found.status == history_status::found);
  CHECK(found.epoch == "e");
  CHECK(texts_of_history(found) == history_lines{"2", "3"});
  CHECK(found.messages[0].offset == 2);
  CHECK(texts_of_history(kept.after("a", {"e", 0}, time_at(3))) == history_lines{"1", "2", "3"});
  CHECK(kept.after("a", {"e", 3}, time_at(3)).status == history_status::found);
  CHECK(kept.after("a", {"e", 3}, time_at(3)).messages.empty());
}

TEST_CASE("a history refuses positions that it cannot continue", "[R-EXT]") {
  history kept{"e"};
  for (int i = 1; i <= 150; ++i) {
    kept.append("a", prepared_message{std::to_string(i)}, {}, time_at(0));
  }
  CHECK(kept.after("none", {"e", 0}, time_at(0)).status == history_status::unknown_stream);
  CHECK(kept.after("a", {"f", 150}, time_at(0)).status == history_status::other_epoch);
  CHECK(kept.after("a", {"", 150}, time_at(0)).status == history_status::other_epoch);
  CHECK(kept.after("a", {"e", 151}, time_at(0)).status == history_status::too_new);
  CHECK(kept.after("a", {"e", UINT64_MAX}, time_at(0)).status == history_status::too_new);
  // The newest 100 are kept: message 50 is not.
  CHECK(kept.after("a", {"e", 49}, time_at(0)).status == history_status::too_old);
  CHECK(kept.after("a", {"e", 49}, time_at(0)).messages.empty());
  CHECK(kept.after("a", {"e", 0}, time_at(0)).status == history_status::too_old);
  CHECK(texts_of_history(kept.after("a", {"e", 50}, time_at(0))).front() == "51");
  CHECK(texts_of_history(kept.after("a", {"e", 50}, time_at(0))).size() == 100);
}

TEST_CASE("a history returns the messages since a time", "[R-EXT]") {
  history kept{"e"};
  for (int i = 0; i < 5; ++i) {
    kept.append("a", prepared_message{std::to_string(i)}, {}, time_at(i));
  }
  CHECK(texts_of_history(kept.since("a", wall_second(3), time_at(5))) == history_lines{"3", "4"});
  CHECK(texts_of_history(kept.since("a", INT64_MIN, time_at(5))).size() == 5);
  CHECK(texts_of_history(kept.since("a", INT64_MAX, time_at(5))).empty());
  CHECK(kept.since("none", 0, time_at(5)).status == history_status::found);
  CHECK(kept.since("none", 0, time_at(5)).messages.empty());
}

TEST_CASE("a history keeps messages for their time, and offsets ten times as long", "[R-EXT]") {
  history kept{"e"};
  kept.append("a", prepared_message{"1"}, {}, time_at(0));
  kept.append("a", prepared_message{"2"}, {}, time_at(100));
  CHECK(texts_of_history(kept.after("a", {"e", 0}, time_at(299))) == history_lines{"1", "2"});
  CHECK(kept.after("a", {"e", 0}, time_at(300)).status == history_status::too_old);
  CHECK(texts_of_history(kept.after("a", {"e", 1}, time_at(300))) == history_lines{"2"});
  CHECK(texts_of_history(kept.since("a", 0, time_at(300))) == history_lines{"2"});
  CHECK(kept.after("a", {"e", 1}, time_at(400)).status == history_status::too_old);
  CHECK(kept.after("a", {"e", 2}, time_at(400)).status == history_status::found);
  CHECK(kept.after("a", {"e", 2}, time_at(3099)).status == history_status::found);
  CHECK(kept.append("a", prepared_message{"3"}, {}, time_at(3099)) == history_position{"e", 3});
  kept.expire(time_at(6098));
  CHECK(kept.streams() == 1);
  kept.expire(time_at(6099));
  CHECK(kept.streams() == 0);
  CHECK(kept.bytes() == 0);
}

TEST_CASE("a stream that was forgotten does not continue its offsets", "[R-EXT]") {
  history kept{"e", {.max_streams = 2}};
  kept.append("a", prepared_message{"1"}, {}, time_at(0));
  CHECK(kept.after("a", {"e", 1}, time_at(3000)).status == history_status::unknown_stream);
  const auto again = kept.append("a", prepared_message{"x"}, {}, time_at(3000));
  CHECK(again.offset == 1);
  CHECK(again.epoch != "e");
  CHECK(kept.after("a", {"e", 1}, time_at(3000)).status == history_status::other_epoch);
  // Also if it was forgotten by a limit, and if it is appended when its time has passed.
  kept.append("b", prepared_message{"1"}, {}, time_at(3000));
  kept.append("c", prepared_message{"1"}, {}, time_at(3000));
  const auto third = kept.append("a", prepared_message{"1"}, {}, time_at(3000));
  CHECK(third.epoch != again.epoch);
  CHECK(kept.append("a", prepared_message{"1"}, {}, time_at(9000)).epoch != third.epoch);
}

TEST_CASE("a gap begins a new epoch, and refuses what is from before", "[R-EXT][R-REDIS]") {
  history kept{"e"};
  kept.append("a", prepared_message{"1"}, {}, time_at(0));
  kept.break_epoch("a", {}, time_at(10));
  CHECK(kept.after("a", {"e", 1}, time_at(10)).status == history_status::other_epoch);
  CHECK(kept.since("a", wall_second(10), time_at(10)).status == history_status::gap);
  CHECK(kept.since("a", wall_second(11), time_at(11)).status == history_status::found);
  const auto next = kept.append("a", prepared_message{"2"}, {}, time_at(11));
  CHECK(next.offset == 1);
  CHECK(next.epoch != "e");
  CHECK(texts_of_history(kept.after("a", {next.epoch, 0}, time_at(11))) == history_lines{"2"});
  CHECK(texts_of_history(kept.since("a", wall_second(11), time_at(11))) == history_lines{"2"});

  // A stream without messages: a request for its past fails, too.
  kept.break_epoch("b", {}, time_at(10));
  CHECK(kept.since("b", wall_second(5), time_at(11)).status == history_status::gap);
  CHECK(kept.append("b", prepared_message{"1"}, {}, time_at(12)).epoch != next.epoch);
}

TEST_CASE("any number of stream names and any messages stay within the limits", "[R-EXT]") {
  history kept{"e", {.max_streams = 10, .max_bytes = 100'000}};
  for (int i = 0; i < 1000; ++i) {
    kept.append("stream " + std::to_string(i), prepared_message{"x"}, {}, time_at(0));
    REQUIRE(kept.streams() <= 10);
  }
  CHECK(texts_of_history(kept.since("stream 999", 0, time_at(0))) == history_lines{"x"});
  CHECK(texts_of_history(kept.since("stream 990", 0, time_at(0))) == history_lines{"x"});
  CHECK(kept.after("stream 989", {"e", 0}, time_at(0)).status == history_status::unknown_stream);

  // The bytes, from the stream whose last message is the oldest.
  const std::string large(40'000, 'x');
  kept.append("stream 991", prepared_message{large}, {}, time_at(0));
  kept.append("stream 992", prepared_message{large}, {}, time_at(0));
  kept.append("stream 991", prepared_message{large}, {}, time_at(0));
  CHECK(kept.bytes() <= 100'000);
  CHECK(kept.after("stream 992", {"e", 0}, time_at(0)).status == history_status::unknown_stream);
  CHECK(kept.since("stream 991", 0, time_at(0)).messages.size() == 3);

  // Within one stream, and one message.
  kept.append("stream 991", prepared_message{large}, {}, time_at(0));
  CHECK(kept.bytes() <= 100'000);
  CHECK(kept.since("stream 991", 0, time_at(0)).messages.size() == 2);
  const auto last =
      kept.append("stream 991", prepared_message{std::string(200'000, 'x')}, {}, time_at(0));
  CHECK(kept.bytes() <= 100'000);
  CHECK(last.offset == 5);
  CHECK(kept.after("stream 991", {last.epoch, 4}, time_at(0)).status == history_status::too_old);
  CHECK(kept.after("stream 991", last, time_at(0)).status == history_status::found);
  kept.append("stream 991", prepared_message{"y"}, {}, time_at(0));
  CHECK(texts_of_history(kept.after("stream 991", last, time_at(0))) == history_lines{"y"});
}

TEST_CASE("limits and times of zero are none", "[R-EXT]") {
  history kept{"e", {.max_streams = 0, .max_bytes = 0}};
  for (int i = 0; i < 500; ++i) {
    kept.append("a", prepared_message{"x"}, {.max_messages = 0, .ttl = 0s}, time_at(0));
  }
  CHECK(kept.since("a", 0, time_at(100'000'000)).messages.size() == 500);
  // Nor does the longest time overflow.
  kept.append("b", prepared_message{"x"}, {.ttl = std::chrono::seconds::max()}, time_at(0));
  CHECK(kept.since("b", 0, time_at(100'000'000)).messages.size() == 1);
}

/// What is expected of one stream: all that was ever appended to it.
struct model_message {
  std::string text;
  std::int64_t second = 0;
};

TEST_CASE("a history agrees with a list of all messages", "[R-EXT]") {
  std::mt19937 random{1};
  const history_options options{.max_messages = 5, .ttl = 20s};
  history kept{"e"};
  std::map<std::string, std::vector<model_message>> all;
  std::int64_t second = 0;
  for (int i = 0; i < 20'000; ++i) {
    second += static_cast<std::int64_t>(random() % 3);
    const auto name = std::string(1, static_cast<char>('a' + random() % 3));
    auto& sent = all[name];
    // An expired message is never the newest without those before it, as their times grow.
    const auto is_kept = [&](std::size_t index) {
      return sent.size() - index <= 5 && second - sent[index].second < 20;
    };
    switch (random() % 3) {
      case 0: {
        sent.push_back({std::to_string(i), second});
        const auto made =
            kept.append(name, prepared_message{std::to_string(i)}, options, time_at(second));
        REQUIRE(made == history_position{"e", sent.size()});
        break;
      }
      case 1: {
        const auto offset = random() % (sent.size() + 2);
        const auto found = kept.after(name, {"e", offset}, time_at(second));
        if (sent.empty()) {
          REQUIRE(found.status == history_status::unknown_stream);
        } else if (offset > sent.size()) {
          REQUIRE(found.status == history_status::too_new);
        } else if (offset < sent.size() && !is_kept(offset)) {
          REQUIRE(found.status == history_status::too_old);
        } else {
          REQUIRE(found.status == history_status::found);
          REQUIRE(found.messages.size() == sent.size() - offset);
          for (const auto& one : found.messages) {
            REQUIRE(hawser::as_text(one.text.payload()) == sent[one.offset - 1].text);
          }
        }
        break;
      }
      default: {
        const auto from = second - static_cast<std::int64_t>(random() % 30);
        history_lines expected;
        for (std::size_t n = 0; n < sent.size(); ++n) {
          if (is_kept(n) && sent[n].second >= from) expected.push_back(sent[n].text);
        }
        REQUIRE(texts_of_history(kept.since(name, wall_second(from), time_at(second))) == expected);
      }
    }
  }
}

}  // namespace
