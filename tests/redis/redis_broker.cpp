// SPDX-License-Identifier: BSL-1.0
#include "hawser/redis/redis_broker.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/redis/errc.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

/// What happened, on any thread.
class log {
 public:
  void add(std::string line) {
    const std::lock_guard guard{mutex_};
    all_.push_back(std::move(line));
  }
  lines all() const {
    const std::lock_guard guard{mutex_};
    return all_;
  }
  std::ptrdiff_t count(const std::string& line) const {
    const auto now = all();
    return std::ranges::count(now, line);
  }
  bool has(const std::string& line) const {
    return eventually([&] { return count(line) > 0; });
  }

 private:
  mutable std::mutex mutex_;
  lines all_;
};

/// Reconnects soon, and notes what goes wrong.
redis_broker_options quick(const redis_peer& peer, log& story) {
  auto options = quick_options(peer);
  options.client_name = "test";
  options.on_error = [&story](std::error_code why, std::string_view detail) {
    story.add(why.message() + ": " + std::string{detail});
  };
  options.on_gap = [&story] { story.add("gap"); };
  return options;
}

std::shared_ptr<subscriber> noting(log& story, const std::string& name) {
  auto made = std::make_shared<subscriber>();
  made->on_publication = [&story, name](const publication& got) {
    const auto* const kind = got.message.kind() == message_kind::binary ? " binary " : " ";
    story.add(name + " " + got.topic + kind + std::string{as_text(got.message.payload())} +
              (got.except.empty() ? "" : " except " + std::to_string(got.except.front())));
  };
  made->on_gap = [&story, name] { story.add(name + " gap"); };
  return made;
}

acknowledgement acknowledging(log& story, const std::string& name) {
  return
      [&story, name](std::error_code ec) { story.add(name + " " + (ec ? ec.message() : "live")); };
}

publication message_to(const std::string& topic, std::string_view text) {
  return {topic, prepared_message{text}};
}

TEST_CASE("a connection logs in as Rails' does, and subscribes the internal channel first",
          "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.url = peer.url("ann:secret@") + "/3";
  options.channel_prefix = "app";
  redis_broker broker = broker_for(options);
  const auto ann = noting(story, "ann");
  CHECK_FALSE(broker.subscribe(ann, "chat_1", acknowledging(story, "ann")));
  REQUIRE(story.has("ann live"));
  CHECK_FALSE(broker.publish(message_to("chat_1", R"({"a":1})")));
  REQUIRE(story.has(R"(ann chat_1 {"a":1})"));
  const auto all = peer.commands();
  const lines log_in{"AUTH ann secret", "SELECT 3", "CLIENT SETNAME test", "PING"};
  for (const auto& line : log_in) CHECK(std::ranges::count(all, line) == 2);
  const auto internal = std::ranges::find(all, "SUBSCRIBE _action_cable_internal");
  const auto topic = std::ranges::find(all, "SUBSCRIBE app:chat_1");
  CHECK(internal < topic);
  CHECK(topic < all.end());
  CHECK(all.back() == R"(PUBLISH app:chat_1 {"a":1})");
  const auto now = broker.statistics();
  CHECK(now.is_connected);
  CHECK(now.connections == 2);
  CHECK(now.published == 1);
  CHECK(now.received == 1);
  CHECK(now.upstream == 1);
  CHECK(now.gaps == 0);
}

TEST_CASE(
    "a password without a user is that of the server, and without a database none is selected",
    "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.url = peer.url(":secret@");
  options.client_name.clear();
  const redis_broker broker = broker_for(options);
  REQUIRE(connects(broker));
  const auto all = peer.commands();
  CHECK(std::ranges::count(all, "AUTH secret") == 2);
  CHECK(std::ranges::count_if(all, [](auto& line) { return line.starts_with("SELECT"); }) == 0);
  CHECK(std::ranges::count_if(all, [](auto& line) {
          return line.starts_with("CLIENT SETNAME ActionCable-PID-");
        }) == 2);
}

