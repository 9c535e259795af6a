// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/kept_messages.hpp"

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;
using detail::kept_messages;

std::string shown_kept(const std::string& kept) { return kept; }
std::string shown_kept(const std::vector<std::byte>& kept) { return "octets " + text(kept); }
std::string shown_kept(const prepared_message& kept) {
  return "prepared " + std::string{as_text(kept.payload())};
}

lines taken(kept_messages& queue) {
  lines all;
  for (const auto& one : queue.take()) {
    all.push_back(std::visit([](const auto& kept) { return shown_kept(kept); }, one));
  }
  return all;
}

TEST_CASE("messages of all kinds are kept in their order, and taken once") {
  kept_messages queue{{.most = 100}};
  CHECK(queue.keeps());
  CHECK_FALSE(queue.keep("one"));
  CHECK_FALSE(queue.keep(as_bytes(std::string_view{"two"})));
  CHECK_FALSE(queue.keep(message_view{message_kind::text, as_bytes(std::string_view{"three"})}));
  CHECK_FALSE(queue.keep(message_view{message_kind::binary, as_bytes(std::string_view{"four"})}));
  CHECK_FALSE(queue.keep(prepared_message{"five"}));
  CHECK(queue.size() == 19);
  CHECK(taken(queue) == lines{"one", "octets two", "three", "octets four", "prepared five"});
  CHECK(queue.size() == 0);
  CHECK(taken(queue).empty());
}

TEST_CASE("a message that is to be sent as it is stays one", "[rfc-9]") {
  kept_messages queue{{.most = 100}};
  CHECK_FALSE(queue.keep(message_view{message_kind::text, as_bytes("one"), coding::plain}));
  CHECK(queue.size() == 3);
  const auto kept = queue.take();
  REQUIRE(kept.size() == 1);
  const auto& prepared = std::get<prepared_message>(kept.front());
  CHECK(prepared.kind() == message_kind::text);
  CHECK(prepared.coding() == coding::plain);
  CHECK(text(prepared.payload()) == "one");
}

TEST_CASE("a full queue refuses and keeps what it has") {
  kept_messages queue{{.most = 4}};
  CHECK_FALSE(queue.keep("123"));
  CHECK(queue.keep("45") == errc::send_budget_exceeded);
  CHECK_FALSE(queue.keep("4"));
  CHECK(queue.size() == 4);
  CHECK(taken(queue) == lines{"123", "4"});
}

TEST_CASE("a full queue may drop the oldest, as many as it must") {
  kept_messages queue{{.most = 4, .when_full = outage_queue::policy::drop_oldest}};
  CHECK_FALSE(queue.keep("1"));
  CHECK_FALSE(queue.keep("2"));
  CHECK_FALSE(queue.keep("34"));
  CHECK_FALSE(queue.keep("56"));
  CHECK(queue.size() == 4);
  CHECK(queue.keep("larger") == errc::send_budget_exceeded);
  CHECK(taken(queue) == lines{"34", "56"});
}

TEST_CASE("what is put back comes before what came since") {
  kept_messages queue{{.most = 4, .when_full = outage_queue::policy::drop_oldest}};
  CHECK_FALSE(queue.keep("12"));
  CHECK_FALSE(queue.keep(prepared_message{"34"}));
  auto some = queue.take();
  CHECK_FALSE(queue.keep(as_bytes(std::string_view{"567"})));
  queue.put_back(std::move(some));
  CHECK(queue.size() == 7);
  CHECK_FALSE(queue.keep("8"));
  CHECK(queue.size() == 4);
  CHECK(taken(queue) == lines{"octets 567", "8"});
}

TEST_CASE("what could not be sent is not kept") {
  kept_messages queue{{.most = 100}};
  CHECK(queue.keep("\xFF") == errc::invalid_utf8);
  CHECK(queue.keep(prepared_message{"\xFF"}) == errc::invalid_utf8);
  CHECK(queue.size() == 0);
}

TEST_CASE("a queue keeps nothing unless it is told to") {
  CHECK_FALSE(kept_messages{outage_queue{}}.keeps());
}

}  // namespace
