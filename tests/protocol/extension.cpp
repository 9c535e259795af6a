// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/extension.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

static_assert(message_extension<no_extension>);
static_assert(no_extension{}.reserved_bits() == 0);
static_assert(no_extension{}.begin_encoding(message_kind::text, 1) == 0);

// The largest size, so that a message sent in fragments exceeds every threshold.
static_assert(unknown_size == (std::numeric_limits<std::size_t>::max)());

TEST_CASE("no_extension encodes nothing, and encoded input is refused", "[rfc-5.2]") {
  no_extension none;
  byte_vector buffer(10);
  byte_vector encoded;
  none.encode(as_bytes("a"), part::last, encoded);
  CHECK(encoded.empty());
  mutable_bytes out{buffer};
  auto in = as_bytes("a");
  CHECK(none.decode(in, out, part::last) == errc::bad_reserved_bits);
  CHECK(in.size() == 1);
  CHECK(out.size() == buffer.size());
}

byte_vector encoded_from(role from, message_kind kind, bytes_view payload) {
  return frame_from(from, static_cast<int>(kind), run_length_of(payload), fin::yes, 4);
}

// The runs of "aaabb" and "cccc" in three fragments, cut inside both pairs.
byte_vector in_fragments(role from, const byte_vector& between = {}) {
  return frame_from(from, 1, "03 61 02"_b, fin::no, 4) + between +
         frame_from(from, 0, "62 04"_b, fin::no) + between + frame_from(from, 0, "63"_b);
}

TEST_CASE("an encoded message is decoded", "[rfc-5.8][rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  for (const auto& payload : {std::string{}, std::string{"a"}, std::string{"Hello"},
                              std::string(255, 'x'), std::string(70'000, 'y')}) {
    CHECK(story_of(own_role, encoded_from(from, message_kind::text, as_bytes(payload)), {},
                   run_length{}) == lines{"text " + shown(as_bytes(payload))});
    CHECK(story_of(own_role, encoded_from(from, message_kind::binary, as_bytes(payload)), {},
                   run_length{}) == lines{"binary " + shown(as_bytes(payload))});
  }
}

TEST_CASE("encoded fragments may be cut anywhere, with control frames between", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role, in_fragments(from), {}, run_length{}) == lines{"text \"aaabbcccc\""});
  CHECK(story_of(own_role, in_fragments(from, frame_from(from, opcode::ping, "?")), {},
                 run_length{}) ==
        lines{"ping \"?\"", "ping \"?\"", "text \"aaabbcccc\"", "> pong \"?\"", "> pong \"?\""});
}

TEST_CASE("empty fragments of an encoded message have no effect", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role,
                 frame_from(from, 1, {}, fin::no, 4) + frame_from(from, 0, "01 61"_b, fin::no) +
                     frame_from(from, 0, {}, fin::no) + frame_from(from, 0, {}),
                 {}, run_length{}) == lines{"text \"a\""});
}

TEST_CASE("plain and encoded messages mix", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  CHECK(story_of(own_role,
                 frame_from(from, opcode::text, "plain") + in_fragments(from) +
                     frame_from(from, opcode::text, "pl", fin::no) +
                     frame_from(from, opcode::continuation, "ain") +
                     encoded_from(from, message_kind::binary, as_bytes("zz")) +
                     frame_from(from, opcode::binary, ""),
                 {}, run_length{}) == lines{"text \"plain\"", "text \"aaabbcccc\"",
                                            "text \"plain\"", "binary \"zz\"", "binary \"\""});
}

