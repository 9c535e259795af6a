// SPDX-License-Identifier: BSL-1.0
// RFC 7692 §6 and §7.2: compressed messages on a connection.
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/peers.hpp"
#include "support/strict_inflate.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

constexpr int compressed = 4;

byte_vector frame(role from, std::string_view payload, fin end = fin::yes,
                  int reserved = compressed) {
  return frame_from(from, 1, from_hex(payload), end, reserved);
}

byte_vector more(role from, std::string_view payload, fin end = fin::yes) {
  return frame_from(from, 0, from_hex(payload), end);
}

lines events_of(role own_role, const byte_vector& input, const connection_options& options = {}) {
  return story_of(own_role, input, options, copied_deflate{});
}

byte_vector message_of(role from, message_kind kind, bytes_view payload) {
  return frame_from(from, static_cast<int>(kind), deflated(payload), fin::yes, compressed);
}

TEST_CASE("each example of the RFC decodes to its message", "[rfc7692-7.2.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const lines hello{"text \"Hello\""};
  CHECK(events_of(own_role, frame(from, "f2 48 cd c9 c9 07 00")) == hello);
  CHECK(events_of(own_role, frame(from, "f2 48 cd", fin::no) + more(from, "c9 c9 07 00")) == hello);
  CHECK(events_of(own_role, frame(from, "f2 48 cd c9 c9 07 00") + frame(from, "f2 00 11 00 00")) ==
        lines{"text \"Hello\"", "text \"Hello\""});
  CHECK(events_of(own_role, frame(from, "00 05 00 fa ff 48 65 6c 6c 6f 00")) == hello);
  CHECK(events_of(own_role, frame(from, "f3 48 cd c9 c9 07 00 00")) == hello);
  CHECK(events_of(own_role, frame(from, "f2 48 05 00 00 00 ff ff ca c9 c9 07 00")) == hello);
  CHECK(events_of(own_role, frame(from, "00")) == lines{"text \"\""});
}

TEST_CASE("the examples are sent as in the RFC", "[rfc7692-7.2.3.1][rfc7692-7.2.3.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto options = without_threshold({.level = 6, .memory_level = 8, .own_window_bits = 15});
  test_connection<copied_deflate> peer{own_role, {}, copied_deflate{options}};
  REQUIRE(!peer.send("Hello"));
  REQUIRE(!peer.send("Hello"));
  REQUIRE(!peer.send(""));
  CHECK(written_by(peer) == frame(own_role, "f2 48 cd c9 c9 07 00") +
                                frame(own_role, "f2 00 11 00 00") + frame(own_role, "00"));
}

TEST_CASE("uncompressed and compressed messages mix, and only the latter are context",
          "[rfc7692-6][rfc7692-7.2.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(events_of(own_role, frame(from, "f2 48 cd c9 c9 07 00") +
                                frame_from(from, opcode::text, "plain") +
                                frame_from(from, opcode::binary, "pl", fin::no) +
                                frame_from(from, opcode::continuation, "ain") +
                                frame(from, "f2 00 11 00 00")) ==
        lines{"text \"Hello\"", "text \"plain\"", "binary \"plain\"", "text \"Hello\""});
}

TEST_CASE("control frames between compressed fragments are not compressed", "[rfc7692-6.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(events_of(own_role, frame(from, "f2 48", fin::no) + frame_from(from, opcode::ping, "?") +
                                more(from, "cd c9", fin::no) + more(from, "", fin::no) +
                                frame_from(from, opcode::pong, "!") + more(from, "c9 07 00")) ==
        lines{"ping \"?\"", "pong \"!\"", "text \"Hello\"", "> pong \"?\""});
}

TEST_CASE("every fragment may be one byte long", "[rfc7692-7.2.3.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  auto input = frame(from, "f2", fin::no);
  for (const auto* byte : {"48", "cd", "c9", "c9", "07"}) input = input + more(from, byte, fin::no);
  CHECK(events_of(own_role, input + more(from, "00")) == lines{"text \"Hello\""});
  CHECK(events_of(own_role, input + more(from, "00", fin::no) + more(from, "")) ==
        lines{"text \"Hello\""});
}

TEST_CASE("only the first frame of a message has the compression bit", "[rfc7692-6]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto refused = failed(close_code::protocol_error, errc::bad_reserved_bits);
  const auto first = GENERATE(0, compressed);
  CHECK(events_of(own_role, frame_from(from, 2, "f2 48 cd"_b, fin::no, first) +
                                frame_from(from, 0, "c9 c9 07 00"_b, fin::yes, compressed)) ==
        refused);
  const auto op = GENERATE(8, 9, 10);
  CHECK(events_of(own_role, frame_from(from, op, {}, fin::yes, compressed)) == refused);
}

