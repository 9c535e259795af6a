// SPDX-License-Identifier: BSL-1.0
#include "hawser/frame/writer.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

byte_vector written(const byte_buffer& out) { return {out.view().begin(), out.view().end()}; }

TEST_CASE("a frame is appended after the bytes of the buffer", "[rfc-5.7]") {
  byte_buffer out;
  out.append("ff"_b);
  append_frame(out, {opcode::text, true, 0, false, {}, 0}, bytes("Hello"));
  CHECK(written(out) == "ff 81 05 48 65 6c 6c 6f"_b);
  append_frame(out, {opcode::pong, true, 0, true, example_key, 0}, bytes("Hello"));
  CHECK(written(out) == "ff 81 05 48 65 6c 6c 6f  8a 85 37 fa 21 3d 7f 9f 4d 51 58"_b);
}

TEST_CASE("the encoded length is that of the payload, not the header's own", "[rfc-5.2]") {
  byte_buffer out;
  append_frame(out, {opcode::text, true, 0, false, {}, 99}, {});
  CHECK(written(out) == "81 00"_b);
}

TEST_CASE("masking does not change the given payload", "[rfc-5.3]") {
  const auto payload = bytes("some payload of some length, more than a word or two");
  const auto kept = payload;
  byte_buffer out;
  append_frame(out, {opcode::binary, true, 0, true, example_key, 0}, payload);
  CHECK(payload == kept);
  CHECK(written(out) == frame_from(role::client, 2, payload));
}

TEST_CASE("a header is appended alone, for a payload that is written separately") {
  byte_buffer out;
  append_header(out, {opcode::binary, false, rsv1, false, {}, 0}, 300);
  CHECK(written(out) == "42 7e 01 2c"_b);
}

TEST_CASE("many frames are appended without copying all of them each time") {
  byte_buffer out;
  std::size_t moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto* const before = out.view().data();
    append_frame(out, {opcode::text, true, 0, false, {}, 0}, bytes("0123456789"));
    if (out.view().data() != before) ++moved;
  }
  CHECK(out.size() == 120'000);
  CHECK(moved <= 20);
}

}  // namespace
