// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/prepared_message.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

byte_vector bytes_of(const byte_buffer& buffer) {
  return {buffer.view().begin(), buffer.view().end()};
}

using lines = std::vector<std::string>;

TEST_CASE("a prepared message is the frame that a server sends", "[rfc-5.6]") {
  const auto size = GENERATE(as<std::size_t>{}, 0, 125, 126, 65'535, 65'536);
  const std::string payload(size, 'x');
  const prepared_message text_message{payload};
  CHECK(text_message.error() == errc{});
  CHECK(text_message.kind() == message_kind::text);
  CHECK(text(text_message.payload()) == payload);
  CHECK(bytes_of(*text_message.frame()) == frame_from(role::server, opcode::text, payload));

  const prepared_message binary{as_bytes(payload)};
  CHECK(binary.kind() == message_kind::binary);
  CHECK(bytes_of(*binary.frame()) == frame_from(role::server, opcode::binary, payload));
}

TEST_CASE("a prepared text must be valid", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const prepared_message broken{std::string_view{"\xFF"}};
  CHECK(broken.error() == errc::invalid_utf8);
  test_connection<> peer{own_role};
  CHECK(peer.send(broken) == errc::invalid_utf8);
  CHECK(peer.buffered_bytes() == 0);
}

TEST_CASE("a prepared message can be sent by either role, any number of times", "[rfc-5.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto size = GENERATE(as<std::size_t>{}, 0, 10, 4093, 4094, 100'000);
  const std::string payload(size, 'x');
  const prepared_message prepared{payload};
  test_connection<> peer{own_role};
  REQUIRE(!peer.send("before"));
  REQUIRE(!peer.send(prepared));
  REQUIRE(!peer.send(prepared));
  REQUIRE(!peer.send("after"));
  const auto frame = frame_from(own_role, opcode::text, payload);
  CHECK(written_by(peer) == frame_from(own_role, opcode::text, "before") + frame + frame +
                                frame_from(own_role, opcode::text, "after"));
}

TEST_CASE("servers share the memory of a long prepared message") {
  const prepared_message prepared{std::string_view{std::string(100'000, 'x')}};
  test_connection<> first{role::server};
  test_connection<> second{role::server};
  REQUIRE(!first.send(prepared));
  REQUIRE(!second.send(prepared));
  CHECK(first.output().data() == prepared.frame()->view().data());
  CHECK(second.output().data() == prepared.frame()->view().data());
  written_by(first);
  second.abort();
  CHECK(prepared.frame().use_count() <= 2);
}

TEST_CASE("a pending write keeps the memory of a destroyed prepared message") {
  test_connection<> peer{role::server};
  {
    const prepared_message prepared{std::string_view{std::string(100'000, 'x')}};
    REQUIRE(!peer.send(prepared));
  }
  const auto pending = peer.output();
  const byte_vector before{pending.begin(), pending.end()};
  peer.abort();
  CHECK(byte_vector{pending.begin(), pending.end()} == before);
}

TEST_CASE("a prepared message follows the rules of sending", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const prepared_message prepared{std::string_view{"x"}};
  test_connection<> peer{own_role};
  REQUIRE(!peer.send_part(message_kind::text, {}, part::more));
  CHECK(peer.send(prepared) == errc::message_unfinished);
  REQUIRE(!peer.send_part(message_kind::text, {}, part::last));
  REQUIRE(!peer.close());
  CHECK(peer.send(prepared) == errc::closed);
}

TEST_CASE("a prepared message is understood with any negotiated extension", "[rfc-9]") {
  const auto from = GENERATE(role::client, role::server);
  joined<run_length> both;
  REQUIRE(!both.at(from).send("first"));
  REQUIRE(!both.at(from).send(prepared_message{std::string_view{"second"}}));
  both.settle();
  CHECK(both.notes_of(peer_of(from)).lines() == lines{"text \"first\"", "text \"second\""});
}

}  // namespace
