// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/opening.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/heads.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// Accepts each valid request.
constexpr auto accepting = [](auto& asked) { asked.accept(); };

// The request and the response of RFC 6455 §1.3.
constexpr std::string_view good_request =
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view good_answer =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::array<std::byte, 16> sample_nonce() {
  std::array<std::byte, 16> key;
  const auto words = bytes("the sample nonce");
  std::copy(words.begin(), words.end(), key.begin());
  return key;
}

/// A valid request with one part of it replaced.
std::string request_with(std::string_view part, std::string_view instead) {
  return replaced(std::string{good_request}, part, instead);
}

/// The status of a response, or 0 if the bytes are not exactly one whole response that closes.
int status_of_whole(const std::string& answer) {
  const auto end_of_head = answer.find("\r\n\r\n");
  const auto length = answer.find("Content-Length: ");
  if (answer.find("HTTP/1.1 ") != 0 || end_of_head == answer.npos || length > end_of_head) return 0;
  if (answer.find("Connection: close") > end_of_head) return 0;
  const auto size = std::stoul(answer.substr(length + 16));
  return answer.size() == end_of_head + 4 + size ? std::stoi(answer.substr(9)) : 0;
}

/// The end of a server or a client, and a script at the other end.
struct stage {
  explicit stage(memory_pipe_options options = {}, bool hangs_up_too = true)
      : stage{make_memory_pipe(std::move(options)), hangs_up_too} {}

  scripted_talk::duration elapsed() const { return near.now() - start; }

  memory_pipe near;
  scripted_end far;
  memory_pipe::time_point start;

 private:
  stage(std::pair<memory_pipe, memory_pipe> ends, bool hangs_up_too)
      : near{std::move(ends.first)}, far{std::move(ends.second)}, start{near.now()} {
    if (hangs_up_too) {
      near.on_idle([this] {
        if (far.over()) far.hang_up();
      });
    }
  }
};

// A server

TEST_CASE("a valid request is accepted, and the frames after it are read", "[rfc-4.2.2]") {
  const auto cut = GENERATE(std::size_t{1}, std::size_t{50}, pipe_faults::never);
  auto [near, there] = make_memory_pipe({.first = {.max_read = cut, .max_write = cut}});
  scripted_end far{std::move(there)};
  far.send(bytes(good_request) + frame_from(role::client, opcode::text, "early") +
           close_from(role::client, 1000));
  far.hang_up();
  std::error_code ec;
  server_handshake handshake;
  auto peer = accept(std::move(near), handshake, ec);
  CHECK_FALSE(ec);
  REQUIRE(peer);
  CHECK(far.text() == good_answer);
  CHECK(handshake.request().path() == "/chat");
  CHECK(shown(peer->read().value()) == "text \"early\"");
  CHECK_FALSE(peer->read());
  CHECK(shown(peer->close_reason()) == "closed{1000, clean}");
}

TEST_CASE("each invalid request gets a whole response with the reason, then the end",
          "[rfc-4.2.1][rfc-4.2.2]") {
  struct bad {
    std::string request;
    int status;
    errc why;
  };
  const auto [request, status, why] = GENERATE_COPY(values<bad>({
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426, errc::not_an_upgrade},
      {request_with("Version: 13", "Version: 8"), 426, errc::unsupported_version},
      {request_with("GET", "POST"), 405, errc::bad_method},
      {request_with("HTTP/1.1", "HTTP/1.0"), 426, errc::not_an_upgrade},
      {request_with("HTTP/1.1", "HTTP/2.0"), 505, errc::http_version},
      {request_with("Host: server.example.com\r\n", ""), 400, errc::bad_host},
      {request_with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400, errc::bad_key},
      {request_with("Host:", "Host :"), 400, errc::bad_header_field},
      {request_with("/chat", "/" + std::string(9000, 'x')), 414, errc::target_too_long},
      {request_with("Host:", "X: " + std::string(17'000, 'x') + "\r\nHost:"), 431,
       errc::head_too_large},
      {request_with("Host:", "Origin: http://evil.example\r\nHost:"), 403, errc::origin_refused},
      {"\x16\x03\x01 this is no HTTP\r\n\r\n", 400, errc::bad_start_line},
  }));
  stage s;
  // Unread input must not cause a reset that loses the response.
  s.far.send(request + "and more that is never read");
  std::error_code ec;
  server_handshake handshake;
  perform(s.near, handshake, accepting, ec);
  CHECK(ec == why);
  CHECK(status_of_whole(s.far.text()) == status);
  CHECK(s.far.over());
  CHECK(s.elapsed() == 0s);
}

TEST_CASE("a request with too many fields is refused after the last one that is allowed",
          "[abuse]") {
  stage s;
  s.far.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 101; ++i) s.far.send("x: y\r\n");
  std::error_code ec;
  server_handshake handshake;
  perform(s.near, handshake, accepting, ec);
  CHECK(ec == errc::too_many_fields);
  CHECK(status_of_whole(s.far.text()) == 431);
}

