// SPDX-License-Identifier: BSL-1.0
#include "hawser/testing/received.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using testing::describe;
using testing::received;

namespace {

TEST_CASE("what a peer has received is described by its type and its beginning") {
  using test::bytes;
  CHECK(describe(received{opcode::text, bytes("a \"b\" \\ \x7f")}) ==
        R"(text "a \x22b\x22 \x5c \x7f")");
  CHECK(describe(received{opcode::text, bytes(std::string(300, 'x'))}) ==
        "text \"" + std::string(200, 'x') + "\"... (300 bytes)");
  CHECK(describe(received{opcode::binary, {}}) == "binary, 0 bytes");
  CHECK(describe(received{opcode::binary, std::vector<std::byte>(33)}).ends_with(" 00 ..."));
  CHECK(describe(received{opcode::ping, bytes("x")}) == "ping \"x\"");
  CHECK(describe(received{opcode::pong, {}}) == "pong \"\"");
  CHECK(describe(received{opcode::close, bytes("\x03\xe8z")}) == "close 1000 \"z\"");
  CHECK(describe(received{opcode::close, {}}) == "close without a code");
  CHECK(describe(received{opcode::continuation, {}}) == "a frame of an unknown type");
}

TEST_CASE("only a received Close frame has a code and a reason") {
  const received close{opcode::close, test::bytes("\x03\xe9"
                                                  "bye")};
  CHECK(close.code() == close_code::going_away);
  CHECK(close.reason() == "bye");
  const received text{opcode::text, test::bytes("\x03\xe9"
                                                "bye")};
  CHECK_FALSE(text.code());
  CHECK(text.reason().empty());
  CHECK_FALSE(received{opcode::close, {}}.code());
}

}  // namespace
