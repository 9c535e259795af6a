// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segmentation.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using status = frame_reader::status;
using lines = std::vector<std::string>;

constexpr bool reads_in_a_constant_expression() {
  // RFC 6455 §5.7: a masked "Hello".
  std::array wire{std::byte{0x81}, std::byte{0x85}, std::byte{0x37}, std::byte{0xFA},
                  std::byte{0x21}, std::byte{0x3D}, std::byte{0x7F}, std::byte{0x9F},
                  std::byte{0x4D}, std::byte{0x51}, std::byte{0x58}};
  frame_reader reader{role::server};
  mutable_bytes head{wire.data(), 3};
  if (reader.read_header(head) != status::need_more || reader.between_frames()) return false;
  mutable_bytes rest = mutable_bytes{wire}.subspan(3);
  if (reader.read_header(rest) != status::in_frame || reader.header().length != 5) return false;
  const auto payload = reader.take_payload(rest);
  reader.end_frame();
  return payload.size() == 5 && payload[0] == std::byte{'H'} && payload[4] == std::byte{'o'} &&
         rest.empty() && reader.between_frames();
}
static_assert(reads_in_a_constant_expression());

/// The frames of the pieces as text, followed by the error if there is one.
lines frames_of(frame_reader reader, const pieces& input) {
  lines frames;
  byte_vector payload;
  for (byte_vector piece : input) {
    mutable_bytes rest{piece};
    while (true) {
      const auto now = reader.read_header(rest);
      if (now == status::failed) {
        frames.push_back(shown(reader.error()));
        return frames;
      }
      if (now == status::need_more) break;
      const auto taken = reader.take_payload(rest);
      payload.insert(payload.end(), taken.begin(), taken.end());
      if (!reader.at_end()) break;
      frames.push_back(shown(reader.header().op) + (reader.header().fin ? " " : " unfinished ") +
                       shown(payload));
      payload.clear();
      reader.end_frame();
    }
    if (!rest.empty()) frames.push_back("input was left");
  }
  return frames;
}

lines frames_of(role own_role, const byte_vector& input, std::uint8_t reserved = 0) {
  return under_segmentations(input, [&](const pieces& cut) {
    return frames_of(frame_reader{own_role, reserved}, cut);
  });
}

