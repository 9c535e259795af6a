// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

TEST_CASE("the RFC's examples are read", "[rfc-5.7]") {
  const auto hello = lines{"text \"Hello\""};
  CHECK(story_of(role::client, "81 05 48 65 6c 6c 6f"_b) == hello);
  CHECK(story_of(role::server, "81 85 37 fa 21 3d 7f 9f 4d 51 58"_b) == hello);
  CHECK(story_of(role::client, "01 03 48 65 6c  80 02 6c 6f"_b) == hello);
  CHECK(story_of(role::client, "89 05 48 65 6c 6c 6f"_b) ==
        lines{"ping \"Hello\"", "> pong \"Hello\""});
  CHECK(story_of(role::server, "8a 85 37 fa 21 3d 7f 9f 4d 51 58"_b) == lines{"pong \"Hello\""});

  const auto medium = pattern(256);
  CHECK(story_of(role::client, "82 7e 01 00"_b + medium) == lines{"binary " + shown(medium)});
  const auto large = pattern(65'536);
  CHECK(story_of(role::client, "82 7f 00 00 00 00 00 01 00 00"_b + large) ==
        lines{"binary " + shown(large)});
}

TEST_CASE("the RFC's examples are written", "[rfc-5.7]") {
  test_connection<> server{role::server};
  test_connection<> client{role::client};
  REQUIRE(!server.send("Hello"));
  CHECK(written_by(server) == "81 05 48 65 6c 6c 6f"_b);
  REQUIRE(!client.send("Hello"));
  CHECK(written_by(client) == "81 85 37 fa 21 3d 7f 9f 4d 51 58"_b);
  REQUIRE(!server.send_part(message_kind::text, as_bytes("Hel"), part::more));
  REQUIRE(!server.send_part(message_kind::text, as_bytes("lo"), part::last));
  CHECK(written_by(server) == "01 03 48 65 6c  80 02 6c 6f"_b);
  REQUIRE(!server.send_ping(as_bytes("Hello")));
  CHECK(written_by(server) == "89 05 48 65 6c 6c 6f"_b);
  REQUIRE(!server.send(pattern(256)));
  CHECK(written_by(server) == "82 7e 01 00"_b + pattern(256));
  REQUIRE(!server.send(pattern(65'536)));
  CHECK(written_by(server) == "82 7f 00 00 00 00 00 01 00 00"_b + pattern(65'536));
}

TEST_CASE("a message of any length is read",
          "[rfc-5.2][autobahn-1.1.1][autobahn-1.1.2][autobahn-1.1.3][autobahn-1.1.4]"
          "[autobahn-1.1.5][autobahn-1.1.6][autobahn-1.1.7][autobahn-1.1.8][autobahn-1.2.1]"
          "[autobahn-1.2.2][autobahn-1.2.3][autobahn-1.2.6][autobahn-1.2.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 124, 125, 126, 127, 128, 65'535, 65'536);
  const std::string letters(size, '*');
  CHECK(story_of(own_role, frame_from(peer_of(own_role), opcode::text, letters)) ==
        lines{"text " + shown(as_bytes(letters))});
  CHECK(story_of(own_role, frame_from(peer_of(own_role), 2, pattern(size))) ==
        lines{"binary " + shown(pattern(size))});
}

TEST_CASE("a message of any length is written with the shortest header", "[rfc-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 125, 126, 127, 4095, 4096, 65'535, 65'536);
  const auto expected = frame_from(own_role, 2, pattern(size));
  test_connection<> peer{own_role};
  REQUIRE(!peer.send(bytes_view{pattern(size)}));
  CHECK(written_by(peer) == expected);
  REQUIRE(!peer.send(pattern(size)));
  CHECK(written_by(peer) == expected);
  REQUIRE(!peer.send(std::string(size, 'x')));
  CHECK(written_by(peer) == frame_from(own_role, opcode::text, std::string(size, 'x')));
  const std::string kept(size, 'y');
  REQUIRE(!peer.send(kept));
  CHECK(written_by(peer) == frame_from(own_role, opcode::text, kept));
}

TEST_CASE("a reserved bit fails the connection",
          "[rfc-5.2][autobahn-3.1][autobahn-3.5][autobahn-3.6][autobahn-3.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto bits = GENERATE(range(1, 8));
  const auto op = GENERATE(0, 1, 2, 8, 9, 10);
  const auto expected = failed(close_code::protocol_error, errc::bad_reserved_bits);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), op, bytes("x"), fin::yes, bits)) ==
        expected);
}

TEST_CASE("messages before a reserved bit are reported, later ones are not",
          "[rfc-5.2][autobahn-3.2][autobahn-3.3][autobahn-3.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto bits = GENERATE(2, 3, 4);
  CHECK(story_of(own_role, frame_from(from, opcode::text, "Hello") +
                               frame_from(from, opcode::text, "Hello", fin::yes, bits) +
                               frame_from(from, opcode::ping, "")) ==
        failed(close_code::protocol_error, errc::bad_reserved_bits, {"text \"Hello\""}));
}

TEST_CASE("a reserved opcode fails the connection",
          "[rfc-5.2][autobahn-4.1.1][autobahn-4.1.2][autobahn-4.1.3][autobahn-4.1.4]"
          "[autobahn-4.1.5][autobahn-4.2.1][autobahn-4.2.2][autobahn-4.2.3][autobahn-4.2.4]"
          "[autobahn-4.2.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto op = GENERATE(3, 4, 5, 6, 7, 11, 12, 13, 14, 15);
  const auto payload = GENERATE("", "reserved opcode payload");
  CHECK(story_of(own_role, frame_from(from, op, as_bytes(payload))) ==
        failed(close_code::protocol_error, errc::bad_opcode));
  CHECK(story_of(own_role, frame_from(from, opcode::text, "Hello") +
                               frame_from(from, op, as_bytes(payload)) +
                               frame_from(from, opcode::ping, "")) ==
        failed(close_code::protocol_error, errc::bad_opcode, {"text \"Hello\""}));
}

TEST_CASE("a frame without a mask fails a server, one with a mask a client", "[rfc-5.1]") {
  const auto op = GENERATE(opcode::text, opcode::binary, opcode::close, opcode::ping, opcode::pong);
  CHECK(story_of(role::server, frame_from(role::server, op, "")) ==
        failed(close_code::protocol_error, errc::unmasked_frame));
  CHECK(story_of(role::client, frame_from(role::client, op, "")) ==
        failed(close_code::protocol_error, errc::masked_frame));
}

TEST_CASE("a length that is not in its shortest form fails the connection", "[rfc-5.2]") {
  const auto digits = GENERATE("007e 0000", "007e 007d", "007f 0000000000000000",
                               "007f 0000000000007d00", "007f 000000000000ffff");
  const auto own_role = GENERATE(role::client, role::server);
  auto head = from_hex(digits);
  head[0] = std::byte{0x82};
  if (own_role == role::server) head[1] |= std::byte{0x80};
  CHECK(story_of(own_role, head) == failed(close_code::protocol_error, errc::length_not_minimal));
}

TEST_CASE("a length with its top bit set fails the connection", "[rfc-5.2]") {
  const auto digits = GENERATE("827f 8000000000000000", "827f ffffffffffffffff");
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = static_cast<std::uint64_t>(-1);
  auto head = from_hex(digits);
  if (own_role == role::server) head[1] |= std::byte{0x80};
  CHECK(story_of(own_role, head, options) ==
        failed(close_code::protocol_error, errc::length_too_large));
}

TEST_CASE("the header alone is enough to fail the connection", "[rfc-5.2][rfc-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto fails = [&](byte_vector head, close_code code, errc why) {
    CHECK(story_of(own_role, head) == failed(code, why));
  };
  fails(header_from(from, 1, 99, fin::yes, 4), close_code::protocol_error, errc::bad_reserved_bits);
  fails(header_from(from, 3, 99), close_code::protocol_error, errc::bad_opcode);
  fails(header_from(from, 0, 99), close_code::protocol_error, errc::unexpected_continuation);
  fails(header_from(from, 9, 9, fin::no), close_code::protocol_error, errc::control_fragmented);
  fails(header_from(from, 9, 126), close_code::protocol_error, errc::control_too_long);
  fails(header_from(from, 2, 17 * 1024 * 1024), close_code::message_too_big, errc::message_too_big);
  fails(header_from(own_role, 1, 99), close_code::protocol_error,
        own_role == role::server ? errc::unmasked_frame : errc::masked_frame);
}

TEST_CASE("the first two bytes are enough if they break a rule", "[rfc-5.2][rfc-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto control = header_from(from, 9, 65'536);
  CHECK(story_of(own_role, byte_vector{control.begin(), control.begin() + 2}) ==
        failed(close_code::protocol_error, errc::control_too_long));
}

TEST_CASE("a message may be as long as the limit and not a byte longer", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto limit = GENERATE(as<std::size_t>{}, 1, 125, 126, 1000, 70'000);
  connection_options options;
  options.max_message_size = limit;
  const auto most = pattern(limit);
  const auto more = pattern(limit + 1);
  const auto delivered = lines{"binary " + shown(most)};
  const auto refused = failed(close_code::message_too_big, errc::message_too_big);
  CHECK(story_of(own_role, frame_from(from, 2, most), options) == delivered);
  CHECK(story_of(own_role, frame_from(from, 2, more), options) == refused);

  const auto half = limit / 2;
  const auto first = frame_from(from, 2, bytes_view{most}.first(half), fin::no);
  CHECK(story_of(own_role, first + frame_from(from, 0, bytes_view{most}.subspan(half)), options) ==
        delivered);
  CHECK(story_of(own_role, first + header_from(from, 0, limit - half + 1), options) == refused);
  CHECK(story_of(own_role, first + header_from(from, 0, std::uint64_t{1} << 62), options) ==
        refused);
}

TEST_CASE("by default a server accepts 1 MiB and a client 16 MiB", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const std::size_t limit = (own_role == role::server ? 1 : 16) * 1024 * 1024;
  test_connection<> peer{own_role};
  CHECK(feed(peer, header_from(peer_of(own_role), 2, limit)).empty());
  CHECK(feed(peer, byte_vector(limit, example_key[0])).size() == 1);
  CHECK(feed(peer, header_from(peer_of(own_role), 2, limit + 1)) ==
        lines{"closed{1009, the message is too big}"});
}

TEST_CASE("each frame of a client has its own mask key", "[rfc-5.3]") {
  basic_connection<no_extension, counting_mask_source> peer{role::client};
  const auto size = GENERATE(as<std::size_t>{}, 0, 100, 5000);
  REQUIRE(!peer.send(pattern(size)));
  REQUIRE(!peer.send(bytes_view{pattern(size)}));
  REQUIRE(!peer.send_part(message_kind::binary, pattern(size), part::more));
  REQUIRE(!peer.send_ping());
  REQUIRE(!peer.send_part(message_kind::binary, pattern(size), part::last));
  REQUIRE(!peer.send_pong());
  REQUIRE(!peer.close());
  std::uint32_t count = 0;
  for (const auto& frame : frames_in(written_by(peer))) {
    REQUIRE(frame.mask.size() == 4);
    CHECK(load_big_endian<std::uint32_t>(frame.mask) == ++count);
    if (frame.op < 8) CHECK(frame.payload == pattern(size));
  }
  CHECK(count == 7);
}

TEST_CASE("a server never masks", "[rfc-5.1]") {
  test_connection<> peer{role::server};
  REQUIRE(!peer.send(pattern(5000)));
  REQUIRE(!peer.send("x"));
  REQUIRE(!peer.send_ping());
  REQUIRE(!peer.close());
  for (const auto& frame : frames_in(written_by(peer))) CHECK(frame.mask.empty());
}

TEST_CASE("thousands of frames in one read use no stack", "[rfc-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const std::size_t count = 20'000;
  byte_vector input;
  for (std::size_t i = 0; i < count; ++i) {
    const auto frame = frame_from(from, opcode::text, "x");
    input.insert(input.end(), frame.begin(), frame.end());
  }
  test_connection<> peer{own_role};
  CHECK(feed(peer, input) == lines(count, "text \"x\""));
}

}  // namespace
