// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/optional_transport.hpp"

#include <system_error>
#include <utility>

#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using optional_pipe = optional_tls_transport<memory_pipe>;
static_assert(timed_stream<optional_pipe> && abortable_stream<optional_pipe>);

/// A whole conversation between two ends.
void talk(optional_pipe& one, optional_pipe& other) {
  std::error_code ec;
  CHECK(one.wait_writable(before_long(), ec));
  write_all(one, as_bytes("hello"), ec);
  CHECK(text(read_all(other, 5, ec)) == "hello");
  CHECK_FALSE(other.wait_readable(other.now(), ec));
  one.shutdown(ec);
  CHECK(read_all(other, 1, ec).empty());
  CHECK_FALSE(ec);
  other.abort();
  CHECK(read_all(other, 1, ec).empty());
}

TEST_CASE("a stream without TLS is passed through") {
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  optional_pipe one{std::move(here)};
  optional_pipe other{std::move(there)};
  CHECK(one.tls() == nullptr);
  std::error_code ec;
  one.write_some(as_bytes("clear"), ec);
  byte_vector buffer(10);
  CHECK(other.next_layer().read_some(buffer, ec) == 5);
  talk(one, other);
}

TEST_CASE("a stream with TLS is encrypted") {
  secure_pair pair{trusting_client(), "localhost", server_with(test_server())};
  optional_pipe one{std::move(pair.client)};
  optional_pipe other{std::move(pair.server)};
  CHECK(one.tls() != nullptr);
  std::error_code ec;
  CHECK(&one.next_layer() == &one.tls()->next_layer());
  talk(one, other);
}

}  // namespace
