// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/memory_broker.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/sanitized.hpp"

using namespace hawser;
using hawser::test::eventually;
using hawser::test::sanitized;

namespace {

publication message_to(const std::string& topic, std::string_view text = "x") {
  return {topic, prepared_message{text}};
}

/// Threads that run one io_context each, until the object is destroyed.
class loops {
 public:
  explicit loops(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& one = *all_.emplace_back(std::make_unique<asio::io_context>(1));
      working_.emplace_back(one.get_executor());
      threads_.emplace_back([&one] { one.run(); });
    }
  }
  ~loops() {
    working_.clear();
    for (auto& one : threads_) one.join();
  }
  loops(const loops&) = delete;
  loops& operator=(const loops&) = delete;

  asio::io_context& operator[](std::size_t index) { return *all_[index % all_.size()]; }

 private:
  std::vector<std::unique_ptr<asio::io_context>> all_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> working_;
  std::vector<std::thread> threads_;
};

/// Checks the order of numbered publications of several publishers.
struct order_check {
  explicit order_check(std::size_t publishers) : last(publishers, 0) {}

  void note(const publication& got) {
    const auto text = as_text(got.message.payload());
    const auto publisher = static_cast<std::size_t>(text[0] - 'a');
    const auto number = std::stoul(std::string{text.substr(1)});
    if (number <= last[publisher]) ++inversions;
    if (number != last[publisher] + 1) ++gaps;
    last[publisher] = number;
    ++received;
  }

  std::vector<std::size_t> last;
  std::size_t inversions = 0;
  std::size_t gaps = 0;
  std::atomic<std::size_t> received = 0;
};

void check_order(memory_broker& broker, const std::vector<asio::any_io_executor>& places,
                 std::size_t each) {
  constexpr std::size_t publishers = 4;
  std::vector<std::unique_ptr<order_check>> checks;
  std::vector<std::shared_ptr<subscriber>> all;
  for (const auto& place : places) {
    auto& check = *checks.emplace_back(std::make_unique<order_check>(publishers));
    auto& one = all.emplace_back(std::make_shared<subscriber>(place));
    one->on_publication = [&check](const publication& got) { check.note(got); };
    REQUIRE_FALSE(broker.subscribe(one, "news/a"));
    // It overlaps, and changes nothing.
    if (all.size() % 2 == 0) REQUIRE_FALSE(broker.subscribe(one, "news/*"));
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < publishers; ++i) {
    threads.emplace_back([&broker, i, each] {
      const auto name = std::string(1, static_cast<char>('a' + i));
      for (std::size_t n = 1; n <= each; ++n) {
        broker.publish(message_to("news/a", name + std::to_string(n)));
      }
    });
  }
  for (auto& one : threads) one.join();
  for (const auto& check : checks) {
    CHECK(eventually([&] { return check->received == publishers * each; }));
  }
  for (const auto& one : all) broker.unsubscribe(one);
  CHECK(broker.subscriptions() == 0);
  CHECK(broker.dropped() == 0);
  std::size_t inversions = 0;
  std::size_t gaps = 0;
  for (const auto& check : checks) {
    inversions += check->inversions;
    gaps += check->gaps;
  }
  CHECK(inversions == 0);
  CHECK(gaps == 0);
}

