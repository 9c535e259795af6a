// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/reconnecting/client_sending.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::test;
using detail::client_sending;

namespace {

constexpr std::string_view sent_word = "word";
const auto on_another_thread = [] { return false; };
const auto in_handler = [] { return true; };

TEST_CASE("without a connection messages are queued if that is enabled, and sent on the next one") {
  client_sending none{{.most = 0}, {}};
  CHECK(none.send(sent_word, on_another_thread) == errc::closed);
  client_sending keeping{{.most = 10'000}, {}};
  CHECK_FALSE(keeping.send(sent_word, on_another_thread));
  CHECK(keeping.buffered_bytes() != 0);
  const auto state = std::make_shared<fake_session>();
  keeping.connected(session{state});
  keeping.greeted();
  keeping.catch_up(session{state});
  CHECK(state->done == std::vector<std::string>{"send now"});
  CHECK_FALSE(keeping.send(sent_word, on_another_thread));
  CHECK(state->done.size() == 2);
}

TEST_CASE(
    "messages of on_open are sent before queued messages, those of other threads after them") {
  client_sending keeping{{.most = 10'000}, {}};
  const auto state = std::make_shared<fake_session>();
  keeping.connected(session{state});
  CHECK_FALSE(keeping.send(sent_word, on_another_thread));
  CHECK(state->done.empty());
  CHECK_FALSE(keeping.send(sent_word, in_handler));
  CHECK(state->done.size() == 1);
}

TEST_CASE("after end() nothing is sent, and forget() drops the session") {
  client_sending keeping{{.most = 10'000}, {}};
  const auto state = std::make_shared<fake_session>();
  keeping.connected(session{state});
  keeping.end();
  CHECK(keeping.send(sent_word, in_handler) == errc::closed);
  CHECK(keeping.present() == session{state});
  CHECK(keeping.forget() == session{state});
  CHECK_FALSE(keeping.present());
  keeping.connected(session{state});
  CHECK_FALSE(keeping.present());
  CHECK(keeping.disconnected());
}

TEST_CASE("a message that a closing connection refuses is queued, as are those after it") {
  client_sending keeping{{.most = 10'000}, {}};
  const auto state = std::make_shared<fake_session>();
  keeping.connected(session{state});
  keeping.greeted();
  keeping.catch_up(session{state});
  state->shut();
  CHECK_FALSE(keeping.send(sent_word, on_another_thread));
  CHECK_FALSE(keeping.send(sent_word, in_handler));
  keeping.catch_up(session{state});
  CHECK_FALSE(keeping.send(sent_word, in_handler));
  CHECK(state->done.empty());
  CHECK_FALSE(keeping.disconnected());
  const auto next = std::make_shared<fake_session>();
  keeping.connected(session{next});
  keeping.greeted();
  keeping.catch_up(session{next});
  CHECK(next->done.size() == 3);
}

TEST_CASE("where a client's messages go depends on the events of its connection alone") {
  using phase = detail::sending_phase;
  using event_of = detail::sending_event;
  using detail::after;
  const auto each = GENERATE(phase::unconnected, phase::greeting, phase::catching_up,
                             phase::connected, phase::lost);
  CHECK(after(each, event_of::connected) == phase::greeting);
  CHECK(after(each, event_of::greeted) == (each == phase::greeting ? phase::catching_up : each));
  CHECK(after(each, event_of::caught_up) == (each == phase::catching_up ? phase::connected : each));
  CHECK(after(each, event_of::lost) == (each == phase::unconnected ? each : phase::lost));
  CHECK(after(each, event_of::disconnected) == phase::unconnected);
}

}  // namespace