TEST_CASE("a request of one byte per second is answered at the deadline", "[abuse]") {
  stage s{{.second = {.delay = 1s}}, false};
  std::size_t sent = 0;
  s.near.on_idle([&] {
    if (s.far.over()) return s.far.hang_up();
    s.far.send(good_request.substr(sent++, 1));
  });
  std::error_code ec;
  server_handshake handshake;
  perform(s.near, handshake, accepting, ec, {.handshake_timeout = 7s});
  CHECK(ec == errc::handshake_timeout);
  CHECK(status_of_whole(s.far.text()) == 408);
  CHECK(s.far.over());
  CHECK(sent <= 8);
  // The client's last byte and its end take a second to arrive.
  CHECK(s.elapsed() == 8s);
}

TEST_CASE(
    "a silent client is answered at the deadline, and waited for until the close timeout at most",
    "[abuse]") {
  stage s{{}, false};
  std::error_code ec;
  server_handshake handshake;
  perform(s.near, handshake, accepting, ec,
          {.handshake_timeout = 7s, .connection = {.close_timeout = 3s}});
  CHECK(ec == errc::handshake_timeout);
  CHECK(status_of_whole(s.far.text()) == 408);
  CHECK(s.elapsed() == 10s);
}

TEST_CASE("a client that never stops sending is read for a limited time only", "[abuse]") {
  stage s{{.second = {.delay = 1s}}, false};
  s.near.on_idle([&] { s.far.send("GET / HTTP/1.1\r\n\r\n and more and more"); });
  std::error_code ec;
  server_handshake handshake;
  perform(s.near, handshake, accepting, ec, {.connection = {.close_timeout = 3s}});
  CHECK(ec == errc::bad_host);
  CHECK(s.elapsed() == 4s);
}

TEST_CASE("a client that does not read the response is dropped at a deadline", "[abuse]") {
  stage s{{.second = {.capacity = 10}}, false};
  std::error_code ec;
  server_handshake handshake;
  SECTION("the acceptance") {
    s.far.send(good_request);
    perform(s.near, handshake, accepting, ec, {.handshake_timeout = 7s});
    CHECK(ec == errc::handshake_timeout);
    CHECK(s.elapsed() == 7s);
  }
  SECTION("a refusal") {
    s.far.send("GET / HTTP/1.1\r\n\r\n");
    perform(s.near, handshake, accepting, ec, {.connection = {.close_timeout = 3s}});
    CHECK(ec == errc::bad_host);
    CHECK(s.elapsed() == 3s);
  }
}

TEST_CASE("the application may refuse with its own response") {
  stage s;
  s.far.send(good_request);
  std::error_code ec;
  server_handshake handshake;
  const auto decide = [](auto& asked) {
    CHECK(asked.request().header("host") == "server.example.com");
    response answer{.status = 401, .body = "who are you?"};
    answer.headers.add("WWW-Authenticate", "Basic");
    asked.reject(answer);
  };
  perform(s.near, handshake, decide, ec);
  CHECK(ec == errc::upgrade_refused);
  CHECK(ec == condition::handshake_rejected);
  const auto answer = s.far.text();
  CHECK(status_of_whole(answer) == 401);
  CHECK(answer.find("\r\nWWW-Authenticate: Basic\r\n") != answer.npos);
  CHECK(answer.ends_with("\r\n\r\nwho are you?"));
}

TEST_CASE("an application that neither accepts nor refuses lets no client in", "[abuse]") {
  stage s;
  s.far.send(good_request);
  std::error_code ec;
  server_handshake handshake;
  std::optional<websocket<memory_pipe>> peer;
  const auto decide = [](auto& asked) { CHECK(asked.request().path() == "/chat"); };
  SECTION("perform") { perform(s.near, handshake, decide, ec); }
  SECTION("accept") { peer = accept(std::move(s.near), handshake, decide, ec); }
  CHECK_FALSE(peer);
  CHECK(ec == errc::upgrade_unanswered);
  CHECK(ec == condition::handshake_rejected);
  CHECK(status_of_whole(s.far.text()) == 500);
}

