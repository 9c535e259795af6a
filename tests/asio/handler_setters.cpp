// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/handler_setters.hpp"

#include <exception>
#include <functional>
#include <stdexcept>
#include <vector>

#include <asio/awaitable.hpp>

#include "support/catch.hpp"

using namespace hawser;

namespace {

class configured : public handler_setters<configured> {
 public:
  session_handlers handlers;

  session_handlers& hooks() noexcept { return handlers; }
  auto error_reporter() const {
    return [](session&, const incident&) {};
  }
};

TEST_CASE("each setter sets its own handler and returns the object on which it was called") {
  configured one;
  one.on_error([](session&, const std::exception_ptr&) {});
  CHECK(one.handlers.on_error);
  CHECK_FALSE(one.handlers.serve_sessions());
  auto& same = one.on_open([](session&) {})
                   .on_message([](session&, message_view) {})
                   .on_ping([](session&, const ping&) {})
                   .on_pong([](session&, const pong&) {})
                   .on_drained([](session&) {})
                   .on_close([](session&, const closed&) {});
  CHECK(&same == &one);
  const auto& all = one.handlers;
  CHECK((all.on_open && all.on_message && all.on_ping && all.on_pong));
  CHECK((all.on_drained && all.on_close && !all.on_session && !all.on_part));
  CHECK(all.serve_sessions());
}

TEST_CASE("only one handler gets the messages, and a second one is refused") {
  const auto on_message = [](configured& one) { one.on_message([](session&, message_view) {}); };
  const auto on_part = [](configured& one) { one.on_part([](session&, const message_part&) {}); };
  const auto on_session = [](configured& one) {
    one.on_session([](session) -> asio::awaitable<void> { co_return; });
  };
  const std::vector<std::function<void(configured&)>> setters{on_message, on_part, on_session};
  for (const auto& first : setters) {
    for (const auto& second : setters) {
      configured one;
      first(one);
      if (&first == &second) {
        CHECK_NOTHROW(second(one));
      } else {
        CHECK_THROWS_AS(second(one), std::logic_error);
      }
      CHECK(one.handlers.receivers() == 1);
    }
  }
}

TEST_CASE("an empty function is refused as a handler, with the name of the setter") {
  configured one;
  CHECK_THROWS_WITH(one.on_message(std::function<void(session&, message_view)>{}),
                    Catch::Contains("on_message() got an empty function"));
  void (*none)(session&) = nullptr;
  CHECK_THROWS_AS(one.on_open(none), std::invalid_argument);
  CHECK_THROWS_AS(one.on_session(std::function<asio::awaitable<void>(session)>{}),
                  std::invalid_argument);
  CHECK_FALSE(one.handlers.serve_sessions());
}

}  // namespace