TEST_CASE("the limit is exact after decoding", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto limit =
      GENERATE(as<std::size_t>{}, 1, 254, 255, 256, 4094, 4095, 4096, 4097, 8191, 8192, 20'000);
  connection_options options;
  options.max_message_size = limit;
  const std::string most(limit, 'x');
  CHECK(story_of(own_role, encoded_from(from, message_kind::text, as_bytes(most)), options,
                 run_length{}) == lines{"text " + shown(as_bytes(most))});
  CHECK(story_of(own_role, encoded_from(from, message_kind::text, as_bytes(most + 'x')), options,
                 run_length{}) == failed(close_code::message_too_big, errc::message_too_big));
}

TEST_CASE("without a limit a message may have any size that an integer can hold", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = static_cast<std::uint64_t>(-1);
  CHECK(story_of(own_role, in_fragments(peer_of(own_role)), options, run_length{}) ==
        lines{"text \"aaabbcccc\""});
}

TEST_CASE("an encoded payload longer than the limit may decode to less", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = 9;
  CHECK(story_of(own_role,
                 encoded_from(peer_of(own_role), message_kind::text, as_bytes("abcdefghi")),
                 options, run_length{}) == lines{"text \"abcdefghi\""});
}

TEST_CASE("a payload that cannot be decoded fails the connection", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto payload = GENERATE("00", "0161 00", "01", "0161 01");
  CHECK(story_of(own_role, frame_from(from, 2, from_hex(payload), fin::yes, 4), {}, run_length{}) ==
        failed(close_code::invalid_payload, errc::bad_extension_data));
}

TEST_CASE("text is checked after decoding, byte by byte", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto refused = failed(close_code::invalid_payload, errc::invalid_utf8);
  CHECK(story_of(own_role, encoded_from(from, message_kind::text, "c3 a4 ef bf bf"_b), {},
                 run_length{}) == lines{"text c3a4efbfbf"});
  // The payload on the wire is valid text, the decoded payload is not.
  CHECK(story_of(own_role, encoded_from(from, message_kind::text, "ff"_b), {}, run_length{}) ==
        refused);
  CHECK(story_of(own_role, encoded_from(from, message_kind::text, "c3"_b), {}, run_length{}) ==
        refused);
  CHECK(story_of(own_role, frame_from(from, 1, "01 c3 01 28"_b, fin::no, 4), {}, run_length{}) ==
        refused);
}

TEST_CASE("only the first frame of a message may have the bit of the extension",
          "[rfc-5.2][rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto refused = failed(close_code::protocol_error, errc::bad_reserved_bits);
  const auto encoded = GENERATE(0, 4);
  CHECK(story_of(own_role,
                 frame_from(from, 1, "01 61"_b, fin::no, encoded) +
                     frame_from(from, 0, "01 61"_b, fin::yes, 4),
                 {}, run_length{}) == refused);
  const auto op = GENERATE(0, 8, 9, 10);
  CHECK(story_of(own_role, frame_from(from, op, {}, fin::yes, 4), {}, run_length{}) == refused);
}

TEST_CASE("a bit that the extension does not have is refused", "[rfc-5.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto bits = GENERATE(1, 2, 3, 5, 6, 7);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), 1, "01 61"_b, fin::yes, bits), {},
                 run_length{}) == failed(close_code::protocol_error, errc::bad_reserved_bits));
}

TEST_CASE("messages are encoded when they are sent", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 2, 15, 16, 100, 5000);
  const std::string payload(size, 'x');
  const auto expected = encoded_from(own_role, message_kind::text, as_bytes(payload));
  test_connection<run_length> peer{own_role};
  REQUIRE(!peer.send(payload));
  CHECK(written_by(peer) == expected);
  REQUIRE(!peer.send(std::string{payload}));
  CHECK(written_by(peer) == expected);
  REQUIRE(!peer.send(bytes(payload)));
  CHECK(written_by(peer) == encoded_from(own_role, message_kind::binary, as_bytes(payload)));
  REQUIRE(!peer.send(message_view{message_kind::text, as_bytes(payload)}));
  CHECK(written_by(peer) == expected);
}

TEST_CASE("the extension decides which messages it encodes", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role, {}, run_length{3}};
  REQUIRE(!peer.send("ab"));
  REQUIRE(!peer.send("abc"));
  REQUIRE(!peer.send(std::string{"de"}));
  REQUIRE(!peer.send(std::string{"def"}));
  CHECK(written_by(peer) == frame_from(own_role, opcode::text, "ab") +
                                encoded_from(own_role, message_kind::text, as_bytes("abc")) +
                                frame_from(own_role, opcode::text, "de") +
                                encoded_from(own_role, message_kind::text, as_bytes("def")));
}

TEST_CASE("a fragment whose encoding is still empty is not sent", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role};
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::more));
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("aa"), part::more));
  CHECK(peer.buffered_bytes() == 0);
  CHECK(peer.send("x") == errc::message_unfinished);
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("bc"), part::more));
  REQUIRE(!peer.send_ping());
  REQUIRE(!peer.send_part(message_kind::text, {}, part::more));
  REQUIRE(!peer.send_part(message_kind::text, {}, part::last));
  CHECK(frames_shown(written_by(peer)) ==
        lines{"text unfinished rsv 4 03610162", "ping \"\"", "continuation 0163"});
}

TEST_CASE("encoded messages, whole and fragmented, reach the other side", "[rfc-9]") {
  const auto from = GENERATE(role::client, role::server);
  const auto threshold = GENERATE(as<std::size_t>{}, 0, 3, 1000);
  joined<run_length> both{{}, run_length{threshold}};
  auto& peer = both.at(from);
  REQUIRE(!peer.send(std::string{"short"}));
  REQUIRE(!peer.send(std::string(3000, 'l')));
  REQUIRE(!peer.send_part(message_kind::binary, as_bytes("aab"), part::more));
  REQUIRE(!peer.send_part(message_kind::binary, as_bytes("b"), part::more));
  REQUIRE(!peer.send_part(message_kind::binary, {}, part::last));
  REQUIRE(!peer.send_part(message_kind::text, {}, part::more));
  REQUIRE(!peer.send_part(message_kind::text, {}, part::last));
  both.settle();
  CHECK(both.notes_of(peer_of(from)).lines() ==
        lines{"text \"short\"", "text " + shown(as_bytes(std::string(3000, 'l'))),
              "binary \"aabb\"", "text \"\""});
}

