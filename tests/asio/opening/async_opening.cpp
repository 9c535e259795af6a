// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/async_opening.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// Accepts each valid request.
constexpr auto accepting = [](auto& asked) { asked.accept(); };

const std::string request_head =
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

const std::string answer_head =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// The key of the example in RFC 6455 §1.2: "the sample nonce".
std::array<std::byte, 16> sample_key() {
  std::array<std::byte, 16> key;
  const auto words = as_bytes(std::string_view{"the sample nonce"});
  std::copy(words.begin(), words.end(), key.begin());
  return key;
}

const std::string abort_message = std::error_code{asio::error::operation_aborted}.message();

/// A stream with an opening handshake at its near end.
struct meeting {
  asio::io_context io{1};
  std::shared_ptr<async_pipe_state> state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  async_pipe near{io.get_executor(), state, 0};
  server_handshake<> serving{};
  client_handshake<> asking{
      *uri::decode("ws://example.com/chat"), sample_key(), {.user_agent = ""}};
  byte_vector rest;
  outcome_of outcome;

  explicit meeting(const async_faults& faults = {}) { state->ends[0].faults = faults; }

  void perform(role own_role, const opening_options& options = {}) {
    if (own_role == role::client)
      return async_perform(near, asking, rest, options, outcome.handler());
    async_perform(near, serving, accepting, rest, options, outcome.handler());
  }

  void run() { run_ready(io); }
};

std::string said_by_peer_of(role own_role) {
  return own_role == role::server ? request_head : answer_head;
}
std::string said_by(role own_role) { return own_role == role::server ? answer_head : request_head; }

TEST_CASE("an opening succeeds wherever the stream is cut, and returns the bytes after it",
          "[rfc-4.1][rfc-4.2.2]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto cut = GENERATE(std::size_t{1}, std::size_t{7}, async_faults::never);
  const bool at_once = GENERATE(true, false);
  meeting met{{.max_read = cut, .max_write = cut}};
  const auto frames = frame_from(peer_of(own_role), opcode::text, "early");
  const auto wire = bytes(said_by_peer_of(own_role)) + frames;
  if (at_once) met.far.send(wire);
  met.perform(own_role);
  CHECK(met.outcome.pending());
  met.run();
  for (std::size_t i = 0; i < wire.size() && !at_once; ++i) {
    met.far.send(byte_vector{wire[i]});
    met.run();
  }
  CHECK(met.outcome.shown() == "done");
  CHECK(met.far.text() == said_by(own_role));
  CHECK_FALSE(met.near.is_closed());
  auto following = met.rest;
  const auto& unread = met.state->ends[0].inbox;
  following.insert(following.end(), unread.begin(), unread.end());
  CHECK(following == frames);
}

TEST_CASE("a client that requests something else gets a response, and the stream ends cleanly",
          "[rfc-4.2.1]") {
  meeting met;
  met.far.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  met.perform(role::server);
  met.run();
  CHECK(met.outcome.pending());  // until the client has read it
  CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 426");
  CHECK(met.far.over());
  CHECK_FALSE(met.near.is_closed());
  met.far.send("more that is not read");
  met.far.hang_up();
  met.run();
  CHECK(met.outcome.error() == errc::not_an_upgrade);
  CHECK(met.near.is_closed());
}

TEST_CASE("a refused client that stays is waited for until the close timeout at most") {
  meeting met;
  met.far.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  opening_options options;
  options.connection.close_timeout = 1ms;
  met.perform(role::server, options);
  run_until(met.io, [&] { return !met.outcome.pending(); });
  CHECK(met.outcome.error() == errc::not_an_upgrade);
  CHECK(met.near.is_closed());
}

