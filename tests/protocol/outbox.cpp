// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/outbox.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/opcode.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heap.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::detail;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

constexpr frame_header text_header{.op = opcode::text};
constexpr frame_header masked_header{opcode::binary, true, 0, true, example_key, 0};

byte_vector copy_of(bytes_view view) { return {view.begin(), view.end()}; }

byte_vector drained(outbox& out, std::size_t step) {
  byte_vector wire;
  while (!out.empty()) {
    const auto next = out.front();
    const auto size = (std::min)(next.size(), step);
    wire.insert(wire.end(), next.begin(), next.begin() + static_cast<std::ptrdiff_t>(size));
    out.consume(size);
  }
  return wire;
}

static_assert(frames_of(1, 4) == 1 && frames_of(4, 4) == 1);
static_assert(frames_of(5, 4) == 2 && frames_of(8, 4) == 2);

TEST_CASE("an empty outbox has nothing to write") {
  outbox out;
  CHECK(out.empty());
  CHECK(out.size() == 0);
  CHECK(out.front().empty());
  CHECK(!out.lent());
}

TEST_CASE("small frames are written together") {
  outbox out;
  byte_vector expected;
  for (int i = 0; i < 100; ++i) {
    const auto payload = std::to_string(i);
    out.add(text_header, as_bytes(payload));
    expected = expected + frame_from(role::server, opcode::text, payload);
  }
  CHECK(out.size() == expected.size());
  CHECK(copy_of(out.front()) == expected);
}