TEST_CASE("a decoded message is reported in parts that end", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.deliver = delivery::parts;
  test_connection<run_length> peer{own_role, options};
  const std::string payload(10'000, 'x');
  auto wire = encoded_from(peer_of(own_role), message_kind::text, as_bytes(payload)) +
              frame_from(peer_of(own_role), opcode::text, "next");
  mutable_bytes input{wire};
  std::size_t total = 0;
  std::size_t count = 0;
  while (const auto happened = peer.next(input)) {
    const auto& piece = std::get<message_part>(*happened);
    CHECK(piece.first == (total == 0 || total == payload.size()));
    CHECK(piece.payload.size() <= 4096);
    total += piece.payload.size();
    CHECK(piece.last == (total == payload.size() || total == payload.size() + 4));
    ++count;
  }
  CHECK(total == payload.size() + 4);
  CHECK(count == 4);
}

TEST_CASE("a close while decoded parts are waiting discards them", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.deliver = delivery::parts;
  test_connection<run_length> peer{own_role, options};
  auto wire =
      encoded_from(peer_of(own_role), message_kind::text, as_bytes(std::string(10'000, 'x'))) +
      frame_from(peer_of(own_role), opcode::text, "next") + close_from(peer_of(own_role), 1000);
  mutable_bytes input{wire};
  const auto first = peer.next(input);
  REQUIRE(first);
  const auto& piece = std::get<message_part>(*first);
  REQUIRE(!peer.close());
  CHECK(shown(peer.next(input)) == "closed{1000, clean}");
  CHECK(text(piece.payload) == std::string(piece.payload.size(), 'x'));
}

/// Consumes no input and produces no output.
struct stuck_extension : run_length {
  errc decode(bytes_view&, mutable_bytes&, part) { return errc{}; }
};

TEST_CASE("an extension that makes no progress fails the connection", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(story_of(own_role, frame_from(peer_of(own_role), 1, "01 61"_b, fin::yes, 4), {},
                 stuck_extension{}) ==
        failed(close_code::invalid_payload, errc::bad_extension_data));
}

/// Writes without end, whatever its input.
struct endless_extension : run_length {
  errc decode(bytes_view& in, mutable_bytes& out, part) {
    in = {};
    for (auto& byte : out) byte = std::byte{'x'};
    out = {};
    return errc{};
  }
};

TEST_CASE("an extension that never stops writing ends at the limit", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = 100'000;
  CHECK(story_of(own_role, frame_from(peer_of(own_role), 1, "01 61"_b, fin::yes, 4), options,
                 endless_extension{}) ==
        failed(close_code::message_too_big, errc::message_too_big));
}

/// Fails with an error of its own.
struct misreporting_extension : run_length {
  errc why;
  explicit misreporting_extension(errc error) : why{error} {}
  errc decode(bytes_view&, mutable_bytes&, part) { return why; }
};

TEST_CASE("an error of the extension fails the connection with its code", "[rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto wire = frame_from(peer_of(own_role), 1, "01 61"_b, fin::no, 4);
  CHECK(story_of(own_role, wire, {}, misreporting_extension{errc::bad_extension_data}) ==
        failed(close_code::invalid_payload, errc::bad_extension_data));
  CHECK(story_of(own_role, wire, {}, misreporting_extension{errc::message_too_big}) ==
        failed(close_code::message_too_big, errc::message_too_big));
}

/// Consumes the input and produces nothing, as with a compressed stream of empty blocks.
struct silent_extension : run_length {
  errc decode(bytes_view& in, mutable_bytes&, part) {
    in = {};
    return errc{};
  }
};

TEST_CASE("input that decodes to nothing is an empty message", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  CHECK(story_of(own_role, in_fragments(peer_of(own_role)), {}, silent_extension{}) ==
        lines{"text \"\""});
}

TEST_CASE("a message can be sent unencoded, whatever was negotiated", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role};
  const auto payload = as_bytes("aaaa");
  const message_view plain{message_kind::text, payload, coding::plain};
  REQUIRE(!peer.send(plain));
  REQUIRE(!peer.send(message_kind::text, owned_payload{std::string{"aaaa"}}, coding::plain));
  REQUIRE(!peer.send(prepared_message{plain}));
  CHECK(written_by(peer) == frame_from(own_role, 1, payload) + frame_from(own_role, 1, payload) +
                                frame_from(own_role, 1, payload));
}

TEST_CASE("the first fragment decides whether a message is encoded", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role};
  const auto piece = as_bytes("aa");
  REQUIRE(!peer.send_part({message_kind::text, piece, coding::plain}, part::more));
  REQUIRE(!peer.send_part({message_kind::text, piece, coding::agreed}, part::last));
  REQUIRE(!peer.send_part({message_kind::text, piece, coding::agreed}, part::more));
  REQUIRE(!peer.send_part({message_kind::text, piece, coding::plain}, part::last));
  CHECK(frames_shown(written_by(peer)) ==
        lines{"text unfinished \"aa\"", "continuation \"aa\"", "text rsv 4 0461"});
}

TEST_CASE("the size of a message sent in fragments is unknown_size", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<run_length> peer{own_role, {}, run_length{1000}};
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::more));
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::last));
  REQUIRE(!peer.send_part(message_kind::text, as_bytes("a"), part::last));
  CHECK(frames_shown(written_by(peer)) == lines{"text rsv 4 0261", "text \"a\""});
}

}  // namespace