TEST_CASE("the application decides on a valid request", "[rfc-4.2.2]") {
  meeting met;
  const bool accepts = GENERATE(true, false);
  met.far.send(request_head);
  std::string path;
  const auto decide = [&](auto& handshake) {
    path = handshake.request().path();
    accepts ? handshake.accept() : handshake.reject(response{.status = 404});
  };
  async_perform(met.near, met.serving, decide, met.rest, opening_options{}, met.outcome.handler());
  met.far.hang_up();
  met.run();
  CHECK(path == "/chat");
  CHECK(met.far.text().substr(0, 12) == (accepts ? "HTTP/1.1 101" : "HTTP/1.1 404"));
  CHECK(met.outcome.shown() ==
        (accepts ? "done" : make_error_code(errc::upgrade_refused).message()));
}

TEST_CASE("a decision that neither accepts nor refuses lets no client in", "[abuse]") {
  meeting met;
  met.far.send(request_head);
  async_perform(
      met.near, met.serving, [](auto&) {}, met.rest, opening_options{}, met.outcome.handler());
  met.far.hang_up();
  met.run();
  CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 500");
  CHECK(met.outcome.error() == errc::upgrade_unanswered);
  CHECK(met.near.is_closed());
}

/// An exception, and the error to which it leads.
struct thrower {
  const char* what;
  std::function<void()> raise;
  std::error_code error;
};

std::ostream& operator<<(std::ostream& out, const thrower& one) { return out << one.what; }

thrower each_exception() {
  return GENERATE(
      thrower{"an exception", [] { throw std::runtime_error{"no"}; }, errc::upgrade_failed},
      thrower{"an error code", [] { throw std::system_error{errc::connect_timeout}; },
              errc::connect_timeout},
      thrower{"no success", [] { throw std::system_error{std::error_code{}}; },
              errc::upgrade_failed},
      thrower{"a lack of memory", [] { throw std::bad_alloc{}; }, errc::out_of_memory},
      thrower{"a number", [] { throw 42; }, errc::upgrade_failed});
}

TEST_CASE("a decision that throws refuses the client with 500", "[abuse]") {
  const auto thrown = each_exception();
  CAPTURE(thrown);
  meeting met;
  met.far.send(request_head);
  const auto decide = [&](auto&) { thrown.raise(); };
  async_perform(met.near, met.serving, decide, met.rest, opening_options{}, met.outcome.handler());
  met.run();
  CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 500");
  CHECK(met.far.over());
  CHECK(met.outcome.pending());  // until the client has read it
  met.far.hang_up();
  met.run();
  CHECK(met.outcome.error() == thrown.error);
  CHECK(met.near.is_closed());
}

TEST_CASE("a decision that throws after its answer does not let the client in", "[abuse]") {
  const auto thrown = each_exception();
  const bool accepts = GENERATE(true, false);
  CAPTURE(thrown, accepts);
  meeting met;
  met.far.send(request_head);
  const auto decide = [&](auto& asked) {
    accepts ? asked.accept() : asked.reject(response{.status = 404});
    thrown.raise();
  };
  async_perform(met.near, met.serving, decide, met.rest, opening_options{}, met.outcome.handler());
  met.run();
  met.far.hang_up();
  met.run();
  CHECK(met.far.text().substr(0, 12) == (accepts ? "" : "HTTP/1.1 404"));
  CHECK(met.outcome.error() == thrown.error);
  CHECK(met.near.is_closed());
}

/// Throws in one of its functions.
struct throwing_server_policy : default_server_policy {
  std::function<void()> raise;
  int where;

  bool allow_host(const request& asked) {
    if (where == 0) raise();
    return default_server_policy::allow_host(asked);
  }
  bool allow_origin(const request& asked) {
    if (where == 1) raise();
    return default_server_policy::allow_origin(asked);
  }
  std::string choose_subprotocol(const request& asked) {
    if (where == 2) raise();
    return default_server_policy::choose_subprotocol(asked);
  }
  std::string accept_extensions(const extension_list&) {
    if (where == 3) raise();
    return {};
  }
};

TEST_CASE("a server's policy that throws refuses the client with 500", "[abuse]") {
  const auto thrown = each_exception();
  const int where = GENERATE(0, 1, 2, 3);
  CAPTURE(thrown, where);
  meeting met;
  met.far.send(request_head);
  server_handshake serving{throwing_server_policy{{}, thrown.raise, where}};
  async_perform(met.near, serving, accepting, met.rest, opening_options{}, met.outcome.handler());
  met.run();
  CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 500");
  met.far.hang_up();
  met.run();
  CHECK(met.outcome.error() == thrown.error);
  CHECK(met.near.is_closed());
}

