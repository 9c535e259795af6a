// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "failure/failing.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/redis/redis_broker.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/redis_peer.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

redis_broker_options quick(const redis_peer& peer) {
  auto options = quick_options(peer);
  options.ping_interval = 0ms;
  return options;
}

auto spared_peer() { return std::make_shared<sparing>(); }

/// Counts what arrives with the text "1", and with another.
struct counter {
  std::atomic<std::size_t> first = 0;
  std::atomic<std::size_t> later = 0;

  auto made_subscriber() {
    auto made = std::make_shared<subscriber>();
    made->on_publication = [this](const publication& got) {
      ++(as_text(got.message.payload()) == "1" ? first : later);
    };
    return made;
  }
};

void publish(redis_broker& broker, std::string_view text) {
  broker.publish({"news", prepared_message{text}});
}

TEST_CASE("whichever allocation of a call of a broker for Redis fails, it throws and has no effect",
          "[failure][redis]") {
  redis_peer peer{{}, spared_peer};
  redis_broker broker{quick(peer)};
  counter count;
  const auto ann = count.made_subscriber();
  std::atomic<std::size_t> live = 0;
  const acknowledgement note = [&](std::error_code) { ++live; };
  std::size_t expected = 0;
  const auto subscribing = fail_each_allocation([&](std::size_t number) {
    bool thrown = false;
    {
      const failing armed{number};
      try {
        broker.subscribe(ann, "news", note);
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
    }
    CHECK(thrown == failing::happened());
    CHECK(broker.subscriptions() == (thrown ? 0 : 1));
    broker.subscribe(ann, "news", note);
    expected += thrown ? 1 : 2;
    CHECK(eventually([&] { return live == expected; }));
    if (thrown) broker.unsubscribe(ann);
  });
  CHECK(subscribing >= 2);
  std::size_t published = 0;
  const auto publishing = fail_each_allocation([&](std::size_t number) {
    const publication one{"news", prepared_message{"1"}, {7}};
    bool thrown = false;
    {
      const failing armed{number};
      try {
        broker.publish(one);
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
    }
    CHECK(thrown == failing::happened());
    if (!thrown) ++published;
    CHECK(broker.statistics().published == published);
  });
  CHECK(publishing > 2);
  CHECK(eventually([&] { return count.first == published; }));
}

TEST_CASE("whichever allocation of the thread of a broker for Redis fails, it delivers again",
          "[failure][redis]") {
  const bool has_tls = GENERATE(false, true);
  // With TLS, most of them are those of the handshake.
  const std::size_t stride = has_tls ? 17 : 1;
  std::size_t failed = 0;
  for (std::size_t number = 1; number <= 60 * stride; number += stride) {
    INFO("allocation " << number << (has_tls ? " with TLS" : ""));
    redis_peer peer{redis_tls(has_tls), spared_peer};
    counter count;
    const auto ann = count.made_subscriber();
    redis_broker broker = broker_for(quick(peer));
    broker.subscribe(ann, "before");
    bool happened = false;
    {
      const failing_elsewhere armed{number};
      broker.subscribe(ann, "news");
      publish(broker, "1");
      // The first may be lost.
      CHECK(eventually([&] {
        publish(broker, "2");
        return count.later != 0;
      }));
      happened = failing::happened();
    }
    if (happened) ++failed;
    CHECK(count.first <= 1);
    CHECK(broker.subscriptions() == 2);
    broker.unsubscribe(ann);
    CHECK(eventually([&] { return broker.statistics().upstream == 0; }));
  }
  CHECK(failed > 20);
}

}  // namespace
