// SPDX-License-Identifier: BSL-1.0

// Every default of every options struct, and what zero means: docs/options.md. A field that is added to a
// struct does not compile here until it is listed.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio.hpp"
#include "hawser/deflate.hpp"
#include "hawser/hawser.hpp"
#include "hawser/pubsub.hpp"
#include "hawser/tls.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/peers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

constexpr auto never = (std::chrono::steady_clock::time_point::max)();

void check_defaults(const head_limits& options) {
  const auto& [size, fields, target] = options;
  CHECK(size == 16 * 1024);
  CHECK(fields == 100);
  CHECK(target == 8 * 1024);
}

void check_defaults(const connection_options& options) {
  const auto& [max_message_size, max_frames, max_message_size_in_parts, max_frames_in_parts,
               deliver, max_frame_size, turn, keep_alive_interval, keep_alive_timeout, idle_timeout,
               message_timeout, close_timeout, write_timeout] = options;
  CHECK_FALSE(max_message_size_in_parts);
  CHECK_FALSE(max_frames_in_parts);
  CHECK_FALSE(max_message_size);
  CHECK(max_frames == 131'072);
  CHECK(deliver == delivery::messages);
  CHECK(max_frame_size == 0);
  const auto& [bytes, events] = turn;
  CHECK(bytes == 1024 * 1024);
  CHECK(events == 256);
  CHECK(keep_alive_interval == 20s);
  CHECK(keep_alive_timeout == 20s);
  CHECK(idle_timeout == 0s);
  CHECK(message_timeout == 60s);
  CHECK(close_timeout == 5s);
  CHECK(write_timeout == 20s);
  CHECK(hawser::max_message_size(options, role::server) == 1024 * 1024);
  CHECK(hawser::max_message_size(options, role::client) == 16 * 1024 * 1024);
}

void check_defaults(const default_server_policy& options) {
  const auto& [origin, subprotocols, headers, require_subprotocol, allowed_hosts, allowed_origins,
               allow_missing_origin, origin_refusal] = options;
  CHECK_FALSE(require_subprotocol);
  CHECK(allowed_origins.empty());
  CHECK(allow_missing_origin);
  CHECK_FALSE(origin_refusal);
  REQUIRE(origin);
  const auto* const check = origin.target<decltype(&same_origin)>();
  CHECK((check != nullptr && *check == &same_origin));
  CHECK(subprotocols.empty());
  CHECK(headers.empty());
  CHECK(allowed_hosts.empty());
}

void check_defaults(const default_client_policy& options) {
  const auto& [origin, subprotocols, headers, user_agent, require_subprotocol] = options;
  CHECK_FALSE(require_subprotocol);
  CHECK(origin.empty());
  CHECK(subprotocols.empty());
  CHECK(headers.empty());
  CHECK(user_agent == default_user_agent);
}

void check_defaults(const send_budget& options) {
  const auto& [high, hard, when_exceeded] = options;
  CHECK(high == 1024 * 1024);
  CHECK(hard == 16 * 1024 * 1024);
  CHECK(when_exceeded == send_budget::policy::refuse);
}

void check_defaults(const shutdown_options& options) {
  const auto& [code, reason, drain, grace] = options;
  CHECK(code == close_code::going_away);
  CHECK(reason.empty());
  CHECK(drain == 0s);
  CHECK(grace == 5s);
}

void check_defaults(const outage_queue& options) {
  const auto& [most, when_full] = options;
  CHECK(most == 1024 * 1024);
  CHECK(when_full == outage_queue::policy::refuse);
}

void check_defaults(const backoff& options) {
  const auto& [base, cap, factor, spread, healthy_after, max_attempts] = options;
  CHECK(base == 1s);
  CHECK(cap == 30s);
  CHECK(factor == 2);
  CHECK(spread == jitter::full);
  CHECK(healthy_after == 30s);
  CHECK(max_attempts == 0);
}

void check_defaults(const route_options& options) {
  const auto& [handshake, connection, budget, keep_request, extension] = options;
  CHECK(keep_request == request_lifetime::session);
  check_defaults(handshake);
  check_defaults(connection);
  check_defaults(budget);
  CHECK_FALSE(extension);
}

void check_defaults(const connect_options& options) {
  const auto& [handshake, credentials, cookie, max_redirects, safe_headers, connect_to, proxy,
               limits, connect_timeout, handshake_timeout, connection, extension] = options;
  check_defaults(handshake);
  CHECK(credentials == uri::user_info::refuse);
  CHECK(cookie.empty());
  CHECK(max_redirects == 0);
  CHECK(safe_headers.empty());
  CHECK(connect_to.empty());
  CHECK_FALSE(proxy);
  check_defaults(limits);
  CHECK(connect_timeout == 10s);
  CHECK(handshake_timeout == 10s);
  check_defaults(connection);
  CHECK_FALSE(extension);
}

void check_defaults(const pipe_faults& options) {
  const auto& [max_read, max_write, cuts, capacity, delay, read_limit, read_error, failing_call,
               call_error] = options;
  CHECK(max_read == pipe_faults::never);
  CHECK(max_write == pipe_faults::never);
  CHECK(cuts.empty());
  CHECK(capacity == pipe_faults::never);
  CHECK(delay == 0s);
  CHECK(read_limit == pipe_faults::never);
  CHECK_FALSE(read_error);
  CHECK(failing_call == pipe_faults::never);
  CHECK(call_error == std::errc::connection_reset);
}

TEST_CASE("every option of the core has its default", "[options]") {
  check_defaults(head_limits{});
  check_defaults(connection_options{});
  check_defaults(default_server_policy{});
  check_defaults(default_client_policy{});
  check_defaults(backoff{});
  check_defaults(shutdown_options{});
  const auto& [handshake_timeout, connection] = opening_options{};
  CHECK(handshake_timeout == 10s);
  check_defaults(connection);
  const auto& [first, second, clock] = memory_pipe_options{};
  check_defaults(first);
  check_defaults(second);
  CHECK(clock);
}

TEST_CASE("every option of connect() has its default", "[options]") {
  check_defaults(connect_options{});
}

TEST_CASE("every option of plain HTTP has its default", "[options]") {
  const auto& [limits, idle_timeout] = http_options{};
  CHECK(idle_timeout == 10s);
  const auto& [body, requests] = limits;
  CHECK(body == 64 * 1024);
  CHECK(requests == 1000);
}

TEST_CASE("every option of the servers has its default", "[options]") {
  {
    const auto& [address, port, listener, threads, max_connections, max_connections_per_address,
                 memory_budget, handshake, trusted_proxies, limits, handshake_timeout, connection,
                 budget, keep_request, extension, http] = server_options{};
    CHECK(trusted_proxies.empty());
    CHECK(memory_budget == 1024 * 1024 * 1024);
    CHECK(listener == first_listener::own);
    CHECK(http.idle_timeout == 10s);
    CHECK(address == "127.0.0.1");
    CHECK(port == 0);
    CHECK(threads == 1);
    CHECK(max_connections == 100'000);
    CHECK(max_connections_per_address == 0);
    check_defaults(limits);
    CHECK(handshake_timeout == 10s);
    check_defaults(handshake);
    check_defaults(connection);
    check_defaults(budget);
    CHECK(keep_request == request_lifetime::session);
    CHECK_FALSE(extension);
  }
  check_defaults(route_options{});
  const auto& [address, port, max_connections, max_connections_per_address, memory_budget,
               handshake, trusted_proxies, limits, handshake_timeout, connection, extension] =
      threaded_server_options{};
  CHECK(trusted_proxies.empty());
  CHECK(memory_budget == 1024 * 1024 * 1024);
  CHECK(address == "127.0.0.1");
  CHECK(port == 0);
  CHECK(max_connections == 1024);
  CHECK(max_connections_per_address == 0);
  check_defaults(handshake);
  check_defaults(limits);
  CHECK(handshake_timeout == 10s);
  check_defaults(connection);
  CHECK_FALSE(extension);
}

TEST_CASE("every option of topics has its default", "[options]") {
  const auto& [max_topics_per_session, max_topic_length, max_queued_bytes, on_dropped] =
      hub_options{};
  CHECK(max_topics_per_session == 1'000);
  CHECK(max_topic_length == 255);
  CHECK(max_queued_bytes == 64 * 1024 * 1024);
  CHECK_FALSE(on_dropped);
  const auto& [max_queued_of_broker] = memory_broker_options{};
  CHECK(max_queued_of_broker == 64 * 1024 * 1024);
}

TEST_CASE("every option of the clients has its default", "[options]") {
  const auto& [url, reconnect, retry, prepare, make_url, wait, queue, budget, handshake,
               credentials, cookie, max_redirects, safe_headers, connect_to, proxy, limits,
               connect_timeout, handshake_timeout, connection, extension] = client_options{};
  CHECK(url.empty());
  REQUIRE(reconnect);
  check_defaults(*reconnect);
  CHECK_FALSE(retry);
  CHECK_FALSE(prepare);
  CHECK_FALSE(make_url);
  CHECK_FALSE(wait);
  check_defaults(queue);
  check_defaults(budget);
  check_defaults(handshake);
  CHECK(credentials == uri::user_info::refuse);
  CHECK(cookie.empty());
  CHECK(max_redirects == 0);
  CHECK(safe_headers.empty());
  CHECK(connect_to.empty());
  CHECK_FALSE(proxy);
  check_defaults(limits);
  CHECK(connect_timeout == 10s);
  CHECK(handshake_timeout == 10s);
  check_defaults(connection);
  CHECK_FALSE(extension);
}

TEST_CASE("every option of compression has its default", "[options]") {
  const auto& [level, memory_level, own_window_bits, peer_window_bits, own_context_takeover,
               peer_context_takeover, threshold, compress] = deflate_options{};
  CHECK(level == 5);
  CHECK(memory_level == 5);
  CHECK(own_window_bits == 12);
  CHECK_FALSE(peer_window_bits);
  CHECK(own_context_takeover);
  CHECK(peer_context_takeover);
  CHECK(threshold == 1024);
  CHECK_FALSE(compress);
}

TEST_CASE("every option of TLS has its default", "[options]") {
  const auto is_empty = [](const pem& one) { return detail::is_none(one); };
  {
    const auto& [system, authorities, identity, configure] = tls_client_options{};
    CHECK(system == system_authorities::trusted);
    CHECK(is_empty(authorities));
    CHECK_FALSE(identity);
    CHECK_FALSE(configure);
  }
  {
    const auto& [certificate, key, passphrase] = tls_identity{};
    CHECK(is_empty(certificate));
    CHECK(is_empty(key));
    CHECK(passphrase.empty());
  }
  const auto& [identities, clients, client_authorities, configure] = tls_server_options{};
  CHECK(identities.empty());
  CHECK(clients == client_certificates::ignored);
  CHECK(is_empty(client_authorities));
  CHECK_FALSE(configure);
}

/// The options of a connection without any limit or timeout.
connection_options unlimited() {
  connection_options options;
  options.max_message_size = 0;
  options.max_frames = 0;
  options.turn = {.bytes = 0, .events = 0};
  options.keep_alive_timeout = options.idle_timeout = options.message_timeout = 0s;
  options.close_timeout = options.write_timeout = 0s;
  return options;
}

TEST_CASE("with limits of zero a message may have any size and any number of frames", "[options]") {
  constexpr std::size_t size = 20 * 1024 * 1024;
  test_connection<> peer{role::server, unlimited()};
  byte_vector frames = frame_from(role::client, 2, byte_vector(size), fin::no);
  const auto empty = frame_from(role::client, 0, {}, fin::no);
  frames.reserve(frames.size() + 150'001 * empty.size());
  for (int i = 0; i < 150'000; ++i) frames.insert(frames.end(), empty.begin(), empty.end());
  mutable_bytes input{frames};
  CHECK_FALSE(peer.next(input));
  auto last = frame_from(role::client, 0, {});
  input = last;
  const auto event = peer.next(input);
  REQUIRE(event);
  const auto* message = std::get_if<message_view>(&*event);
  REQUIRE(message != nullptr);
  CHECK(message->payload.size() == size);
}

TEST_CASE("with timeouts of zero a connection never ends by itself", "[options]") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<> peer{own_role, unlimited()};
  peer.advance(at(0s));
  // A ping is sent, and its answer has no deadline.
  peer.advance(at(20s));
  CHECK(written_by(peer).size() > 0);
  peer.advance(at(20s));
  CHECK(peer.deadline() == never);
  // A message is unfinished.
  auto begun = frame_from(peer_of(own_role), 2, byte_vector(10), fin::no);
  mutable_bytes input{begun};
  CHECK_FALSE(peer.next(input));
  // Output is queued.
  REQUIRE(!peer.send("ahoy"));
  peer.advance(at(1h));
  peer.advance(at(20'000h));
  CHECK(peer.state() == close_state::open);
  // The closing handshake is unfinished.
  REQUIRE(!peer.close());
  written_by(peer);
  peer.advance(at(20'001h));
  peer.advance(at(40'000h));
  CHECK(peer.state() == close_state::sent);
  CHECK(peer.deadline() == never);
}

TEST_CASE("with a keep-alive interval of zero no ping is sent", "[options]") {
  auto options = unlimited();
  options.keep_alive_interval = 0s;
  test_connection<> peer{role::client, options};
  peer.advance(at(0s));
  peer.advance(at(20'000h));
  CHECK(written_by(peer).empty());
  CHECK(peer.deadline() == never);
}

TEST_CASE("with limits of zero a head may have any size, number of lines and target", "[options]") {
  std::string head = "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\n";
  for (int i = 0; i < 500; ++i) head += "X-Line: " + std::string(100, 'x') + "\r\n";
  head += "\r\n";
  http_head reader{http_head::kind::request, {.size = 0, .fields = 0, .target = 0}};
  auto input = as_bytes(head);
  CHECK(reader.next(input) == http_head::status::done);
}

TEST_CASE("a limit for interim heads that is used up does not become unlimited", "[options]") {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  client_handshake<> handshake{*uri::decode("ws://localhost/"), {}, {.size = interim.size()}};
  handshake.consume_output(handshake.output().size());
  const auto answers = interim + "HTTP/1.1 101 Switching Protocols\r\n\r\n";
  auto input = as_bytes(answers).first(interim.size() + 1);
  CHECK(handshake.next(input) == client_handshake<>::status::failed);
  CHECK(handshake.error() == errc::head_too_large);
}

TEST_CASE("with a handshake timeout of zero a stream may take any time", "[options]") {
  auto [near_end, far_end] = make_memory_pipe({.first = {.delay = 48h}});
  const std::string request =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  std::error_code ec;
  REQUIRE(far_end.write_some(as_bytes(request), ec) == request.size());
  server_handshake handshake{default_server_policy{}};
  perform(near_end, handshake, [](auto& asked) { asked.accept(); }, ec, {.handshake_timeout = 0s});
  CHECK_FALSE(ec);
}

TEST_CASE("with a cap of zero a backoff grows without end", "[options]") {
  CHECK(wait_before(2, {.cap = 0s}) == 1s);
  CHECK(wait_before(20, {.cap = 0s}) == 1s * (1 << 18));
  CHECK(wait_before(2000, {.cap = 0s}) == (backoff::duration::max)());
}

TEST_CASE("the time left is zero only without a deadline", "[options]") {
  const auto now = at(10s);
  CHECK(time_limit(now, 0s) == never);
  CHECK(time_limit(now, 5s) == at(15s));
  CHECK(time_left(never, now) == 0s);
  CHECK(time_left(at(15s), now) == 5s);
  CHECK(time_left(now, now) > 0s);
  CHECK(time_left(at(5s), now) > 0s);
}

TEMPLATE_TEST_CASE("with limits and timeouts of zero a server serves, and clients connect",
                   "[options]", threaded_echo, event_echo) {
  TestType server{{.connection = unlimited(), .handshake_timeout = 0s, .max_connections = 0}};
  connect_options options;
  options.connect_timeout = options.handshake_timeout = 0s;
  options.limits = {.size = 0, .fields = 0, .target = 0};
  options.connection = unlimited();
  auto peer = connect(url_at(server.port()), options);
  REQUIRE_FALSE(peer.write("ahoy"));
  const auto echo = peer.read();
  REQUIRE(echo);
  CHECK(echo->text() == "ahoy");
  peer.close();
}

TEST_CASE("a client with limits and timeouts of zero connects, and may queue any amount",
          "[options]") {
  event_echo server;
  asio::io_context context;
  client_options options;
  options.url = url_at(server.port());
  options.reconnect = std::nullopt;
  options.budget.hard = 0;
  options.connect_timeout = options.handshake_timeout = 0s;
  options.connection = unlimited();
  client one{context, options};
  std::size_t received = 0;
  std::error_code sent = errc::closed;
  // More than the default budget.
  const byte_vector big(300 * 1024);
  one.on_open([&](session& open) {
    for (int i = 0; i < 60; ++i) sent = open.send(bytes_view{big});
  });
  one.on_message([&](session& open, message_view) {
    if (++received == 60) open.close();
  });
  one.start();
  context.run();
  CHECK_FALSE(sent);
  CHECK(received == 60);
}

}  // namespace
