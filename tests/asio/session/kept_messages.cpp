// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/kept_messages.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/asio/session/occupied.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heap_meter.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;
using detail::kept_messages;

std::string shown_kept(const std::string& kept) { return kept; }
std::string shown_kept(const std::vector<std::byte>& kept) { return "bytes " + text(kept); }
std::string shown_kept(const prepared_message& kept) {
  return "prepared " + std::string{as_text(kept.payload())};
}

lines taken(kept_messages& queue) {
  lines all;
  while (const auto one = queue.take()) {
    all.push_back(std::visit([](const auto& kept) { return shown_kept(kept); }, *one));
  }
  return all;
}

/// The memory that a text of at most 15 bytes occupies.
const std::size_t short_text = sizeof(kept_messages::kept) + detail::per_block;

TEST_CASE("messages of all kinds are kept in their order, and taken once") {
  kept_messages queue{{.most = 2000}};
  CHECK(queue.keeps());
  CHECK_FALSE(queue.keep("one"));
  CHECK_FALSE(queue.keep(as_bytes(std::string_view{"two"})));
  CHECK_FALSE(queue.keep(message_view{message_kind::text, as_bytes(std::string_view{"three"})}));
  CHECK_FALSE(queue.keep(message_view{message_kind::binary, as_bytes(std::string_view{"four"})}));
  CHECK_FALSE(queue.keep(prepared_message{"five"}));
  CHECK(queue.size() > 5 * short_text);
  CHECK(taken(queue) == lines{"one", "bytes two", "three", "bytes four", "prepared five"});
  CHECK(queue.size() == 0);
  CHECK(taken(queue).empty());
}

TEST_CASE("an uncompressed message stays uncompressed", "[rfc-9]") {
  kept_messages queue{{.most = 1000}};
  CHECK_FALSE(queue.keep(message_view{message_kind::text, as_bytes("one"), coding::plain}));
  const auto kept = queue.take();
  REQUIRE(kept);
  const auto& prepared = std::get<prepared_message>(*kept);
  CHECK(prepared.kind() == message_kind::text);
  CHECK(prepared.coding() == coding::plain);
  CHECK(text(prepared.payload()) == "one");
}

TEST_CASE("a full queue refuses and keeps what it has") {
  kept_messages queue{{.most = 2 * short_text}};
  CHECK_FALSE(queue.keep("123"));
  CHECK(queue.keep(std::string(16, '4')) == errc::send_budget_exceeded);
  CHECK_FALSE(queue.keep("4"));
  CHECK(queue.keep("") == errc::send_budget_exceeded);
  CHECK(queue.size() == 2 * short_text);
  CHECK(taken(queue) == lines{"123", "4"});
}

TEST_CASE("a full queue may drop the oldest, as many as it must") {
  kept_messages queue{{.most = 3 * short_text, .when_full = outage_queue::policy::drop_oldest}};
  for (const auto* one : {"1", "2", "3"}) CHECK_FALSE(queue.keep(one));
  const std::string larger(40, '4');
  CHECK_FALSE(queue.keep(larger));
  CHECK(queue.size() <= 3 * short_text);
  CHECK(queue.keep(std::string(1000, '5')) == errc::message_exceeds_budget);
  CHECK(taken(queue) == lines{"3", larger});
}

TEST_CASE("empty messages occupy no more than a queue may keep", "[abuse]") {
  REQUIRE(heap_meter::in_use() != 0);
  constexpr std::size_t most = 64 * 1024;
  const auto policy = GENERATE(outage_queue::policy::refuse, outage_queue::policy::drop_oldest);
  const auto kind = GENERATE(0, 1, 2, 3);
  std::size_t held = 0;
  {
    kept_messages queue{{.most = most, .when_full = policy}};
    const heap_meter heap;
    for (int i = 0; i < 10'000; ++i) {
      if (kind == 0) queue.keep(std::string_view{});
      if (kind == 1) queue.keep(bytes_view{});
      if (kind == 2) queue.keep(message_view{message_kind::binary, {}, coding::plain});
      if (kind == 3) queue.keep(prepared_message{""});
    }
    held = heap.held();
  }
  CAPTURE(kind, policy == outage_queue::policy::refuse);
  CHECK(held <= most + 2048);  // The deque also has a chunk and a table
}

TEST_CASE("a message occupies what it counts for", "[abuse]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{15}, std::size_t{16}, std::size_t{5000});
  const std::string payload(size, 'x');
  const auto kind = GENERATE(0, 1, 2);
  std::size_t held = 0;
  std::size_t counted = 0;
  {
    kept_messages queue{{.most = 10'000'000}};
    const heap_meter heap;
    for (int i = 0; i < 1000; ++i) {
      if (kind == 0) queue.keep(payload);
      if (kind == 1) queue.keep(as_bytes(payload));
      if (kind == 2) queue.keep(prepared_message{payload});
    }
    held = heap.held();
    counted = queue.size();
  }
  CAPTURE(kind, size);
  CHECK(held <= counted + 2048);
  CHECK(counted <= held + 1000 * 5 * 16);  // The meter does not include the allocator's own memory
}

TEST_CASE("a message that is put back is still the oldest") {
  kept_messages queue{{.most = 3 * short_text}};
  for (const auto* one : {"1", "2", "3"}) CHECK_FALSE(queue.keep(one));
  auto first = queue.take();
  REQUIRE(first);
  queue.put_back(std::move(*first));
  CHECK(queue.size() == 3 * short_text);
  CHECK(taken(queue) == lines{"1", "2", "3"});
}

TEST_CASE("a message being sent counts, so that a queue that never drains stays within its limit",
          "[abuse]") {
  kept_messages queue{{.most = 2 * short_text}};
  CHECK_FALSE(queue.keep("1"));
  CHECK_FALSE(queue.keep("2"));
  for (int i = 0; i < 3; ++i) {
    auto first = queue.take();
    REQUIRE(first);
    CHECK(queue.keep("3") == errc::send_budget_exceeded);
    queue.put_back(std::move(*first));
  }
  CHECK(queue.size() == 2 * short_text);
  CHECK(taken(queue) == lines{"1", "2"});
}

TEST_CASE("a message dropped while it was being sent is not put back") {
  kept_messages queue{{.most = 2 * short_text, .when_full = outage_queue::policy::drop_oldest}};
  CHECK_FALSE(queue.keep("1"));
  CHECK_FALSE(queue.keep("2"));
  auto first = queue.take();
  REQUIRE(first);
  CHECK_FALSE(queue.keep("3"));
  queue.put_back(std::move(*first));
  CHECK(queue.size() == 2 * short_text);
  CHECK(taken(queue) == lines{"2", "3"});
}

TEST_CASE("a message that could not be sent is not queued") {
  kept_messages queue{{.most = 100}};
  CHECK(queue.keep("\xFF") == errc::invalid_utf8);
  CHECK(queue.keep(prepared_message{"\xFF"}) == errc::invalid_utf8);
  CHECK(queue.size() == 0);
}

TEST_CASE("a queue with a limit of zero keeps nothing") {
  CHECK_FALSE(kept_messages{{.most = 0}}.keeps());
}

}  // namespace