struct throwing_client_policy {
  std::function<void()> raise;

  handshake_offer make_offer() const { return {.extensions = "x-test"}; }
  bool accept_extensions(const extension_list&) const {
    raise();
    return true;
  }
};

TEST_CASE("a client's policy that throws ends the opening") {
  const auto thrown = each_exception();
  CAPTURE(thrown);
  meeting met;
  met.far.send(answer_head.substr(0, answer_head.size() - 2) +
               "Sec-WebSocket-Extensions: x-test\r\n\r\n");
  client_handshake asking{*uri::decode("ws://x/"), sample_key(),
                          throwing_client_policy{thrown.raise}};
  async_perform(met.near, asking, met.rest, opening_options{}, met.outcome.handler());
  met.run();
  CHECK(met.outcome.error() == thrown.error);
  CHECK(met.near.is_closed());
}

TEST_CASE("a server's refusal is read with its body", "[rfc-4.1]") {
  const auto cut = GENERATE(std::size_t{1}, async_faults::never);
  const bool has_length = GENERATE(true, false);
  meeting met{{.max_read = cut}};
  met.far.send(std::string{"HTTP/1.1 403 Forbidden\r\n"} +
               (has_length ? "Content-Length: 6\r\n" : "") + "\r\nnot u!");
  if (!has_length) met.far.hang_up();
  met.perform(role::client);
  met.run();
  CHECK(met.outcome.error() == errc::upgrade_refused);
  CHECK(met.asking.response().status == 403);
  CHECK(met.asking.response().body == "not u!");
  CHECK(met.near.is_closed());
}

TEST_CASE("a refusal whose head is read remains one, whichever call of the stream fails",
          "[rfc-4.1][rfc9112-8]") {
  bool failed = true;
  std::size_t failing = 0;
  std::size_t refused = 0;
  while (failed) {
    INFO("call " << ++failing);
    meeting met{{.max_read = 12, .max_write = 100, .failing_call = failing}};
    met.far.send("HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\nno, and why");
    met.perform(role::client);
    met.run();
    met.far.hang_up();
    met.run();
    REQUIRE_FALSE(met.outcome.pending());
    failed = met.near.calls() >= failing;
    const bool has_head = met.asking.response().status == 401;
    refused += has_head ? 1 : 0;
    CHECK(met.outcome.error() ==
          (has_head ? make_error_code(errc::upgrade_refused) : met.state->ends[0].faults.error));
    CHECK(met.near.is_closed());
  }
  CHECK(refused > 1);
}

TEST_CASE("an answer that is wrong fails the opening of a client", "[rfc-4.1]") {
  meeting met;
  met.far.send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
  met.perform(role::client);
  met.run();
  CHECK(met.outcome.error() == errc::bad_accept);
  CHECK(met.near.is_closed());
}

TEST_CASE("an offer that must not be sent fails before anything is written") {
  meeting met;
  client_handshake bad{*uri::decode("ws://x/"), default_client_policy{.subprotocols = {"a b"}}};
  async_perform(met.near, bad, met.rest, opening_options{}, met.outcome.handler());
  CHECK(met.outcome.pending());
  met.run();
  CHECK(met.outcome.error() == errc::bad_header_value);
  CHECK(met.far.seen().empty());
}

/// A stream that reports to be encrypted.
struct sealed_async_pipe : async_pipe {
  using async_pipe::async_pipe;

  bool is_secure() const { return true; }
};

TEST_CASE("an opening for a wss: URI is refused on a stream that is not encrypted",
          "[rfc-4.1][abuse]") {
  meeting met;
  client_handshake asking{*uri::decode("wss://example.com/chat"), sample_key()};
  async_perform(met.near, asking, met.rest, opening_options{}, met.outcome.handler());
  CHECK(met.outcome.pending());
  met.run();
  CHECK(met.outcome.error() == errc::unsupported_scheme);
  CHECK(met.far.seen().empty());
  CHECK(met.near.is_closed());
}

