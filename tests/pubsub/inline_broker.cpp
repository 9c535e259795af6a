// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/inline_broker.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

publication empty_message_to(const std::string& topic) { return {topic, prepared_message{""}}; }

TEST_CASE("a publication of a handler is delivered after the current one, before publish() returns",
          "[broker]") {
  inline_broker broker;
  std::string got;
  const auto first = std::make_shared<subscriber>();
  const auto second = std::make_shared<subscriber>();
  for (const auto& each : {first, second}) {
    each->on_publication = [&](const publication& some) {
      got += some.topic;
      if (some.topic == "a") {
        CHECK_FALSE(broker.publish(empty_message_to("b")));
        got += '.';
      }
    };
    broker.subscribe(each, "*");
  }
  CHECK_FALSE(broker.publish(empty_message_to("a")));
  CHECK(got == "a.a.bbbb");
}

TEST_CASE("an exception of a handler leaves the outer publish() after all deliveries", "[broker]") {
  inline_broker broker;
  std::string got;
  const auto first = std::make_shared<subscriber>();
  const auto second = std::make_shared<subscriber>();
  for (const auto& each : {first, second}) {
    each->on_publication = [&](const publication& some) {
      got += some.topic;
      if (some.topic == "a") broker.publish(empty_message_to("b"));
      throw std::runtime_error{some.topic};
    };
    broker.subscribe(each, "*");
  }
  CHECK_THROWS_WITH(broker.publish(empty_message_to("a")), "a");
  CHECK(got == "aabbbb");
  got.clear();
  CHECK_THROWS_WITH(broker.publish(empty_message_to("c")), "c");
  CHECK(got == "cc");
}

TEST_CASE("a handler may subscribe, unsubscribe and shut the broker down", "[broker]") {
  inline_broker broker;
  std::string got;
  const auto first = std::make_shared<subscriber>();
  const auto second = std::make_shared<subscriber>();
  second->on_publication = [&](const publication& some) {
    got += some.topic;
    broker.shutdown();
    CHECK(broker.publish(empty_message_to("d")) == errc::closed);
  };
  first->on_publication = [&](const publication&) {
    broker.unsubscribe(first);
    broker.subscribe(second, "b", [&](std::error_code ec) { got += ec ? "failed" : "live"; });
    broker.publish(empty_message_to("b"));
    broker.publish(empty_message_to("b"));
  };
  broker.subscribe(first, "a");
  broker.publish(empty_message_to("a"));
  CHECK(got == "liveb");
  CHECK(broker.subscriptions() == 0);
  CHECK(broker.publish(empty_message_to("a")) == errc::closed);
}

TEST_CASE("one thread delivers at a time", "[broker]") {
  inline_broker broker;
  int calls = 0;
  const auto one = std::make_shared<subscriber>();
  one->on_publication = [&](const publication&) { ++calls; };
  broker.subscribe(one, "a");
  std::thread other{[&] {
    for (int i = 0; i < 1'000; ++i) broker.publish(empty_message_to("a"));
  }};
  for (int i = 0; i < 1'000; ++i) broker.publish(empty_message_to("a"));
  other.join();
  CHECK(calls == 2'000);
}

}  // namespace
