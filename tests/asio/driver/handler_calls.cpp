// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/handler_calls.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_scope.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::test;
using detail::handler_calls;

namespace {

using calls_made = std::vector<std::string>;

std::shared_ptr<const session_handlers> shared(session_handlers handlers) {
  return std::make_shared<const session_handlers>(std::move(handlers));
}

TEST_CASE("a handler runs in the scope of its session, with a handle of it") {
  const auto owner = std::make_shared<fake_session>();
  bool called = false;
  handler_calls calls{shared({.on_open = [&](session& open) {
    called = open == session{owner} && detail::handler_scope::is_of(*owner);
  }})};
  calls.begin(*owner);
  calls.call(
      *owner, [] {}, calls.handlers().on_open);
  CHECK(called);
  CHECK_FALSE(detail::handler_scope::is_of(*owner));
}

TEST_CASE("a handler that moves from its handle leaves one for the next handler") {
  const auto owner = std::make_shared<fake_session>();
  session taken;
  handler_calls calls{shared({.on_open = [&](session& open) { taken = std::move(open); }})};
  calls.begin(*owner);
  calls.call(
      *owner, [] {}, calls.handlers().on_open);
  taken = session{};
  calls.call(
      *owner, [] {}, calls.handlers().on_open);
  CHECK(taken == session{owner});
}

TEST_CASE("the session fails before on_error gets what a handler has thrown") {
  const auto owner = std::make_shared<fake_session>();
  calls_made made;
  handler_calls calls{shared({
      .on_open = [](session&) { throw std::runtime_error{"thrown"}; },
      .on_error = [&](session&, const std::exception_ptr&) { made.emplace_back("on_error"); },
  })};
  calls.begin(*owner);
  calls.call(
      *owner, [&] { made.emplace_back("fail"); }, calls.handlers().on_open);
  CHECK(made == calls_made{"fail", "on_error"});
}

TEST_CASE("the handlers are kept while one of them ends the session, and dropped afterwards") {
  auto owner = std::make_shared<fake_session>();
  const std::weak_ptr<fake_session> weak = owner;
  const auto kept = std::make_shared<int>();
  handler_calls* ended = nullptr;
  handler_calls calls{shared({.on_open = [&ended, kept](session&) {
    ended->end();
    CHECK(kept.use_count() > 1);
  }})};
  ended = &calls;
  calls.begin(*owner);
  calls.call(
      *owner, [] {}, calls.handlers().on_open);
  CHECK(kept.use_count() == 1);
  owner.reset();
  CHECK(weak.expired());
}

TEST_CASE("on_drained is called before the session's own function, which may set another one") {
  const auto owner = std::make_shared<fake_session>();
  calls_made made;
  handler_calls calls{shared({.on_drained = [&](session&) { made.emplace_back("handler"); }})};
  calls.begin(*owner);
  calls.set_drained([&] {
    made.emplace_back("first");
    calls.set_drained([&] { made.emplace_back("second"); });
  });
  CHECK(calls.wants_drained());
  calls.call_drained(*owner, [] {});
  calls.call_drained(*owner, [] {});
  CHECK(made == calls_made{"handler", "first", "handler", "second"});
}

}  // namespace