TEST_CASE("replies may come in pieces, and a payload that is not UTF-8 is binary", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.send_pieces();
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  REQUIRE(story.has("ann live"));
  broker.publish(message_to("news", ""));
  broker.publish(message_to("news", "h\r\nllo"));
  broker.publish({"news", prepared_message{as_bytes("\xff")}});
  REQUIRE(story.has("ann news binary \xff"));
  CHECK(story.all() == lines{"ann live", "ann news ", "ann news h\r\nllo", "ann news binary \xff"});
}

TEST_CASE("Redis has one subscription of a topic while this process has any", "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  const auto bob = noting(story, "bob");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  broker.subscribe(bob, "news", acknowledging(story, "bob"));
  REQUIRE(story.has("bob live"));
  broker.subscribe(ann, "news", acknowledging(story, "again ann"));
  REQUIRE(story.has("again ann live"));
  CHECK(peer.count("SUBSCRIBE news") == 1);
  CHECK(broker.subscriptions() == 2);
  broker.unsubscribe(ann, "news");
  broker.unsubscribe(ann, "none");
  broker.publish(message_to("news", "1"));
  REQUIRE(story.has("bob news 1"));
  CHECK(peer.count("UNSUBSCRIBE news") == 0);
  broker.unsubscribe(bob);
  broker.unsubscribe(bob);
  CHECK(eventually([&] { return peer.count("UNSUBSCRIBE news") == 1; }));
  CHECK(eventually([&] { return broker.statistics().upstream == 0; }));
  CHECK(broker.subscriptions() == 0);
  CHECK(story.count("ann news 1") == 0);
  broker.subscribe(ann, "news/*", acknowledging(story, "pattern"));
  REQUIRE(story.has("pattern live"));
  broker.unsubscribe(ann);
  CHECK(eventually([&] { return peer.count("PUNSUBSCRIBE news/*") == 1; }));
}

TEST_CASE(
    "a subscription is acknowledged when Redis has confirmed it, and fails when it is refused",
    "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.answer("SUBSCRIBE secret", "-NOPERM this user has no permissions to access the channel\r\n");
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "news"));
  broker.subscribe(ann, "secret", acknowledging(story, "secret"));
  broker.subscribe(ann, "other", acknowledging(story, "other"));
  REQUIRE(story.has("other live"));
  CHECK(story.count("news live") == 1);
  CHECK(story.has("secret Redis has refused a command"));
  CHECK(story.count("Redis has refused a command: NOPERM this user has no permissions to access "
                    "the channel") == 1);
  CHECK(broker.subscriptions() == 2);
  broker.publish(message_to("news", "1"));
  CHECK(story.has("ann news 1"));
  // It can be subscribed when Redis allows it.
  peer.answer("SUBSCRIBE secret", "");
  broker.subscribe(ann, "secret", acknowledging(story, "secret"));
  CHECK(story.has("secret live"));
  CHECK(broker.statistics().connections == 2);
}

TEST_CASE("a subscription that ends before Redis has confirmed it is not acknowledged", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.ignore("SUBSCRIBE slow");
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "slow", acknowledging(story, "slow"));
  CHECK(eventually([&] { return peer.count("SUBSCRIBE slow") == 1; }));
  broker.unsubscribe(ann, "slow");
  CHECK(eventually([&] { return peer.count("UNSUBSCRIBE slow") == 1; }));
  // The confirmation comes late.
  peer.send("*3\r\n$9\r\nsubscribe\r\n$4\r\nslow\r\n:2\r\n");
  CHECK(broker.subscriptions() == 0);
  const std::weak_ptr<subscriber> watched = ann;
  CHECK(watched.use_count() == 1);
  CHECK(story.count("slow live") == 0);
}

