// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_state.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hawser/asio/session.hpp"
#include "support/catch.hpp"
#include "support/fake_session.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using story = std::vector<std::string>;

TEST_CASE("on the session's thread commands run at once") {
  const auto state = std::make_shared<fake_session>();
  const session handle{state};
  CHECK_FALSE(handle.send("x"));
  CHECK_FALSE(handle.ping());
  CHECK(state->done == story{"send now", "ping"});
  CHECK(state->woken == 0);
}

TEST_CASE("from other threads commands are queued in order, and the session is woken once") {
  const auto state = std::make_shared<fake_session>();
  state->own_thread = false;
  const session handle{state};
  CHECK_FALSE(handle.send("x"));
  CHECK_FALSE(handle.ping());
  CHECK_FALSE(handle.close());
  CHECK(state->done.empty());
  CHECK(state->woken == 1);
  state->run_queued();
  CHECK(state->done == story{"send", "ping", "close"});
}

TEST_CASE("queued commands run before those of the session's thread") {
  const auto state = std::make_shared<fake_session>();
  const session handle{state};
  state->own_thread = false;
  CHECK_FALSE(handle.ping());
  state->own_thread = true;
  CHECK_FALSE(handle.send("x"));
  CHECK(state->done == story{"ping", "send now"});
}

TEST_CASE("after a close nothing is sent, after the end no command is accepted") {
  const auto state = std::make_shared<fake_session>();
  const session handle{state};
  CHECK_FALSE(handle.close());
  CHECK(handle.send("x") == errc::closed);
  CHECK(handle.close() == errc::closed);
  state->shut();
  CHECK_FALSE(handle.is_open());
  handle.close_now();
  CHECK(state->done == story{"close"});
}

TEST_CASE("a message that would exceed the budget is refused, dropped or closes the session",
          "[abuse]") {
  using policy = send_budget::policy;
  const auto by = GENERATE(policy::refuse, policy::drop, policy::close);
  const auto state = std::make_shared<fake_session>(send_budget{1'000, 2'000, by});
  state->own_thread = false;
  const session handle{state};
  const std::string much(1'500, 'x');
  CHECK_FALSE(handle.send(much));
  const auto ec = handle.send(much);
  CHECK(handle.buffered_bytes() <= 2'000);
  CHECK(ec == (by == policy::drop ? std::error_code{} : errc::send_budget_exceeded));
  CHECK(handle.statistics().messages_dropped == (by == policy::drop ? 1 : 0));
  CHECK(handle.send("x") == (by == policy::close ? errc::closed : std::error_code{}));
}

TEST_CASE(
    "a message larger than the whole send budget has an error of its own, under every policy") {
  using policy = send_budget::policy;
  const auto by = GENERATE(policy::refuse, policy::drop, policy::close);
  const auto state = std::make_shared<fake_session>(send_budget{1'000, 2'000, by});
  state->own_thread = false;
  const session handle{state};
  CHECK(handle.send(std::string(2'001, 'x')) == errc::message_exceeds_budget);
  CHECK(handle.send(std::string_view{std::string(2'001, 'x')}) == errc::message_exceeds_budget);
  CHECK_FALSE(handle.send("x"));
  CHECK(handle.statistics().messages_dropped == 0);
}

TEST_CASE("the command queue of a session that does not run stays bounded", "[abuse]") {
  const auto state = std::make_shared<fake_session>();
  state->own_thread = false;
  const session handle{state};
  for (int i = 0; i < 1000; ++i) {
    handle.pause();
    handle.resume();
    handle.on_drained([] {});
    handle.close_now();
  }
  CHECK(state->woken == 1);
  state->run_queued();
  CHECK(state->done == story{"flow", "abort"});
}

TEST_CASE("every handle reports the facts of its session") {
  detail::session_facts facts;
  facts.remote_address = "127.0.0.1:1";
  facts.parameters = {{"id", "7"}};
  const session handle{std::make_shared<fake_session>(send_budget{}, facts)};
  CHECK(handle.remote_address() == "127.0.0.1:1");
  CHECK(handle.parameter("id") == "7");
  CHECK(handle.parameter("other").empty());
}

TEST_CASE("what other threads send counts for the memory of the server at once", "[abuse]") {
  const auto memory = std::make_shared<detail::memory_budget>(0);
  const auto state = std::make_shared<fake_session>(send_budget{}, detail::session_facts{}, memory);
  state->own_thread = false;
  const session handle{state};
  for (int i = 0; i < 100; ++i) CHECK_FALSE(handle.send(std::string(1000, 'x')));
  CHECK(memory->bytes() >= 100'000);
  CHECK(memory->bytes() == state->counted_bytes());
  CHECK(memory->bytes() <= handle.buffered_bytes());
}

TEST_CASE(
    "a session that the memory budget ends is asked to end on its own thread, and sends no more",
    "[abuse]") {
  const auto memory = std::make_shared<detail::memory_budget>(100'000);
  const auto state = std::make_shared<fake_session>(send_budget{}, detail::session_facts{}, memory);
  const bool own_thread = GENERATE(true, false);
  const session handle{state};
  SECTION("because of what it stores") {
    state->own_thread = own_thread;
    state->set_stored_beside(200'000);
  }
  SECTION("because of what another thread sends") {
    state->own_thread = false;
    handle.send(std::string(200'000, 'x'));
    CHECK(state->woken == 1);
    state->own_thread = own_thread;
  }
  SECTION("because of what another session stores") {
    state->own_thread = own_thread;
    state->set_stored_beside(90'000);
    CHECK_FALSE(state->is_ending());
    const auto other =
        std::make_shared<fake_session>(send_budget{}, detail::session_facts{}, memory);
    other->set_stored_beside(20'000);
    CHECK_FALSE(other->is_ending());
  }
  CHECK(state->is_ending());
  CHECK(handle.send("more") == errc::closed);
  state->run_queued();
  CHECK(state->done.back() == "account");
}

TEST_CASE("threads that send at once leave the last number counted", "[abuse]") {
  const auto memory = std::make_shared<detail::memory_budget>(0);
  const auto state =
      std::make_shared<fake_session>(send_budget{.hard = 0}, detail::session_facts{}, memory);
  state->own_thread = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) session{state}.send(std::string(2000, 'x'));
    });
  }
  for (auto& one : threads) one.join();
  CHECK(memory->bytes() == session{state}.buffered_bytes() / 1024 * 1024);
}

}  // namespace