TEST_CASE("the other reserved bits still fail the connection", "[rfc7692-6]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto bits = GENERATE(1, 2, 3, 5, 6, 7);
  CHECK(events_of(own_role, frame(peer_of(own_role), "00", fin::yes, bits)) ==
        failed(close_code::protocol_error, errc::bad_reserved_bits));
}

TEST_CASE("without the extension a compressed message fails the connection", "[rfc7692-5]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(story_of(own_role, frame(peer_of(own_role), "f2 48 cd c9 c9 07 00")) ==
        failed(close_code::protocol_error, errc::bad_reserved_bits));
}

TEST_CASE("data that is not a deflate stream fails the connection", "[rfc7692-7.2.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto payload = GENERATE("ff", "f2 00 11 00 00", "f2 48 cd c9 c9 07", "00 01 00 00 00 61");
  const auto story = events_of(
      own_role, frame_from(peer_of(own_role), 2, from_hex(payload), fin::yes, compressed));
  CHECK(story == failed(close_code::invalid_payload, errc::bad_extension_data));
}

TEST_CASE("text is checked as it is decompressed, before the message ends", "[rfc7692-6.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto refused = failed(close_code::invalid_payload, errc::invalid_utf8);
  CHECK(events_of(own_role, message_of(from, message_kind::text, "c3 a4 f0 9f 9a a2"_b)) ==
        lines{"text c3a4f09f9aa2"});
  CHECK(events_of(own_role, message_of(from, message_kind::text, "c3"_b)) == refused);
  CHECK(events_of(own_role, message_of(from, message_kind::binary, "c3"_b)) == lines{"binary c3"});
  byte_vector encoded;
  const auto with = usual_deflater();
  with->encode("61 ff"_b, part::last, encoded);
  // The message is unfinished but can no longer become valid.
  CHECK(events_of(own_role, frame_from(from, 1, encoded, fin::no, compressed)) == refused);
}

TEST_CASE("the limit is exact after decompression", "[rfc7692-8][autobahn-12.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto limit = GENERATE(as<std::size_t>{}, 1, 4095, 4096, 4097, 70'000);
  connection_options options;
  options.max_message_size = limit;
  const auto text = some_text(limit + 1);
  const auto most = as_bytes(text).first(limit);
  CHECK(events_of(own_role, message_of(from, message_kind::text, most), options) ==
        lines{"text " + shown(most)});
  CHECK(events_of(own_role, message_of(from, message_kind::text, as_bytes(text)), options) ==
        failed(close_code::message_too_big, errc::message_too_big));
}

TEST_CASE("the limit counts fragments together after decompression", "[rfc7692-8]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  const auto text = some_text(10'000);
  const auto encoded = deflated(as_bytes(text));
  const auto middle = static_cast<std::ptrdiff_t>(encoded.size() / 2);
  const auto input =
      frame_from(from, 1, {encoded.data(), encoded.size() / 2}, fin::no, compressed) +
      frame_from(from, 0, byte_vector{encoded.begin() + middle, encoded.end()});
  options.max_message_size = 10'000;
  CHECK(events_of(own_role, input, options) == lines{"text " + shown(as_bytes(text))});
  options.max_message_size = 9'999;
  CHECK(events_of(own_role, input, options) ==
        failed(close_code::message_too_big, errc::message_too_big));
}

TEST_CASE("messages that are discarded after our Close are not decompressed", "[rfc7692-6.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<copied_deflate> peer{own_role, {}, copied_deflate{}};
  REQUIRE(!peer.close());
  CHECK(feed(peer, frame(from, "ff ff ff") + close_from(from, 1000)) ==
        lines{"closed{1000, clean}"});
}

struct agreed_case {
  deflate_direction server;
  deflate_direction client;
  int level;
  int memory_level;
};

agreed_case some_agreement(std::mt19937& random) {
  const auto direction = [&] {
    return deflate_direction{static_cast<int>(9 + random() % 7), random() % 2 == 0};
  };
  return {direction(), direction(), static_cast<int>(1 + random() % 9),
          static_cast<int>(1 + random() % 9)};
}

/// Two connections with these negotiated parameters and local options.
struct two_sides {
  test_connection<copied_deflate> client;
  test_connection<copied_deflate> server;

