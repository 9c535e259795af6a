// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/handler_setters.hpp"

#include <exception>

#include "support/catch.hpp"

using namespace hawser;

namespace {

class configured : public handler_setters<configured> {
 public:
  session_handlers handlers;

  session_handlers& hooks() noexcept { return handlers; }
};

TEST_CASE("each setter sets its own handler and returns the object on which it was called") {
  configured one;
  one.on_error([](session&, const std::exception_ptr&) {});
  CHECK(one.handlers.on_error);
  CHECK_FALSE(one.handlers.serve_sessions());
  auto& same = one.on_open([](session&) {})
                   .on_message([](session&, message_view) {})
                   .on_part([](session&, const message_part&) {})
                   .on_ping([](session&, const ping&) {})
                   .on_pong([](session&, const pong&) {})
                   .on_drained([](session&) {})
                   .on_close([](session&, const closed&) {});
  CHECK(&same == &one);
  const auto& all = one.handlers;
  CHECK((all.on_open && all.on_message && all.on_part && all.on_ping && all.on_pong));
  CHECK((all.on_drained && all.on_close && !all.on_session));
  CHECK(all.serve_sessions());
}

}  // namespace
