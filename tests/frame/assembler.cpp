// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/assembler.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heap.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

constexpr frame_header frame(opcode op, bool fin, std::uint64_t length, std::uint8_t reserved = 0) {
  return {op, fin, reserved, false, {}, length};
}

constexpr auto unlimited = static_cast<std::uint64_t>(-1);

constexpr bool follows_a_message_in_a_constant_expression() {
  assembler made{10, 3};
  const std::array hi{std::byte{'h'}, std::byte{'i'}};
  return made.begin_frame(frame(opcode::text, false, 2)) == errc{} &&
         made.count(hi, false) == errc{} && made.open() && made.remaining() == 8 &&
         made.begin_frame(frame(opcode::continuation, true, 2)) == errc{} &&
         made.count(hi, true) == errc{} && !made.open() && made.kind() == message_kind::text;
}
static_assert(follows_a_message_in_a_constant_expression());

TEST_CASE("a continuation needs an unfinished message, a new message must not have one",
          "[rfc-5.4]") {
  assembler made{100, 10};
  CHECK(made.begin_frame(frame(opcode::continuation, true, 0)) == errc::unexpected_continuation);
  REQUIRE(made.begin_frame(frame(opcode::binary, false, 0)) == errc{});
  CHECK(made.open());
  CHECK(made.begin_frame(frame(opcode::text, true, 0)) == errc::expected_continuation);
  CHECK(made.begin_frame(frame(opcode::binary, true, 0)) == errc::expected_continuation);
  REQUIRE(made.begin_frame(frame(opcode::continuation, true, 0)) == errc{});
  REQUIRE(made.count({}, true) == errc{});
  CHECK(!made.open());
  CHECK(made.begin_frame(frame(opcode::continuation, true, 0)) == errc::unexpected_continuation);
}

TEST_CASE("a declared length is compared without overflow", "[rfc-10.4]") {
  assembler made{100, 10};
  CHECK(made.begin_frame(frame(opcode::binary, false, 101)) == errc::message_too_big);

  assembler next{100, 10};
  REQUIRE(next.begin_frame(frame(opcode::binary, false, 40)) == errc{});
  REQUIRE(next.count(std::vector<std::byte>(40), false) == errc{});
  CHECK(next.begin_frame(frame(opcode::continuation, false, 61)) == errc::message_too_big);
  CHECK(next.begin_frame(frame(opcode::continuation, false, (std::uint64_t{1} << 63) - 1)) ==
        errc::message_too_big);
  CHECK(next.begin_frame(frame(opcode::continuation, true, 60)) == errc{});

  assembler any{unlimited, 10};
  CHECK(any.begin_frame(frame(opcode::binary, false, (std::uint64_t{1} << 63) - 1)) == errc{});
}

TEST_CASE("the length of an encoded frame is not that of the message", "[rfc-10.4]") {
  assembler made{10, 10};
  REQUIRE(made.begin_frame(frame(opcode::binary, false, 1000, rsv1)) == errc{});
  CHECK(made.reserved() == rsv1);
  REQUIRE(made.count(std::vector<std::byte>(10), false) == errc{});
  REQUIRE(made.begin_frame(frame(opcode::continuation, true, 1000)) == errc{});
  CHECK(made.reserved() == rsv1);
  CHECK(made.count(std::vector<std::byte>(1), true) == errc::message_too_big);
}

TEST_CASE("frames are counted per message", "[rfc-5.4]") {
  assembler made{10, 2};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(made.begin_frame(frame(opcode::binary, false, 0)) == errc{});
    REQUIRE(made.begin_frame(frame(opcode::continuation, true, 0)) == errc{});
    REQUIRE(made.count({}, true) == errc{});
  }
  REQUIRE(made.begin_frame(frame(opcode::binary, false, 0)) == errc{});
  REQUIRE(made.begin_frame(frame(opcode::continuation, false, 0)) == errc{});
  CHECK(made.begin_frame(frame(opcode::continuation, true, 0)) == errc::too_many_fragments);
}

TEST_CASE("text is checked over its fragments, binary is not", "[rfc-8.1]") {
  const auto cut = "e2 82"_b;
  assembler made{10, 10};
  REQUIRE(made.begin_frame(frame(opcode::text, false, 2)) == errc{});
  REQUIRE(made.count(cut, false) == errc{});
  CHECK(made.count({}, true) == errc::invalid_utf8);
  CHECK(made.count("28"_b, false) == errc::invalid_utf8);

  assembler other{10, 10};
  REQUIRE(other.begin_frame(frame(opcode::binary, true, 2)) == errc{});
  CHECK(other.count(cut, true) == errc{});
}

