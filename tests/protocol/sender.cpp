// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/sender.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "hawser/protocol/extension.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

/// A sender without a connection, and its extension.
template <class Extension = no_extension>
struct sending {
  Extension extension = {};
  sender<Extension, fixed_mask_source> out;

  explicit sending(role self) : out{self, fixed_mask_source{}} {}

  errc message(std::string_view payload) {
    return out.message(extension, {message_kind::text, as_bytes(payload)}, as_bytes(payload));
  }

  errc fragment(std::string_view payload, part position, message_kind kind = message_kind::text) {
    return out.fragment(extension, {kind, as_bytes(payload)}, position);
  }

  void write(std::size_t size) { out.consume(size); }

  lines written() {
    octets wire;
    while (!out.output().empty()) {
      const auto next = out.output().front();
      wire.insert(wire.end(), next.begin(), next.end());
      out.consume(next.size());
    }
    return frames_shown(wire);
  }
};

TEST_CASE("messages and control frames leave in the order they are given", "[rfc-5.4]") {
  const auto self = GENERATE(role::client, role::server);
  sending<> from{self};
  REQUIRE(from.message("one") == errc{});
  from.out.control(opcode::ping, as_bytes("two"));
  from.out.pong(as_bytes("three"));
  REQUIRE(from.message("four") == errc{});
  from.out.close(close_code::normal, "five");
  CHECK(from.written() == lines{"text \"one\"", "ping \"two\"", "pong \"three\"", "text \"four\"",
                                "close 1000 \"five\""});
}

TEST_CASE("a fragmented message is opened by its first fragment and ended by its last",
          "[rfc-5.4]") {
  const auto self = GENERATE(role::client, role::server);
  sending<> from{self};
  REQUIRE(from.fragment("a", part::more) == errc{});
  CHECK(from.message("no") == errc::message_unfinished);
  CHECK(from.fragment("no", part::more, message_kind::binary) == errc::message_unfinished);
  REQUIRE(from.fragment("b", part::last) == errc{});
  REQUIRE(from.fragment("c", part::last, message_kind::binary) == errc{});
  CHECK(from.written() == lines{"text unfinished \"a\"", "continuation \"b\"", "binary \"c\""});
}

TEST_CASE("text of fragments is checked before anything is queued", "[rfc-8.1]") {
  const auto self = GENERATE(role::client, role::server);
  sending<> from{self};
  CHECK(from.fragment("\xFF", part::more) == errc::invalid_utf8);
  CHECK(from.fragment("\xC3", part::last) == errc::invalid_utf8);
  CHECK(from.out.output().empty());
  REQUIRE(from.message("still no message open") == errc{});
  CHECK(from.written() == lines{"text \"still no message open\""});
}

TEST_CASE("pongs follow each other until a write is under way", "[rfc-5.5.3]") {
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
  const auto self = GENERATE(role::client, role::server);
  sending<> from{self};
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

}  // namespace
