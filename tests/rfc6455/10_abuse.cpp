// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heap.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;

/// Passes `input` to the peer many times, in one buffer as a driver does, and drops the events. The
/// buffer counts as allocated memory.
template <class Connection>
void flood(Connection& peer, const byte_vector& input, std::size_t times) {
  byte_vector buffer(input.size());
  for (std::size_t i = 0; i < times; ++i) {
    std::copy(input.begin(), input.end(), buffer.begin());
    mutable_bytes rest{buffer};
    while (peer.next(rest)) {
    }
  }
}

byte_vector many(const byte_vector& frame, std::size_t count) {
  byte_vector made;
  made.reserve(frame.size() * count);
  for (std::size_t i = 0; i < count; ++i) made.insert(made.end(), frame.begin(), frame.end());
  return made;
}

TEST_CASE("a declared length uses no memory", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool encoded = GENERATE(false, true);
  connection_options options;
  options.max_message_size = 2048 * mebibyte;
  test_connection<run_length> peer{own_role, options};
  const auto head = header_from(peer_of(own_role), 2, 1024 * mebibyte, fin::yes, encoded ? 4 : 0);
  // With decoding, only one of two bytes is payload.
  auto some = frame_from(peer_of(own_role), 2, byte_vector(kibibyte, std::byte{1}));
  some.erase(some.begin(), some.end() - kibibyte);
  const heap_meter heap;
  flood(peer, head, 1);
  flood(peer, some, 1);
  const auto most = heap.most();
  CHECK(peer.state() == close_state::open);
  CHECK(most <= (encoded ? 16 * kibibyte : 4 * kibibyte));
}

