// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/receiver.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

std::string shown_result(const reception& result) {
  if (const auto* view = std::get_if<message_view>(&result)) return shown(*view);
  if (const auto* piece = std::get_if<message_part>(&result)) return shown(*piece);
  if (const auto* error = std::get_if<errc>(&result)) return shown(*error);
  if (const auto* frame = std::get_if<control_frame>(&result)) {
    return shown(frame->op) + ' ' + shown(frame->payload);
  }
  return "nothing";
}

/// A receiver without a connection, and its extension.
template <class Extension = no_extension>
struct receiving {
  Extension extension = {};
  receiver<Extension> in;
  byte_vector kept;
  mutable_bytes rest;

  explicit receiving(role own_role, delivery how = delivery::messages)
      : receiving{own_role, connection_options{.deliver = how}} {}
  receiving(role own_role, const connection_options& options)
      : in{own_role, options, extension.reserved_bits()} {}

  void arrives(byte_vector input) {
    kept = std::move(input);
    rest = kept;
  }

  std::string next() { return shown_result(in.next(extension, rest)); }
  std::string next_control() { return shown_result(in.next_control(extension, rest)); }
};

TEST_CASE("a message that is complete in the input is a view of it", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto how = GENERATE(delivery::messages, delivery::parts);
  receiving<> at{own_role, how};
  at.arrives(frame_from(peer_of(own_role), opcode::text, std::string(1000, 'x')));
  const auto* const end = at.kept.data() + at.kept.size();
  const auto result = at.in.next(at.extension, at.rest);
  const auto payload = how == delivery::parts ? std::get<message_part>(result).payload
                                              : std::get<message_view>(result).payload;
  CHECK(payload.size() == 1000);
  CHECK(payload.data() + payload.size() == end);
  CHECK(text(payload) == std::string(1000, 'x'));
}

TEST_CASE("the last fragment alone is a view of the input if the others were empty", "[rfc-5.4]") {
  receiving<> at{role::client};
  at.arrives(frame_from(role::server, opcode::text, "", fin::no) +
             frame_from(role::server, opcode::continuation, "abc"));
  const auto result = at.in.next(at.extension, at.rest);
  CHECK(std::get<message_view>(result).payload.data() == at.kept.data() + 4);
}

TEST_CASE("stored bytes are kept until release()", "[rfc-5.4]") {
  receiving<> at{role::client};
  at.arrives(frame_from(role::server, opcode::text, "ab", fin::no) +
             frame_from(role::server, opcode::continuation, "cd") +
             frame_from(role::server, opcode::text, "ef", fin::no) +
             frame_from(role::server, opcode::continuation, "gh"));
  CHECK(at.next() == "text \"abcd\"");
  at.in.release();
  CHECK(at.next() == "text \"efgh\"");
  at.in.release();
  CHECK(at.next() == "nothing");
}

TEST_CASE("control frames are reported complete", "[rfc-5.5]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<> at{own_role};
  const auto wire = frame_from(from, opcode::ping, "ping!");
  for (std::size_t i = 0; i + 1 < wire.size(); ++i) {
    at.arrives(byte_vector{wire[i]});
    CHECK(at.next() == "nothing");
  }
  at.arrives(byte_vector{wire.back()} + frame_from(from, opcode::pong, "") +
             frame_from(from, opcode::close, "xy"));
  CHECK(at.next() == "ping \"ping!\"");
  CHECK(at.next() == "pong \"\"");
  CHECK(at.next() == "close \"xy\"");
  CHECK(at.next() == "nothing");
}

TEST_CASE("next_control() discards data frames and reports control frames", "[rfc-7.1.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<> at{own_role};
  at.arrives(frame_from(from, opcode::text, "ab", fin::no) + frame_from(from, opcode::ping, "1") +
             frame_from(from, opcode::continuation, "cd") + frame_from(from, 1, "ff"_b) +
             frame_from(from, opcode::close, "xy"));
  CHECK(at.next_control() == "ping \"1\"");
  CHECK(at.next_control() == "close \"xy\"");
  CHECK(at.next_control() == "nothing");
}

TEST_CASE("next_control() continues inside a frame and keeps the last message valid",
          "[rfc-7.1.2]") {
  receiving<run_length> at{role::client, GENERATE(delivery::messages, delivery::parts)};
  // The payload of 4300 is decoded into the first part, but not all of what it stands for.
  const auto size = GENERATE(as<std::size_t>{}, 9000, 4300);
  auto first =
      frame_from(role::server, 1, run_length_of(bytes(std::string(size, 'x'))), fin::yes, 4);
  at.arrives(first + frame_from(role::server, opcode::ping, "1"));
  const auto result = at.in.next(at.extension, at.rest);
  const auto* const view = std::get_if<message_view>(&result);
  const auto payload = view != nullptr ? view->payload : std::get<message_part>(result).payload;
  CHECK(at.next_control() == "ping \"1\"");
  CHECK(text(payload) == std::string(payload.size(), 'x'));
}

