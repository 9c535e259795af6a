// SPDX-License-Identifier: BSL-1.0
#include "hawser/protocol/any_extension.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hawser/protocol/connection.hpp"
#include "support/archetypes.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/run_length.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

static_assert(sizeof(any_extension) == sizeof(void*));

TEST_CASE("without an extension payloads are not encoded", "[rfc-9]") {
  any_extension none;
  CHECK_FALSE(none);
  CHECK_FALSE(any_extension{no_extension{}});
  CHECK(none.reserved_bits() == 0);
  CHECK(none.begin_encoding(message_kind::text, 1000) == 0);
  CHECK(none.sharing_key() == 0);
  CHECK(none.begin_shared(message_kind::text, 1000) == 0);
  byte_vector buffer(10);
  byte_vector encoded;
  mutable_bytes out{buffer};
  bytes_view in{buffer};
  none.encode(in, part::last, encoded);
  CHECK(encoded.empty());
  CHECK_FALSE(none.encode_shared(in, encoded));
  CHECK(none.decode(in, out, part::last) == errc::bad_reserved_bits);
}

TEST_CASE("an extension of any type works behind one pointer", "[rfc-9]") {
  const auto from = GENERATE(role::client, role::server);
  basic_connection<any_extension, fixed_mask_source> near{from, {}, run_length{3}};
  test_connection<run_length> far{peer_of(from)};
  REQUIRE(!near.send("aaabb"));
  REQUIRE(!near.send("c"));
  CHECK(feed(far, written_by(near)) == lines{"text \"aaabb\"", "text \"c\""});
  REQUIRE(!far.send("zzz"));
  CHECK(feed(near, written_by(far)) == lines{"text \"zzz\""});
}

TEST_CASE("an extension that can only be moved is accepted", "[rfc-9]") {
  any_extension held{extension_archetype{}};
  CHECK(held);
  const any_extension moved{std::move(held)};
  CHECK(moved);
}

TEST_CASE("an extension that does not share has a sharing key of zero") {
  any_extension held{run_length{}};
  byte_vector encoded;
  CHECK(held.sharing_key() == 0);
  CHECK(held.begin_shared(message_kind::text, 1000) == 0);
  CHECK_FALSE(held.encode_shared(as_bytes("aaa"), encoded));
  CHECK(encoded.empty());
}

/// Its encoding with sharing differs from that without.
struct sharing_run_length : run_length {
  static constexpr std::uint64_t key = 7;
  int* calls = nullptr;
  bool works = true;

  std::uint64_t sharing_key() const { return key; }
  std::uint8_t begin_shared(message_kind, std::size_t) const { return rsv1; }
  bool encode_shared(bytes_view payload, byte_vector& encoded) const {
    ++*calls;
    if (!works) return false;
    encoded = run_length_of(payload);
    return true;
  }
};

static_assert(sharing_extension<sharing_run_length> && !sharing_extension<run_length>);

TEST_CASE("a prepared message is encoded once for all connections that can share it") {
  int calls = 0;
  const prepared_message prepared{std::string_view{"aaa"}};
  sharing_run_length sharing;
  sharing.calls = &calls;
  for (int i = 0; i < 3; ++i) {
    basic_connection<any_extension, fixed_mask_source> one{role::server, {}, sharing};
    REQUIRE(!one.send(prepared));
    CHECK(written_by(one) == frame_from(role::server, 1, "03 61"_b, fin::yes, 4));
  }
  CHECK(calls == 1);
}

TEST_CASE(
    "a prepared message that cannot be encoded is sent unencoded, and tried again the next time") {
  int calls = 0;
  const prepared_message prepared{std::string_view{"aaa"}};
  sharing_run_length sharing;
  sharing.calls = &calls;
  sharing.works = false;
  for (int i = 0; i < 3; ++i) {
    basic_connection<any_extension, fixed_mask_source> one{role::server, {}, sharing};
    REQUIRE(!one.send(prepared));
    CHECK(written_by(one) == frame_from(role::server, opcode::text, "aaa"));
  }
  CHECK(calls == 3);
}

TEST_CASE("an extension that does not share sends a prepared message unencoded") {
  basic_connection<any_extension, fixed_mask_source> one{role::server, {}, run_length{}};
  REQUIRE(!one.send(prepared_message{std::string_view{"aaa"}}));
  CHECK(written_by(one) == frame_from(role::server, opcode::text, "aaa"));
}

TEST_CASE("a client encodes a prepared message for itself") {
  basic_connection<any_extension, fixed_mask_source> one{role::client, {}, run_length{}};
  REQUIRE(!one.send(prepared_message{std::string_view{"aaa"}}));
  CHECK(written_by(one) == frame_from(role::client, 1, "03 61"_b, fin::yes, 4));
}

}  // namespace
