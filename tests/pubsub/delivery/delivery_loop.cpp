// SPDX-License-Identifier: BSL-1.0
#include "hawser/pubsub/delivery/delivery_loop.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "support/catch.hpp"

using namespace hawser;
using detail::delivery_loop;

namespace {

using lines = std::vector<std::string>;

struct noting_receiver final : detail::delivery_target {
  noting_receiver(std::shared_ptr<delivery_loop> loop, std::function<void(std::string)> action)
      : delivery_target{std::move(loop)}, note{std::move(action)} {}
  void receive(const publication& published) override { note(published.topic); }

  const std::function<void(std::string)> note;
};

std::shared_ptr<const detail::memberships> list_of(
    const std::shared_ptr<detail::delivery_target>& one, std::size_t count = 1) {
  auto list = std::make_shared<detail::memberships>();
  for (; count > 0; --count) list->push_back(std::make_shared<detail::membership>(one));
  return list;
}

std::shared_ptr<const publication> about(const std::string& topic, const std::string& text = {}) {
  return std::make_shared<const publication>(publication{topic, prepared_message{text}});
}

struct one_loop {
  asio::io_context context{1};
  lines story;
  std::shared_ptr<delivery_loop> loop = delivery_loop::of(context.get_executor());

  auto delivery_target() {
    return std::make_shared<noting_receiver>(loop, [this](auto text) { story.push_back(text); });
  }
  auto push(const std::string& topic, std::shared_ptr<const detail::memberships> to) {
    return loop->push({about(topic), std::move(to), {}}, detail::no_limit);
  }
};

TEST_CASE("one handler delivers all that waits, in order") {
  one_loop one;
  const auto to = list_of(one.delivery_target());
  for (const auto* topic : {"a", "b", "c"}) {
    CHECK(one.push(topic, to) == delivery_loop::result::queued);
  }
  CHECK(one.story.empty());
  CHECK(one.context.poll() == 1);
  CHECK(one.story == lines{"a", "b", "c"});
  CHECK(one.loop->queued_bytes() == 0);
  one.push("d", to);
  one.context.restart();
  CHECK(one.context.poll() == 1);
  CHECK(one.story.back() == "d");
}

TEST_CASE(
    "a receiver of several matching subscriptions is called once, while one of them is live") {
  one_loop one;
  const auto to = list_of(one.delivery_target(), 3);
  const auto publish = [&](const char* topic) {
    one.push(topic, to);
    one.context.restart();
    one.context.poll();
  };
  publish("all");
  (*to)[0]->is_live = false;
  publish("two");
  (*to)[2]->is_live = false;
  publish("one");
  (*to)[1]->is_live = false;
  publish("none");
  CHECK(one.story == lines{"all", "two", "one"});
}

TEST_CASE("a turn has a limited number of calls") {
  one_loop one;
  auto to = std::make_shared<detail::memberships>();
  for (std::size_t i = 0; i < delivery_loop::turn + 1; ++i) {
    to->push_back(std::make_shared<detail::membership>(one.delivery_target()));
  }
  one.push("a", to);
  CHECK(one.context.poll_one() == 1);
  CHECK(one.story.size() == delivery_loop::turn);
  asio::post(one.context, [&] { one.story.emplace_back("other"); });
  one.context.poll();
  CHECK(one.story.size() == delivery_loop::turn + 2);

  for (std::size_t i = 0; i < delivery_loop::turn; ++i)
    one.push("b", list_of(one.delivery_target()));
  one.context.restart();
  CHECK(one.context.poll_one() == 1);
  one.context.poll();
  CHECK(one.story.size() == 2 * delivery_loop::turn + 2);
}

TEST_CASE("an exception of a receiver leaves through run(), and the others are called afterwards") {
  one_loop one;
  auto to = std::make_shared<detail::memberships>();
  to->push_back(std::make_shared<detail::membership>(std::make_shared<noting_receiver>(
      one.loop, [](const auto&) { throw std::runtime_error{"no"}; })));
  to->push_back(std::make_shared<detail::membership>(one.delivery_target()));
  one.push("a", to);
  one.push("b", list_of(one.delivery_target()));
  CHECK_THROWS_WITH(one.context.poll(), "no");
  CHECK(one.story.empty());
  one.context.poll();
  CHECK(one.story == lines{"a", "b"});
}

/// Notes the turns that it gets.
struct turning_target final : detail::delivery_target {
  turning_target(std::shared_ptr<delivery_loop> loop, lines& notes)
      : delivery_target{std::move(loop)}, story{notes} {}