TEST_CASE("the application may accept with its own header fields") {
  stage s;
  s.far.send(good_request);
  std::error_code ec;
  server_handshake handshake;
  const auto decide = [](auto& asked) {
    header_fields more;
    more.add("Set-Cookie", "a=b");
    asked.accept(more);
  };
  perform(s.near, handshake, decide, ec);
  CHECK_FALSE(ec);
  CHECK(s.far.text().find("\r\nSet-Cookie: a=b\r\n") != std::string::npos);
}

TEST_CASE("an unfinished request is an error, and a broken stream another one") {
  const auto size = GENERATE(std::size_t{0}, std::size_t{1}, good_request.size() - 1);
  stage s;
  s.far.send(good_request.substr(0, size));
  std::error_code ec;
  server_handshake handshake;
  SECTION("the end of the stream") {
    s.far.hang_up();
    perform(s.near, handshake, accepting, ec);
    CHECK(ec == errc::truncated_handshake);
    CHECK(status_of_whole(s.far.text()) == 400);
  }
  SECTION("a reset") {
    s.far.pipe().abort();
    perform(s.near, handshake, accepting, ec);
    CHECK(ec == std::errc::connection_reset);
  }
}

// A client

const uri& chat() {
  static const auto where = uri::decode("ws://server.example.com/chat").value();
  return where;
}

TEST_CASE("a client sends a request, and reads the frames after the response", "[rfc-4.1]") {
  const auto cut = GENERATE(std::size_t{1}, std::size_t{50}, pipe_faults::never);
  auto [near, there] = make_memory_pipe({.first = {.max_read = cut, .max_write = cut}});
  scripted_end far{std::move(there)};
  far.send(bytes(good_answer) + frame_from(role::server, opcode::text, "early") +
           close_from(role::server, 1001));
  far.hang_up();
  std::error_code ec;
  client_handshake handshake{chat(), sample_nonce(), default_client_policy{.user_agent = ""}};
  auto peer = connect(std::move(near), handshake, ec);
  CHECK_FALSE(ec);
  REQUIRE(peer);
  CHECK(far.text() == good_request);
  CHECK(shown(peer->read().value()) == "text \"early\"");
  CHECK_FALSE(peer->read());
  CHECK(shown(peer->close_reason()) == "closed{1001, clean}");
}

TEST_CASE("an error of before does not end an opening") {
  stage s;
  s.far.send(good_answer);
  auto ec = make_error_code(errc::handshake_timeout);
  client_handshake handshake{chat(), sample_nonce()};
  perform(s.near, handshake, ec);
  CHECK_FALSE(ec);
  CHECK(handshake.response().status == 101);
}