TEST_CASE("next_control_frame() stops before data, and drops none of it", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<> at{own_role};
  const auto control_frame = [&] {
    return shown_result(at.in.next_control_frame(at.extension, at.rest));
  };
  CHECK(control_frame() == "nothing");
  at.arrives(frame_from(from, opcode::ping, "1") + frame_from(from, opcode::text, "a") +
             frame_from(from, opcode::ping, "2"));
  CHECK(control_frame() == "ping \"1\"");
  CHECK(control_frame() == "nothing");
  CHECK(at.next() == "text \"a\"");
  CHECK(control_frame() == "ping \"2\"");
  CHECK(at.rest.empty());
}

TEST_CASE("a Close frame, or a frame that is refused, is found in unread input", "[rfc-5.5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const receiving<> at{own_role};
  const auto data = frame_from(from, opcode::text, "a") + frame_from(from, opcode::ping, "1");
  CHECK_FALSE(at.in.close_follows({}));
  CHECK_FALSE(at.in.close_follows(data));
  CHECK(at.in.close_follows(data + close_from(from, 1000)));
  CHECK(at.in.close_follows(data + frame_from(from, 3, {})));
}

TEST_CASE("the input may end between messages only", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<> at{own_role};
  CHECK(at.in.between_messages());
  at.arrives(frame_from(from, opcode::text, "a", fin::no));
  CHECK(at.next() == "nothing");
  CHECK(!at.in.between_messages());
  at.arrives(frame_from(from, opcode::ping, ""));
  CHECK(at.next() == "ping \"\"");
  CHECK(!at.in.between_messages());
  at.arrives(frame_from(from, opcode::continuation, ""));
  CHECK(at.next() == "text \"a\"");
  CHECK(at.in.between_messages());
  at.arrives(byte_vector{frame_from(from, opcode::ping, "x")[0]});
  CHECK(at.next() == "nothing");
  CHECK(!at.in.between_messages());
}

TEST_CASE("an error in a message is reported", "[rfc-5.4][rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto outcome = [&](const byte_vector& input) {
    receiving<> at{own_role};
    at.arrives(input);
    return at.next();
  };
  CHECK(outcome(frame_from(from, 3, {})) == shown(errc::bad_opcode));
  CHECK(outcome(frame_from(from, 0, {})) == shown(errc::unexpected_continuation));
  CHECK(outcome(frame_from(from, 1, {}, fin::no) + frame_from(from, 1, {})) ==
        shown(errc::expected_continuation));
  CHECK(outcome(frame_from(from, 1, "ff"_b)) == shown(errc::invalid_utf8));
  CHECK(outcome(header_from(from, 2, 1 << 30)) == shown(errc::message_too_big));
}

TEST_CASE("the delivery may change inside a message", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<> at{own_role};
  at.arrives(frame_from(from, opcode::text, "ab", fin::no));
  CHECK(at.next() == "nothing");
  at.in.deliver(delivery::parts);
  at.arrives(frame_from(from, opcode::continuation, "cd", fin::no) +
             frame_from(from, opcode::continuation, "ef", fin::no));
  CHECK(at.next() == "text part first \"abcd\"");
  at.in.release();
  CHECK(at.next() == "text part \"ef\"");
  at.in.release();
  at.in.deliver(delivery::messages);
  at.arrives(frame_from(from, opcode::continuation, "gh"));
  CHECK(at.next() == "text \"gh\"");
}

TEST_CASE("a message in parts has limits of its own", "[rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto limit = [](std::uint64_t size, std::uint64_t frames) {
    return connection_options{.max_message_size = 4,
                              .max_frames = 2,
                              .max_message_size_in_parts = size,
                              .max_frames_in_parts = frames,
                              .deliver = delivery::parts};
  };
  const auto result_of = [&](const connection_options& options) {
    receiving<> at{own_role, options};
    std::string last;
    for (int i = 0; i < 6; ++i) {
      at.arrives(frame_from(from, i == 0 ? opcode::text : opcode::continuation, "ab",
                            i == 5 ? fin::yes : fin::no));
      last = at.next();
      if (!last.starts_with("text")) break;
    }
    return last;
  };
  CHECK(result_of(limit(0, 0)) == "text part last \"ab\"");
  CHECK(result_of(limit(12, 6)) == "text part last \"ab\"");
  CHECK(result_of(limit(11, 0)) == shown(errc::message_too_big));
  CHECK(result_of(limit(0, 5)) == shown(errc::too_many_fragments));
  CHECK(result_of({.max_message_size = 4, .deliver = delivery::parts}) ==
        shown(errc::message_too_big));
  auto whole = limit(0, 0);
  whole.deliver = delivery::messages;
  whole.max_frames = 0;
  receiving<> at{own_role, whole};
  at.arrives(frame_from(from, opcode::text, "abcde"));
  CHECK(at.next() == shown(errc::message_too_big));
}