TEST_CASE("a refused log-in is reported and tried again", "[redis][R-REDIS]") {
  const auto [command, reply, why] = GENERATE(
      std::tuple{"AUTH", "-WRONGPASS invalid username-password pair\r\n",
                 "Redis does not accept the user or the password: WRONGPASS invalid "
                 "username-password pair"},
      std::tuple{"CLIENT", "-NOAUTH Authentication required.\r\n",
                 "Redis does not accept the user or the password: NOAUTH Authentication required."},
      std::tuple{"SELECT", "-ERR DB index is out of range\r\n",
                 "Redis has refused a command: ERR DB index is out of range"},
      std::tuple{"PING", "-LOADING Redis is loading the dataset in memory\r\n",
                 "Redis is not ready: LOADING Redis is loading the dataset in memory"},
      std::tuple{"PING", ":1\r\n", "what Redis sent is not a reply to the command: "},
      std::tuple{"PING", "HTTP/1.1 400 Bad Request\r\n",
                 "what Redis sent is not a reply to the command: "});
  const std::string expected = why;
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.answer(command, reply);
  log story;
  auto options = quick(peer, story);
  options.url = peer.url("ann:secret@") + "/1";
  redis_broker broker = broker_for(options);
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  broker.publish(message_to("other", "kept"));
  CHECK(eventually([&] { return story.count(expected) >= 3; }));
  CHECK(story.count("ann live") == 0);
  CHECK_FALSE(broker.statistics().is_connected);
  peer.answer(command, "");
  CHECK(story.has("ann live"));
  CHECK(eventually([&] { return peer.count("PUBLISH other kept") == 1; }));
  CHECK(story.count("gap") == 0);
}

TEST_CASE("a user that may neither name the connection nor ping is connected", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.answer("CLIENT", "-NOPERM no\r\n");
  peer.answer("PING", "-NOPERM no\r\n");
  peer.answer("SUBSCRIBE _action", "-NOPERM no\r\n");
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  CHECK(story.has("ann live"));
  // It lacks nothing, so there is no error.
  CHECK(story.all() == lines{"ann live"});
}

TEST_CASE("after a lost connection all is subscribed again and the gap is reported",
          "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  asio::io_context context{1};
  auto working = asio::make_work_guard(context);
  std::thread loop{[&] { context.run(); }};
  const auto ann = noting(story, "ann");
  auto bob = std::make_shared<subscriber>(context.get_executor());
  bob->on_gap = [&] { story.add("bob gap"); };
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  broker.subscribe(bob, "news", acknowledging(story, "bob"));
  broker.subscribe(bob, "a/*", acknowledging(story, "pattern"));
  REQUIRE(story.has("pattern live"));
  for (int round = 1; round <= 3; ++round) {
    peer.hang_up();
    CHECK(eventually([&] { return story.count("gap") == round; }));
    CHECK(eventually([&] { return story.count("bob gap") == round; }));
    CHECK(story.count("ann gap") == round);
    CHECK(peer.count("SUBSCRIBE news") == round + 1);
    CHECK(peer.count("PSUBSCRIBE a/*") == round + 1);
    CHECK(connects(broker));
    broker.publish(message_to("news", std::to_string(round)));
    CHECK(story.has("ann news " + std::to_string(round)));
  }
  CHECK(broker.statistics().gaps == 3);
  CHECK(story.count("ann live") == 1);
  CHECK(story.count("Redis has ended the connection: ") >= 3);
  broker.unsubscribe(bob);
  working.reset();
  loop.join();
}

TEST_CASE("a peer that has become silent is left", "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.ping_interval = options.ping_timeout = 20ms;
  redis_broker broker = broker_for(options);
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  REQUIRE(story.has("ann live"));
  REQUIRE(connects(broker));
  // Tests pass on both connections.
  CHECK(eventually([&] { return peer.count("PING") >= 8; }));
  peer.ignore("PING");
  CHECK(eventually([&] { return story.count("Redis did not answer in time: ") >= 2; }));
  peer.answer("PING", "");
  CHECK(story.has("gap"));
}

TEST_CASE("a peer that accepts connections and does not answer is left", "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  for (const auto* each : {"CLIENT", "PING"}) peer.ignore(each);
  log story;
  auto options = quick(peer, story);
  options.connect_timeout = 20ms;
  const redis_broker broker = broker_for(options);
  CHECK(eventually([&] { return story.count("Redis did not answer in time: ") >= 4; }));
}

