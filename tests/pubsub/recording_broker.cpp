// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/recording_broker.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;

namespace {

using texts = std::vector<std::string>;

TEST_CASE("a recording broker keeps what is published, in order", "[broker]") {
  recording_broker broker;
  const auto one = std::make_shared<subscriber>();
  std::string got;
  one->on_publication = [&](const publication& some) {
    got += some.topic + ' ';
    if (some.topic == "a") broker.publish({"a/b", prepared_message{"3"}});
  };
  broker.subscribe(one, "**");
  CHECK(broker.subscriptions("**") == 1);
  CHECK(broker.subscriptions("a") == 0);
  broker.publish({"b", prepared_message{"1"}, {7, 8}});
  broker.publish({"a", prepared_message{"2"}});
  CHECK(got == "b a a/b ");
  CHECK(broker.payloads() == texts{"1", "2", "3"});
  CHECK(broker.payloads("*") == texts{"1", "2"});
  CHECK(broker.payloads("a/*") == texts{"3"});
  CHECK(broker.payloads("c").empty());
  CHECK(broker.publications("b").front().except == std::vector<std::uint64_t>{7, 8});
  broker.clear();
  CHECK(broker.payloads().empty());
}

TEST_CASE("a recording broker keeps nothing that was refused", "[broker]") {
  recording_broker broker;
  CHECK(broker.publish({"*", prepared_message{"1"}}) == errc::bad_topic);
  CHECK(broker.publish({"a", prepared_message{"\xff"}}) == errc::invalid_utf8);
  broker.shutdown();
  CHECK(broker.publish({"a", prepared_message{"2"}}) == errc::closed);
  CHECK(broker.publications().empty());
}

}  // namespace
