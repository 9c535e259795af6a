// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/broker.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/pubsub/inline_broker.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/pubsub/recording_broker.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

/// Exactly what the concept requires.
struct least_broker {
  std::error_code publish(const publication&) { return {}; }
  std::error_code subscribe(const std::shared_ptr<subscriber>&, std::string_view,
                            const acknowledgement&) {
    return {};
  }
  void unsubscribe(const std::shared_ptr<subscriber>&, std::string_view) {}
  void unsubscribe(const std::shared_ptr<subscriber>&) {}
  void shutdown() {}
};
static_assert(broker<least_broker>);
static_assert(!broker<subscriber>);

/// A broker, and subscribers of one context that note what they get.
template <class Broker>
struct brokered {
  asio::io_context context{1};
  std::vector<std::string> story;
  Broker broker;

  auto subscriber_named(const std::string& name) {
    auto made = std::make_shared<subscriber>(context.get_executor());
    made->on_publication = [this, name](const publication& got) {
      story.push_back(name + " " + got.topic + " " + std::string{as_text(got.message.payload())});
    };
    return made;
  }

  auto noting(const std::string& text) {
    return [this, text](std::error_code ec) { story.push_back(text + (ec ? ec.message() : "")); };
  }

  void publish(const std::string& topic, std::string_view text) {
    CHECK_FALSE(broker.publish({topic, prepared_message{text}}));
  }

  std::vector<std::string> take() {
    context.restart();
    context.poll();
    return std::exchange(story, {});
  }
};

using lines = std::vector<std::string>;

TEMPLATE_TEST_CASE("a broker of one process keeps the contract", "[broker][R-ORDER]", memory_broker,
                   inline_broker, recording_broker) {
  brokered<TestType> world;
  const auto ann = world.subscriber_named("ann");
  const auto bob = world.subscriber_named("bob");

  // Without a subscription.
  world.publish("news", "0");
  CHECK(world.take().empty());

  CHECK_FALSE(world.broker.subscribe(ann, "news", world.noting("ann is live")));
  world.publish("news", "1");
  CHECK(world.take() == lines{"ann is live", "ann news 1"});

  // The subscription is acknowledged again, and is still one.
  CHECK_FALSE(world.broker.subscribe(ann, "news", world.noting("again")));
  CHECK_FALSE(world.broker.subscribe(bob, "news", {}));
  world.publish("news", "2");
  world.publish("news", "3");
  world.publish("other", "4");
  auto got = world.take();
  CHECK(got.front() == "again");
  CHECK(got.size() == 5);
  std::erase_if(got, [](const auto& line) { return !line.starts_with("ann"); });
  CHECK(got == lines{"ann news 2", "ann news 3"});

  world.broker.unsubscribe(ann, "news");
  world.broker.unsubscribe(ann, "news");
  world.broker.unsubscribe(ann);
  world.publish("news", "5");
  CHECK(world.take() == lines{"bob news 5"});

  // A publication comes once, however many patterns match.
  for (const auto* pattern : {"news/*", "news/**", "**", "news/a"}) {
    CHECK_FALSE(world.broker.subscribe(ann, pattern, {}));
  }
  world.publish("news/a", "6");
  CHECK(world.take() == lines{"ann news/a 6"});
  world.broker.unsubscribe(ann, "**");
  world.publish("news/a/b", "7");
  world.publish("news", "8");
  CHECK(world.take() == lines{"ann news/a/b 7", "bob news 8"});
  world.broker.unsubscribe(ann);
  world.publish("news/a", "9");
  CHECK(world.take().empty());

  world.broker.shutdown();
  CHECK(world.broker.publish({"news", prepared_message{"10"}}) == errc::closed);
  CHECK(world.broker.subscribe(ann, "news", world.noting("never")) == errc::closed);
  world.broker.unsubscribe(bob, "news");
  world.broker.shutdown();
  CHECK(world.take().empty());
}

TEMPLATE_TEST_CASE("a broker refuses invalid topics and messages", "[broker]", memory_broker,
                   inline_broker, recording_broker) {
  brokered<TestType> world;
  const auto ann = world.subscriber_named("ann");
  const prepared_message good{"x"};
  for (const auto* topic : {"", "news/*", "**", "a\n", "\xff"}) {
    CHECK(world.broker.publish({topic, good}) == errc::bad_topic);
  }
  CHECK(world.broker.publish({std::string(1025, 'x'), good}) == errc::bad_topic);
  CHECK(world.broker.publish({"news", prepared_message{"\xff"}}) == errc::invalid_utf8);
  for (const auto* pattern : {"", "news*/**/a", "**/a", "a\n", "\xff"}) {
    CHECK(world.broker.subscribe(ann, pattern, world.noting("never")) == errc::bad_topic);
  }
  CHECK(world.take().empty());
}

TEMPLATE_TEST_CASE("a subscriber is released with its last subscription", "[broker]", memory_broker,
                   inline_broker, recording_broker) {
  brokered<TestType> world;
  auto ann = world.subscriber_named("ann");
  const std::weak_ptr<subscriber> watched = ann;
  world.broker.subscribe(ann, "a", {});
  world.broker.subscribe(ann, "b", {});
  const auto* const key = &ann;
  world.broker.unsubscribe(*key, "a");
  ann.reset();
  CHECK_FALSE(watched.expired());
  world.publish("b", "1");
  CHECK(world.take() == lines{"ann b 1"});
  world.broker.unsubscribe(watched.lock(), "b");
  CHECK(watched.expired());

  // In its own function.
  ann = world.subscriber_named("ann");
  ann->on_publication = [&](const publication&) { world.broker.unsubscribe(watched.lock()); };
  const std::weak_ptr<subscriber> other = ann;
  ann->on_publication = [&, other](const publication&) {
    world.story.emplace_back("once");
    world.broker.unsubscribe(other.lock());
  };
  world.broker.subscribe(ann, "a", {});
  ann.reset();
  world.publish("a", "2");
  world.publish("a", "3");
  CHECK(world.take() == lines{"once"});
  CHECK(other.expired());
}

TEMPLATE_TEST_CASE("a subscriber without functions is harmless", "[broker]", memory_broker,
                   inline_broker, recording_broker) {
  brokered<TestType> world;
  const auto none = std::make_shared<subscriber>();
  CHECK_FALSE(world.broker.subscribe(none, "a", {}));
  CHECK_FALSE(world.broker.subscribe(none, "b", world.noting("live")));
  CHECK(world.story == lines{"live"});
  world.publish("a", "1");
}

}  // namespace