TEST_CASE("frames keep their order, copied or moved, consumed in steps of any size") {
  const auto step = GENERATE(as<std::size_t>{}, 1, 2, 3, 7, 100, 4097, 70'000, 1'000'000);
  outbox out;
  byte_vector expected;
  for (const auto size :
       std::initializer_list<std::size_t>{5, 4095, 4096, 10, 70'000, 0, 5000, 65'536, 1}) {
    out.add(masked_header, bytes_view{pattern(size)});
    out.add(masked_header, owned_payload{pattern(size)});
    out.add(text_header, owned_payload{std::string(size, 'x')});
    expected = expected + frame_from(role::client, 2, pattern(size)) +
               frame_from(role::client, 2, pattern(size)) +
               frame_from(role::server, opcode::text, std::string(size, 'x'));
  }
  CHECK(out.size() == expected.size());
  CHECK(drained(out, step) == expected);
  CHECK(out.size() == 0);
  CHECK(out.front().empty());
}

TEST_CASE("a long payload that is moved is not copied") {
  outbox out;
  auto payload = pattern(100'000);
  const auto* const where = payload.data();
  out.add(text_header, owned_payload{std::move(payload)});
  out.consume(out.front().size());
  CHECK(out.front().data() == where);
  CHECK(out.front().size() == 100'000);
}

TEST_CASE("front() does not move while thousands of frames are added") {
  const auto first_size = GENERATE(as<std::size_t>{}, 1, 200, 4096, 100'000);
  const bool given_away = GENERATE(false, true);
  const auto consumed = GENERATE(as<std::size_t>{}, 0, 1);
  outbox out;
  auto expected = frame_from(role::client, 2, pattern(first_size));
  if (given_away) {
    out.add(masked_header, owned_payload{pattern(first_size)});
  } else {
    out.add(masked_header, bytes_view{pattern(first_size)});
  }
  auto before = out.front();
  out.consume(consumed);
  before = before.subspan(consumed);
  const auto kept = copy_of(before);
  for (int i = 0; i < 1500; ++i) {
    const std::size_t size = i % 100 == 0 ? 5000 : 20;
    out.add(text_header, bytes_view{pattern(size)});
    out.add(text_header, owned_payload{pattern(size)});
    for (int twice = 0; twice < 2; ++twice) {
      const auto frame = frame_from(role::server, 1, pattern(size));
      expected.insert(expected.end(), frame.begin(), frame.end());
    }
  }
  CHECK(copy_of(before) == kept);
  CHECK(out.front().data() == before.data());
  const auto rest = drained(out, 1000);
  CHECK(byte_vector{expected.begin() + static_cast<std::ptrdiff_t>(consumed), expected.end()} ==
        rest);
}

TEST_CASE("lent() is true from front() until all of those bytes are written") {
  outbox out;
  out.add(text_header, as_bytes("abc"));
  CHECK(!out.lent());
  CHECK(out.front().size() == 5);
  CHECK(out.lent());
  out.add(text_header, as_bytes("de"));
  out.consume(4);
  CHECK(out.lent());
  out.consume(1);
  CHECK(!out.lent());
  CHECK(out.size() == 4);
  CHECK(copy_of(out.front()) == frame_from(role::server, opcode::text, "de"));
}

TEST_CASE("clear() drops everything but the bytes of a pending write") {
  outbox out;
  out.add(text_header, as_bytes("under way"));
  const auto pending = out.front();
  const auto kept = copy_of(pending);
  out.add(text_header, owned_payload{pattern(5000)});
  out.clear();
  CHECK(out.empty());
  CHECK(out.front().empty());
  CHECK(copy_of(pending) == kept);
  out.consume(kept.size());
  CHECK(out.empty());
}

TEST_CASE("a control frame after clear() follows the bytes of a pending write") {
  outbox out;
  out.add(text_header, owned_payload{pattern(5000)});
  const auto header = copy_of(out.front());
  out.clear();
  out.add_next({.op = opcode::close}, {});
  CHECK(copy_of(out.front()) == header);
  out.consume(header.size());
  CHECK(copy_of(out.front()) == frame_from(role::server, opcode::close, ""));
}

TEST_CASE("clear() frees what waits behind the bytes of a pending write") {
  const bool lent = GENERATE(false, true);
  CAPTURE(lent);
  const auto made = std::make_shared<byte_buffer>();
  append_frame(*made, text_header, pattern(5'000));
  const outbox::shared_frame shared = made;
  outbox out;
  out.add(text_header, pattern(10));
  if (lent) CHECK(!out.front().empty());
  const heap_meter heap;
  out.add(shared);
  out.add(masked_header, owned_payload{pattern(1'000'000)});
  const auto queued = shared.use_count();
  out.clear();
  const auto held = heap.held();
  CHECK(queued == 3);
  CHECK(shared.use_count() == 2);
  CHECK(held < 100'000);
}

TEST_CASE("the memory of written bytes is freed") {
  const bool given_away = GENERATE(false, true);
  const auto count = GENERATE(1, 5000);
  buffer_pool::clear();
  const heap_meter heap;
  outbox out;
  std::size_t waiting = 0;
  for (int i = 0; i < count; ++i) {
    if (given_away) {
      out.add(text_header, owned_payload{std::string(count == 1 ? 1'000'000 : 5000, 'x')});
    } else {
      const std::string payload(count == 1 ? 1'000'000 : 5000, 'x');
      out.add(text_header, as_bytes(payload));
    }
  }
  waiting = heap.held();
  const auto size = out.size();
  while (!out.empty()) out.consume(out.front().size());
  buffer_pool::clear();
  const auto left = heap.held();
  CHECK(waiting >= size);
  CHECK(waiting <= 2 * size + 64 * 1024);
  CHECK(left <= 4 * 1024);
}

TEST_CASE("a long queue of small frames is freed as it is written") {
  outbox out;
  const std::string payload(100, 'x');
  const heap_meter heap;
  for (int i = 0; i < 20'000; ++i) out.add(text_header, as_bytes(payload));
  const auto size = out.size();
  std::size_t longest = 0;
  while (out.size() > size / 2) {
    longest = (std::max)(longest, out.front().size());
    out.consume(out.front().size());
  }
  const auto held = heap.held();
  CHECK(longest <= 66 * 1024);
  // Buffers grow by doubling, so half of the last one may be unused.
  CHECK(held <= size + 256 * 1024);
}

TEST_CASE("memory is freed while writing continues") {
  outbox out;
  const heap_meter heap;
  const std::string payload(5000, 'x');
  out.add(text_header, as_bytes(payload));
  for (int i = 0; i < 20'000; ++i) {
    out.add(text_header, owned_payload{std::string{payload}});
    out.consume(out.front().size());
    out.consume(out.front().size());
  }
  const auto most = heap.most();
  CHECK(most <= 64 * 1024);
}

TEST_CASE("a queue that is never empty keeps no memory of written bytes") {
  outbox out;
  const std::string payload(5000, 'x');
  const heap_meter heap;
  for (int i = 0; i < 4; ++i) out.add(text_header, owned_payload{std::string{payload}});
  for (int i = 0; i < 20'000; ++i) {
    out.add(text_header, owned_payload{std::string{payload}});
    out.consume(out.front().size());
    out.consume(out.front().size());
  }
  const auto most = heap.most();
  CHECK(!out.empty());
  CHECK(most <= 128 * 1024);
}

TEST_CASE("small frames one at a time do not allocate") {
  outbox out;
  const auto payload = bytes("some payload");
  out.add(text_header, bytes_view{payload});
  out.consume(out.front().size());
  const heap_meter heap;
  for (int i = 0; i < 1000; ++i) {
    out.add(text_header, bytes_view{payload});
    out.consume(out.front().size());
  }
  const auto count = heap.count();
  CHECK(count == 0);
}

TEST_CASE("a long queue grows without repeated copies") {
  outbox out;
  std::vector<std::string> payloads(4000, std::string(5000, 'x'));
  const heap_meter heap;
  for (auto& payload : payloads) out.add(text_header, owned_payload{std::move(payload)});
  const auto count = heap.count();
  // One allocation for each header, and those of the list, which grows by doubling.
  CHECK(count < 2 * 4000 + 100);
}

/// The frames of a message that is cut into pieces of at most `most` bytes, by frame_from().
byte_vector cut_frames(role from, opcode op, const byte_vector& payload, std::size_t most) {
  byte_vector wire;
  for (std::size_t at = 0; at < payload.size(); at += most) {
    const auto size = (std::min)(most, payload.size() - at);
    const auto end = at + size == payload.size() ? fin::yes : fin::no;
    const auto kind = static_cast<int>(at == 0 ? op : opcode::continuation);
    wire = std::move(wire) + frame_from(from, kind, bytes_view{payload}.subspan(at, size), end);
  }
  return wire;
}

constexpr auto example_masks = [] { return example_key; };

TEST_CASE("a message is cut into frames, however it is queued", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{2001},
                             std::size_t{3000}, std::size_t{20'000});
  constexpr std::size_t most = 1000;
  const frame_header header{.op = opcode::binary, .masked = own_role == role::client};
  const auto expected = cut_frames(own_role, opcode::binary, pattern(size), most);
  outbox out;
  out.add(text_header, as_bytes("before"));
  SECTION("as a view") {
    out.add_in_frames(header, bytes_view{pattern(size)}, most, example_masks);
  }
  SECTION("as an owned payload") {
    out.add_in_frames(header, owned_payload{pattern(size)}, most, example_masks);
  }
  SECTION("as a shared frame") {
    if (own_role == role::client) return;
    const auto shared = std::make_shared<byte_buffer>();
    shared->append(frame_from(own_role, 2, pattern(size)));
    out.add_in_frames(shared, most);
  }
  out.add(text_header, as_bytes("after"));
  const auto before = frame_from(role::server, opcode::text, "before");
  const auto after = frame_from(role::server, opcode::text, "after");
  CHECK(out.size() == before.size() + expected.size() + after.size());
  CHECK(drained(out, 300) == before + expected + after);
}

TEST_CASE("a control frame is sent before all frames of which no byte is written", "[rfc-5.4]") {
  const bool owned = GENERATE(false, true);
  constexpr std::size_t most = 10'000;
  constexpr frame_header pong{.op = opcode::pong};
  outbox out;
  const frame_header header{.op = opcode::binary};
  if (owned) {
    out.add_in_frames(header, owned_payload{pattern(3 * most)}, most, example_masks);
  } else {
    out.add_in_frames(header, bytes_view{pattern(3 * most)}, most, example_masks);
  }
  lines expected{"pong \"1\"", "binary unfinished", "continuation unfinished", "continuation"};
  const auto written = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{5000},
                                std::size_t{10'004}, std::size_t{10'005});
  byte_vector wire;
  while (wire.size() < written) {
    const auto next = out.front();
    const auto size = (std::min)(next.size(), written - wire.size());
    wire.insert(wire.end(), next.begin(), next.begin() + static_cast<std::ptrdiff_t>(size));
    out.consume(size);
  }
  out.add_next(pong, as_bytes("1"));
  if (written > 0) std::swap(expected[0], expected[1]);
  if (written > 10'004) std::swap(expected[1], expected[2]);
  const auto rest = drained(out, 999);
  wire.insert(wire.end(), rest.begin(), rest.end());
  lines kinds;
  for (const auto& frame : frames_shown(wire)) {
    kinds.push_back(frame.starts_with("pong") ? frame : frame.substr(0, frame.find(" 10000")));
  }
  CHECK(kinds == expected);
}

TEST_CASE("a control frame is never sent inside the frame of an owned payload", "[rfc-5.4]") {
  outbox out;
  out.add(text_header, owned_payload{pattern(5000)});
  out.add(text_header, owned_payload{pattern(6000)});
  // Only the header is written.
  out.consume(out.front().size());
  CHECK_FALSE(out.lent());
  out.add_next({.op = opcode::pong}, as_bytes("1"));
  out.add_next({.op = opcode::pong}, as_bytes("2"));
  CHECK(out.front().size() == 5000);
  out.consume(5000);
  CHECK(copy_of(out.front()) == frame_from(role::server, opcode::pong, "1"));
  out.consume(out.front().size());
  CHECK(copy_of(out.front()) == frame_from(role::server, opcode::pong, "2"));
}

TEST_CASE("control frames that pass others never pass each other", "[rfc-5.5.3]") {
  constexpr frame_header pong{.op = opcode::pong};
  outbox out;
  std::size_t count = 0;
  const auto add_pong = [&] { out.add_next(pong, as_bytes(std::to_string(++count))); };
  byte_vector wire;
  const auto write = [&](std::size_t size) {
    const auto next = out.front().first((std::min)(size, out.front().size()));
    wire.insert(wire.end(), next.begin(), next.end());
    out.consume(next.size());
  };
  unsigned state = GENERATE(range(1u, 40u));
  for (int i = 0; i < 300; ++i) {
    state = state * 1'664'525 + 1'013'904'223;
    switch (state >> 24 & 7) {
      case 0: out.add(text_header, owned_payload{pattern(5000)}); break;
      case 1: out.add(text_header, as_bytes("small")); break;
      case 2:
        out.add_in_frames(text_header, owned_payload{pattern(5000)}, 2000, example_masks);
        break;
      case 3: out.add_in_frames(text_header, bytes_view{pattern(5000)}, 2000, example_masks); break;
      case 4:
      case 5: add_pong(); break;
      default:
        for (int times = 0; times < 2 && !out.empty(); ++times) write(state >> 12 & 0xFFF);
    }
  }
  while (!out.empty()) write(1000);
  std::size_t seen = 0;
  for (const auto& frame : frames_in(wire)) {
    REQUIRE(frame.op >= 0);
    if (frame.op == 10) CHECK(text(frame.payload) == std::to_string(++seen));
  }
  CHECK(seen == count);
}

TEST_CASE("a message that cannot be cut for lack of memory is not queued at all") {
  const bool owned = GENERATE(false, true);
  outbox out;
  out.add(text_header, as_bytes("before"));
  auto payload = pattern(30'000);
  owned_payload given{byte_vector{payload}};
  bool thrown = false;
  {
    const heap_is_full full;
    try {
      if (owned) {
        out.add_in_frames(text_header, std::move(given), 1000, example_masks);
      } else {
        out.add_in_frames(text_header, bytes_view{payload}, 1000, example_masks);
      }
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
  }
  CHECK(thrown);
  CHECK(drained(out, 100) == frame_from(role::server, opcode::text, "before"));
}

TEST_CASE("writing a queued frame allocates no memory") {
  outbox out;
  for (int i = 0; i < 40; ++i) {
    out.add(text_header, as_bytes("small"));
    const heap_is_full full;
    const auto size = out.front().size();
    out.consume(size);
    if (size != 7) FAIL_CHECK(size);
  }
  CHECK(out.empty());
}

TEST_CASE("occupied() is the memory that the outbox has on the heap", "[abuse]") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{100}, std::size_t{5000});
  const bool owned = GENERATE(false, true);
  buffer_pool::clear();
  std::size_t held = 0;
  std::size_t said = 0;
  {
    outbox out;
    const heap_meter heap;
    for (int i = 0; i < 300; ++i) {
      if (owned) out.add(text_header, owned_payload{pattern(size)});
      if (!owned) out.add(text_header, pattern(size));
    }
    held = heap.held();
    said = out.occupied();
    CHECK(drained(out, 10'000).size() > 300);
    CHECK(out.occupied() <= 4096);
  }
  CHECK(said <= held);
  CHECK(held <= said + said / 20 + 1000);
}

TEST_CASE("a frame shared by many outboxes counts with its share in each", "[abuse]") {
  const auto frame = [] {
    auto made = std::make_shared<byte_buffer>();
    made->append(pattern(10'000));
    return outbox::shared_frame{made};
  }();
  std::vector<outbox> all(100);
  std::size_t counted = 0;
  for (auto& one : all) {
    one.add(frame);
    counted += one.occupied();
  }
  CHECK(counted >= 10'000);
  CHECK(counted <= 8 * 10'000);
  for (auto& one : all) {
    drained(one, 10'000);
    CHECK(one.occupied() <= 1000);
  }
}

TEST_CASE("a shared frame counts for the outboxes that still hold it", "[abuse]") {
  const auto most = GENERATE(std::size_t{0}, std::size_t{1000}, std::size_t{4000});
  const auto frame = [] {
    frame_header header;
    header.op = opcode::binary;
    const auto payload = pattern(10'000);
    header.length = payload.size();
    auto made = std::make_shared<byte_buffer>();
    append_frame(*made, header, payload);
    return outbox::shared_frame{made};
  }();
  std::vector<outbox> all(100);
  for (auto& one : all) most == 0 ? one.add(frame) : one.add_in_frames(frame, most);
  CHECK(all.front().occupied() < 3000);
  for (std::size_t i = 1; i < all.size(); ++i) drained(all[i], 10'000);
  CHECK(all.front().occupied() >= 10'000);
  CHECK(all.front().occupied() < 13'000);
}

}  // namespace
