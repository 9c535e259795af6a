// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/transport.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/ssl/error.hpp>
#include <openssl/ssl.h>

#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/transport_phases.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

static_assert(timed_stream<secure_pipe> && abortable_stream<secure_pipe>);
static_assert(timed_stream<tls_transport<socket_transport>>);

/// Two ends that never wait, and access to the pipe below them.
struct slow_pair : secure_pair {
  explicit slow_pair(pipe_faults faults = {})
      : secure_pair{trusting_client(), "localhost", server_with(test_server()), faults} {
    REQUIRE_FALSE(client_error);
    REQUIRE_FALSE(server_error);
  }
};

std::error_code read_error(secure_pipe& from) {
  std::error_code ec;
  CHECK(read_all(from, 1, ec).empty());
  return ec;
}

TEST_CASE("one end reads what the other writes, wherever the bytes below are cut") {
  const auto cut = GENERATE(std::size_t{1}, std::size_t{7}, pipe_faults::never);
  slow_pair pair{{.max_read = cut, .max_write = cut}};
  const auto sent = pattern(cut == 1 ? 20'000 : 200'000);
  std::error_code write_ec;
  std::error_code read_ec;
  byte_vector got;
  concurrently([&] { write_all(pair.client, sent, write_ec); },
               [&] { got = read_all(pair.server, sent.size(), read_ec); });
  CHECK_FALSE(write_ec);
  CHECK_FALSE(read_ec);
  CHECK(got == sent);
}

