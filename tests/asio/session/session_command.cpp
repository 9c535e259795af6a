// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_command.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/protocol/prepared_message.hpp"
#include "support/catch.hpp"
#include "support/heap_meter.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

/// The memory that a thousand of these occupy in a queue, and the size with which they count.
template <class Make>
void check_counted(Make make) {
  REQUIRE(heap_meter::in_use() != 0);
  std::vector<session_command> queue;
  std::size_t counted = 0;
  const heap_meter heap;
  for (int i = 0; i < 1000; ++i) {
    auto command = make();
    counted += kept_size(command);
    queue.emplace_back(std::move(command));
  }
  const auto held = heap.held();
  CHECK(held <= counted);
}

TEST_CASE("a queued message counts for the memory it occupies, however small it is", "[abuse]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{5000});
  const std::string text(size, 'x');
  check_counted([&] { return send_command{message_kind::text, text}; });
  check_counted([&] { return send_command{message_kind::binary, std::vector<std::byte>(size)}; });
  check_counted([&] { return send_command{message_kind::text, prepared_message{text}}; });
  check_counted([&] { return ping_command{std::vector<std::byte>(size)}; });
}

TEST_CASE("what the budget does not limit takes the place of an older one of its kind", "[abuse]") {
  std::vector<session_command> queue;
  const auto add = [&](session_command command) {
    if (!replace_queued(queue, command)) queue.push_back(std::move(command));
  };
  for (int i = 0; i < 1000; ++i) {
    add(flow_command{i % 2 == 0});
    add(drained_command{});
    add(abort_command{});
    add(account_command{});
  }
  REQUIRE(queue.size() == 4);
  CHECK_FALSE(std::get<flow_command>(queue.front()).paused);
}

TEST_CASE("a command queued before a message is not moved behind it") {
  std::vector<session_command> queue;
  queue.emplace_back(flow_command{true});
  queue.emplace_back(ping_command{});
  session_command resume = flow_command{false};
  CHECK_FALSE(replace_queued(queue, resume));
  session_command ping = ping_command{};
  CHECK_FALSE(replace_queued(queue, ping));
}

}  // namespace
