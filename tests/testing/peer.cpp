// SPDX-License-Identifier: BSL-1.0
#include "hawser/testing/peer.hpp"

#include <memory>
#include <string>
#include <utility>

#include "hawser/testing/failure.hpp"
#include "hawser/testing/pipe_wire.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using testing::peer;
using testing::pipe_wire;

namespace {

/// A blocking websocket in memory, and its peer.
struct blocking_talk {
  explicit blocking_talk(role own_role) : blocking_talk{own_role, make_memory_pipe()} {}

  blocking_talk(role own_role, std::pair<memory_pipe, memory_pipe> pipe)
      : socket{own_role, std::move(pipe.first)},
        far{test::peer_of(own_role), std::make_shared<pipe_wire>(std::move(pipe.second))} {}

  websocket<memory_pipe> socket;
  peer far;
};

TEST_CASE("a peer without Asio talks to a blocking websocket") {
  const auto own_role = GENERATE(role::client, role::server);
  blocking_talk one{own_role};
  one.far.sends_ping("x");
  one.far.sends_frame({.op = opcode::text, .fin = false}, as_bytes("h"));
  one.far.sends_frame({.op = opcode::continuation}, as_bytes("i"));
  const auto got = one.socket.read();
  REQUIRE(got);
  CHECK(got->text() == "hi");
  one.far.expect_pong("x");
  one.socket.write("ho");
  one.far.expect_text("ho");
  one.far.expect_nothing();
  one.far.sends_close(close_code::going_away, "bye");
  CHECK_FALSE(one.socket.read());
  CHECK(one.socket.close_reason().code == close_code::going_away);
  one.far.expect_close(close_code::going_away);
}

/// What an expectation says that is not met.
template <class Expect>
std::string failure_of(Expect expect) {
  try {
    expect();
  } catch (const testing::failure& missed) {
    return missed.what();
  }
  return "met";
}

TEST_CASE("each expectation of a peer says what it has got instead") {
  auto pipe = make_memory_pipe();
  auto code = std::move(pipe.first);
  peer far{role::client, std::make_shared<pipe_wire>(std::move(pipe.second))};
  const auto sends = [&](const test::byte_vector& bytes) {
    std::error_code ec;
    CHECK(code.write_some(bytes, ec) == bytes.size());
  };
  using test::frame_from;
  CHECK(failure_of([&] { far.expect_text(); }) == "expected text, received nothing");
  sends(frame_from(role::server, opcode::binary, "\x01\xff"));
  CHECK(failure_of([&] { far.expect_text(); }) == "expected text, received binary, 2 bytes: 01 ff");
  sends(frame_from(role::server, opcode::text, "a\n"));
  CHECK(failure_of([&] { far.expect_binary(as_bytes("b")); }) ==
        "expected binary, 1 bytes: 62, received text \"a\\x0a\"");
  sends(frame_from(role::server, opcode::text, "part", test::fin::no));
  CHECK(failure_of([&] { far.expect_text("part"); }) ==
        "expected text \"part\", received an incomplete message");
  sends(frame_from(role::server, opcode::close, ""));
  CHECK(failure_of([&] { far.expect_close(close_code::normal); }) ==
        "expected close 1000, received close without a code");
  sends({std::byte{0x82}});
  CHECK(failure_of([&] { far.expect_nothing(); }) ==
        "expected nothing, received an incomplete frame");
  CHECK(failure_of([&] { far.expect_end(); }) ==
        "expected the end of the stream, received nothing");
  std::error_code ec;
  code.shutdown(ec);
  CHECK(failure_of([&] { far.expect_ping(); }) == "expected ping, received the end of the stream");
  CHECK(failure_of([&] { far.expect_end(); }) == "met");
}

TEST_CASE("a peer reports bytes that are no frame of the other side") {
  auto pipe = make_memory_pipe();
  auto code = std::move(pipe.first);
  peer far{role::client, std::make_shared<pipe_wire>(std::move(pipe.second))};
  std::error_code ec;
  code.write_some(test::frame_from(role::client, opcode::text, "masked"), ec);
  CHECK(failure_of([&] { far.expect_text("masked"); }) ==
        "expected text \"masked\", received bytes that are no frame: " +
            std::string{describe(errc::masked_frame)});
  code.write_some(as_bytes("HTTP/1.1 "), ec);
  CHECK(far.received_bytes() == "HTTP/1.1 ");
}

TEST_CASE("a peer that answers pings does not report them") {
  blocking_talk one{role::server};
  one.far.answers_pings();
  REQUIRE(one.socket.ping(as_bytes("x")) == std::error_code{});
  one.socket.write("hi");
  one.far.expect_text("hi");
  one.far.sends_text("ho");
  CHECK(one.socket.read()->text() == "ho");
  CHECK(one.socket.round_trip());
}

}  // namespace
