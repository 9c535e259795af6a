// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_registry.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using registry = detail::session_registry;

TEST_CASE("a session is registered until it leaves, at any position") {
  asio::io_context context;
  const auto all = std::make_shared<registry>(context.get_executor());
  std::vector<std::shared_ptr<fake_session>> states;
  std::vector<std::unique_ptr<registry::registration>> places;
  for (int i = 0; i < 3; ++i) {
    states.push_back(std::make_shared<fake_session>());
    places.push_back(std::make_unique<registry::registration>(*states.back(), all));
    places.back()->enter();
  }
  CHECK(all->sessions().size() == 3);
  const auto leaver = static_cast<std::size_t>(GENERATE(0, 1, 2));
  places[leaver]->leave();
  places[leaver]->leave();
  const auto left = all->sessions();
  CHECK(left.size() == 2);
  for (const auto& one : left) CHECK_FALSE(one == session{states[leaver]});
  places.clear();
  CHECK(all->sessions().empty());
}

TEST_CASE("a session is not registered before it enters, and need not enter") {
  asio::io_context context;
  const auto all = std::make_shared<registry>(context.get_executor());
  const auto state = std::make_shared<fake_session>();
  std::optional<registry::registration> place{std::in_place, *state, all};
  CHECK(all->sessions().empty());
  SECTION("it enters") {
    place->enter();
    CHECK(all->sessions().size() == 1);
  }
  SECTION("it leaves") { place->leave(); }
  SECTION("it ends") {}
  place.reset();
  CHECK(all->sessions().empty());
}

TEST_CASE("a session that another thread destroys is not registered") {
  asio::io_context context;
  const auto all = std::make_shared<registry>(context.get_executor());
  fake_session no_owner;
  registry::registration place{no_owner, all};
  place.enter();
  CHECK(all->sessions().empty());
  all->abandon();
  CHECK_FALSE(no_owner.abandoned);
}

TEST_CASE("sessions enter and leave while other threads list them") {
  asio::io_context context;
  const auto all = std::make_shared<registry>(context.get_executor());
  std::atomic<bool> stop = false;
  std::thread other{[&] {
    while (!stop) {
      for (const auto& one : all->sessions()) one.close();
    }
  }};
  for (int i = 0; i < 200; ++i) {
    const auto first = std::make_shared<fake_session>();
    const auto second = std::make_shared<fake_session>();
    registry::registration one{*first, all};
    registry::registration next{*second, all};
    one.enter();
    next.enter();
    one.leave();
  }
  stop = true;
  other.join();
  CHECK(all->sessions().empty());
}

TEST_CASE("all registered sessions can be abandoned") {
  asio::io_context context;
  const auto all = std::make_shared<registry>(context.get_executor());
  const auto first = std::make_shared<fake_session>();
  const auto second = std::make_shared<fake_session>();
  registry::registration one{*first, all};
  registry::registration other{*second, all};
  one.enter();
  other.enter();
  all->abandon();
  CHECK(first->abandoned);
  CHECK(second->abandoned);
  CHECK(all->sessions().empty());
}

TEST_CASE("a registry that only its sessions keep abandons all of them at the end of the context") {
  const auto first = std::make_shared<fake_session>();
  const auto second = std::make_shared<fake_session>();
  std::optional<registry::registration> one;
  std::optional<registry::registration> other;
  {
    asio::io_context context;
    auto all = std::make_shared<registry>(context.get_executor());
    one.emplace(*first, all);
    other.emplace(*second, std::move(all));
    one->enter();
    other->enter();
  }
  CHECK(first->abandoned);
  CHECK(second->abandoned);
}

TEST_CASE(
    "at the end of the context all registered sessions are abandoned, and the registry may stay") {
  std::shared_ptr<registry> all;
  const auto state = std::make_shared<fake_session>();
  std::optional<registry::registration> place;
  {
    asio::io_context context;
    all = std::make_shared<registry>(context.get_executor());
    place.emplace(*state, all);
    place->enter();
  }
  CHECK(state->abandoned);
  CHECK(all->sessions().empty());
}

}  // namespace
