// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/websocket.hpp"

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/payloads.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

// The behaviour that all drivers share is tested in tests/drivers.

namespace {

static_assert(takes_every_payload<writing<websocket<memory_pipe>>>);

TEST_CASE("a websocket over a stream that is not encrypted has no facts of TLS") {
  auto [here, there] = make_memory_pipe();
  const websocket<memory_pipe> near{role::client, std::move(here)};
  CHECK_FALSE(near.is_secure());
  CHECK(near.tls() == nullptr);
  CHECK(near.peer_certificate() == nullptr);
}

TEST_CASE("a websocket can be moved, and its destructor drops the connection without a Close") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  {
    websocket<memory_pipe> first{own_role, std::move(here)};
    auto second = std::move(first);
    far.send(frame_from(peer_of(own_role), opcode::text, "moved"));
    CHECK(second.read());
    CHECK_FALSE(far.over());
  }
  CHECK(far.over());
  CHECK(far.frames().empty());
}

TEST_CASE("a message may be copied, moved or of small integers, and arrives the same") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  const std::string text(GENERATE(as<std::size_t>{}, 3, 10'000), 'a');
  const std::vector<std::uint8_t> numbers(text.begin(), text.end());
  CHECK_FALSE(near.write(text));
  CHECK_FALSE(near.write(std::string{text}));
  CHECK_FALSE(near.write(numbers));
  CHECK_FALSE(near.write(byte_vector(text.size(), std::byte{'a'})));
  CHECK(near.write(std::string{"\xFF"}) == errc::invalid_utf8);
  const auto frames = far.frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0] == "text " + shown(as_bytes(text)));
  CHECK(frames[1] == frames[0]);
  CHECK(frames[2].starts_with("binary "));
  CHECK(frames[3] == frames[2]);
}

TEST_CASE(
    "the peer sees the end of the stream as soon as the connection has ended, for whatever reason",
    "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto ends = GENERATE(as<std::string>{}, "clean", "violation", "no Close", "silence");
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  INFO(ends);
  if (ends == "clean") far.send(close_from(peer_of(own_role), 1000));
  if (ends == "violation") far.send(frame_from(peer_of(own_role), 3, {}));
  if (ends != "silence") far.hang_up();
  CHECK_FALSE(near.read());
  CHECK(near.close_reason().clean == (ends == "clean"));
  CHECK(far.over());
}

TEST_CASE("a read with a timeout reports whether it was too long or the connection has ended") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  const auto read = [&](std::error_code& ec) { return talk.near().read(1s, ec).has_value(); };
  const auto read_part = [&](std::error_code& ec) {
    return talk.near().read_part(1s, ec).has_value();
  };
  std::error_code ec = errc::aborted;
  CHECK_FALSE(read(ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 1s);
  ec = errc::aborted;
  CHECK_FALSE(read_part(ec));
  CHECK(ec == errc::read_timeout);
  CHECK(talk.elapsed() == 2s);

  talk.far().send(frame_from(peer_of(own_role), opcode::text, "last"));
  CHECK(read(ec));
  CHECK_FALSE(ec);
  CHECK(talk.elapsed() == 2s);

  talk.far().send(close_from(peer_of(own_role), 1000));
  talk.far().hang_up();
  CHECK_FALSE(read(ec));
  CHECK(ec == errc::closed);
  ec.clear();
  CHECK_FALSE(read_part(ec));
  CHECK(ec == errc::closed);
}

TEST_CASE("the peer that does not answer a Close in time sees the end of the stream",
          "[rfc-7.1.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  websocket<memory_pipe> near{own_role, std::move(here)};
  CHECK(near.close() == errc::close_timeout);
  CHECK(far.over());
}

TEST_CASE("a close after the output has stalled for the write timeout ends at once") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role,
                     {.keep_alive_interval = 0s, .close_timeout = 1h, .write_timeout = 20s},
                     {.second = {.capacity = 1}}};
  talk.far().send(frame_from(peer_of(own_role), opcode::ping, "?"));
  std::error_code ec;
  CHECK_FALSE(talk.near().read(1s, ec));
  CHECK(ec == errc::read_timeout);
  talk.advance(20s);
  CHECK(talk.near().close() == errc::write_timeout);
  CHECK(talk.elapsed() == 21s);
}

}  // namespace