TEST_CASE("a message that is never finished uses memory for what has arrived only", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto fragment = GENERATE(as<std::size_t>{}, 1, 100, 10'000);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  flood(peer, frame_from(from, opcode::binary, "", fin::no), 1);
  const auto next = frame_from(from, opcode::continuation, std::string(fragment, 'x'), fin::no);
  const std::size_t count = 500'000 / fragment;
  const heap_meter heap;
  flood(peer, next, (std::min<std::size_t>)(count, 100'000));
  const auto most = heap.most();
  CHECK(peer.state() == close_state::open);
  // When the buffer grows by doubling, the old and the new memory exist at once.
  CHECK(most <= 3 * fragment * (std::min<std::size_t>)(count, 100'000) + 2 * fragment + kibibyte);
}

TEST_CASE("an endless message in parts uses no memory", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.deliver = delivery::parts;
  options.max_message_size = static_cast<std::uint64_t>(-1);
  options.max_frames = static_cast<std::uint64_t>(-1);
  test_connection<> peer{own_role, options};
  flood(peer, frame_from(from, opcode::binary, "", fin::no), 1);
  const auto next =
      many(frame_from(from, opcode::continuation, std::string(10'000, 'x'), fin::no), 5);
  const heap_meter heap;
  flood(peer, next, 500);
  const auto most = heap.most();
  CHECK(peer.state() == close_state::open);
  CHECK(most <= 64 * kibibyte);
}

TEST_CASE("a flood of empty frames uses no memory and ends at the limit", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  flood(peer, frame_from(from, opcode::text, "", fin::no), 1);
  const auto empty = many(frame_from(from, opcode::continuation, "", fin::no), 1000);
  const heap_meter heap;
  flood(peer, empty, 131);
  const bool open = peer.state() == close_state::open;
  flood(peer, empty, 1);
  const auto most = heap.most();
  CHECK(open);
  CHECK(frames_shown(written_by(peer)) == lines{"close 1009 \"the message has too many frames\""});
  CHECK(most <= empty.size() + kibibyte);
}

TEST_CASE("a flood of fragments ends at the limit", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.max_message_size = 100'000;
  test_connection<> peer{own_role, options};
  flood(peer, frame_from(from, opcode::binary, "x", fin::no), 1);
  const auto one = many(frame_from(from, opcode::continuation, "x", fin::no), 1000);
  const heap_meter heap;
  flood(peer, one, 200);
  const auto most = heap.most();
  CHECK(frames_shown(written_by(peer)) == lines{"close 1009 \"the message is too big\""});
  CHECK(most <= 400 * kibibyte);
}

TEST_CASE("a flood of messages of one byte uses no memory", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  const auto input = many(frame_from(peer_of(own_role), opcode::text, "x"), 1000);
  const heap_meter heap;
  flood(peer, input, 100);
  const auto count = heap.count();
  const auto most = heap.most();
  CHECK(peer.state() == close_state::open);
  CHECK(count <= 100);
  CHECK(most <= 16 * kibibyte);
}

TEST_CASE("a flood of pings to a blocked output leaves one pong", "[rfc-5.5.3][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("under way"));
  CHECK(!peer.output().empty());
  const auto input = many(frame_from(from, opcode::ping, std::string(125, 'p')), 500);
  const heap_meter heap;
  flood(peer, input, 200);
  const auto most = heap.most();
  CHECK(most <= input.size() + kibibyte);
  CHECK(frames_in(written_by(peer)).size() == 2);
}

TEST_CASE("a flood of pings to a driver that writes is answered in bounded memory",
          "[rfc-5.5.3][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  const auto input = many(frame_from(from, opcode::ping, ""), 10'000);
  const heap_meter heap;
  std::size_t most_waiting = 0;
  for (int i = 0; i < 50; ++i) {
    flood(peer, input, 1);
    most_waiting = (std::max)(most_waiting, peer.buffered_bytes());
    // A slow peer takes one byte at a time.
    if (!peer.output().empty()) peer.consume_output(1);
  }
  const auto most = heap.most();
  CHECK(most_waiting <= 10'000 * 6);
  CHECK(most <= 400 * kibibyte);
}

TEST_CASE("a flood of pongs uses no memory", "[rfc-5.5.3][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role};
  const auto input = many(frame_from(peer_of(own_role), opcode::pong, std::string(125, 'p')), 500);
  const heap_meter heap;
  flood(peer, input, 200);
  const auto most = heap.most();
  CHECK(most <= kibibyte + input.size());
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("data after the Close frame is dropped without memory and without an event",
          "[rfc-5.5.1][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const bool ours_first = GENERATE(false, true);
  test_connection<> peer{own_role};
  if (ours_first) {
    REQUIRE(!peer.close());
  } else {
    CHECK(feed(peer, close_from(from, 1000)) == lines{"closed{1000, clean}"});
  }
  byte_vector input = frame_from(from, opcode::text, std::string(60'000, 'x')) +
                      frame_from(from, opcode::ping, "?");
  const auto waiting = peer.buffered_bytes();
  const heap_meter heap;
  flood(peer, input, 200);
  const auto most = heap.most();
  CHECK(most <= input.size() + kibibyte);
  CHECK(peer.buffered_bytes() == waiting);
  CHECK(peer.state() == (ours_first ? close_state::sent : close_state::exchanged));
}

TEST_CASE("a peer that keeps sending instead of closing times out", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  const auto input = frame_from(from, opcode::text, "blah");
  REQUIRE(!peer.close());
  written_by(peer);
  for (int i = 0; i <= 50; ++i) {
    peer.advance(at(i * 100ms));
    flood(peer, input, 1);
  }
  CHECK(peer.state() == close_state::ended);
  CHECK(peer.wants() == interest{});
}

TEST_CASE("a payload that expands when decoded ends at the limit, without its memory",
          "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.max_message_size = 100 * kibibyte;
  test_connection<run_length> peer{own_role, options};
  // Two bytes decode to 255: 25 MiB in all.
  auto bomb = frame_from(from, 2, many("ff 78"_b, 100'000), fin::yes, 4);
  mutable_bytes input{bomb};
  const heap_meter heap;
  const auto happened = peer.next(input);
  const auto most = heap.most();
  CHECK(shown(happened) == "closed{1009, the message is too big}");
  CHECK(most <= 420 * kibibyte);
}

TEST_CASE("an expansion over many fragments ends at the limit", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  connection_options options;
  options.max_message_size = 100 * kibibyte;
  test_connection<run_length> peer{own_role, options};
  flood(peer, frame_from(from, 2, {}, fin::no, 4), 1);
  const auto next = frame_from(from, 0, "ff 78"_b, fin::no);
  const heap_meter heap;
  flood(peer, next, 401);
  const bool open = peer.state() == close_state::open;
  flood(peer, next, 1);
  const auto most = heap.most();
  CHECK(open);
  CHECK(peer.state() == close_state::exchanged);
  CHECK(most <= 420 * kibibyte);
}

TEST_CASE("encoded fragments that decode to nothing use no memory", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<run_length> peer{own_role};
  flood(peer, frame_from(from, 2, {}, fin::no, 4), 1);
  const auto next = many(frame_from(from, 0, {}, fin::no), 1000);
  const heap_meter heap;
  flood(peer, next, 100);
  const auto most = heap.most();
  CHECK(peer.state() == close_state::open);
  CHECK(most <= 16 * kibibyte);
}

TEST_CASE("after a big message its memory is freed", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  test_connection<> peer{own_role};
  const auto wire = frame_from(from, opcode::binary, std::string(mebibyte, 'x'));
  const auto cut = cut_evenly(wire, 60'000);
  const heap_meter heap;
  for (const auto& piece : cut) flood(peer, piece, 1);
  mutable_bytes none;
  static_cast<void>(peer.next(none));
  const auto held = heap.held();
  const auto most = heap.most();
  CHECK(most >= mebibyte);
  CHECK(held <= kibibyte);
}

TEST_CASE("a connection that only waits has no memory of its own", "[rfc-10.4]") {
  const heap_meter heap;
  std::size_t held = 0;
  {
    test_connection<> peer{role::server};
    peer.advance(at(0s));
    held = heap.most();
  }
  CHECK(held == 0);
  CHECK(sizeof(test_connection<>) <= 1024);
}

TEST_CASE("thousands of frames in one read take proportional time", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto frame = frame_from(peer_of(own_role), opcode::ping, "");
  // All frames are in one buffer. The test counts allocated memory because times vary from run to run.
  const auto blocks = [&](std::size_t count) {
    test_connection<> peer{own_role};
    const auto input = many(frame, count);
    const heap_meter heap;
    flood(peer, input, 1);
    return heap.count();
  };
  const auto few = blocks(2'000);
  const auto more = blocks(8'000);
  CHECK(more <= 4 * few);
}

}  // namespace
