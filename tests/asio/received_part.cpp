// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/received_part.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a received part is a whole message by default, and is viewed as a part") {
  received_part piece;
  CHECK(piece.is_text());
  CHECK(piece.text().empty());
  piece.payload = bytes("Hel");
  piece.last = false;
  const message_part seen = piece;
  CHECK(shown(seen) == "text part first \"Hel\"");
  CHECK(seen.payload.data() == piece.payload.data());
  piece.kind = message_kind::binary;
  CHECK_FALSE(piece.is_text());
}

}  // namespace
