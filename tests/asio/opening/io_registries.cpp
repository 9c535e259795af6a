// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/io_registries.hpp"

#include <memory>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "support/catch.hpp"
#include "support/fake_session.hpp"
#include "support/noted_opening.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

TEST_CASE("the end of a server ends openings and sessions, and those that register later") {
  asio::io_context context;
  const io_registries registries{context.get_executor()};
  std::string calls;
  const auto opening = std::make_shared<noted_opening>(calls);
  registries.openings->add(opening);
  const auto state = std::make_shared<fake_session>();
  session_registry::registration place{*state, registries.sessions};
  place.enter();
  CHECK(registries.openings->now() == serving::all);

  SECTION("refused") {
    refuse_openings(registries);
    CHECK(calls == "refused ");
    CHECK(state->done.empty());
    CHECK(registries.openings->now() == serving::sessions);
    close_all(registries, {});
    refuse_openings(registries);
    CHECK(registries.openings->now() == serving::none);
  }
  SECTION("closed") {
    close_all(registries, {close_code::service_restart, "later"});
    close_all(registries, {});
    CHECK(registries.openings->close_frame().reason == "later");
    CHECK(calls == "refused ");
    CHECK(state->done == std::vector<std::string>{"close"});
    CHECK(registries.openings->now() == serving::none);
  }
  SECTION("aborted") {
    abort_all(registries);
    CHECK(calls == "aborted ");
    CHECK(state->done == std::vector<std::string>{"abort"});
    CHECK(registries.openings->now() == serving::cut);
  }
  SECTION("abandoned") {
    abandon_all(registries);
    CHECK(calls == "abandoned ");
    CHECK(state->abandoned);
    CHECK(registries.openings->openings().empty());
    CHECK(registries.sessions->sessions().empty());
    CHECK(registries.openings->now() == serving::cut);
  }
}

}  // namespace