  void receive(const publication& published) override {
    story.push_back(published.topic);
    if (published.topic == "throw") throw std::runtime_error{"no"};
  }
  bool has_turns() const noexcept override { return true; }
  void begin_turn() override { story.emplace_back("begin"); }
  void end_turn() noexcept override { story.emplace_back("end"); }

  lines& story;
};

TEST_CASE("a turn surrounds all that one receiver gets in it, also before an exception") {
  one_loop one;
  const auto to = list_of(std::make_shared<turning_target>(one.loop, one.story));
  for (const auto* topic : {"a", "b", "throw", "c"}) one.push(topic, to);
  CHECK_THROWS_WITH(one.context.poll(), "no");
  CHECK(one.story == lines{"begin", "a", "b", "throw", "end"});
  one.context.poll();
  CHECK(one.story == lines{"begin", "a", "b", "throw", "end", "begin", "c", "end"});

  for (std::size_t i = 0; i < delivery_loop::cheap_turn; ++i) one.push("d", to);
  one.story.clear();
  one.context.restart();
  CHECK(one.context.poll_one() == 1);
  CHECK(one.story.size() == delivery_loop::cheap_turn + 2);
  one.context.poll();
  CHECK(one.story.size() == delivery_loop::cheap_turn + 2);
}

TEST_CASE("what would exceed the limit of the queue is refused") {
  one_loop one;
  const auto to = list_of(one.delivery_target());
  const auto size = detail::queued_delivery{about("a", "12345"), to, {}}.size();
  const auto push = [&] { return one.loop->push({about("a", "12345"), to, {}}, 2 * size); };
  CHECK(push() == delivery_loop::result::queued);
  CHECK(push() == delivery_loop::result::queued);
  CHECK(push() == delivery_loop::result::full);
  CHECK(one.loop->queued_bytes() == 2 * size);
  one.context.poll();
  CHECK(one.story.size() == 2);
  CHECK(push() == delivery_loop::result::queued);
}

TEST_CASE("a loop outlives its context, and refuses everything") {
  std::optional<asio::io_context> context{std::in_place, 1};
  for (const bool own : {false, true}) {
    if (own) context.emplace(1);
    const auto loop = own ? delivery_loop::of(asio::make_strand(*context))
                          : delivery_loop::of(context->get_executor());
    auto one = std::make_shared<noting_receiver>(loop, [](const auto&) { FAIL(); });
    const std::weak_ptr<detail::delivery_target> watched = one;
    loop->push({about("a"), list_of(one), {}}, detail::no_limit);
    one.reset();
    CHECK_FALSE(watched.expired());
    context.reset();
    CHECK(watched.expired());
    CHECK(loop->push({about("a"), list_of(nullptr), {}}, detail::no_limit) ==
          delivery_loop::result::ended);
  }
}

TEST_CASE("the loop of a context is shared, that of a strand is not") {
  asio::io_context context;
  const auto loop = delivery_loop::of(context.get_executor());
  CHECK(delivery_loop::of(context.get_executor()) == loop);
  const auto strand = asio::make_strand(context);
  CHECK(delivery_loop::of(strand) != loop);
  CHECK(delivery_loop::of(strand) != delivery_loop::of(strand));
  asio::io_context other;
  CHECK(delivery_loop::of(other.get_executor()) != loop);
}

}  // namespace
