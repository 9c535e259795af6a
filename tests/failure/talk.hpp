// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

#include "failure/failing.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// The bytes of the far side in a standard conversation: text, fragments with a ping between them, Close.
inline byte_vector standard_talk(role far) {
  const sparing not_counted;
  return frame_from(far, opcode::text, "Hello") + frame_from(far, opcode::text, "frag", fin::no) +
         frame_from(far, opcode::ping, "?") +
         frame_from(far, opcode::continuation, std::string(5000, 'm')) + close_from(far, 1000);
}

/// Checks that a part of the test left nothing on the heap, except for what threads keep for reuse.
class no_leak {
 public:
  no_leak() : before_{settled()} {}
  ~no_leak() { CHECK(settled() == before_); }
  no_leak(const no_leak&) = delete;
  no_leak& operator=(const no_leak&) = delete;

 private:
  static std::size_t settled() {
    buffer_pool::clear();
    return heap_bytes();
  }

  std::size_t before_;
};

}  // namespace hawser::test