TEST_CASE("frames are read completely and unmasked, wherever they are cut", "[rfc-5.2][rfc-5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const std::string medium(300, 'm');
  const std::string large(70'000, 'l');
  CHECK(frames_of(
            own_role,
            frame_from(from, opcode::text, "Hel", fin::no) + frame_from(from, opcode::ping, "") +
                frame_from(from, opcode::continuation, "lo") +
                frame_from(from, opcode::binary, medium) + frame_from(from, opcode::binary, large) +
                frame_from(from, opcode::pong, "x") + frame_from(from, opcode::close, "")) ==
        lines{"text unfinished \"Hel\"", "ping \"\"", "continuation \"lo\"",
              "binary " + shown(as_bytes(medium)), "binary " + shown(as_bytes(large)), "pong \"x\"",
              "close \"\""});
}

TEST_CASE("a frame cut in two is read, at every cut", "[rfc-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 5, 125, 126, 200);
  const std::string payload(size, 'p');
  const auto wire = frame_from(peer_of(own_role), opcode::text, payload) +
                    frame_from(peer_of(own_role), opcode::ping, "next");
  for (std::size_t i = 0; i <= wire.size(); ++i) {
    CHECK(frames_of(frame_reader{own_role}, cut_at(wire, i)) ==
          lines{"text " + shown(as_bytes(payload)), "ping \"next\""});
  }
}

TEST_CASE("bytes after a frame stay in the input", "[rfc-5.2]") {
  auto wire = frame_from(role::server, opcode::text, "Hello") + bytes("rest");
  mutable_bytes input{wire};
  frame_reader reader{role::client};
  REQUIRE(reader.read_header(input) == status::in_frame);
  CHECK(input.size() == 9);
  REQUIRE(reader.read_header(input) == status::in_frame);
  CHECK(text(reader.take_payload(input)) == "Hello");
  CHECK(text(input) == "rest");
  CHECK(reader.at_end());
}

TEST_CASE("payload can be put back", "[rfc-5.3]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(range(0, 8));
  const auto wire = frame_from(peer_of(own_role), opcode::text, "Hello there") +
                    frame_from(peer_of(own_role), opcode::text, "you");
  auto input = wire;
  mutable_bytes rest{input};
  frame_reader reader{own_role};
  REQUIRE(reader.read_header(rest) == frame_reader::status::in_frame);
  auto payload = reader.take_payload(rest);
  REQUIRE(reader.at_end());
  reader.put_back(payload.last(static_cast<std::size_t>(size)), rest);
  CHECK(reader.at_end() == (size == 0));
  CHECK(byte_vector{rest.begin(), rest.end()} ==
        byte_vector{wire.end() - static_cast<std::ptrdiff_t>(rest.size()), wire.end()});
  payload = reader.take_payload(rest);
  CHECK(text(payload) ==
        std::string_view{"Hello there"}.substr(11 - static_cast<std::size_t>(size)));
}

TEST_CASE("a negotiated reserved bit is allowed on the first frame of a message", "[rfc-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto error = shown(errc::bad_reserved_bits);
  for (int op = 0; op <= 10; ++op) {
    for (int bits = 1; bits < 8; ++bits) {
      const auto wire = frame_from(from, op, {}, fin::yes, bits);
      INFO("opcode " << op << ", bits " << bits);
      CHECK(frames_of(own_role, wire) == lines{error});
      const bool good = (op == 1 || op == 2) && bits == 4;
      CHECK((frames_of(own_role, wire, rsv1) == lines{error}) == !good);
      const bool good_for_all = op == 1 || op == 2;
      CHECK((frames_of(own_role, wire, rsv1 | rsv2 | rsv3) == lines{error}) == !good_for_all);
    }
  }
}

TEST_CASE("a frame that is not allowed is refused with its second byte", "[rfc-5.2][rfc-5.5]") {
  struct refused {
    const char* digits;
    errc why;
  };
  const auto own_role = GENERATE(role::client, role::server);
  const auto [digits, why] = GENERATE(values<refused>({{"91 05", errc::bad_reserved_bits},
                                                       {"a1 05", errc::bad_reserved_bits},
                                                       {"c1 05", errc::bad_reserved_bits},
                                                       {"83 05", errc::bad_opcode},
                                                       {"87 05", errc::bad_opcode},
                                                       {"8b 05", errc::bad_opcode},
                                                       {"8f 05", errc::bad_opcode},
                                                       {"09 05", errc::control_fragmented},
                                                       {"89 7e", errc::control_too_long},
                                                       {"88 7f", errc::control_too_long}}));
  auto wire = from_hex(digits);
  if (own_role == role::server) wire[1] |= std::byte{0x80};
  CHECK(frames_of(own_role, wire) == lines{shown(why)});
  wire[1] ^= std::byte{0x80};
  wire[0] = std::byte{0x81};
  CHECK(frames_of(own_role, wire) ==
        lines{shown(own_role == role::server ? errc::unmasked_frame : errc::masked_frame)});
}

TEST_CASE("an invalid length is refused with its last byte, before the mask", "[rfc-5.2]") {
  CHECK(frames_of(role::server, "82 fe 00 7d"_b) == lines{shown(errc::length_not_minimal)});
  CHECK(frames_of(role::server, "82 ff 00 00 00 00 00 00 ff ff"_b) ==
        lines{shown(errc::length_not_minimal)});
  CHECK(frames_of(role::server, "82 ff 80 00 00 00 00 00 00 00"_b) ==
        lines{shown(errc::length_too_large)});
}

TEST_CASE("after a failure nothing more is read") {
  frame_reader reader{role::client};
  auto bad = "83 00"_b;
  mutable_bytes input{bad};
  REQUIRE(reader.read_header(input) == status::failed);
  CHECK(reader.error() == errc::bad_opcode);
  CHECK(!reader.in_frame());
}

TEST_CASE("the first byte of a frame says whether it is a control frame", "[rfc-5.2]") {
  frame_reader reader{role::client};
  for (const auto& control : {"88 00"_b, "89 00"_b, "8a 00"_b}) {
    CHECK(reader.is_control_next(control));
  }
  for (const auto& data : {"00 00"_b, "01 00"_b, "80 00"_b, "82 00"_b}) {
    CHECK_FALSE(reader.is_control_next(data));
  }
  auto first = "89"_b;
  mutable_bytes input{first};
  CHECK(reader.read_header(input) == status::need_more);
  CHECK(reader.is_control_next("01"_b));
  auto second = "01"_b;
  input = second;
  CHECK(reader.read_header(input) == status::in_frame);
  CHECK(reader.is_control_next("01"_b));
}

TEST_CASE("the stream may end between frames only") {
  const auto own_role = GENERATE(role::client, role::server);
  auto wire = frame_from(peer_of(own_role), opcode::text, "Hello");
  for (std::size_t i = 0; i < wire.size(); ++i) {
    frame_reader reader{own_role};
    auto cut = cut_at(wire, i)[0];
    mutable_bytes input{cut};
    if (reader.read_header(input) == status::in_frame) reader.take_payload(input);
    CHECK(reader.between_frames() == (i == 0));
  }
}

}  // namespace