  two_sides(const agreed_case& agreed, const deflate_options& options)
      : client{role::client, {}, copied_deflate{options, agreed.client, agreed.server}},
        server{role::server, {}, copied_deflate{options, agreed.server, agreed.client}} {}
};

void send_somehow(test_connection<copied_deflate>& from, std::mt19937& random, bytes_view payload) {
  switch (random() % 3) {
    case 0: REQUIRE(!from.send(payload)); return;
    case 1: REQUIRE(!from.send(prepared_message{payload})); return;
    default: break;
  }
  while (random() % 4 != 0) {
    const auto piece = payload.first(random() % (payload.size() + 1));
    payload = payload.subspan(piece.size());
    REQUIRE(!from.send_part(message_kind::binary, piece, part::more));
    if (random() % 4 == 0) REQUIRE(!from.send_ping());
  }
  REQUIRE(!from.send_part(message_kind::binary, payload, part::last));
}

/// The messages that `to` receives from the bytes, which arrive in random pieces.
lines received(test_connection<copied_deflate>& to, std::mt19937& random, byte_vector wire) {
  diary notes;
  for (mutable_bytes rest{wire}; !rest.empty();) {
    const auto size = (std::min)(rest.size(), std::size_t{1} + random() % 3000);
    feed(to, {rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size)}, notes);
    rest = rest.subspan(size);
  }
  lines messages;
  for (const auto& line : notes.lines()) {
    if (!line.starts_with("p")) messages.push_back(line);
  }
  return messages;
}

TEST_CASE("any messages are received as they were sent, with any parameters and any cuts",
          "[rfc7692-7.2]") {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto agreed = some_agreement(random);
    deflate_options options{.level = agreed.level,
                            .memory_level = agreed.memory_level,
                            .own_window_bits = 15,
                            .threshold = seed % 3 * 100};
    two_sides both{agreed, options};
    for (int round = 0; round < 6; ++round) {
      const bool from_client = random() % 2 == 0;
      auto& from = from_client ? both.client : both.server;
      auto& to = from_client ? both.server : both.client;
      lines expected;
      for (auto count = random() % 4; count != 0; --count) {
        const auto payload =
            some_bytes(random, random() % 5 == 0 ? random() % 60'000 : random() % 1500);
        expected.push_back("binary " + shown(payload));
        send_somehow(from, random, payload);
      }
      REQUIRE(received(to, random, written_by(from)) == expected);
    }
  }
}

/// A compressed message whose text or size may be invalid. `damage` may also change compressed bytes.
byte_vector spoiled_message(std::mt19937& random, role from, std::size_t limit, int window,
                            bool damage) {
  auto text = some_text(random() % 4 == 0 ? limit + random() % 3 : random() % 6000);
  for (auto count = random() % 3; count != 0 && !text.empty(); --count) {
    text[random() % text.size()] = static_cast<char>(random());
  }
  auto wire = deflated(*usual_deflater(window), as_bytes(text));
  for (auto count = damage ? 1 + random() % 2 : 0; count != 0; --count) {
    const auto at = wire.begin() + static_cast<std::ptrdiff_t>(random() % wire.size());
    switch (random() % 4) {
      case 0: *wire.erase(at, wire.end() - 1) = std::byte{0x03}; break;
      case 1: wire.insert(at, 1 + random() % 300, static_cast<std::byte>(random())); break;
      default: *at ^= static_cast<std::byte>(1U << random() % 8);
    }
  }
  const auto kind = random() % 4 == 0 ? message_kind::binary : message_kind::text;
  const auto half = random() % wire.size();
  return frame_from(from, static_cast<int>(kind), bytes_view{wire}.first(half), fin::no,
                    compressed) +
         frame_from(from, 0, bytes_view{wire}.subspan(half));
}

TEST_CASE("the error of a compressed message does not depend on where it is cut",
          "[rfc7692-7.2.2][rfc-8.1]") {
  std::array<int, 4> seen{};
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto own_role = seed % 2 == 0 ? role::client : role::server;
    const std::size_t limit = random() % 3 == 0 ? 100 : 4095 + random() % 3;
    const bool damage = random() % 2 == 0;
    // zlib detects a distance beyond a smaller window only where the message is cut.
    const int window = damage ? 15 : 9 + static_cast<int>(random() % 7);
    byte_vector input;
    for (auto count = 1 + random() % 2; count != 0; --count) {
      input = std::move(input) + spoiled_message(random, peer_of(own_role), limit, window, damage);
    }
    const auto story = story_of(own_role, input, {.max_message_size = limit},
                                copied_deflate{without_threshold(), {}, {.window_bits = window}});
    const auto ended_with = [&](errc why) { return story == failed(*close_code_for(why), why); };
    seen[0] += ended_with(errc::invalid_utf8) ? 1 : 0;
    seen[1] += ended_with(errc::message_too_big) ? 1 : 0;
    seen[2] += ended_with(errc::bad_extension_data) ? 1 : 0;
    seen[3] += story.size() > 2 || story.back().starts_with("text") ? 1 : 0;
  }
  for (const auto count : seen) CHECK(count > 5);
}

