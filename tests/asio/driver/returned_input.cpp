// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/returned_input.hpp"

#include <string_view>

#include "hawser/frame/opcode.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;
using detail::delivery_receipt;
using detail::returned_input;

namespace {

received_part part_of(std::string_view text, bool first, bool last) {
  const auto payload = as_bytes(text);
  return {message_kind::text, {payload.begin(), payload.end()}, first, last};
}

TEST_CASE("input that is returned in any order is taken in the order of its arrival") {
  returned_input input;
  input.put(2, part_of("b", true, true));
  input.put(3, part_of("c", true, true));
  input.put(1, part_of("a", true, true));
  CHECK(input.stored_bytes() > 3);
  received_part part;
  CHECK(input.take(part) == 1);
  CHECK(part.text() == "a");
  message whole;
  CHECK(input.take(whole) == 2);
  CHECK(whole.text() == "b");
  CHECK(input.take(whole) == 3);
  CHECK(input.empty());
  CHECK_FALSE(input.take(whole));
  CHECK_FALSE(input.take(part));
}

TEST_CASE("returned parts make a message only with the last one, which may come from elsewhere") {
  returned_input input;
  message whole;
  input.put(1, part_of("a", true, false));
  input.put(2, part_of("b", false, false));
  CHECK_FALSE(input.take(whole));
  SECTION("all parts were returned") {
    input.put(3, part_of("c", false, true));
    input.put(4, part_of("d", true, true));
    CHECK(input.take(whole) == 1);
    CHECK(whole.text() == "abc");
    CHECK_FALSE(input.empty());
  }
  SECTION("the rest was read") {
    const auto rest = as_bytes("cd");
    whole.payload.assign(rest.begin(), rest.end());
    input.take_before(whole);
    CHECK(whole.text() == "abcd");
    CHECK(input.empty());
    input.take_before(whole);
    CHECK(whole.text() == "abcd");
  }
}

TEST_CASE("a receipt gives input back after the completion, before the handler, and once") {
  returned_input input;
  message whole;
  delivery_receipt receipt{&whole, nullptr};
  CHECK(receipt.is_pending());
  CHECK_FALSE(receipt.give_back(input));
  const bool cancelled = GENERATE(false, true);
  receipt.complete();
  CHECK_FALSE(receipt.is_pending());
  if (cancelled) {
    CHECK(receipt.give_back(input));
    CHECK_FALSE(receipt.give_back(input));
  }
  CHECK(receipt.end() == cancelled);
  CHECK_FALSE(receipt.give_back(input));
  CHECK(input.empty() != cancelled);
}

}  // namespace
