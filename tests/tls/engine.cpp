// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/engine.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <system_error>

#include "hawser/base/bytes.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using engine_type = detail::tls_engine;
using outcome = engine_type::outcome;

engine_type make_client() {
  std::error_code ec;
  return engine_type{trusting_client().make_ssl("localhost", ec)};
}

engine_type make_server() {
  std::error_code ec;
  return engine_type{server_with(test_server()).make_ssl(ec)};
}

/// Moves at most `most` bytes from one engine to the other. Returns their number.
std::size_t carry(engine_type& from, engine_type& to,
                  std::size_t most = std::numeric_limits<std::size_t>::max()) {
  const auto out = from.output();
  const auto in = to.input_buffer();
  const auto size = (std::min)({out.size(), in.size(), most});
  std::copy_n(out.begin(), size, in.begin());
  to.received(size);
  from.consume_output(size);
  return size;
}

void shake_hands(engine_type& client, engine_type& server, std::size_t most) {
  auto there = outcome::starved;
  for (auto here = there; here != outcome::done || there != outcome::done;) {
    here = client.handshake();
    there = server.handshake();
    REQUIRE(here != outcome::failed);
    REQUIRE(there != outcome::failed);
    carry(client, server, most);
    carry(server, client, most);
  }
  while (carry(client, server) + carry(server, client) != 0) {
  }
}

std::string read_text(engine_type& from, outcome expected = outcome::done) {
  std::string buffer(64, '\0');
  std::size_t size = 0;
  const auto data = std::as_writable_bytes(std::span{buffer});
  REQUIRE(from.read(data, size) == expected);
  return buffer.substr(0, size);
}

TEST_CASE("two engines only need their bytes to be moved") {
  auto client = make_client();
  auto server = make_server();
  shake_hands(client, server, GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{100'000}));
  std::size_t size = 0;
  REQUIRE(client.write(as_bytes("hello"), size) == outcome::done);
  CHECK(size == 5);
  CHECK(read_text(server, outcome::starved).empty());
  carry(client, server);
  CHECK(server.has_input());
  CHECK(read_text(server) == "hello");
  CHECK_FALSE(server.has_input());
}

TEST_CASE("an engine accepts one record at a time, and no more before that is consumed") {
  auto client = make_client();
  auto server = make_server();
  shake_hands(client, server, 1000);
  const byte_vector much(100'000);
  std::size_t size = 0;
  REQUIRE(client.write(much, size) == outcome::done);
  CHECK(size == engine_type::max_record);
  CHECK(client.write(bytes_view{much}.subspan(size), size) == outcome::clogged);
}

TEST_CASE("the end of one direction is reported, and the other direction continues",
          "[rfc-8446-6.1]") {
  auto client = make_client();
  auto server = make_server();
  shake_hands(client, server, 1000);
  client.end();
  carry(client, server);
  CHECK(read_text(server, outcome::ended).empty());
  std::size_t size = 0;
  REQUIRE(server.write(as_bytes("bye"), size) == outcome::done);
  server.end();
  carry(server, client);
  CHECK(read_text(client) == "bye");
  CHECK(read_text(client, outcome::ended).empty());
}

TEST_CASE("bytes that are not TLS fail permanently, with a reason") {
  auto server = make_server();
  const auto junk = as_bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::copy(junk.begin(), junk.end(), server.input_buffer().begin());
  server.received(junk.size());
  REQUIRE(server.handshake() == outcome::failed);
  CHECK(server.error().message().find("http request") == 0);
  server.end();
  CHECK(server.handshake() == outcome::failed);
}

TEST_CASE("a byte that was changed on the way is detected", "[rfc-8446-5.2]") {
  auto client = make_client();
  auto server = make_server();
  shake_hands(client, server, 1000);
  std::size_t size = 0;
  REQUIRE(client.write(as_bytes("hello"), size) == outcome::done);
  const auto buffer = server.input_buffer();
  const auto count = carry(client, server);
  buffer[count - 1] ^= std::byte{1};
  std::byte in{};
  CHECK(server.read({&in, 1}, size) == outcome::failed);
  CHECK(server.error().message().find("decryption failed") == 0);
}

}  // namespace