TEST_CASE("without a connection publications wait up to the limit, or are refused",
          "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.ignore("PING");
  log story;
  auto options = quick(peer, story);
  SECTION("they wait") {
    options.max_queued_bytes = 1'000;
    redis_broker broker = broker_for(options);
    std::size_t accepted = 0;
    std::error_code ec;
    while (!(ec = broker.publish(
                 message_to("news", std::string(100, 'x') + std::to_string(accepted))))) {
      ++accepted;
    }
    CHECK(ec == redis::errc::queue_full);
    CHECK(accepted >= 6);
    CHECK(accepted < 10);
    CHECK(broker.statistics().queued_bytes <= 1'000);
    peer.answer("PING", "");
    peer.hang_up();
    CHECK(eventually([&] { return broker.statistics().confirmed == accepted; }));
    CHECK(broker.statistics().queued_bytes == 0);
    lines published;
    for (const auto& line : peer.commands()) {
      if (line.starts_with("PUBLISH")) published.push_back(line);
    }
    REQUIRE(published.size() == accepted);
    for (std::size_t i = 0; i < accepted; ++i)
      CHECK(published[i].ends_with("x" + std::to_string(i)));
  }
  SECTION("they are refused") {
    options.during_outage = redis_outage::refuse;
    redis_broker broker = broker_for(options);
    CHECK(broker.publish(message_to("news", "1")) == redis::errc::not_connected);
    peer.answer("PING", "");
    peer.hang_up();
    REQUIRE(connects(broker));
    CHECK_FALSE(broker.publish(message_to("news", "2")));
    CHECK(eventually([&] { return broker.statistics().confirmed == 1; }));
    CHECK(peer.count("PUBLISH news 1") == 0);
  }
}

TEST_CASE("a publication without a reply is not sent again when the connection has ended",
          "[redis][R-REDIS]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.ignore("PUBLISH");
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  broker.publish(message_to("news", "1"));
  CHECK(eventually([&] { return peer.count("PUBLISH news 1") == 1; }));
  CHECK(broker.statistics().queued_bytes > 0);
  peer.answer("PUBLISH", "");
  peer.hang_up();
  CHECK(eventually([&] { return broker.statistics().lost == 1; }));
  CHECK(broker.statistics().queued_bytes == 0);
  broker.publish(message_to("news", "2"));
  CHECK(eventually([&] { return peer.count("PUBLISH news 2") == 1; }));
  CHECK(peer.count("PUBLISH news 1") == 1);
}

TEST_CASE("a publication that Redis refuses is counted and reported", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.answer("PUBLISH", "-OOM command not allowed when used memory > 'maxmemory'\r\n");
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  broker.publish(message_to("news", "1"));
  CHECK(story.has(
      "Redis has refused a command: OOM command not allowed when used memory > 'maxmemory'"));
  CHECK(broker.statistics().refused == 1);
  CHECK(broker.statistics().confirmed == 0);
}

TEST_CASE("sessions are excepted in the process that has published, and in no other", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  log other_story;
  redis_broker broker = broker_for(quick(peer, story));
  redis_broker other = broker_for(quick(peer, other_story));
  const auto ann = noting(story, "ann");
  const auto bob = noting(other_story, "bob");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  other.subscribe(bob, "news", acknowledging(other_story, "bob"));
  REQUIRE(story.has("ann live"));
  REQUIRE(other_story.has("bob live"));
  for (int round = 0; round < 3; ++round) {
    auto one = message_to("news", "x");
    one.except = {7};
    broker.publish(std::move(one));
    CHECK(eventually([&] { return story.count("ann news x except 7") == round + 1; }));
    CHECK(eventually([&] { return other_story.count("bob news x") == 2 * round + 1; }));
    other.publish(message_to("news", "x"));
    CHECK(eventually([&] { return story.count("ann news x") == round + 1; }));
    CHECK(eventually([&] { return other_story.count("bob news x") == 2 * round + 2; }));
  }
}

TEST_CASE("a note is published with its message, whose bytes it does not change",
          "[redis][R-EXT]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.channel_prefix = "app";
  redis_broker broker = broker_for(options);
  peer.answer("EVAL", ":2\r\n");
  CHECK_FALSE(broker.publish_noted(message_to("news", "x y"), "notes", "!t"));
  REQUIRE(eventually([&] { return broker.statistics().confirmed == 1; }));
  const auto all = peer.commands();
  const auto found =
      std::ranges::find_if(all, [](const auto& line) { return line.starts_with("EVAL "); });
  REQUIRE(found != all.end());
  CHECK(found->ends_with(" 0 app:news app:notes !t x y"));
  CHECK(broker.publish_noted(message_to("rooms/*", "x"), "notes", "!t") == errc::bad_topic);
  peer.answer("EVAL", "-NOPERM no\r\n");
  CHECK_FALSE(broker.publish_noted(message_to("news", "x"), "notes", "!t"));
  CHECK(story.has("Redis has refused a command: NOPERM no"));
}

TEST_CASE("replies that are not expected end the connection and nothing else", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  redis_broker broker = broker_for(quick(peer, story));
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  REQUIRE(story.has("ann live"));
  int gaps = 0;
  for (const auto* bytes : {"+OK\r\n", ":1\r\n", "-ERR no\r\n", "$-1\r\n", "*0\r\n", "*-1\r\n",
                            "*1\r\n$7\r\nmessage\r\n", "*2\r\n$7\r\nmessage\r\n$4\r\nnews\r\n",
                            "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n:1\r\n",
                            "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$-1\r\n",
                            "*3\r\n$8\r\npmessage\r\n$1\r\n*\r\n$4\r\nnews\r\n",
                            "*3\r\n$9\r\nsubscribe\r\n$5\r\nother\r\n:1\r\n",
                            "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n",
                            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
                            "$99999999999999999999\r\n", "\r\n", "?\r\n"}) {
    INFO(bytes);
    peer.send(bytes);
    ++gaps;
    REQUIRE(eventually([&] { return story.count("gap") == gaps; }));
    CHECK(story.count("what Redis sent is not a reply to the command: ") == gaps);
  }
  // These are harmless.
  peer.send(
      "*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$1\r\nx\r\n*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$"
      "4\r\nnews\r\n$1\r\nx\r\n");
  broker.publish(message_to("news", "1"));
  CHECK(story.has("ann news 1"));
  CHECK(story.count("gap") == gaps);
  CHECK(story.count("ann news x") == 0);
}

TEST_CASE("a publication from Redis that is too large ends the connection", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.max_reply_bytes = 1'000;
  redis_broker broker = broker_for(options);
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  REQUIRE(story.has("ann live"));
  peer.send("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2000\r\n" + std::string(1'500, 'x'));
  CHECK(story.has("a reply of Redis is too large: "));
  CHECK(story.has("gap"));
}

TEST_CASE(
    "what was published leaves before a broker is destroyed, and nothing is accepted afterwards",
    "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  log story;
  auto options = quick(peer, story);
  options.flush_timeout = soon;
  redis_broker broker = broker_for(options);
  const auto ann = noting(story, "ann");
  broker.subscribe(ann, "news", acknowledging(story, "ann"));
  for (int i = 0; i < 1'000; ++i) broker.publish(message_to("news", std::to_string(i)));
  {
    redis_broker brief = broker_for(options);
    for (int i = 0; i < 1'000; ++i) brief.publish(message_to("brief", std::to_string(i)));
  }
  CHECK(peer.count("PUBLISH brief 999") == 1);
  broker.shutdown();
  CHECK(broker.publish(message_to("news", "1")) == errc::closed);
  CHECK(broker.subscribe(ann, "news") == errc::closed);
  CHECK(broker.publish(message_to("*", "1")) == errc::bad_topic);
  CHECK(broker.subscribe(ann, "**/a") == errc::bad_topic);
  CHECK(broker.subscriptions() == 0);
  broker.unsubscribe(ann, "news");
  broker.unsubscribe(ann);
  broker.shutdown();
  CHECK(eventually([&] { return peer.count("PUBLISH news 999") == 1; }));
}

TEST_CASE("a broker without Redis is destroyed when the time to flush has passed", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  peer.ignore("PING");
  log story;
  auto options = quick(peer, story);
  options.flush_timeout = GENERATE(0ms, 20ms);
  const auto begin = std::chrono::steady_clock::now();
  {
    redis_broker broker = broker_for(options);
    broker.publish(message_to("news", "1"));
  }
  CHECK(std::chrono::steady_clock::now() - begin < soon);
  CHECK(peer.count("PUBLISH news 1") == 0);
}

TEST_CASE("a server that cannot be reached is reported", "[redis]") {
  asio::io_context context{1};
  asio::ip::tcp::socket unused{context,
                               asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  log story;
  redis_broker_options options;
  options.on_error = [&](std::error_code why, std::string_view detail) {
    story.add(why.category().name() + std::string{" "} + std::string{detail});
  };
  const auto port = std::to_string(unused.local_endpoint().port());
  options.url = GENERATE_COPY("redis://127.0.0.1:" + port, "rediss://127.0.0.1:" + port,
                              std::string{"unix:/nowhere/redis.sock"});
  redis_broker broker = broker_for(options);
  CHECK(eventually([&] { return story.all().size() >= 2; }));
}

std::ptrdiff_t threads_of_process() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, {});
}

TEST_CASE("a broker may be destroyed in a function that it calls", "[redis]") {
  redis_peer peer{redis_tls(GENERATE(false, true))};
  const auto before = threads_of_process();
  log story;
  std::unique_ptr<redis_broker> broker;
  auto ann = std::make_shared<subscriber>();
  SECTION("of a subscriber") {
    broker.reset(new redis_broker(broker_for(quick(peer, story))));
    ann->on_publication = [&](const publication&) {
      broker.reset();
      story.add("destroyed");
    };
    broker->subscribe(ann, "news", acknowledging(story, "ann"));
    REQUIRE(story.has("ann live"));
    // Not by publish(), which this thread would still execute when the other one destroys the broker.
    peer.send("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n1\r\n");
  }
  SECTION("of an error") {
    auto options = quick(peer, story);
    peer.answer("PING", "-LOADING\r\n");
    const auto made = std::make_shared<std::mutex>();
    options.on_error = [&, made](std::error_code, std::string_view) {
      const std::lock_guard guard{*made};
      if (!broker) return;
      broker.reset();
      story.add("destroyed");
    };
    const std::lock_guard guard{*made};
    broker.reset(new redis_broker(broker_for(options)));
  }
  CHECK(story.has("destroyed"));
  // The broker's own thread ends by itself. At the end of the program, OpenSSL's memory of a thread would be a leak.
  CHECK(eventually([&] { return threads_of_process() == before; }));
}

TEST_CASE("the options of a broker for Redis have the documented defaults", "[redis]") {
  const auto& [url, prefix, name, reconnect, outage, queued, delivery, reply, connecting, interval,
               silence, flush, on_error, on_gap] = redis_broker_options{};
  CHECK(url == "redis://localhost:6379");
  CHECK((prefix.empty() && name.empty() && !on_error && !on_gap));
  CHECK((reconnect.base == 200ms && reconnect.cap == 10s && reconnect.max_attempts == 0));
  CHECK(outage == redis_outage::queue);
  CHECK(queued == 16U * 1024 * 1024);
  CHECK((delivery == 64U * 1024 * 1024 && reply == delivery));
  CHECK((connecting == 10s && interval == 5s && silence == 10s && flush == 1s));
}

TEST_CASE("options that are not valid are errors at once", "[redis]") {
  const auto error_of = [](const redis_broker_options& options) {
    try {
      const redis_broker broker{options};
    } catch (const std::system_error& thrown) {
      return thrown.code();
    }
    return std::error_code{};
  };
  CHECK(error_of({.url = "rediss://localhost"}) == redis::errc::no_tls);
  CHECK(error_of({.url = "localhost:6379"}) == redis::errc::bad_url);
  CHECK(error_of({.url = "unix:/" + std::string(200, 'x')}) == asio::error::name_too_long);
  CHECK(error_of({.client_name = "a b"}) == redis::errc::bad_options);
  CHECK(error_of({.reconnect = {.max_attempts = 3}}) == redis::errc::bad_options);
}

}  // namespace
