// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/command_queue.hpp"

#include <stdexcept>
#include <variant>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using namespace hawser;
using detail::abort_command;
using detail::account_command;
using detail::command_queue;
using detail::ping_command;

namespace {

TEST_CASE("a command queue returns its commands in order, and wakes once for all of them") {
  command_queue queue;
  int woken = 0;
  const auto wake = [&] { ++woken; };
  CHECK_FALSE(queue.has_commands());
  CHECK_FALSE(queue.add(ping_command{}, wake));
  CHECK_FALSE(queue.add(abort_command{}, wake));
  CHECK(woken == 1);
  CHECK(queue.has_commands());
  const auto commands = queue.take();
  REQUIRE(commands.size() == 2);
  CHECK(std::holds_alternative<ping_command>(commands[0]));
  CHECK(std::holds_alternative<abort_command>(commands[1]));
  CHECK_FALSE(queue.has_commands());
  CHECK_FALSE(queue.add(account_command{}, wake));
  CHECK(woken == 2);
}

TEST_CASE("a command whose wake-up failed is not queued, and the next one wakes again") {
  command_queue queue;
  int woken = 0;
  CHECK_THROWS_AS(queue.add(ping_command{}, [] { throw std::runtime_error{"full"}; }),
                  std::runtime_error);
  CHECK_FALSE(queue.has_commands());
  CHECK_FALSE(queue.add(abort_command{}, [&] { ++woken; }));
  CHECK(woken == 1);
  CHECK(queue.take().size() == 1);
}

TEST_CASE("a command queue that is shut drops its commands, and accepts no more") {
  command_queue queue;
  CHECK(queue.if_accepting([] { return true; }));
  CHECK_FALSE(queue.if_accepting([] { return false; }));
  CHECK_FALSE(queue.add(ping_command{}, [] {}));
  queue.shut();
  CHECK_FALSE(queue.accepts());
  CHECK_FALSE(queue.has_commands());
  CHECK(queue.take().empty());
  CHECK(queue.add(ping_command{}, [] { FAIL("woken after its end"); }) == errc::closed);
  CHECK_FALSE(queue.if_accepting([] {
    FAIL("asked after its end");
    return true;
  }));
}

}  // namespace