TEST_CASE("the rest of a message that was delivered in parts keeps to the limits of messages",
          "[rfc-10.4]") {
  receiving<> at{role::server, connection_options{.max_message_size = 4,
                                                  .max_message_size_in_parts = 0,
                                                  .deliver = delivery::parts}};
  at.arrives(frame_from(role::client, opcode::binary, std::string(100, 'x'), fin::no));
  CHECK(at.next().starts_with("binary part first"));
  at.in.release();
  at.in.deliver(delivery::messages);
  at.arrives(frame_from(role::client, opcode::continuation, "y"));
  CHECK(at.next() == shown(errc::message_too_big));
}

TEST_CASE("the delivery may change inside an encoded message", "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  receiving<run_length> at{own_role};
  at.arrives(frame_from(from, 1, "01 61"_b, fin::no, 4));
  CHECK(at.next() == "nothing");
  at.in.deliver(delivery::parts);
  at.arrives(frame_from(from, 0, "01 62"_b, fin::no) + frame_from(from, 0, "01 63"_b, fin::no));
  CHECK(at.next() == "text part first \"ab\"");
  at.in.release();
  CHECK(at.next() == "text part \"c\"");
  at.in.release();
  at.in.deliver(delivery::messages);
  at.arrives(frame_from(from, 0, "01 64"_b, fin::no) + frame_from(from, 0, "01 65"_b));
  CHECK(at.next() == "text \"de\"");
}

TEST_CASE("bytes that do not fit into a part stay in the input, wherever its memory is",
          "[rfc-9]") {
  const auto own_role = GENERATE(role::client, role::server);
  const byte_vector plain(20'000, std::byte{'x'});
  const auto encoded = run_length_of(plain);
  receiving<run_length> at{own_role, delivery::parts};
  at.arrives(frame_from(peer_of(own_role), 2, encoded, fin::yes, 4) +
             frame_from(peer_of(own_role), 2, encoded, fin::yes, 4));
  byte_vector got;
  int ends = 0;
  while (!at.rest.empty()) {
    const auto result = at.in.next(at.extension, at.rest);
    const auto* piece = std::get_if<message_part>(&result);
    REQUIRE(piece != nullptr);
    got = std::move(got) + byte_vector{piece->payload.begin(), piece->payload.end()};
    ends += piece->last ? 1 : 0;
    at.in.release();
    // Moves the rest to other memory, as a driver does that has one buffer for many connections.
    byte_vector elsewhere{at.rest.begin(), at.rest.end()};
    std::fill(at.kept.begin(), at.kept.end(), std::byte{0});
    at.arrives(std::move(elsewhere));
  }
  CHECK(ends == 2);
  CHECK(got == plain + plain);
}

TEST_CASE("stored bytes become a part with the next fragment, even an empty one", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const bool encoded = GENERATE(false, true);
  receiving<run_length> at{own_role};
  at.arrives(encoded ? frame_from(from, 1, "01 61"_b, fin::no, 4)
                     : frame_from(from, opcode::text, "a", fin::no));
  CHECK(at.next() == "nothing");
  at.in.deliver(delivery::parts);
  at.arrives(frame_from(from, 0, {}));
  CHECK(at.next() == "text part first last \"a\"");
}

TEST_CASE("only the beginning of a message and bytes of its payload count as progress") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto peer = peer_of(own_role);
  receiving<> at{own_role};
  const auto moves = [&](const byte_vector& input) {
    at.arrives(input);
    while (at.next() != "nothing") {
    }
    return at.in.take_progress();
  };
  CHECK_FALSE(at.in.take_progress());

  CHECK(moves(frame_from(peer, opcode::text, "", fin::no)));
  CHECK_FALSE(moves(frame_from(peer, opcode::continuation, "", fin::no)));
  CHECK_FALSE(moves(frame_from(peer, opcode::pong, "alive")));
  CHECK(moves(frame_from(peer, opcode::continuation, "a", fin::no)));
  CHECK_FALSE(moves(frame_from(peer, opcode::continuation, "")));
  CHECK(moves(frame_from(peer, opcode::text, "")));
}

}  // namespace