TEST_CASE("an opening for a wss: URI works on a stream that is encrypted") {
  meeting met;
  client_handshake asking{*uri::decode("wss://example.com/chat"), sample_key()};
  sealed_async_pipe near{met.io.get_executor(), met.state, 0};
  met.far.send(answer_head);
  async_perform(near, asking, met.rest, opening_options{}, met.outcome.handler());
  met.run();
  CHECK(met.outcome.shown() == "done");
}

TEST_CASE("a stream that ends inside the opening is an error in both roles") {
  const auto own_role = GENERATE(role::client, role::server);
  meeting met;
  met.far.send(said_by_peer_of(own_role).substr(0, 30));
  met.far.hang_up();
  met.perform(own_role);
  met.run();
  CHECK(met.outcome.error() == errc::truncated_handshake);
  if (own_role == role::server) CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 400");
}

TEST_CASE("an opening that takes too long ends, and a client gets 408") {
  const auto own_role = GENERATE(role::client, role::server);
  meeting met;
  met.far.send(said_by_peer_of(own_role).substr(0, 30));
  met.perform(own_role, {.handshake_timeout = 1ms});
  if (own_role == role::server) {
    run_until(met.io, [&] { return met.far.over(); });
    CHECK(met.far.text().substr(0, 12) == "HTTP/1.1 408");
    met.far.hang_up();
  }
  run_until(met.io, [&] { return !met.outcome.pending(); });
  CHECK(met.outcome.error() == errc::handshake_timeout);
  CHECK(met.near.is_closed());
}

TEST_CASE("a peer that does not read the opening times out") {
  const auto own_role = GENERATE(role::client, role::server);
  meeting met{{.capacity = 20}};
  met.far.send(said_by_peer_of(own_role));
  met.perform(own_role, {.handshake_timeout = 1ms});
  run_until(met.io, [&] { return !met.outcome.pending(); });
  CHECK(met.outcome.error() == errc::handshake_timeout);
  CHECK(met.near.is_closed());
}

TEST_CASE("an opening that is cancelled closes the stream") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial);
  meeting met;
  asio::cancellation_signal signal;
  auto handler = asio::bind_cancellation_slot(signal.slot(), met.outcome.handler());
  if (own_role == role::client) {
    async_perform(met.near, met.asking, met.rest, opening_options{}, handler);
  } else {
    async_perform(met.near, met.serving, accepting, met.rest, opening_options{}, handler);
  }
  met.run();
  signal.emit(asio::cancellation_type::total);
  met.run();
  CHECK(met.outcome.pending());
  signal.emit(type);
  CHECK(met.outcome.pending());
  met.run();
  CHECK(met.outcome.shown() == abort_message);
  CHECK(met.near.is_closed());
  signal.emit(type);
}

TEST_CASE("whichever call of the stream fails, an opening ends") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool good = GENERATE(true, false);
  bool failed = true;
  std::size_t failing = 0;
  while (failed) {
    INFO("call " << ++failing);
    meeting met{{.max_read = 20, .max_write = 20, .failing_call = failing}};
    met.far.send(good ? said_by_peer_of(own_role) : std::string{"nonsense\r\n\r\n"});
    met.far.hang_up();
    met.perform(own_role);
    met.run();
    REQUIRE_FALSE(met.outcome.pending());
    failed = met.near.calls() >= failing;
    if (good) CHECK(failed == (met.outcome.shown() != "done"));
    CHECK(met.near.is_closed() == (failed || !good));
  }
  CHECK(failing > 5);
}

TEST_CASE("the end of a context destroys an opening") {
  const auto life = std::make_shared<int>();
  {
    meeting met;
    async_perform(met.near, met.serving, accepting, met.rest, opening_options{},
                  [life](std::error_code) { FAIL_CHECK("called"); });
    met.run();
    CHECK(life.use_count() == 2);
  }
  CHECK(life.use_count() == 1);
}

}  // namespace
