// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/frame/reader.hpp"
#include "hawser/frame/writer.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

struct frame_seen {
  frame_header header;
  byte_vector payload;
};

/// The result of a reader for the input, which must not depend on how it is cut.
struct reading {
  std::vector<frame_seen> frames;
  errc error{};
  bool between = true;
};

reading read(role own_role, std::uint8_t reserved, bytes_view input, std::uint32_t seed) {
  reading result;
  frame_reader reader{own_role, reserved};
  in_pieces(input, seed, [&](byte_vector& piece) {
    mutable_bytes rest{piece};
    while (!rest.empty() || (reader.in_frame() && reader.at_end())) {
      const bool begins = !reader.in_frame();
      const auto status = reader.read_header(rest);
      if (status == frame_reader::status::failed) {
        result.error = reader.error();
        return false;
      }
      if (status == frame_reader::status::need_more) break;
      if (begins) result.frames.push_back({reader.header(), {}});
      const auto payload = reader.take_payload(rest);
      auto& kept = result.frames.back().payload;
      kept.insert(kept.end(), payload.begin(), payload.end());
      if (reader.at_end()) reader.end_frame();
    }
    return true;
  });
  result.between = reader.between_frames();
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto first = input.byte();
  const auto own_role = (first & 1) != 0 ? role::client : role::server;
  const auto reserved = static_cast<std::uint8_t>(first << 3 & 0x70);
  const std::uint32_t seed = input.byte() + 1U;
  const auto wire = input.rest();
  const auto whole = read(own_role, reserved, wire, 0);
  const auto cut = read(own_role, reserved, wire, seed);
  require(whole.error == cut.error, "another error when cut");
  require(whole.frames.size() == cut.frames.size(), "other frames when cut");

  // A frame has one valid encoding, so encoding it again gives the same bytes.
  byte_buffer again;
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    const auto& one = whole.frames[i];
    require(one.payload == cut.frames[i].payload, "another payload when cut");
    require(one.header.op == cut.frames[i].header.op, "another opcode when cut");
    require(one.header.masked == (own_role == role::server), "a mask on the wrong side");
    require((one.header.reserved & ~reserved) == 0, "a reserved bit that is not allowed");
    if (one.payload.size() == one.header.length) append_frame(again, one.header, one.payload);
  }
  const auto written = again.view();
  require(written.size() <= wire.size() && std::equal(written.begin(), written.end(), wire.begin()),
          "written again it is something else");
  if (whole.error == errc{} && whole.between) {
    require(written.size() == wire.size(), "bytes lost between frames");
  }
  return 0;
}