TEST_CASE("100 subscribers on 4 loops get 20,000 publications of 4 threads in order",
          "[broker][R-ORDER]") {
  memory_broker broker;
  loops four{4};
  std::vector<asio::any_io_executor> places;
  for (std::size_t i = 0; i < 100; ++i) places.emplace_back(four[i].get_executor());
  check_order(broker, places, sanitized ? 500 : 5'000);
}

TEST_CASE("subscribers on a pool and on strands get publications in order, one at a time",
          "[broker][R-ORDER]") {
  memory_broker broker;
  asio::thread_pool pool{3};
  std::vector<asio::any_io_executor> places;
  for (int i = 0; i < 3; ++i) {
    places.emplace_back(pool.get_executor());
    places.emplace_back(asio::make_strand(pool));
  }
  check_order(broker, places, 500);
  pool.join();
}

TEST_CASE("one handler is posted to a loop for all its subscribers", "[broker]") {
  memory_broker broker;
  asio::io_context context{1};
  std::vector<std::shared_ptr<subscriber>> all;
  int calls = 0;
  for (int i = 0; i < 100; ++i) {
    auto& one = all.emplace_back(std::make_shared<subscriber>(context.get_executor()));
    one->on_publication = [&](const publication&) { ++calls; };
    broker.subscribe(one, "news");
  }
  broker.publish(message_to("news"));
  broker.publish(message_to("news"));
  CHECK(context.poll() == 1);
  CHECK(calls == 200);
}

TEST_CASE("a publication comes before a later subscription, and never after unsubscribing",
          "[broker]") {
  memory_broker broker;
  asio::io_context context{1};
  int calls = 0;
  const auto make = [&] {
    auto one = std::make_shared<subscriber>(context.get_executor());
    one->on_publication = [&](const publication&) { ++calls; };
    return one;
  };
  const auto early = make();
  const auto late = make();
  broker.subscribe(early, "news");
  broker.subscribe(early, "other");
  broker.publish(message_to("news"));
  broker.subscribe(late, "news");
  broker.publish(message_to("other"));
  broker.unsubscribe(early, "news");
  context.poll();
  CHECK(calls == 1);

  // Subscribing again does not revive what was published before.
  broker.publish(message_to("news"));
  broker.unsubscribe(late);
  broker.subscribe(late, "news", [&](std::error_code) { calls += 10; });
  context.restart();
  context.poll();
  CHECK(calls == 11);
  broker.subscribe(late, "third", [&](std::error_code) { calls += 100; });
  broker.unsubscribe(late, "third");
  context.restart();
  context.poll();
  CHECK(calls == 11);
}

TEST_CASE("publications beyond the limit of a loop are dropped and counted", "[broker]") {
  memory_broker broker{{.max_queued_bytes = 3'000}};
  asio::io_context context{1};
  asio::io_context other{1};
  std::string got;
  std::vector<std::shared_ptr<subscriber>> all;
  for (auto* const place : {&context, &context, &other}) {
    auto& one = all.emplace_back(std::make_shared<subscriber>(place->get_executor()));
    one->on_publication = [&](const publication& some) { got += some.topic; };
    broker.subscribe(one, "*");
  }
  for (const auto* topic : {"a", "b", "c"}) {
    CHECK_FALSE(broker.publish(message_to(topic, std::string(1'000, 'x'))));
    other.restart();
    other.poll();
  }
  CHECK(got == "abc");
  CHECK(broker.dropped() == 2);
  context.poll();
  CHECK(got == "abcaabb");
  broker.publish(message_to("d"));
  context.restart();
  context.poll();
  CHECK(got == "abcaabbdd");
}

TEST_CASE("a subscriber whose context has ended is harmless", "[broker]") {
  memory_broker broker;
  std::shared_ptr<subscriber> one;
  {
    asio::io_context context{1};
    one = std::make_shared<subscriber>(asio::make_strand(context));
    broker.subscribe(one, "news", [one](std::error_code) { FAIL(); });
    broker.publish(message_to("news"));
  }
  CHECK_FALSE(broker.publish(message_to("news")));
  CHECK(broker.dropped() == 0);
  CHECK(broker.subscribe(one, "other", [](std::error_code) { FAIL(); }) == errc::closed);
  CHECK(broker.subscriptions() == 1);
  broker.unsubscribe(one);
  const std::weak_ptr<subscriber> watched = one;
  one.reset();
  CHECK(watched.expired());
}

TEST_CASE("nothing is delivered after the broker is destroyed", "[broker]") {
  asio::io_context context{1};
  std::optional<memory_broker> broker{std::in_place};
  auto one = std::make_shared<subscriber>(context.get_executor());
  const std::weak_ptr<subscriber> watched = one;
  one->on_publication = [](const publication&) { FAIL(); };
  broker->subscribe(one, "news", [](std::error_code) { FAIL(); });
  broker->publish(message_to("news"));
  one.reset();
  broker.reset();
  context.poll();
  CHECK(watched.expired());
}

TEST_CASE("a subscriber without an executor is called within publish()", "[broker]") {
  memory_broker broker;
  std::string got;
  const auto one = std::make_shared<subscriber>();
  const auto two = std::make_shared<subscriber>();
  for (const auto& each : {one, two}) {
    each->on_publication = [&](const publication& some) {
      got += some.topic;
      throw std::runtime_error{some.topic};
    };
    broker.subscribe(each, "*");
    broker.subscribe(each, "a");
  }
  CHECK_THROWS_WITH(broker.publish(message_to("a")), "a");
  CHECK(got == "aa");
}

TEST_CASE("threads subscribe and unsubscribe while others publish", "[broker]") {
  memory_broker broker;
  std::atomic<std::size_t> calls = 0;
  std::atomic<int> finished = 0;
  {
    loops two{2};
    std::atomic<bool> done = false;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        const auto one = std::make_shared<subscriber>(two[i].get_executor());
        std::atomic<int> acknowledged = 0;
        one->on_publication = [&](const publication&) { ++calls; };
        for (int n = 0; n < (sanitized ? 200 : 2'000); ++n) {
          broker.subscribe(one, n % 2 == 0 ? "news" : "news/*");
          broker.subscribe(one, "ready", [&](std::error_code) { ++acknowledged; });
          if (n % 3 == 0) broker.unsubscribe(one, "news");
          broker.unsubscribe(one);
        }
        broker.subscribe(one, "ready", [&](std::error_code) { acknowledged += 10'000; });
        if (eventually([&] { return acknowledged >= 10'000; })) ++finished;
        broker.unsubscribe(one);
      });
    }
    std::thread publisher{[&] {
      for (int n = 0; !done; ++n) broker.publish(message_to(n % 2 == 0 ? "news" : "news/a"));
    }};
    for (auto& one : threads) one.join();
    done = true;
    publisher.join();
  }
  CHECK(finished == 2);
  CHECK(broker.subscriptions() == 0);
}

}  // namespace
