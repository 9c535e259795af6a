// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session_registry.hpp"

#include <memory>
#include <optional>

#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using registry = detail::session_registry;

TEST_CASE("a session is there until it leaves, wherever it stands among the others") {
  const auto all = std::make_shared<registry>();
  std::vector<std::shared_ptr<fake_session>> states;
  std::vector<std::unique_ptr<registry::registration>> places;
  for (int i = 0; i < 3; ++i) {
    states.push_back(std::make_shared<fake_session>());
    places.push_back(std::make_unique<registry::registration>(*states.back(), all));
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

TEST_CASE("all that are there can be abandoned") {
  const auto all = std::make_shared<registry>();
  const auto first = std::make_shared<fake_session>();
  const auto second = std::make_shared<fake_session>();
  const registry::registration one{*first, all};
  const registry::registration other{*second, all};
  all->abandon();
  CHECK(first->abandoned);
  CHECK(second->abandoned);
  CHECK(all->sessions().empty());
}

}  // namespace
