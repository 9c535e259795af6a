// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/sender.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

/// A sender without a connection, and its extension.
template <class Extension = no_extension>
struct sending {
  Extension extension = {};
  sender<Extension, fixed_mask_source> out;

  explicit sending(role own_role) : out{own_role, fixed_mask_source{}} {}

  errc message(std::string_view payload) {
    return out.message(extension, {message_kind::text, as_bytes(payload)}, as_bytes(payload));
  }

  errc fragment(std::string_view payload, part position, message_kind kind = message_kind::text) {
    return out.fragment(extension, {kind, as_bytes(payload)}, position);
  }

  void write(std::size_t size) { out.consume(size); }

  lines written() {
    byte_vector wire;
    while (!out.output().empty()) {
      const auto next = out.output().front();
      wire.insert(wire.end(), next.begin(), next.end());
      out.consume(next.size());
    }
    return frames_shown(wire);
  }
};

TEST_CASE("messages and control frames are sent in the order in which they were queued",
          "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  sending<> from{own_role};
  REQUIRE(from.message("one") == errc{});
  from.out.control(opcode::ping, as_bytes("two"));
  from.out.pong(as_bytes("three"));
  REQUIRE(from.message("four") == errc{});
  from.out.close(close_code::normal, "five");
  CHECK(from.written() == lines{"text \"one\"", "ping \"two\"", "pong \"three\"", "text \"four\"",
                                "close 1000 \"five\""});
}

TEST_CASE("a client masks its frames, a server does not", "[rfc-5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  sending<> from{own_role};
  REQUIRE(from.message("Hello") == errc{});
  const auto next = from.out.output().front();
  CHECK(byte_vector(next.begin(), next.end()) == frame_from(own_role, opcode::text, "Hello"));
}

TEST_CASE("a client masks each frame of a long message, a server none", "[rfc-5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  constexpr std::size_t most = 1024;
  sender<no_extension, fixed_mask_source> out{own_role, fixed_mask_source{}, most};
  no_extension none;
  const std::string payload(most + 1, 'x');
  REQUIRE(out.message(none, {message_kind::text, as_bytes(payload)}, as_bytes(payload)) == errc{});
  byte_vector wire;
  while (!out.output().empty()) {
    const auto next = out.output().front();
    wire.insert(wire.end(), next.begin(), next.end());
    out.consume(next.size());
  }
  CHECK(wire == frame_from(own_role, opcode::text, std::string(most, 'x'), fin::no) +
                    frame_from(own_role, opcode::continuation, "x"));
}

TEST_CASE("a fragmented message is opened by its first fragment and ended by its last",
          "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  sending<> from{own_role};
  REQUIRE(from.fragment("a", part::more) == errc{});
  CHECK(from.message("no") == errc::message_unfinished);
  const prepared_message prepared{"no"};
  CHECK(from.out.message(from.extension, prepared) == errc::message_unfinished);
  CHECK(from.fragment("no", part::more, message_kind::binary) == errc::message_unfinished);
  REQUIRE(from.fragment("b", part::last) == errc{});
  REQUIRE(from.fragment("c", part::last, message_kind::binary) == errc{});
  CHECK(from.written() == lines{"text unfinished \"a\"", "continuation \"b\"", "binary \"c\""});
}

TEST_CASE("text of fragments is checked before anything is queued", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  sending<> from{own_role};
  CHECK(from.fragment("\xFF", part::more) == errc::invalid_utf8);
  CHECK(from.fragment("\xC3", part::last) == errc::invalid_utf8);
  CHECK(from.out.output().empty());
  REQUIRE(from.message("still no message open") == errc{});
  CHECK(from.written() == lines{"text \"still no message open\""});
}

TEST_CASE("pongs follow each other until a write is pending", "[rfc-5.5.3]") {
  sending<> from{role::server};
  from.out.pong(as_bytes("1"));
  from.out.pong(as_bytes("2"));
  const auto size = from.out.output().front().size();
  from.out.pong(as_bytes("3"));
  from.out.pong(as_bytes("4"));
  CHECK(from.out.output().size() == size);
  CHECK(frames_shown(from.out.output().front()) == lines{"pong \"1\"", "pong \"2\""});
  from.write(size);
  CHECK(from.written() == lines{"pong \"4\""});
}

TEST_CASE("an empty pong that waits is an answer too", "[rfc-5.5.3]") {
  sending<> from{role::server};
  from.out.pong(as_bytes("1"));
  const auto size = from.out.output().front().size();
  from.out.pong(as_bytes("2"));
  from.out.pong({});
  from.write(size);
  CHECK(from.written() == lines{"pong \"\""});
}

TEST_CASE("clear() drops what is queued and the pong that waits") {
  sending<> from{role::server};
  REQUIRE(from.message("one") == errc{});
  const auto size = from.out.output().front().size();
  from.out.pong(as_bytes("two"));
  from.out.clear();
  CHECK(from.out.output().empty());
  from.write(size);
  CHECK(from.out.output().empty());
}

TEST_CASE("a Close frame has the code and the reason, or nothing", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  sending<> from{own_role};
  from.out.close(std::nullopt, {});
  from.out.close(close_code::going_away, {});
  from.out.close(close_code::going_away, std::string(123, 'x'));
  CHECK(from.written() ==
        lines{"close", "close 1001", "close 1001 " + shown(as_bytes(std::string(123, 'x')))});
}