TEST_CASE("take_first() is true once per message", "[rfc-5.4]") {
  assembler made{10, 10};
  for (int i = 0; i < 2; ++i) {
    REQUIRE(made.begin_frame(frame(opcode::binary, false, 0)) == errc{});
    CHECK(made.take_first());
    CHECK(!made.take_first());
    REQUIRE(made.begin_frame(frame(opcode::continuation, true, 0)) == errc{});
    CHECK(!made.take_first());
    REQUIRE(made.count({}, true) == errc{});
  }
}

TEST_CASE("an abandoned message needs no end, and its stored bytes are kept", "[rfc-7.1.2]") {
  assembler made{100, 10};
  REQUIRE(made.begin_frame(frame(opcode::text, false, 2)) == errc{});
  made.store(as_bytes("ab"));
  made.abandon();
  CHECK(!made.open());
  CHECK(text(made.stored()) == "ab");
}

TEST_CASE("a text abandoned inside a code point does not affect the next text", "[rfc-8.1]") {
  assembler made{100, 10};
  REQUIRE(made.begin_frame(frame(opcode::text, false, 2)) == errc{});
  REQUIRE(made.count("e2 82"_b, false) == errc{});
  made.abandon();
  REQUIRE(made.begin_frame(frame(opcode::text, true, 1)) == errc{});
  CHECK(made.count("28"_b, true) == errc{});
}

TEST_CASE("stored bytes are kept in order until clear()") {
  assembler made{100, 10};
  made.store(as_bytes("ab"));
  auto buffer = made.grow(10);
  REQUIRE(buffer.size() == 10);
  buffer[0] = std::byte{'c'};
  CHECK(text(made.keep(1)) == "c");
  made.store(as_bytes("d"));
  CHECK(text(made.stored()) == "abcd");
  made.clear();
  CHECK(made.stored().empty());
}

TEST_CASE(
    "an assembler without stored bytes has no memory, and a small message gets pooled memory") {
  assembler made{unlimited, 10};
  const std::vector<std::byte> big(1'000'000);
  const std::vector<std::byte> small(1000);
  buffer_pool::clear();
  const heap_meter heap;
  made.store(big);
  const auto full = heap.held();
  made.clear();
  const auto cleared = heap.held();
  made.store(small);
  made.clear();
  const auto count = heap.count();
  made.store(small);
  const auto again = heap.count();
  made.clear();
  buffer_pool::clear();
  const auto left = heap.held();
  CHECK(full >= big.size());
  CHECK(cleared == 0);
  CHECK(again == count);
  CHECK(left == 0);
}

TEST_CASE("text up to the limit is checked before the size is refused", "[rfc-8.1][rfc-10.4]") {
  const auto bad_at = GENERATE(0, 9, 10, 11);
  CAPTURE(bad_at);
  std::string text(12, 'x');
  text[static_cast<std::size_t>(bad_at)] = '\xFF';
  assembler one{10, 100};
  REQUIRE(one.begin_frame({opcode::text, true, rsv1, false, {}, 1}) == errc{});
  CHECK(one.count(as_bytes(text), true) ==
        (bad_at < 10 ? errc::invalid_utf8 : errc::message_too_big));
}

TEST_CASE("encoded bytes have their own limit, far above that of the message", "[rfc-10.4]") {
  assembler one{10, 100};
  REQUIRE(one.begin_frame({opcode::binary, true, rsv1, false, {}, 1}) == errc{});
  CHECK(one.encoded_remaining() == 16 * 10 + 64 * 1024);
  one.count_encoded(16 * 10 + 64 * 1024);
  CHECK(one.encoded_remaining() == 0);
  REQUIRE(one.count({}, true) == errc{});
  // The count restarts with the next message.
  REQUIRE(one.begin_frame({opcode::binary, true, rsv1, false, {}, 1}) == errc{});
  one.count_encoded(1000);
  CHECK(one.encoded_remaining() == 16 * 10 + 64 * 1024 - 1000);
}

TEST_CASE("a message without a size limit has no limit of encoded bytes", "[rfc-10.4]") {
  constexpr auto all = static_cast<std::uint64_t>(-1);
  const auto limit = GENERATE_COPY(as<std::uint64_t>{}, all, all / 16);
  CAPTURE(limit);
  assembler one{limit, 100};
  REQUIRE(one.begin_frame({opcode::binary, true, rsv1, false, {}, 1}) == errc{});
  CHECK(one.encoded_remaining() == all);
}

}  // namespace
