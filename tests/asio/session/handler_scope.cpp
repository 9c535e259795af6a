// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/handler_scope.hpp"

#include <memory>
#include <thread>

#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser::test;
using hawser::detail::handler_scope;

namespace {

TEST_CASE("the innermost handler that runs on a thread is known there only") {
  const auto one = std::make_shared<fake_session>();
  const auto other = std::make_shared<fake_session>();
  CHECK_FALSE(handler_scope::is_of(*one));
  {
    const handler_scope outer{*one};
    CHECK(handler_scope::is_of(*one));
    {
      const handler_scope inner{*other};
      CHECK(handler_scope::is_of(*other));
      CHECK_FALSE(handler_scope::is_of(*one));
    }
    CHECK(handler_scope::is_of(*one));
    bool elsewhere = true;
    std::thread{[&] { elsewhere = handler_scope::is_of(*one); }}.join();
    CHECK_FALSE(elsewhere);
  }
  CHECK_FALSE(handler_scope::is_of(*one));
}

}  // namespace