TEST_CASE("the bit of an encoded message is on its first frame only", "[rfc-5.4][rfc-9]") {
  sending<run_length> from{role::server};
  REQUIRE(from.message("aa") == errc{});
  REQUIRE(from.fragment("ab", part::more) == errc{});
  REQUIRE(from.fragment("c", part::more) == errc{});
  REQUIRE(from.fragment("d", part::last) == errc{});
  CHECK(from.written() == lines{"text rsv 4 0261", "text unfinished rsv 4 0161",
                                "continuation unfinished 0162", "continuation 01630164"});
}

TEST_CASE("no frame of any message is longer than the limit", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  constexpr std::size_t most = 2000;
  no_extension none;
  sender<no_extension, fixed_mask_source> out{own_role, fixed_mask_source{}, most};
  const std::string text(5000, 'x');
  const message_view view{message_kind::text, as_bytes(text)};
  std::size_t count = 3;
  SECTION("a view") { REQUIRE(out.message(none, view, view.payload) == errc{}); }
  SECTION("an owned payload") {
    REQUIRE(out.message(none, view, owned_payload{std::string{text}}) == errc{});
  }
  SECTION("a prepared message") {
    if (own_role == role::client) return;
    REQUIRE(out.message(none, prepared_message{view}) == errc{});
  }
  SECTION("a stream of parts") {
    REQUIRE(out.fragment(none, view, part::more) == errc{});
    REQUIRE(out.fragment(none, view, part::last) == errc{});
    count = 6;
  }
  byte_vector wire;
  while (!out.output().empty()) {
    const auto next = out.output().front();
    CHECK(next.size() <= most + max_header_size);
    wire.insert(wire.end(), next.begin(), next.end());
    out.consume(next.size());
  }
  const auto frames = frames_in(wire);
  REQUIRE(frames.size() == count);
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(frames[i].op == (i == 0 ? 1 : 0));
    CHECK(frames[i].end == (i == count - 1));
    CHECK(frames[i].payload.size() <= most);
    size += frames[i].payload.size();
  }
  CHECK(size == count / 3 * text.size());
}

TEST_CASE("the frames of an encoded message are cut, and its bit is on the first",
          "[rfc-5.4][rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  run_length extension;
  sender<run_length, fixed_mask_source> out{own_role, fixed_mask_source{}, 1};
  std::string text;
  for (int i = 0; i < 1100; ++i) text += static_cast<char>('a' + i % 2);
  REQUIRE(out.message(extension, {message_kind::text, as_bytes(text)}, as_bytes(text)) == errc{});
  byte_vector wire;
  while (!out.output().empty()) {
    const auto next = out.output().front();
    wire.insert(wire.end(), next.begin(), next.end());
    out.consume(next.size());
  }
  const auto frames = frames_in(wire);
  // A limit below 1 KiB is raised to 1 KiB.
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].reserved == 4);
  CHECK(frames[0].payload.size() == 1024);
  CHECK(frames[1].reserved == 0);
  CHECK(frames[2].payload.size() == 2200 - 2048);
}

TEST_CASE("a pong waits for one frame of a message, and not for its end", "[rfc-5.5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool owned = GENERATE(false, true);
  constexpr std::size_t size = 8 * 1024 * 1024;
  constexpr std::size_t most = 64 * 1024;
  no_extension none;
  sender<no_extension, fixed_mask_source> out{own_role, fixed_mask_source{}, most};
  const std::string text(size, 'x');
  const message_view view{message_kind::text, as_bytes(text)};
  if (owned) {
    REQUIRE(out.message(none, view, owned_payload{std::string{text}}) == errc{});
  } else {
    REQUIRE(out.message(none, view, view.payload) == errc{});
  }
  out.control(opcode::ping, as_bytes("behind"));
  const auto write = [&](std::size_t count) {
    byte_vector wire;
    while (wire.size() < count && !out.output().empty()) {
      const auto next = out.output().front();
      const auto taken = (std::min)(next.size(), count - wire.size());
      wire.insert(wire.end(), next.begin(), next.begin() + static_cast<std::ptrdiff_t>(taken));
      out.consume(taken);
    }
    return wire;
  };
  auto wire = write(size / 2);
  out.pong(as_bytes("old"));
  out.pong(as_bytes("new"));
  const auto before = wire.size();
  const auto rest = write(2 * size);
  wire.insert(wire.end(), rest.begin(), rest.end());
  std::size_t at = 0;
  lines controls;
  for (const auto& frame : frames_in(wire)) {
    if (frame.op >= 8) {
      controls.push_back(std::string{as_text(frame.payload)});
      if (controls.back() == "new") CHECK(at <= before + most + max_header_size);
    }
    at += frame.payload.size();
  }
  // Our ping stays behind the message: its pong acknowledges everything sent before it.
  CHECK(controls == lines{"new", "behind"});
}

TEST_CASE("a message with plain coding is not encoded", "[rfc-9]") {
  sending<run_length> from{role::server};
  const message_view plain{message_kind::text, as_bytes("aaaa"), coding::plain};
  REQUIRE(from.out.message(from.extension, plain, plain.payload) == errc{});
  REQUIRE(from.out.fragment(from.extension, plain, part::last) == errc{});
  CHECK(from.written() == lines{"text \"aaaa\"", "text \"aaaa\""});
}

}  // namespace