TEST_CASE("a refusal is reported with its status, its headers and a bounded body") {
  stage s;
  const bool ends = GENERATE(true, false);
  const auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{200'000});
  const std::string body(size, 'b');
  s.far.send("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n" +
             (ends ? "\r\n" : "Content-Length: " + std::to_string(size) + "\r\n\r\n") + body);
  if (ends) s.far.hang_up();
  std::error_code ec;
  client_handshake handshake{chat()};
  perform(s.near, handshake, ec);
  CHECK(ec == errc::upgrade_refused);
  CHECK(handshake.response().status == 503);
  CHECK(handshake.response().reason == "Busy");
  CHECK(handshake.response().header("retry-after") == "7");
  CHECK(handshake.response().body == body.substr(0, max_body_size));
  CHECK(s.elapsed() == 0s);
}

TEST_CASE("an invalid response is an error with its reason", "[rfc-4.1]") {
  struct bad {
    std::string answer;
    errc why;
  };
  auto other_key = std::string{good_answer};
  other_key[other_key.find("s3pP")] = 'S';
  const auto [answer, why] = GENERATE_COPY(values<bad>({
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", errc::bad_start_line},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", errc::bad_upgrade},
      {other_key, errc::bad_accept},
      {std::string{good_answer.substr(0, good_answer.size() - 1)}, errc::truncated_handshake},
      {"", errc::truncated_handshake},
      {"HTTP/1.1 200 OK\r\n" + std::string(20'000, 'x'), errc::head_too_large},
  }));
  stage s;
  s.far.send(answer);
  s.far.hang_up();
  std::error_code ec;
  client_handshake handshake{chat(), sample_nonce()};
  perform(s.near, handshake, ec);
  CHECK(ec == why);
  CHECK(ec == condition::handshake_rejected);
}

TEST_CASE("a server that does not answer, or not completely, times out") {
  stage s;
  std::error_code ec;
  client_handshake handshake{chat(), sample_nonce()};
  const auto size = GENERATE(std::size_t{0}, good_answer.size() - 1);
  s.far.send(good_answer.substr(0, size));
  perform(s.near, handshake, ec, {.handshake_timeout = 7s});
  CHECK(ec == errc::handshake_timeout);
  CHECK(s.elapsed() == 7s);
}

TEST_CASE("a refusal whose body stops in the middle is still a refusal") {
  stage s;
  s.far.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf");
  std::error_code ec;
  client_handshake handshake{chat()};
  perform(s.near, handshake, ec, {.handshake_timeout = 7s});
  CHECK(ec == errc::upgrade_refused);
  CHECK(handshake.response().body == "half");
  CHECK(s.elapsed() == 7s);
}

TEST_CASE("a refusal cut off by an error of the stream is still a refusal",
          "[rfc-4.1][rfc9112-8]") {
  const std::string head = "HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\n";
  const auto lost = std::make_error_code(std::errc::connection_reset);
  const auto arrived = GENERATE_COPY(std::size_t{0}, head.size() - 1, head.size(), head.size() + 2);
  stage s{{.first = {.max_read = 10, .read_limit = arrived, .read_error = lost}}};
  s.far.send(head + "no, and why");
  std::error_code ec;
  client_handshake handshake{chat()};
  perform(s.near, handshake, ec);
  if (arrived < head.size()) {
    CHECK(ec == lost);
  } else {
    CHECK(ec == errc::upgrade_refused);
    CHECK(handshake.response().status == 401);
    CHECK(handshake.response().body == std::string{"no"}.substr(0, arrived - head.size()));
  }
  CHECK(s.elapsed() == 0s);
}

/// A stream that accepts no bytes but may have bytes to read.
struct one_way_pipe : memory_pipe {
  explicit one_way_pipe(memory_pipe end) : memory_pipe{std::move(end)} {}

  std::size_t write_some(bytes_view, std::error_code& ec) {
    ec = std::make_error_code(std::errc::broken_pipe);
    return 0;
  }
};

/// A stream that reports to be encrypted.
struct sealed_pipe : memory_pipe {
  explicit sealed_pipe(memory_pipe end) : memory_pipe{std::move(end)} {}

  bool is_secure() const { return true; }
};

TEST_CASE("a wss: URI is for encrypted streams only", "[rfc-4.1][abuse]") {
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  far.send(good_answer);
  client_handshake handshake{*uri::decode("wss://server.example.com/chat"), sample_nonce()};
  std::error_code ec;
  SECTION("and not for others, to which nothing is sent") {
    const auto peer = connect(std::move(here), handshake, ec);
    CHECK_FALSE(peer);
    CHECK(ec == errc::unsupported_scheme);
    CHECK(far.text().empty());
  }
  SECTION("and the stream reports whether it is one") {
    CHECK(connect(sealed_pipe{std::move(here)}, handshake, ec));
    CHECK_FALSE(ec);
  }
}

TEST_CASE("a server may refuse without reading the request", "[rfc9112-9.6]") {
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  one_way_pipe near{std::move(here)};
  const auto begin = near.now();
  const auto [said, why] = GENERATE(table<std::string, std::error_code>({
      {"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nlater", errc::upgrade_refused},
      {std::string{good_answer}, std::make_error_code(std::errc::broken_pipe)},
      {"HTTP/1.1 503", std::make_error_code(std::errc::broken_pipe)},
      {"", std::make_error_code(std::errc::broken_pipe)},
  }));
  far.send(said);
  far.hang_up();
  std::error_code ec;
  client_handshake handshake{chat(), sample_nonce()};
  perform(near, handshake, ec);
  CHECK(ec == why);
  CHECK(handshake.response().body == (ec == errc::upgrade_refused ? "later" : ""));
  CHECK(near.now() - begin == 0s);
}

// Both roles

/// A memory_pipe that would block the first `times` that it is read after it was reported readable.
struct hesitant_pipe : memory_pipe {
  hesitant_pipe(memory_pipe end, int count) : memory_pipe{std::move(end)}, times{count} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    if (times == 0) return memory_pipe::read_some(in, ec);
    --times;
    ec = std::make_error_code(std::errc::operation_would_block);
    return 0;
  }

  int times;
};

TEST_CASE("an opening waits again if a stream reported as readable would block") {
  const auto own_role = GENERATE(role::client, role::server);
  auto [here, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  far.send(bytes(own_role == role::client ? good_answer : good_request));
  hesitant_pipe near{std::move(here), 3};
  std::error_code ec;
  if (own_role == role::client) {
    client_handshake handshake{chat(), sample_nonce(), default_client_policy{.user_agent = ""}};
    perform(near, handshake, ec);
  } else {
    server_handshake handshake;
    perform(near, handshake, accepting, ec);
  }
  CHECK_FALSE(ec);
  CHECK(near.times == 0);
  CHECK(far.text() == (own_role == role::client ? good_request : good_answer));
}

TEST_CASE("an opening that fails makes no websocket") {
  auto [near, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  std::error_code ec;
  if (GENERATE(false, true)) {
    far.send(request_with("Version: 13", "Version: 8"));
    far.hang_up();
    server_handshake handshake;
    const auto peer = accept(std::move(near), handshake, ec);
    CHECK_FALSE(peer);
    CHECK(ec == errc::unsupported_version);
  } else {
    far.hang_up();
    client_handshake handshake{chat(), sample_nonce()};
    const auto peer = connect(std::move(near), handshake, ec);
    CHECK_FALSE(peer);
    CHECK(ec);
  }
  CHECK(far.over());
}

TEST_CASE("both sides get the negotiated subprotocol", "[rfc-1.9]") {
  auto [near, there] = make_memory_pipe();
  scripted_end far{std::move(there)};
  std::error_code ec;
  std::optional<websocket<memory_pipe>> peer;
  if (GENERATE(false, true)) {
    far.send(request_with("\r\n\r\n", "\r\nSec-WebSocket-Protocol: mqtt, chat\r\n\r\n"));
    server_handshake handshake{default_server_policy{.subprotocols = {"chat"}}};
    peer = accept(std::move(near), handshake, ec);
  } else {
    std::string answer{good_answer};
    far.send(answer.insert(answer.size() - 2, "Sec-WebSocket-Protocol: chat\r\n"));
    client_handshake handshake{chat(), sample_nonce(),
                               default_client_policy{.subprotocols = {"mqtt", "chat"}}};
    peer = connect(std::move(near), handshake, ec);
  }
  CHECK_FALSE(ec);
  REQUIRE(peer);
  CHECK(peer->subprotocol() == "chat");
}

TEST_CASE("whichever call of the stream fails, the opening ends with that error") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto call_error = std::make_error_code(std::errc::io_error);
  std::size_t n = 1;
  for (bool failed = true; failed; ++n) {
    INFO("call " << n << " fails");
    stage s{
        {.first = {.max_read = 60, .max_write = 60, .failing_call = n, .call_error = call_error}}};
    s.far.send(own_role == role::server ? good_request : good_answer);
    std::error_code ec;
    if (own_role == role::server) {
      server_handshake handshake;
      perform(s.near, handshake, accepting, ec);
    } else {
      client_handshake handshake{chat(), sample_nonce()};
      perform(s.near, handshake, ec);
    }
    failed = s.near.calls() >= n;
    CHECK(ec == (failed ? call_error : std::error_code{}));
    CHECK(s.elapsed() == 0s);
  }
  CHECK(n > 7);
}

TEST_CASE("whichever call fails while a client is refused, the error stays the same") {
  std::size_t n = 1;
  for (bool failed = true; failed; ++n) {
    INFO("call " << n << " fails");
    stage s{{.first = {.max_write = 60, .failing_call = n}}};
    s.far.send(request_with("Version: 13", "Version: 8"));
    std::error_code ec;
    server_handshake handshake;
    perform(s.near, handshake, accepting, ec);
    failed = s.near.calls() >= n;
    CHECK((ec == errc::unsupported_version || (n <= 2 && ec == std::errc::connection_reset)));
    CHECK(s.elapsed() == 0s);
  }
}

}  // namespace
