// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "fuzz/record.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/writer.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

using compressed_connection = basic_connection<deflate_extension, counted_masks>;

constexpr std::uint64_t most = 20'000;

struct setting {
  deflate_direction client;
  deflate_direction server;
  deflate_options options;
};

setting setting_from(decisions& input) {
  setting made;
  const auto first = input.byte();
  made.client.window_bits = 9 + (first & 7) % 7;
  made.server.window_bits = 15 - (first & 7) % 7;
  made.client.context_takeover = (first & 8) != 0;
  made.server.context_takeover = (first & 16) != 0;
  made.options.own_context_takeover = (first & 32) != 0;
  made.options.level = 1 + (first >> 6) * 2;
  made.options.memory_level = 1;
  made.options.threshold = 0;
  return made;
}

compressed_connection make(role own_role, const setting& with, delivery how = delivery::messages,
                           turn_limits turn = {}) {
  connection_options options;
  options.turn = turn;
  options.max_message_size = most;
  options.deliver = how;
  const auto& own = own_role == role::client ? with.client : with.server;
  const auto& peer = own_role == role::client ? with.server : with.client;
  return compressed_connection{
      own_role, options,
      deflate_extension{own, peer, std::make_shared<const deflate_options>(with.options)}};
}

/// Any bytes, as the compressed output of a server.
byte_vector wire_of(decisions& input) {
  byte_vector wire;
  bool first = true;
  while (!input.empty()) {
    const auto choice = input.byte();
    frame_header header;
    header.fin = (choice & 1) != 0;
    const auto kind = (choice & 6) == 6 ? opcode::text : opcode::binary;
    header.op = first ? kind : opcode::continuation;
    header.reserved = first && (choice & 6) != 0 ? rsv1 : std::uint8_t{0};
    first = header.fin;
    byte_buffer frame;
    append_frame(frame, header, input.take(choice >> 3 == 31 ? 300U : choice >> 3));
    const auto made = frame.view();
    wire.insert(wire.end(), made.begin(), made.end());
  }
  return wire;
}

std::vector<std::string> receive(const setting& with, bytes_view wire, std::uint32_t seed,
                                 delivery how) {
  // In turns of a few bytes, unless all bytes arrive at once.
  auto peer = make(role::client, with, how, {.bytes = seed % 500, .events = seed % 3});
  record events{most};
  in_pieces(wire, seed, [&](byte_vector& piece) {
    events.take(peer, piece);
    return true;
  });
  return events.lines();
}

void inflate_anything(const setting& with, std::uint32_t seed, decisions& input) {
  const auto wire = wire_of(input);
  const auto whole = receive(with, wire, 0, delivery::messages);
  require(whole == receive(with, wire, seed, delivery::messages), "something else when cut");
  const auto in_parts = receive(with, wire, seed + 1, delivery::parts);
  require(whole == in_parts, "something else in parts");
}

/// The messages that one side compresses are those that the other one receives.
void there_and_back(const setting& with, std::uint32_t seed, decisions& input) {
  auto client = make(role::client, with);
  auto server = make(role::server, with);
  record client_events{most};
  record server_events{most};
  std::vector<std::string> said[2];
  while (!input.empty()) {
    const auto choice = input.byte();
    auto text = shown(input.take(choice & 0x1F));
    for (int times = choice >> 5 & 3; times > 0 && text.size() < 5000; --times) text += text + text;
    auto& sender = (choice & 0x80) != 0 ? client : server;
    const auto half = text.size() / 2;
    switch (input.byte() % 3) {
      case 0: sender.send(as_bytes(text)); break;
      case 1: sender.send(prepared_message{as_bytes(text)}); break;
      default:
        sender.send_part(message_kind::binary, as_bytes(text).first(half), part::more);
        sender.send_part(message_kind::binary, as_bytes(text).subspan(half), part::last);
    }
    said[(choice & 0x80) != 0 ? 0 : 1].push_back("binary " + text);
  }
  const auto move = [&](auto& from, auto& to, record& events) {
    byte_vector wire;
    for (auto out = from.output(); !out.empty(); out = from.output()) {
      wire.insert(wire.end(), out.begin(), out.end());
      from.consume_output(out.size());
    }
    in_pieces(wire, seed, [&](byte_vector& piece) {
      events.take(to, piece);
      return true;
    });
  };
  move(client, server, server_events);
  move(server, client, client_events);
  require(server_events.lines() == said[0], "the server reads something else");
  require(client_events.lines() == said[1], "the client reads something else");
}

/// Any list of offers or answers, and the offers of one side with the answers of the other.
void negotiate(const setting& with, decisions& input) {
  const permessage_deflate any{with.options};
  const auto list = decode_extensions(shown(input.rest()));
  if (!list) return;
  const auto answer = any.answer(*list);
  const auto read = decode_extensions(answer);
  require(read.has_value() && read->size() <= 1, "an answer that cannot be read");
  require(answer.empty() || are_offered(*read, *list), "an answer to nothing");
  if (any.accepts(*list)) (void)any.make(role::client, *list);

  const permessage_deflate usual;
  const auto offers = decode_extensions(any.offer());
  require(offers.has_value(), "an offer that cannot be read");
  const auto given = decode_extensions(usual.answer(*offers));
  require(given && any.accepts(*given), "the answer to an offer is refused");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto first = input.byte();
  const bool inflates = (first & 1) != 0;
  const std::uint32_t seed = input.byte() + 1U;
  const auto with = setting_from(input);
  if ((first & 6) == 6) return negotiate(with, input), 0;
  inflates ? inflate_anything(with, seed, input) : there_and_back(with, seed, input);
  return 0;
}