TEST_CASE("a full pipe makes writers wait, and cuts no record") {
  slow_pair pair{{.capacity = GENERATE(std::size_t{10}, std::size_t{1000})}};
  const auto sent = pattern(50'000);
  std::error_code write_ec;
  std::error_code read_ec;
  byte_vector got;
  concurrently([&] { write_all(pair.server, sent, write_ec); },
               [&] { got = read_all(pair.client, sent.size(), read_ec); });
  CHECK_FALSE(write_ec);
  CHECK(got == sent);
}

TEST_CASE("a write that would block has accepted nothing, and continues with the same bytes") {
  slow_pair pair;
  pair.server.next_layer().set_faults({.capacity = 100});
  std::error_code ec;
  CHECK(pair.client.write_some(as_bytes(std::string(80, 'a')), ec) == 0);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(pair.client.wait_writable(pair.client.now(), ec));
  pair.server.next_layer().set_faults({});
  // The caller has queued more bytes before it tries again.
  CHECK(pair.client.write_some(as_bytes(std::string(80, 'a') + "bc"), ec) == 80);
  CHECK(pair.client.write_some(as_bytes("bc"), ec) == 2);
  CHECK(text(read_all(pair.server, 82, ec)) == std::string(80, 'a') + "bc");
}

TEST_CASE("two threads use both directions at the same time") {
  slow_pair pair{{.capacity = 20'000}};
  const auto sent = pattern(1'000'000);
  std::error_code ec[4];
  byte_vector there;
  byte_vector back;
  concurrently(
      [&] {
        concurrently([&] { write_all(pair.client, sent, ec[0]); },
                     [&] { back = read_all(pair.client, sent.size(), ec[1]); });
      },
      [&] {
        concurrently([&] { write_all(pair.server, sent, ec[2]); },
                     [&] { there = read_all(pair.server, sent.size(), ec[3]); });
      });
  for (const auto& one : ec) CHECK_FALSE(one);
  CHECK(there == sent);
  CHECK(back == sent);
}

TEST_CASE("reading and writing never wait") {
  slow_pair pair;
  std::error_code ec;
  byte_vector buffer(10);
  CHECK(pair.client.read_some(buffer, ec) == 0);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(pair.client.wait_readable(pair.client.now(), ec));
  CHECK_FALSE(ec);
}

TEST_CASE("bytes that are already decrypted are readable at once") {
  slow_pair pair;
  std::error_code ec;
  write_all(pair.server, as_bytes("first"), ec);
  write_all(pair.server, as_bytes("second"), ec);
  byte_vector buffer(3);
  REQUIRE(pair.client.wait_readable(before_long(), ec));
  REQUIRE(pair.client.read_some(buffer, ec) == 3);
  // Within a record, and with a record that is not processed yet.
  CHECK(pair.client.wait_readable(pair.client.now(), ec));
  CHECK(text(read_all(pair.client, 8, ec)) == "stsecond");
  CHECK_FALSE(pair.client.wait_readable(pair.client.now(), ec));
}

TEST_CASE("a part of a record is not readable") {
  slow_pair pair;
  std::error_code ec;
  byte_vector buffer(10);
  pair.client.read_some(buffer, ec);  // Reads the tickets of TLS 1.3
  pair.client.next_layer().set_faults({.capacity = 10});
  CHECK(pair.server.write_some(as_bytes("whole"), ec) == 0);
  CHECK(pair.client.wait_readable(pair.client.now(), ec));
  CHECK(pair.client.read_some(buffer, ec) == 0);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(pair.client.wait_readable(pair.client.now(), ec));
  pair.client.next_layer().set_faults({});
  CHECK(pair.server.write_some(as_bytes("whole"), ec) == 5);
  CHECK(text(read_all(pair.client, 5, ec)) == "whole");
  CHECK_FALSE(pair.client.wait_readable(pair.client.now(), ec));
}

TEST_CASE("a close_notify is the end of the stream", "[rfc-8446-6.1]") {
  slow_pair pair;
  std::error_code ec;
  write_all(pair.client, as_bytes("last"), ec);
  pair.client.shutdown(ec);
  CHECK_FALSE(ec);
  CHECK(text(read_all(pair.server, 100, ec)) == "last");
  CHECK_FALSE(ec);
  CHECK_FALSE(read_error(pair.server));
  CHECK(pair.server.wait_readable(before_long(), ec));
  CHECK(pair.client.write_some(as_bytes("more"), ec) == 0);
  CHECK(ec == std::errc::broken_pipe);
  // The other direction continues.
  write_all(pair.server, as_bytes("answer"), ec);
  pair.server.shutdown(ec);
  CHECK(text(read_all(pair.client, 100, ec)) == "answer");
  CHECK_FALSE(read_error(pair.client));
}

TEST_CASE("the end of the stream below without a close_notify is a truncation", "[rfc-8446-6.1]") {
  slow_pair pair;
  std::error_code ec;
  write_all(pair.client, as_bytes("last"), ec);
  pair.client.next_layer().shutdown(ec);
  CHECK(text(read_all(pair.server, 100, ec)) == "last");
  CHECK(ec == asio::ssl::error::stream_truncated);
  CHECK(read_error(pair.server) == asio::ssl::error::stream_truncated);
}

TEST_CASE("a reset is distinguished from both ends") {
  slow_pair pair;
  pair.client.abort();
  CHECK(read_error(pair.client) == std::errc::connection_aborted);
  CHECK(read_error(pair.server) == std::errc::connection_reset);
}

TEST_CASE("the close_notify reaches a peer whose pipe is full when there is capacity") {
  slow_pair pair;
  std::error_code ec;
  pair.client.next_layer().set_faults({.capacity = 5});
  pair.server.shutdown(ec);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(pair.server.wait_readable(pair.server.now(), ec));
  pair.client.next_layer().set_faults({});
  CHECK_FALSE(pair.server.wait_readable(pair.server.now(), ec));
  CHECK_FALSE(read_error(pair.client));
}

TEST_CASE("a handshake without an answer ends in time") {
  auto [here, there] = make_memory_pipe();
  const auto client = GENERATE(true, false);
  const auto trusting = trusting_client();
  const auto serving = server_with(test_server());
  auto end = client ? secure_pipe{std::move(here), trusting, "localhost"}
                    : secure_pipe{std::move(here), serving};
  const auto begin = end.now();
  std::error_code ec;
  end.handshake(begin + 10s, ec);
  CHECK(ec == errc::handshake_timeout);
  CHECK(end.now() == begin + 10s);
}

TEST_CASE("a handshake that receives too slowly ends in time") {
  auto [here, there] = make_memory_pipe();
  const auto serving = server_with(test_server());
  secure_pipe server{std::move(here), serving};
  const auto begin = server.now();
  byte_vector hello = "160301020001 0001fc0303"_b;
  hello.resize(517);
  std::size_t sent = 0;
  there.set_faults({.delay = 1s});
  server.next_layer().on_idle([&, &far = there] {
    const auto due = static_cast<std::size_t>((server.now() - begin) / 1s) + 1;
    std::error_code ec;
    for (; sent < due; ++sent) far.write_some(bytes_view{hello}.subspan(sent, 1), ec);
  });
  std::error_code ec;
  server.handshake(begin + 10s, ec);
  CHECK(ec == errc::handshake_timeout);
  CHECK(sent >= 9);
  CHECK(server.now() == begin + 10s);
}

TEST_CASE("a stream that ends inside the handshake is an error") {
  auto [here, there] = make_memory_pipe();
  const auto trusting = trusting_client();
  secure_pipe client{std::move(here), trusting, "localhost"};
  std::error_code ec;
  there.shutdown(ec);
  client.handshake(client.now() + 10s, ec);
  CHECK(ec == errc::truncated_handshake);
}

TEST_CASE("a peer that does not speak TLS is detected") {
  auto [here, there] = make_memory_pipe();
  const auto trusting = trusting_client();
  secure_pipe client{std::move(here), trusting, "localhost"};
  std::error_code ec;
  there.write_some(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), ec);
  client.handshake(client.now() + 10s, ec);
  CHECK(ec.message().find("wrong version number") == 0);
}

TEST_CASE(
    "a server that refuses a client reads its remaining input, so that the alert is not lost") {
  auto [here, there] = make_memory_pipe({.first = {.capacity = 1000}});
  const auto serving = server_with(test_server());
  secure_pipe server{std::move(here), serving};
  const byte_vector request = bytes("GET / HTTP/1.1\r\n" + std::string(30'000, 'x'));
  bytes_view rest{request};
  server.next_layer().on_idle([&, &far = there] {
    std::error_code ec;
    while (!ec && !rest.empty()) rest = rest.subspan(far.write_some(rest, ec));
    if (rest.empty()) far.shutdown(ec);
  });
  const auto begin = server.now();
  std::error_code ec;
  server.handshake(begin + 10s, ec);
  CHECK(ec.message().find("http request") == 0);
  CHECK(rest.empty());
  CHECK(server.now() == begin);
}

TEST_CASE("nothing is written before the handshake") {
  auto [here, there] = make_memory_pipe();
  const auto trusting = trusting_client();
  secure_pipe client{std::move(here), trusting, "localhost"};
  std::error_code ec;
  CHECK(client.write_some(as_bytes("secret"), ec) == 0);
  CHECK(ec == std::errc::not_connected);
}

TEST_CASE("a client without a host is refused") {
  auto [here, there] = make_memory_pipe();
  const auto trusting = trusting_client();
  CHECK_THROWS_AS((secure_pipe{std::move(here), trusting, ""}), std::system_error);
}

/// A short conversation in which the client's n-th call of the pipe fails. Returns the client's first error.
std::error_code talk_with_failure(std::size_t n, std::size_t& calls) {
  auto [here, there] =
      make_memory_pipe({.first = {.max_read = 1000, .failing_call = n}, .clock = nullptr});
  const auto trusting = trusting_client();
  const auto serving = server_with(test_server());
  auto client = std::make_unique<secure_pipe>(std::move(here), trusting, "localhost");
  secure_pipe server{std::move(there), serving};
  std::error_code ec;
  concurrently(
      [&] {
        client->handshake(before_long(), ec);
        if (!ec) write_all(*client, as_bytes("hello"), ec);
        if (!ec) read_all(*client, 5, ec);
        if (!ec) client->shutdown(ec);
        if (!ec) read_all(*client, 1, ec);
        calls = client->next_layer().calls();
        client.reset();
      },
      [&] {
        std::error_code server_ec;
        server.handshake(before_long(), server_ec);
        if (!server_ec) write_all(server, read_all(server, 5, server_ec), server_ec);
        std::error_code ignored;
        read_all(server, 1, ignored);
        server.shutdown(ignored);
      });
  return ec;
}

TEST_CASE("whichever call of the stream below fails, the error is returned and no call hangs") {
  std::size_t calls = 0;
  std::size_t n = 1;
  for (; talk_with_failure(n, calls) == std::errc::connection_reset; ++n) REQUIRE(n < 100);
  CHECK(n > 8);
  // There was no error because there was no n-th call.
  CHECK(calls < n);
}

TEST_CASE("a server's transport may have no SSL before the client's first byte", "[abuse]") {
  auto [near, far] = make_memory_pipe();
  const auto serving = server_with(test_server());
  int made = 0;
  const bool fails = GENERATE(false, true);
  secure_pipe server{std::move(near), [&](std::error_code& ec) {
                       ++made;
                       if (!fails) return serving.make_ssl(ec);
                       ec = errc::out_of_memory;
                       return detail::ssl_ptr{};
                     }};
  CHECK(server.native_handle() == nullptr);
  std::error_code ec;
  server.handshake(server.now(), ec);
  CHECK(ec == errc::handshake_timeout);
  CHECK(made == 0);
  CHECK(server.native_handle() == nullptr);
  far.write_some(as_bytes("GET / HTTP/1.1\r\n\r\n"), ec);
  far.shutdown(ec);
  server.handshake(before_long(), ec);
  CHECK(made == 1);
  if (fails) CHECK(ec == errc::out_of_memory);
  if (!fails) CHECK(server.native_handle() != nullptr);
  CHECK(ec);
}

TEST_CASE("the end of the input of a TLS transport is final, and each side ends once") {
  detail::tls_transport_phases phases;
  phases.input_starved();
  CHECK(phases.input() == detail::tls_input_phase::starved);
  phases.input_arrived();
  CHECK(phases.input() == detail::tls_input_phase::ready);
  phases.end_input();
  phases.input_arrived();
  phases.input_starved();
  CHECK(phases.input() == detail::tls_input_phase::over);

  CHECK_FALSE(phases.output_written());
  CHECK(phases.output() == detail::tls_output_phase::open);
  CHECK(phases.begin_end());
  CHECK_FALSE(phases.begin_end());
  CHECK(phases.output_written());
  CHECK_FALSE(phases.output_written());
  CHECK_FALSE(phases.begin_end());
  CHECK(phases.output() == detail::tls_output_phase::ended);
}

}  // namespace
