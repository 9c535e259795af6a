// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/opcode.hpp"

#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;

namespace {

TEST_CASE("opcodes with the top bit are control frames, and ten opcodes are reserved",
          "[rfc-5.2][rfc-5.5]") {
  for (int i = 0; i < 16; ++i) {
    const auto op = static_cast<opcode>(i);
    INFO(i);
    CHECK(is_control(op) == (i >= 8));
    CHECK(is_reserved(op) == ((i >= 3 && i <= 7) || i >= 11));
  }
}

static_assert(is_control(opcode::close) && is_control(opcode::ping) && is_control(opcode::pong));
static_assert(!is_control(opcode::text) && !is_control(opcode::binary) &&
              !is_control(opcode::continuation));

// A message's kind is the opcode of its first frame.
static_assert(static_cast<opcode>(message_kind::text) == opcode::text);
static_assert(static_cast<opcode>(message_kind::binary) == opcode::binary);

}  // namespace
