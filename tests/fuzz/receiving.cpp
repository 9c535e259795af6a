// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/record.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/protocol/connection.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

/// Nearly valid frames of the peer of `own_role`.
byte_vector frames_from(role own_role, decisions& input) {
  byte_vector wire;
  mask_key key{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  while (!input.empty() && wire.size() < 100'000) {
    const auto first = input.byte();
    const auto second = input.byte();
    frame_header header;
    header.op = static_cast<opcode>((second & 0x80) != 0 ? first & 0xF
                                    : (first & 3) == 3   ? 8 + second % 3
                                                         : first & 3);
    header.fin = (first & 0x10) != 0 || is_control(header.op);
    if ((second & 0x40) != 0 && (first & 0x80) != 0) header.fin = !header.fin;
    header.reserved =
        (second & 0x7F) == 0x7F ? static_cast<std::uint8_t>(first & 0x70) : std::uint8_t{0};
    const bool wrong_side = (second & 0x3F) == 0x3E;
    header.masked = (own_role == role::server) != wrong_side;
    header.mask = key;
    std::string payload;
    for (int times = (first & 0x60) == 0x60 ? 40 : 1; times > 0; --times) {
      payload += shown(bytes_view{input.take(static_cast<std::size_t>(second & 0x1F))});
    }
    byte_buffer frame;
    append_frame(frame, header, as_bytes(payload));
    const auto made = frame.view();
    wire.insert(wire.end(), made.begin(), made.end());
  }
  return wire;
}

struct outcome {
  std::vector<std::string> events;
  std::string written;

  friend bool operator==(const outcome&, const outcome&) = default;
};

outcome receive(role own_role, connection_options options, bytes_view wire, std::uint32_t seed) {
  fuzzed_connection peer{own_role, options};
  record events{*options.max_message_size};
  outcome result;
  in_pieces(wire, seed, [&](byte_vector& piece) {
    events.take(peer, piece);
    return true;
  });
  require(peer.buffered_bytes() <= 2 * wire.size() + 200, "more output than input");
  for (auto out = peer.output(); !out.empty(); out = peer.output()) {
    result.written += shown(out);
    peer.consume_output(out.size());
  }
  peer.receive_end();
  events.take(peer, {});
  require(events.over(), "no end");
  require(peer.state() >= close_state::exchanged, "open without input");
  for (int i = 0; i < 3; ++i)
    peer.advance(fuzzed_connection::time_point{} + std::chrono::hours{i + 1});
  require(peer.state() == close_state::ended && !peer.wants().read, "a deadline that ends nothing");
  result.events = events.lines();
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto first = input.byte();
  const auto own_role = (first & 1) != 0 ? role::client : role::server;
  const std::uint32_t seed = input.byte() + 1U;
  connection_options options;
  options.max_message_size = (first & 4) != 0 ? 20 : 5000;
  options.max_frames = (first & 8) != 0 ? 3 : 100;
  byte_vector wire;
  if ((first & 2) != 0) {
    const auto raw = input.rest();
    wire.assign(raw.begin(), raw.end());
  } else {
    wire = frames_from(own_role, input);
  }
  const auto whole = receive(own_role, options, wire, 0);
  options.turn.events = seed % 7;
  require(whole == receive(own_role, options, wire, seed), "something else when cut");
  options.deliver = delivery::parts;
  require(whole == receive(own_role, options, wire, seed + 1), "something else in parts");
  return 0;
}
