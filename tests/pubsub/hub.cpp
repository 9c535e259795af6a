// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/hub.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/live_server.hpp"
#include "support/lone_session.hpp"
#include "support/printers.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

std::string text_of(const byte_vector& all) {
  std::string texts;
  for (const auto& one : frames_in(all)) texts += std::string{as_text(one.payload)} + ' ';
  return texts;
}

/// Runs the session, and returns the payloads that have arrived, each with a space after it.
std::string arrived(lone_session& one) {
  one.context.restart();
  one.context.poll();
  one.far.non_blocking(true);
  byte_vector all(100'000);
  std::error_code ec;
  all.resize(one.far.read_some(asio::buffer(all), ec));
  return text_of(all);
}

void publish(hub& topics, std::string_view topic, std::string_view text) {
  CHECK_FALSE(topics.publish(topic, prepared_message{text}));
}

TEST_CASE("a session gets what is published to its topics", "[hub]") {
  lone_session one;
  lone_session two;
  hub topics;
  const auto ann = one.open();
  const auto bob = two.open();
  publish(topics, "news", "0");
  CHECK_FALSE(topics.subscribe(ann, "news"));
  CHECK_FALSE(topics.subscribe(ann, "news"));
  CHECK_FALSE(topics.subscribe(ann, "rooms/*"));
  CHECK_FALSE(topics.subscribe(bob, "**"));
  CHECK_FALSE(topics.subscribe(bob, "rooms/1"));
  CHECK(topics.topics(ann) == lines{"news", "rooms/*"});
  CHECK(topics.subscribers("news") == 1);
  CHECK(topics.subscribers("none") == 0);

  publish(topics, "news", "1");
  publish(topics, "rooms/1", "2");
  publish(topics, "rooms/1/typing", "3");
  CHECK(arrived(one) == "1 2 ");
  CHECK(arrived(two) == "1 2 3 ");

  CHECK_FALSE(topics.publish("rooms/1", prepared_message{"4"}, {ann, session{}}));
  CHECK_FALSE(topics.publish("rooms/1", prepared_message{"5"}, {bob, ann}));
  CHECK(arrived(one).empty());
  CHECK(arrived(two) == "4 ");

  topics.unsubscribe(ann, "news");
  topics.unsubscribe(ann, "news");
  topics.unsubscribe(bob);
  publish(topics, "news", "6");
  publish(topics, "rooms/1", "7");
  CHECK(arrived(one) == "7 ");
  CHECK(arrived(two).empty());
  CHECK(topics.topics(bob).empty());

  const auto now = topics.statistics();
  CHECK(now.sessions == 1);
  CHECK(now.topics == 1);
  CHECK(now.subscriptions == 1);
  CHECK(now.published == 8);
  CHECK(now.delivered == 7);
  CHECK(now.dropped == 0);
}

TEST_CASE("a session gets what is published after its subscription, and nothing after it has ended",
          "[hub]") {
  lone_session one;
  hub topics;
  const auto ann = one.open();
  publish(topics, "a", "1");
  topics.subscribe(ann, "a", [&](std::error_code ec) {
    CHECK_FALSE(ec);
    ann.send("live");
  });
  publish(topics, "a", "2");
  topics.subscribe(ann, "b");
  publish(topics, "b", "3");
  topics.unsubscribe(ann, "b");
  topics.subscribe(ann, "b");
  CHECK(arrived(one) == "live 2 ");
  // Also if the subscription is acknowledged after it has ended.
  topics.subscribe(ann, "c", [](std::error_code) { FAIL(); });
  topics.unsubscribe(ann, "c");
  CHECK(arrived(one).empty());
}

TEST_CASE("invalid topics, limits and ended sessions are errors", "[hub]") {
  lone_session one;
  hub topics{{.max_topics_per_session = 2, .max_topic_length = 10}};
  const auto ann = one.open();
  for (const auto* name : {"", "a*/**/b", "**/a", "a\n", "12345678901"}) {
    CHECK(topics.subscribe(ann, name) == errc::bad_topic);
    CHECK(topics.publish(name, prepared_message{"x"}) == errc::bad_topic);
  }
  for (const auto* name : {"*", "**", "a/*", "*/a", "a*/**"}) {
    CHECK(topics.publish(name, prepared_message{"x"}) == errc::bad_topic);
  }
  CHECK_FALSE(topics.publish("a*", prepared_message{"x"}));
  CHECK(topics.publish("a", prepared_message{"\xff"}) == errc::invalid_utf8);
  CHECK_FALSE(topics.subscribe(ann, "a"));
  CHECK_FALSE(topics.subscribe(ann, "1234567890"));
  CHECK(topics.subscribe(ann, "c") == errc::too_many_topics);
  CHECK_FALSE(topics.subscribe(ann, "a"));
  topics.unsubscribe(ann, "a");
  CHECK_FALSE(topics.subscribe(ann, "c"));

  CHECK(topics.subscribe(session{}, "a") == errc::closed);
  topics.unsubscribe(session{}, "a");
  topics.unsubscribe(session{});
  CHECK(topics.topics(session{}).empty());
  ann.close();
  CHECK(topics.subscribe(ann, "a") == errc::closed);
  CHECK(topics.statistics().published == 1);
}

TEST_CASE("limits of zero are no limits", "[hub]") {
  lone_session one;
  hub topics{{.max_topics_per_session = 0, .max_topic_length = 0, .max_queued_bytes = 0}};
  const auto ann = one.open();
  for (int i = 0; i < 1'001; ++i) {
    REQUIRE_FALSE(topics.subscribe(ann, std::string(5'000, 'x') + std::to_string(i)));
  }
  publish(topics, std::string(5'000, 'x') + "7", "1");
  CHECK(arrived(one) == "1 ");
}

TEST_CASE("the subscriptions of a session end with it, before on_close", "[hub]") {
  hub topics;
  lone_session one;
  std::error_code in_on_close;
  std::size_t subscribers = 9;
  one.handlers.on_close = [&](session& peer, const closed&) {
    subscribers = topics.subscribers("a");
    in_on_close = topics.subscribe(peer, "a");
    topics.unsubscribe(peer, "a");
    publish(topics, "a", "2");
  };
  const auto ann = one.open();
  topics.subscribe(ann, "a");
  topics.subscribe(ann, "b/**");
  publish(topics, "a", "1");
  one.far.close();
  one.run();
  CHECK(subscribers == 0);
  CHECK(in_on_close == errc::closed);
  CHECK(topics.subscribe(ann, "a") == errc::closed);
  const auto now = topics.statistics();
  CHECK(now.sessions + now.topics + now.subscriptions == 0);
}

TEST_CASE("a hub keeps no session, and a session no hub", "[hub]") {
  std::optional<lone_session> one{std::in_place};
  hub topics;
  std::optional<hub> other{std::in_place};
  auto ann = one->open();
  topics.subscribe(ann, "a");
  other->subscribe(ann, "a");
  publish(topics, "a", "1");
  publish(*other, "a", "2");
  SECTION("the hub is destroyed first") {
    other.reset();
    CHECK(arrived(*one) == "1 ");
    one.reset();
  }
  SECTION("the context ends first") {
    one.reset();
    CHECK(topics.statistics().subscriptions == 0);
    CHECK(other->statistics().subscriptions == 0);
    publish(topics, "a", "3");
    CHECK(topics.subscribe(ann, "b") == errc::closed);
    ann = {};
    publish(topics, "a", "4");
  }
  SECTION("the handle is dropped first") {
    ann = {};
    CHECK(arrived(*one) == "1 2 ");
  }
}

TEST_CASE("a session whose send budget is exceeded misses messages, which are counted and reported",
          "[hub]") {
  using policy = send_budget::policy;
  const auto when_exceeded = GENERATE(policy::refuse, policy::drop, policy::close);
  lone_session one;
  lone_session two;
  lines missed;
  hub topics{{.on_dropped = [&](session& peer, const publication& lost, std::error_code why) {
    CHECK(why == errc::send_budget_exceeded);
    missed.push_back(lost.topic);
    if (when_exceeded == policy::drop) topics.unsubscribe(peer, lost.topic);
  }}};
  const auto slow = one.open({}, {.hard = 200'000, .when_exceeded = when_exceeded});
  const auto other = two.open();
  topics.subscribe(slow, "a");
  topics.subscribe(other, "a");
  const prepared_message large{std::string(150'000, 'x')};
  std::size_t published = 0;
  // What the kernel takes is not queued.
  for (; missed.empty() && published < 100; ++published) {
    CHECK_FALSE(topics.publish("a", large));
    one.context.restart();
    one.context.poll();
    two.context.restart();
    two.context.poll();
  }
  CHECK(missed == lines{"a"});
  CHECK(slow.is_open() == (when_exceeded != policy::close));
  CHECK(topics.topics(slow).empty() == (when_exceeded == policy::drop));
  const auto now = topics.statistics();
  CHECK(now.dropped == 1);
  CHECK(now.published == published);
  CHECK(now.delivered == 2 * published - 1);
}

TEST_CASE("a message that alone exceeds the send budget is reported", "[hub]") {
  lone_session one;
  std::error_code reported;
  hub topics{
      {.on_dropped = [&](session&, const publication&, std::error_code why) { reported = why; }}};
  const auto ann = one.open({}, {.hard = 2'000});
  topics.subscribe(ann, "a");
  publish(topics, "a", std::string(2'001, 'x'));
  publish(topics, "a", "1");
  CHECK(arrived(one) == "1 ");
  CHECK(reported == errc::message_exceeds_budget);
  CHECK(topics.statistics().dropped == 1);
}

TEST_CASE("publications for a busy loop are limited in bytes", "[hub]") {
  lone_session one;
  hub topics{{.max_queued_bytes = 3'000}};
  const auto ann = one.open();
  topics.subscribe(ann, "a");
  for (int i = 0; i < 4; ++i) publish(topics, "a", std::string(1'000, static_cast<char>('0' + i)));
  const auto got = arrived(one);
  CHECK(got.starts_with("000"));
  CHECK(got.ends_with("111 "));
  CHECK(topics.statistics().dropped == 2);
  CHECK(topics.statistics().delivered == 2);
}

TEST_CASE("the hub may be destroyed by its hook", "[hub]") {
  lone_session one;
  std::optional<hub> topics;
  int calls = 0;
  topics.emplace(hub_options{.on_dropped = [&](session&, const publication&, std::error_code) {
    ++calls;
    topics.reset();
  }});
  const auto ann = one.open({}, {.hard = 10});
  topics->subscribe(ann, "a");
  publish(*topics, "a", std::string(100, 'x'));
  publish(*topics, "a", "1");
  CHECK(arrived(one).empty());
  CHECK(calls == 1);
  CHECK_FALSE(topics);
}

TEST_CASE("the server may be destroyed by the hook of a hub, and sessions may end in it", "[hub]") {
  const bool destroys = GENERATE(true, false);
  asio::io_context context{1};
  std::optional<server> shared;
  std::vector<session> peers;
  int calls = 0;
  hub topics{{.on_dropped = [&](session& peer, const publication&, std::error_code) {
    ++calls;
    destroys ? shared.reset() : peer.close_now();
  }}};
  server_options options;
  options.budget.hard = 2'000;
  shared.emplace(context, options);
  shared->on_open([&](session& peer) {
    topics.subscribe(peer, "a");
    peers.push_back(peer);
  });
  shared->start();
  std::vector<raw_socket> clients;
  for (std::size_t i = 0; i < 3; ++i) {
    clients.emplace_back(shared->port());
    clients.back().send(upgrade_request);
    while (peers.size() <= i) context.run_one_for(soon);
  }
  publish(topics, "a", "1");
  publish(topics, "a", std::string(2'000, 'x'));
  publish(topics, "a", "2");
  CHECK(eventually([&] {
    context.restart();
    context.poll();
    return topics.statistics().subscriptions == 0;
  }));
  CHECK(calls == (destroys ? 1 : 3));
}

TEST_CASE("all sessions share one frame", "[hub]") {
  hub topics;
  std::vector<std::unique_ptr<lone_session>> all;
  std::vector<session> peers;
  for (int i = 0; i < 10; ++i) {
    auto& one = *all.emplace_back(std::make_unique<lone_session>());
    peers.push_back(one.open());
    topics.subscribe(peers.back(), "a");
  }
  const prepared_message large{std::string(1'000'000, 'x')};
  CHECK_FALSE(topics.publish("a", large));
  for (const auto& one : all) {
    one->context.restart();
    one->context.poll();
  }
  // Each session waits until its peer reads.
  CHECK(large.frame().use_count() > 10);
}

TEST_CASE("a hub passes on what a broker delivers", "[hub][broker]") {
  memory_broker between;
  lone_session one;
  lone_session two;
  hub here;
  hub there;
  const auto bridge = [&](hub& to) {
    auto made = std::make_shared<subscriber>();
    made->on_publication = [&to](const publication& got) { to.publish(got); };
    between.subscribe(made, "**");
    return made;
  };
  const auto first = bridge(here);
  const auto second = bridge(there);
  const auto ann = one.open();
  const auto bob = two.open();
  here.subscribe(ann, "a");
  there.subscribe(bob, "*");
  between.publish({"a", prepared_message{"1"}, {}});
  between.publish({"a", prepared_message{"2"}, {ann.id()}});
  CHECK(arrived(one) == "1 ");
  CHECK(arrived(two) == "1 2 ");
}

/// Reads messages of the form `a00001` from a raw client, and counts what is not in order.
std::size_t inversions_in(raw_socket& peer, std::size_t expected) {
  constexpr std::size_t frame = 8;
  std::size_t wrong = 0;
  std::vector<int> last(26, 0);
  for (std::size_t got = 0; got < expected; ++got) {
    const auto one = peer.receive_bytes(frame);
    if (one.size() < frame) return expected;
    const auto publisher = static_cast<std::size_t>(one[2] - 'a') % 26;
    const auto number = std::stoi(one.substr(3));
    if (number != last[publisher] + 1) ++wrong;
    last[publisher] = number;
  }
  return wrong;
}

void check_order(hub& topics, std::uint16_t port, std::size_t sessions, int each) {
  constexpr std::size_t publishers = 4;
  std::vector<raw_socket> clients;
  for (std::size_t i = 0; i < sessions; ++i) clients.push_back(opened(port));
  REQUIRE(eventually([&] { return topics.subscribers("news") == sessions; }));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < publishers; ++i) {
    threads.emplace_back([&topics, i, each] {
      for (int n = 1; n <= each; ++n) {
        auto text = std::to_string(n);
        text.insert(0, 5 - text.size(), '0');
        topics.publish("news", prepared_message{static_cast<char>('a' + i) + text});
      }
    });
  }
  std::atomic<std::size_t> inversions = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      for (auto at = i; at < clients.size(); at += 2) {
        inversions += inversions_in(clients[at], publishers * static_cast<std::size_t>(each));
      }
    });
  }
  for (auto& one : threads) one.join();
  CHECK(inversions == 0);
  CHECK(topics.statistics().dropped == 0);
  clients.clear();
  CHECK(eventually([&] { return topics.statistics().subscriptions == 0; }));
}

constexpr int publications_of_each = sanitized ? 50 : 500;

TEST_CASE("100 sessions on 4 threads get the publications of 4 threads in order",
          "[hub][R-ORDER]") {
  hub topics;
  server_options options;
  options.threads = 4;
  live_server server{
      [&](auto& made) { made.on_open([&](session& peer) { topics.subscribe(peer, "news"); }); },
      options};
  check_order(topics, server->port(), 100, publications_of_each);
}

TEST_CASE("sessions on the strands of a pool get publications in order", "[hub][R-ORDER]") {
  hub topics;
  asio::thread_pool pool{3};
  {
    server shared{pool, {}};
    shared.on_open([&](session& peer) { topics.subscribe(peer, "news"); });
    shared.start();
    check_order(topics, shared.port(), 20, publications_of_each);
  }
  pool.join();
}

TEST_CASE("threads subscribe, unsubscribe and publish while sessions come and go", "[hub]") {
  std::optional<hub> topics{std::in_place};
  server_options options;
  options.threads = 2;
  mailbox<session> opened_sessions;
  live_server server{[&](auto& made) {
                       made.on_open([&](session& peer) {
                         topics->subscribe(peer, "news", [](std::error_code) {});
                         opened_sessions.put(peer);
                       });
                       made.on_message([&](session& peer, message_view) {
                         topics->unsubscribe(peer);
                         topics->publish("news/a", prepared_message{"x"}, {peer});
                       });
                     },
                     options};
  std::atomic<bool> done = false;
  std::thread publisher{[&] {
    for (int n = 0; !done; ++n) {
      topics->publish(n % 2 == 0 ? "news" : "news/a", prepared_message{"y"});
      std::this_thread::yield();
    }
  }};
  for (int n = 0; n < (sanitized ? 20 : 100); ++n) {
    auto client = connect(server.url());
    const auto peer = opened_sessions.take().value_or(session{});
    topics->subscribe(peer, "news/*");
    client.write("z");
    topics->subscribe(peer, "news");
    if (n % 2 == 0) client.close();
    topics->unsubscribe(peer, "news");
  }
  done = true;
  publisher.join();
  CHECK(eventually([&] { return topics->statistics().subscriptions == 0; }));
}

// Destroyed at exit, in this order reversed: a session that is subscribed ends before a hub, and after one.
std::optional<hub> destroyed_last;
std::optional<lone_session> destroyed_between;
std::optional<hub> destroyed_first;

TEST_CASE("hubs and sessions may be destroyed at exit, in any order", "[hub]") {
  destroyed_last.emplace();
  destroyed_between.emplace();
  destroyed_first.emplace();
  const auto peer = destroyed_between->open();
  CHECK_FALSE(destroyed_last->subscribe(peer, "a"));
  CHECK_FALSE(destroyed_first->subscribe(peer, "a"));
  publish(*destroyed_last, "a", "1");
  publish(*destroyed_first, "a", "2");
}

}  // namespace