// Every byte within the limit of the encoded payload is decoded and checked, wherever it arrives.
TEST_CASE("the first of invalid text and too many encoded bytes decides how a message ends",
          "[rfc7692-8][rfc-8.1]") {
  const bool text_first = GENERATE(true, false);
  CAPTURE(text_first);
  const auto bad = "00 01 00 fe ff ff"_b;  // a stored block with the byte FF
  byte_vector wire = text_first ? bad : byte_vector{};
  // Empty blocks: five bytes each, and no output.
  while (wire.size() <= 16 * 100 + 64 * 1024) wire = std::move(wire) + "00 00 00 ff ff"_b;
  if (!text_first) wire = std::move(wire) + bad;
  const auto input = frame_from(role::client, 1, wire, fin::yes, compressed);
  const auto why = text_first ? errc::invalid_utf8 : errc::message_too_big;
  CHECK(story_of(role::server, input, {.max_message_size = 100}, copied_deflate{}) ==
        failed(*close_code_for(why), why));
}

TEST_CASE("sent messages use the negotiated window and context", "[rfc7692-7.1.1][rfc7692-7.1.2]") {
  const auto bits = GENERATE(9, 11, 15);
  const auto takeover = GENERATE(true, false);
  const auto options = without_threshold({.level = 9, .memory_level = 9, .own_window_bits = 15});
  test_connection<copied_deflate> peer{
      role::server, {}, copied_deflate{options, {bits, takeover}, {}}};
  std::mt19937 random{99};
  const auto period = some_bytes(random, 20'000);
  strict_inflate keeping;
  for (int i = 0; i < 4; ++i) {
    const auto size = i % 2 == 0 ? period.size() : 400;
    REQUIRE(!peer.send(bytes_view{period.data(), size}));
    const auto frames = frames_in(written_by(peer));
    REQUIRE(frames.size() == 1);
    strict_inflate forgetting;
    CHECK(forgetting.message(frames[0].payload) == (!takeover || i == 0));
    if (takeover) REQUIRE(keeping.message(frames[0].payload));
  }
  CHECK(keeping.longest_distance <= std::size_t{1} << bits);
}

TEST_CASE("connections with equal settings send the same memory, whatever their contexts",
          "[rfc7692-7.1.1]") {
  const auto options = without_threshold({.own_window_bits = 15});
  const auto peer = [&](int bits, bool takeover) {
    return test_connection<copied_deflate>{
        role::server, {}, copied_deflate{options, {bits, takeover}, {}}};
  };
  auto keeping = peer(15, true);
  auto forgetting = peer(15, false);
  auto smaller = peer(9, true);
  std::mt19937 random{8};
  const prepared_message prepared{bytes_view{some_bytes(random, 100'000)}};
  for (auto* one : {&keeping, &forgetting, &smaller}) REQUIRE(!one->send(prepared));
  const auto sent = keeping.output();
  CHECK(sent.size() > 10'000);
  CHECK(sent.size() < prepared.payload().size());
  CHECK(forgetting.output().data() == sent.data());
  CHECK(smaller.output().data() != sent.data());
}

TEST_CASE("a broadcast between a connection's own messages is decoded", "[rfc7692-7.1.1]") {
  const auto bits = GENERATE(9, 15);
  const auto options = without_threshold({.own_window_bits = 15});
  two_sides both{{{bits, true}, {}, 6, 8}, options};
  std::mt19937 random{4};
  strict_inflate strict;
  const auto first = some_text(2000);
  for (int i = 0; i < 20; ++i) {
    const auto size = 300 + random() % 3000;
    const auto text = some_text(size);
    if (random() % 2 == 0) {
      REQUIRE(!both.server.send(prepared_message{std::string_view{text}}));
    } else {
      REQUIRE(!both.server.send(text));
    }
    const auto wire = written_by(both.server);
    REQUIRE(strict.message(frames_in(wire).at(0).payload));
    CHECK(feed(both.client, wire) == lines{"text " + shown(as_bytes(text))});
  }
  CHECK(strict.longest_distance <= std::size_t{1} << bits);
}

}  // namespace
