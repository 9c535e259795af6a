// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/server.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/http_exchange.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/request_body.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/heap.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::default_server_policy;
using hawser::errc;
using hawser::extension_list;
using hawser::head_limits;
using hawser::header_fields;
using hawser::request;
using hawser::response;
using hawser::server_handshake;
using server_status = server_handshake<>::status;

namespace {

/// A valid request with the header lines `more`.
std::string asking(std::string_view more = {}) {
  return std::string{
      "GET /chat HTTP/1.1\r\n"
      "Host: server.example.com\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n"}
      .append(more)
      .append("\r\n");
}

/// A valid request in which `instead` replaces `what`.
std::string asking_with(std::string_view what, std::string_view instead) {
  return replaced(asking(), what, instead);
}

/// The output as a client parses it; it must be exactly one whole response.
template <class Handshake>
response answer_of(const Handshake& handshake) {
  hawser::http_head head{hawser::http_head::kind::response};
  auto input = handshake.output();
  REQUIRE(head.next(input) == hawser::http_head::status::done);
  response answer{head.status_code(), std::string{head.reason()}, head.take_fields()};
  if (answer.status == 101) {
    CHECK(input.empty());
    return answer;
  }
  CHECK(hawser::has_token(answer.headers, "Connection", "close"));
  CHECK(answer.headers.find_only("Content-Length") == std::to_string(input.size()));
  hawser::body_reader body{answer.status, answer.headers};
  const bool whole = body.next(input, answer.body);
  CHECK(whole);
  CHECK(input.empty());
  return answer;
}

TEST_CASE("the RFC's request gets the RFC's response", "[rfc-1.2][rfc-4.2.2]") {
  const std::string text =
      "GET /chat HTTP/1.1\r\n"
      "Host: server.example.com\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Origin: http://example.com\r\n"
      "Sec-WebSocket-Protocol: chat, superchat\r\n"
      "Sec-WebSocket-Version: 13\r\n\r\n";
  for (const auto& way : segmentations(text + "\x81\x85...")) {
    CAPTURE(way.size());
    server_handshake handshake{
        default_server_policy{.origin = hawser::any_origin, .subprotocols = {"chat"}}};
    // The frames after the request stay in the input.
    CHECK(feed(handshake, way, server_status::need_more) == "\x81\x85...");
    REQUIRE(handshake.state() == server_status::request);
    CHECK(handshake.request().path() == "/chat");
    CHECK(handshake.output().empty());
    CHECK(handshake.accept() == server_status::done);
    CHECK(hawser::test::text(handshake.output()) ==
          "HTTP/1.1 101 Switching Protocols\r\n"
          "Upgrade: websocket\r\n"
          "Connection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
          "Sec-WebSocket-Protocol: chat\r\n\r\n");
    CHECK(handshake.result().subprotocol == "chat");
    CHECK(handshake.error() == errc{});
  }
}

TEST_CASE("a valid request may be written in many ways", "[rfc-4.2.1]") {
  const std::string table[] = {
      asking(),
      "\r\n" + asking(),
      asking_with("Upgrade: websocket", "uPGRADE:WebSocket"),
      asking_with("Upgrade: websocket", "Upgrade: h2c, websocket , foo/2"),
      asking_with("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket"),
      asking_with("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
      asking_with("Connection: Upgrade", "Connection: UPGRADE ,, keep-alive"),
      asking_with("Connection: Upgrade", "Connection: keep-alive\r\nconnection: upgrade"),
      asking_with("HTTP/1.1", "HTTP/1.2"),
      asking_with("/chat", "http://server.example.com/chat?x"),
      asking_with("/chat", "/"),
      asking_with("server.example.com", "[::1]:9001"),
      asking_with("server.example.com", "10.0.0.1:80"),
      asking("Content-Length: 0\r\n"),
      asking("Cookie: a=b\r\nCookie: c=d\r\nX: \xFF\r\n"),
      asking("Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: ,\r\n"),
      asking("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"15\"\r\n"),
  };
  for (const auto& text : table) {
    CAPTURE(text);
    for (const auto& way : segmentations(text)) {
      server_handshake<> handshake;
      CHECK(feed(handshake, way, server_status::need_more).empty());
      REQUIRE(handshake.state() == server_status::request);
      CHECK(handshake.accept() == server_status::done);
      const auto answer = answer_of(handshake);
      CHECK(answer.status == 101);
      CHECK(answer.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      CHECK_FALSE(answer.header("Sec-WebSocket-Protocol"));
      CHECK_FALSE(answer.header("Sec-WebSocket-Extensions"));
      CHECK_FALSE(answer.header("Content-Length"));
    }
  }
}

struct refusal {
  std::string text;
  errc error;
  unsigned status;
};

void check(const std::vector<refusal>& table) {
  for (const auto& [text, error, code] : table) {
    CAPTURE(text);
    for (const auto& way : segmentations(text)) {
      CAPTURE(way.size());
      server_handshake<> handshake;
      feed(handshake, way, server_status::need_more);
      CHECK(handshake.state() == server_status::failed);
      CHECK(hawser::describe(handshake.error()) == hawser::describe(error));
      const auto answer = answer_of(handshake);
      CHECK(answer.status == code);
      CHECK(answer.reason == hawser::reason_phrase(code));
      CHECK((answer.header("Allow") == "GET") == (code == 405));
      CHECK((answer.header("Upgrade") == "websocket") == (code == 426));
      CHECK((answer.header("Sec-WebSocket-Version") == "13") == (code == 426));
      CHECK(handshake.accept() == server_status::failed);
    }
  }
}

TEST_CASE("the response to a request that is not an upgrade names the upgrade", "[rfc-4.2.1]") {
  const auto plain = errc::not_an_upgrade;
  check({
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", plain, 426},
      {asking_with("Upgrade: websocket\r\n", ""), plain, 426},
      {asking_with("Connection: Upgrade\r\n", ""), plain, 426},
      {asking_with("Upgrade: websocket", "Upgrade: websockets"), plain, 426},
      {asking_with("Upgrade: websocket", "Upgrade: websocket/13"), plain, 426},
      {asking_with("Upgrade: websocket", "Upgrade: h2c"), plain, 426},
      {asking_with("Upgrade: websocket", "Upgrade: \"websocket\""), plain, 426},
      {asking_with("Connection: Upgrade", "Connection: keep-alive"), plain, 426},
      {asking_with("Connection: Upgrade", "Connection: no-upgrade"), plain, 426},
      {asking_with("Connection: Upgrade", "Connection: close; upgrade"), plain, 426},
  });
}

TEST_CASE("the response to another version than 13 names the supported version",
          "[rfc-4.2.2][rfc-4.4]") {
  const auto line = "Sec-WebSocket-Version: 13";
  for (const auto instead :
       {"Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 14", "Sec-WebSocket-Version: 130",
        "Sec-WebSocket-Version: 013", "Sec-WebSocket-Version:", "Sec-WebSocket-Version: 13, 8",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13", "X: y"}) {
    check({{asking_with(line, instead), errc::unsupported_version, 426}});
  }
  // The first drafts had neither this version nor this key; the response names the version.
  check(
      {{"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n\r\n",
        errc::unsupported_version, 426}});
}

TEST_CASE("only GET of HTTP/1.1 opens a WebSocket", "[rfc-4.2.1][rfc9110-7.8][rfc9110-15.6.6]") {
  const auto plain = errc::not_an_upgrade;
  check({
      {asking_with("HTTP/1.1", "HTTP/1.0"), plain, 426},
      {"GET / HTTP/1.0\r\n\r\n", plain, 426},
      {"POST / HTTP/1.0\r\n\r\n", errc::bad_method, 405},
      {"OPTIONS / HTTP/1.0\r\n\r\n", errc::bad_method, 405},
      {asking_with("GET", "POST"), errc::bad_method, 405},
      {asking_with("GET", "get"), errc::bad_method, 405},
      {asking_with("GET", "GETT"), errc::bad_method, 405},
      {asking_with("GET /chat", "CONNECT h:443"), errc::bad_method, 405},
      {asking_with("GET /chat", "OPTIONS *"), errc::bad_method, 405},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", errc::bad_method, 405},
      {asking_with("HTTP/1.1", "HTTP/2.0"), errc::http_version, 505},
      {asking_with("HTTP/1.1", "HTTP/0.9"), errc::http_version, 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errc::http_version, 505},
  });
}

TEST_CASE("a response to HEAD has no body", "[rfc9110-9.3.2]") {
  for (const auto& asked : {asking_with("GET", "HEAD"), std::string{"HEAD / HTTP/1.0\r\n\r\n"}}) {
    server_handshake<> handshake;
    CHECK(give(handshake, asked) == server_status::failed);
    CHECK(handshake.is_plain());
    const auto written = text(handshake.output());
    CHECK(written.starts_with("HTTP/1.1 426 Upgrade Required\r\n"));
    CHECK(written.ends_with("\r\n\r\n"));
    handshake.reject({.status = 204, .body = "not sent"});
    CHECK(text(handshake.output()) == "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    handshake.reject({.body = "12345"});
    CHECK(text(handshake.output()).ends_with("Content-Length: 5\r\n\r\n"));
  }
}

TEST_CASE("a malformed request is answered with 400", "[rfc-4.2.2][rfc9112-2.2]") {
  const auto host = "Host: server.example.com";
  const auto key = "dGhlIHNhbXBsZSBub25jZQ==";
  check({
      {"nonsense\r\n\r\n", errc::bad_start_line, 400},
      {asking_with(" HTTP/1.1", ""), errc::bad_start_line, 400},
      {asking_with("/chat", "chat"), errc::bad_start_line, 400},
      {asking_with("/chat", "*"), errc::bad_start_line, 400},
      {asking_with("/chat", "h:80"), errc::bad_start_line, 400},
      {asking_with("/chat", "/chat#top"), errc::bad_start_line, 400},
      {asking("A : b\r\n"), errc::bad_header_field, 400},
      {asking("A: b\r\n c\r\n"), errc::bad_header_field, 400},
      {asking(std::string{"A: b\0c\r\n", 9}), errc::bad_header_field, 400},
      {asking("A: b\rc\r\n"), errc::bad_header_field, 400},
      {asking_with(std::string{host} + "\r\n", ""), errc::bad_host, 400},
      {asking_with(host, "Host:"), errc::bad_host, 400},
      {asking_with(host, "Host: h\r\nHost: h"), errc::bad_host, 400},
      {asking_with(host, "Host: a b"), errc::bad_host, 400},
      {asking_with(host, "Host: u@h"), errc::bad_host, 400},
      {asking_with(host, "Host: h/x"), errc::bad_host, 400},
      {asking_with(host, "Host: h:99999"), errc::bad_host, 400},
      {asking_with("/chat", "http:///chat"), errc::bad_host, 400},
      {asking_with("/chat", "http://u@h/chat"), errc::bad_host, 400},
      {"GET http://h/ HTTP/1.1\r\nHost: a b\r\n\r\n", errc::bad_host, 400},
      {asking_with(key, ""), errc::bad_key, 400},
      {asking_with(key, "SGVsbG8sIHdvcmxkIQ=="), errc::bad_key, 400},
      {asking_with(key, "dGhlIHNhbXBsZSBub25jZQ=A"), errc::bad_key, 400},
      {asking_with("Key:", "Kex:"), errc::bad_key, 400},
      {asking("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), errc::bad_key, 400},
      {asking("Content-Length: 5\r\n") + "Hello", errc::unexpected_body, 400},
      {asking("Content-Length: 0, 0\r\n"), errc::bad_body, 400},
      {asking("Content-Length: 0\r\nContent-Length: 1\r\n"), errc::bad_body, 400},
      {"POST / HTTP/1.0\r\nHost: a b\r\n\r\n", errc::bad_host, 400},
      {"POST / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", errc::bad_host, 400},
      {"GET http://u@h/ HTTP/1.0\r\n\r\n", errc::bad_host, 400},
      {"POST * HTTP/1.1\r\nHost: h\r\n\r\n", errc::bad_start_line, 400},
      {asking("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", errc::unexpected_body, 400},
      {asking("Sec-WebSocket-Protocol: a b\r\n"), errc::bad_header_field, 400},
      {asking("Sec-WebSocket-Protocol: a, b/c\r\n"), errc::bad_header_field, 400},
      {asking("Sec-WebSocket-Extensions: x;\r\n"), errc::bad_header_field, 400},
      {asking("Sec-WebSocket-Extensions: x; y=\"z\r\n"), errc::bad_header_field, 400},
      {asking("Origin: http://server.example.com\r\nOrigin: http://evil.com\r\n"),
       errc::bad_header_field, 400},
  });
}

TEST_CASE("an invalid request is answered with 400 at its first invalid byte",
          "[rfc9112-2.2][rfc9112-3]") {
  const std::string_view wrong = GENERATE("\x16", "<", "\r\r", "GET / F", "GET / HTTP/1.1x");
  server_handshake<> handshake;
  CHECK(give(handshake, wrong.substr(0, wrong.size() - 1)) == server_status::need_more);
  CHECK(give(handshake, wrong.substr(wrong.size() - 1)) == server_status::failed);
  CHECK(handshake.error() == errc::bad_start_line);
  CHECK(text(handshake.output()).starts_with("HTTP/1.1 400 "));
}

TEST_CASE("a flood of header fields, a huge head or a huge target is refused", "[abuse]") {
  std::string many;
  for (int i = 0; i < 95; ++i) many += "X: y\r\n";
  check({
      {asking(many + "X: y\r\n"), errc::too_many_fields, 431},
      {asking("X: " + std::string(16 * 1024, 'y') + "\r\n"), errc::head_too_large, 431},
      {std::string(16 * 1024 + 1, 'G'), errc::head_too_large, 431},
      {asking_with("/chat", '/' + std::string(8 * 1024, 'c')), errc::target_too_long, 414},
  });
  server_handshake<> handshake;
  CHECK(give(handshake, asking(many)) == server_status::request);

  server_handshake small{default_server_policy{}, {.size = 100}};
  CHECK(give(small, asking()) == server_status::failed);
  CHECK(small.error() == errc::head_too_large);
}

TEST_CASE("a silent client uses no memory but the handshake's own", "[abuse]") {
  const default_server_policy policy;
  const heap_meter meter;
  const server_handshake<const default_server_policy&> handshake{policy};
  const auto held = meter.held();
  CHECK(held == 0);
  CHECK(sizeof(handshake) <= 512);
}

TEST_CASE("whatever a client sends, its handshake stores at most a few times the limit of the head",
          "[abuse]") {
  const default_server_policy policy;
  std::string names;
  std::string parameters = "a";
  for (int i = 0; i < 7000; ++i) names += "a,";
  for (int i = 0; i < 7000; ++i) parameters += ";x";
  for (const auto& text : {
           asking("X: " + std::string(15 * 1024, 'y') + "\r\n"),
           asking(std::string(16 * 1024, 'X')),
           std::string(1024 * 1024, 'G'),
           "GET /" + std::string(1024 * 1024, 'x'),
           asking("Sec-WebSocket-Protocol: " + names + "\r\n"),
           asking("Sec-WebSocket-Extensions: " + names + "\r\n"),
           asking("Sec-WebSocket-Extensions: " + parameters + "\r\n"),
       }) {
    const heap_meter meter;
    server_handshake<const default_server_policy&> handshake{policy};
    give(handshake, text);
    handshake.accept();
    const auto held = meter.held();
    const auto most = meter.most();
    CHECK(held <= 4 * head_limits{}.size);
    // Parsing a list allocates memory for its elements temporarily.
    CHECK(most <= 1024 * 1024);
  }
}

TEST_CASE("a body uses memory for the bytes that have arrived, not for its declared length",
          "[abuse]") {
  constexpr std::size_t gib = 1024 * 1024 * 1024;
  for (const auto& [framing, said] :
       {std::pair{hawser::body_framing{.length = gib}, std::string(1000, 'x')},
        std::pair{hawser::body_framing{.chunked = true},
                  "40000000\r\n" + std::string(1000, 'x')}}) {
    const heap_meter meter;
    hawser::request_body_reader reader{framing, gib};
    std::string body;
    auto input = hawser::as_bytes(said);
    CHECK(reader.next(input, body) == hawser::request_body_reader::status::need_more);
    CHECK(meter.most() <= 4096);
  }
}

TEST_CASE("thousands of requests at once use no more memory than one, and an upgrade no more",
          "[abuse]") {
  using phase = hawser::http_conversation<>::status;
  const std::string get = "GET /get HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string many;
  for (int i = 0; i < 5000; ++i) many += get;
  const default_server_policy policy;
  const heap_meter meter;
  hawser::http_conversation<const default_server_policy&> talk{policy};
  auto input = hawser::as_bytes(many);
  int served = 0;
  while (!input.empty()) {
    if (static_cast<phase>(talk.next(input)) == phase::plain) talk.serve({.requests = 0});
    if (static_cast<phase>(talk.state()) == phase::whole) {
      ++served;
      talk.answer({});
    }
    talk.consume_output(talk.output().size());
  }
  const auto most = meter.most();
  CHECK(served == 5000);
  CHECK(most <= 4096);
  CHECK(sizeof talk <= sizeof(server_handshake<const default_server_policy&>) + 2 * sizeof(void*));
}

TEST_CASE("after the response is written, neither it nor the body is stored", "[abuse]") {
  const std::string large(60'000, 'x');
  const auto wire = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + large;
  const response given{.body = large};
  const default_server_policy policy;
  hawser::http_conversation<const default_server_policy&> talk{policy};
  const heap_meter meter;
  auto input = hawser::as_bytes(wire);
  talk.next(input);
  talk.serve();
  talk.next(input);
  talk.answer(given);
  CHECK(meter.held() >= large.size());
  while (!talk.output().empty()) talk.consume_output(1);
  CHECK(talk.is_idle());
  const auto held = meter.held();
  CHECK(held <= 2048);
}

TEST_CASE("a page of another site is refused", "[rfc-10.2][abuse]") {
  for (const auto& [origin, good] : {std::pair{"http://server.example.com", true},
                                     {"https://server.example.com", false},
                                     {"http://evil.com", false},
                                     {"null", false}}) {
    CAPTURE(origin);
    server_handshake<> handshake;
    give(handshake, asking("Origin: " + std::string{origin} + "\r\n"));
    CHECK(handshake.state() == (good ? server_status::request : server_status::failed));
    CHECK(handshake.accept() == (good ? server_status::done : server_status::failed));
    CHECK(handshake.error() == (good ? errc{} : errc::origin_refused));
    CHECK(answer_of(handshake).status == (good ? 101U : 403U));
  }
}

TEST_CASE("a policy has a response of its own for a page of another site", "[R-ORIGIN]") {
  default_server_policy policy{.origin_refusal =
                                   hawser::response{.status = 404, .body = "Page not found"}};
  server_handshake<default_server_policy&> refusing{policy};
  give(refusing, asking("Origin: http://evil.com\r\n"));
  CHECK(refusing.error() == errc::origin_refused);
  CHECK(refusing.response_status() == 404);
  CHECK(hawser::as_text(refusing.output()).ends_with("\r\n\r\nPage not found"));

  policy.origin_refusal = hawser::response{.status = 101};
  server_handshake<default_server_policy&> broken{policy};
  give(broken, asking("Origin: http://evil.com\r\n"));
  CHECK(broken.error() == errc::bad_header_value);
  CHECK(broken.unsendable() == "status 101");
  CHECK(broken.response_status() == 500);
}

TEST_CASE("one subprotocol is answered as it was offered, or none", "[rfc-4.2.2]") {
  const default_server_policy policy{.subprotocols = {"v2", "v1"}};
  const auto answer = [&](std::string_view lines) {
    server_handshake<const default_server_policy&> handshake{policy};
    give(handshake, asking(lines));
    CHECK(handshake.accept() == decltype(handshake)::status::done);
    const auto answered = answer_of(handshake);
    const auto values = answered.headers.values("Sec-WebSocket-Protocol");
    CHECK(values.size() <= 1);
    CHECK(handshake.result().subprotocol == (values.empty() ? "" : values[0]));
    return handshake.result().subprotocol;
  };
  CHECK(answer("Sec-WebSocket-Protocol: v1, v2\r\n") == "v2");
  CHECK(answer("Sec-WebSocket-Protocol: v1\r\nX: y\r\nsec-websocket-protocol: v3\r\n") == "v1");
  CHECK(answer("Sec-WebSocket-Protocol: V1\r\n") == "");
  CHECK(answer("Sec-WebSocket-Protocol: v3\r\n") == "");
  CHECK(answer("") == "");
}

/// The least that a server's policy must have; its answers can be set.
struct scripted_server_policy {
  std::string subprotocol = {};
  std::string extensions = {};
  header_fields headers = {};
  extension_list seen = {};

  bool allow_host(const request&) { return true; }
  bool allow_origin(const request&) { return true; }
  const char* choose_subprotocol(const request&) { return subprotocol.c_str(); }
  const char* accept_extensions(const extension_list& offers) {
    seen = offers;
    return extensions.c_str();
  }
  header_fields extra_headers(const request&) { return headers; }
};

/// Makes every decision as its settings say.
struct asking_policy : scripted_server_policy {
  std::string refused = {};
  std::vector<std::string> asked = {};

  bool allow(const char* what) {
    asked.push_back(what);
    return refused != what;
  }
  bool allow_host(const request&) { return allow("host"); }
  bool allow_origin(const request&) { return allow("origin"); }
  const char* choose_subprotocol(const request&) {
    asked.push_back("subprotocol");
    return "";
  }
};

TEST_CASE("the application gets a request only if its host and its origin are allowed",
          "[rfc-10.2][rfc9110-15.5.20]") {
  using lines = std::vector<std::string>;
  using handshaking = server_handshake<asking_policy>;
  SECTION("both allowed") {
    handshaking handshake{asking_policy{}};
    give(handshake, asking());
    CHECK(handshake.state() == handshaking::status::request);
    CHECK(handshake.policy().asked == lines{"host", "origin"});
    handshake.accept();
    CHECK(handshake.policy().asked == lines{"host", "origin", "subprotocol"});
  }
  SECTION("the host refused") {
    handshaking handshake{asking_policy{{}, "host"}};
    give(handshake, asking());
    CHECK(handshake.state() == handshaking::status::failed);
    CHECK(handshake.error() == errc::host_refused);
    CHECK(answer_of(handshake).status == 421);
    CHECK(handshake.policy().asked == lines{"host"});
  }
  SECTION("the origin refused") {
    handshaking handshake{asking_policy{{}, "origin"}};
    give(handshake, asking());
    CHECK(handshake.state() == handshaking::status::failed);
    CHECK(handshake.error() == errc::origin_refused);
    CHECK(answer_of(handshake).status == 403);
    CHECK(handshake.policy().asked == lines{"host", "origin"});
  }
  SECTION("a request that is not an upgrade, for another host") {
    handshaking handshake{asking_policy{{}, "host"}};
    give(handshake, asking_with("Upgrade: websocket\r\n", ""));
    CHECK(handshake.error() == errc::host_refused);
    // The application cannot replace the response.
    handshake.reject(response{.status = 200});
    CHECK(answer_of(handshake).status == 421);
  }
  SECTION("a request that is malformed") {
    handshaking handshake{asking_policy{{}, "host"}};
    give(handshake, asking_with("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8"));
    CHECK(handshake.error() == errc::unsupported_version);
    CHECK(handshake.policy().asked.empty());
  }
}

TEST_CASE("a request reports whether it came over TLS and through a loopback address") {
  server_handshake<> plain;
  give(plain, asking());
  CHECK_FALSE(plain.request().is_secure());
  CHECK_FALSE(plain.request().is_from_loopback());
  server_handshake<> secure{default_server_policy{}, {}, {.loopback = true}};
  secure.set_secure();
  give(secure, asking_with("server.example.com", "127.0.0.1:9001"));
  CHECK(secure.request().is_secure());
  CHECK(secure.request().is_from_loopback());
}

TEST_CASE("the policy gets the offers in order, and its answer is sent unchanged", "[rfc-9.1]") {
  server_handshake handshake{scripted_server_policy{.extensions = "b; y=\"2\""}};
  give(handshake, asking("Sec-WebSocket-Extensions: a; x=1, b\r\n"
                         "Sec-WebSocket-Extensions: b; y=2\r\n"));
  CHECK(handshake.accept() == server_handshake<scripted_server_policy>::status::done);
  CHECK(handshake.policy().seen == extension_list{{"a", {{"x", "1"}}}, {"b"}, {"b", {{"y", "2"}}}});
  const auto answer = answer_of(handshake);
  CHECK(answer.header("Sec-WebSocket-Extensions") == "b; y=\"2\"");
  CHECK(handshake.result().extensions == extension_list{{"b", {{"y", "2"}}}});
}

TEST_CASE("a policy that accepts what was not offered causes a 500", "[rfc-4.2.2]") {
  const std::pair<scripted_server_policy, errc> table[] = {
      {{.subprotocol = "other"}, errc::unexpected_subprotocol},
      {{.subprotocol = "CHAT"}, errc::unexpected_subprotocol},
      {{.subprotocol = "chat\r\nX: y"}, errc::unexpected_subprotocol},
      {{.extensions = "other"}, errc::unexpected_extension},
      {{.extensions = "a, other"}, errc::unexpected_extension},
      {{.extensions = "a;"}, errc::unexpected_extension},
      {{.extensions = "a\r\nX: y"}, errc::unexpected_extension},
      {{.headers = {{"X", "a\r\nY: b"}}}, errc::bad_header_value},
      {{.headers = {{"Sec-WebSocket-Accept", "x"}}}, errc::bad_header_value},
  };
  for (const auto& [policy, error] : table) {
    server_handshake handshake{policy};
    give(handshake, asking("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: a\r\n"));
    CHECK(handshake.accept() == server_handshake<scripted_server_policy>::status::failed);
    CHECK(hawser::describe(handshake.error()) == hawser::describe(error));
    CHECK(answer_of(handshake).status == 500);
  }
}

TEST_CASE("a server that requires a subprotocol refuses clients without a common one",
          "[rfc-4.2.2]") {
  const default_server_policy policy{.subprotocols = {"chat"}, .require_subprotocol = true};
  for (const auto* offer : {"", "Sec-WebSocket-Protocol: other\r\n"}) {
    server_handshake handshake{policy};
    give(handshake, asking(offer));
    CHECK(handshake.accept() == server_handshake<>::status::failed);
    CHECK(handshake.error() == errc::no_subprotocol);
    CHECK(answer_of(handshake).status == 400);
  }
  server_handshake handshake{policy};
  give(handshake, asking("Sec-WebSocket-Protocol: other, chat\r\n"));
  CHECK(handshake.accept() == server_handshake<>::status::done);
  CHECK(handshake.result().subprotocol == "chat");
}

TEST_CASE("accept() may choose a subprotocol, which must have been offered", "[rfc-4.2.2]") {
  const bool required = GENERATE(false, true);
  const default_server_policy policy{.subprotocols = {"chat"}, .require_subprotocol = required};
  const auto accepted = [&](const std::string& chosen) {
    server_handshake handshake{policy};
    give(handshake, asking("Sec-WebSocket-Protocol: chat, other\r\n"));
    handshake.accept({.subprotocol = chosen});
    return handshake;
  };
  CHECK(accepted("other").result().subprotocol == "other");
  CHECK(accepted("third").error() == errc::unexpected_subprotocol);
  auto none = accepted("");
  CHECK(none.error() == (required ? errc::no_subprotocol : errc{}));
  const auto without = answer_of(none);
  if (!required) CHECK_FALSE(without.header("Sec-WebSocket-Protocol"));
}

TEST_CASE("header fields of the policy and of accept() are added to the response") {
  server_handshake handshake{default_server_policy{.headers = {{"Server", "hawser"}}}};
  give(handshake, asking());
  CHECK(handshake.accept({{"Set-Cookie", "a=b"}, {"Set-Cookie", "c=d"}}) == server_status::done);
  const auto answer = answer_of(handshake);
  CHECK(answer.header("Server") == "hawser");
  CHECK(answer.headers.values("Set-Cookie") == std::vector<std::string_view>{"a=b", "c=d"});
}

TEST_CASE("a header field that would break the response in two is refused before anything is sent",
          "[abuse]") {
  for (const auto& headers :
       {header_fields{{"X", "a\r\nSet-Cookie: evil=1"}},
        header_fields{{"X: y\r\nSet-Cookie", "evil=1"}}, header_fields{{"Content-Length", "5"}}}) {
    server_handshake<> handshake;
    give(handshake, asking());
    CHECK(handshake.accept(headers) == server_status::failed);
    CHECK(handshake.error() == errc::bad_header_value);
    CHECK(handshake.unsendable() ==
          (headers.valid() ? "header \"Content-Length\"" : "header \"X\""));
    CHECK(handshake.response_status() == 500);
    const auto answer = answer_of(handshake);
    CHECK(answer.status == 500);
    CHECK_FALSE(answer.header("Set-Cookie"));
  }
}

TEST_CASE("the application can refuse with status, headers and body", "[rfc-4.2.2]") {
  server_handshake<> handshake;
  give(handshake, asking());
  CHECK(handshake.reject({.status = 401,
                          .headers = {{"WWW-Authenticate", "Basic realm=\"x\""}},
                          .body = "who?"}) == server_status::failed);
  CHECK(handshake.error() == errc::upgrade_refused);
  const auto answer = answer_of(handshake);
  CHECK(answer.status == 401);
  CHECK(answer.reason == "Unauthorized");
  CHECK(answer.header("WWW-Authenticate") == "Basic realm=\"x\"");
  CHECK(answer.body == "who?");
}

TEST_CASE("the application can refuse with a status and a body alone", "[rfc-4.2.2]") {
  server_handshake<> handshake;
  give(handshake, asking());
  CHECK(handshake.response_status() == 0);
  CHECK(handshake.reject(403, "members only") == server_status::failed);
  CHECK(handshake.response_status() == 403);
  CHECK(answer_of(handshake).body == "members only");
}

TEST_CASE("a refusal that cannot be sent becomes a 500", "[abuse]") {
  for (const auto& bad : {response{.status = 101}, response{.status = 0},
                          response{.status = 403, .reason = "No\r\nX: y"},
                          response{.status = 302, .headers = {{"Location", "/\r\nX: y"}}}}) {
    server_handshake<> handshake;
    give(handshake, asking());
    CHECK(handshake.reject(bad) == server_status::failed);
    CHECK(handshake.error() == errc::bad_header_value);
    CHECK_FALSE(handshake.unsendable().empty());
    CHECK(answer_of(handshake).status == 500);
  }
}

TEST_CASE("a request whose body could be delimited in two ways is malformed, whatever it requests",
          "[rfc9112-6.3][rfc9112-11.2][abuse]") {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const auto& lines : {"Content-Length: 1\r\nContent-Length: 1\r\n" + std::string{},
                            chunked + "Content-Length: 5\r\n", chunked + chunked}) {
    check({{"POST / HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n", errc::bad_body, 400},
           {asking(lines), errc::bad_body, 400}});
  }
  check({{"POST / HTTP/1.0\r\n" + chunked + "\r\n", errc::bad_body, 400},
         {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
          errc::unknown_coding, 501}});
}

TEST_CASE("a malformed request, or a CONNECT, cannot be answered by the application") {
  for (const auto& asked : {std::string{"nonsense\r\n\r\n"}, asking_with("HTTP/1.1", "HTTP/2.0"),
                            std::string{"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"}}) {
    server_handshake<> handshake;
    CHECK(give(handshake, asked) == server_status::failed);
    CHECK_FALSE(handshake.is_plain());
    const auto written = text(handshake.output());
    handshake.reject({.body = "fine"});
    CHECK(text(handshake.output()) == written);
  }
}

TEST_CASE("a handshake that begins again has no data of the request before") {
  server_handshake handshake{default_server_policy{.subprotocols = {"a"}}, {.size = 300}};
  CHECK(handshake.is_untouched());
  give(handshake, "PUT /one HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_FALSE(handshake.is_untouched());
  CHECK(handshake.is_plain());
  handshake.consume_output(3);
  const auto asked = handshake.restart();
  CHECK(asked.target() == "/one");
  CHECK(handshake.is_untouched());
  CHECK(handshake.output().empty());
  CHECK(handshake.error() == errc{});
  CHECK(give(handshake, asking("Sec-WebSocket-Protocol: a\r\n")) == server_status::request);
  CHECK(handshake.accept() == server_status::done);
  const auto answer = answer_of(handshake);
  CHECK(answer.header("Sec-WebSocket-Protocol") == "a");
  handshake.restart();
  CHECK(handshake.result().subprotocol.empty());
  CHECK(give(handshake, asking("X: " + std::string(200, 'y'))) == server_status::failed);
  CHECK(handshake.error() == errc::head_too_large);
}

TEST_CASE("plain HTTP can be answered by the application") {
  server_handshake<> handshake;
  CHECK(give(handshake, "GET /health?x HTTP/1.1\r\nHost: h\r\n\r\n") == server_status::failed);
  CHECK(handshake.error() == errc::not_an_upgrade);
  CHECK(handshake.request().path() == "/health");
  CHECK(answer_of(handshake).status == 426);
  CHECK(handshake.reject({.body = "fine"}) == server_status::failed);
  CHECK(handshake.error() == errc::not_an_upgrade);
  const auto answer = answer_of(handshake);
  CHECK(answer.status == 200);
  CHECK(answer.body == "fine");
  CHECK_FALSE(answer.header("Upgrade"));

  // Too late once the first byte is written.
  const auto size = handshake.output().size();
  handshake.consume_output(1);
  handshake.reject({.status = 404});
  CHECK(handshake.output().size() == size - 1);
}

TEST_CASE("an answer that comes too late has no effect and returns failed") {
  server_handshake<> handshake;
  give(handshake, asking());
  CHECK(handshake.fail(errc::handshake_timeout) == server_status::failed);
  const auto written = text(handshake.output());
  CHECK(handshake.accept() == server_status::failed);
  CHECK(handshake.reject({.status = 404}) == server_status::failed);
  CHECK(handshake.fail(errc::too_many_connections) == server_status::failed);
  CHECK(handshake.error() == errc::handshake_timeout);
  CHECK(text(handshake.output()) == written);
}

TEST_CASE("an accepted request stays accepted") {
  server_handshake<> handshake;
  give(handshake, asking());
  handshake.accept();
  const auto written = text(handshake.output());
  CHECK(handshake.accept({{"X", "y"}}) == server_status::done);
  CHECK(handshake.reject({.status = 404}) == server_status::done);
  CHECK(handshake.fail(errc::handshake_timeout) == server_status::done);
  CHECK(handshake.receive_end() == server_status::done);
  CHECK(give(handshake, asking()) == server_status::done);
  CHECK(text(handshake.output()) == written);
  CHECK(handshake.error() == errc{});
}

TEST_CASE("an early answer has no effect") {
  server_handshake<> handshake;
  CHECK(handshake.accept() == server_status::need_more);
  CHECK(handshake.reject({.status = 404}) == server_status::need_more);
  CHECK(handshake.output().empty());
  CHECK(give(handshake, asking()) == server_status::request);
}

TEST_CASE("each reason of the driver to end a handshake has its response") {
  for (const auto& [error, code] : {std::pair{errc::handshake_timeout, 408U},
                                    {errc::too_many_connections, 503U},
                                    {errc::closed, 503U}}) {
    for (const auto size : {std::size_t{0}, std::size_t{50}, asking().size()}) {
      server_handshake<> handshake;
      give(handshake, asking().substr(0, size));
      CHECK(handshake.fail(error) == server_status::failed);
      CHECK(handshake.error() == error);
      CHECK(answer_of(handshake).status == code);
    }
  }
}

TEST_CASE("a stream that ends inside the request is a truncated handshake") {
  const auto whole = asking();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    server_handshake<> handshake;
    CHECK(give(handshake, whole.substr(0, size)) == server_status::need_more);
    CHECK(handshake.receive_end() == server_status::failed);
    CHECK(handshake.error() == errc::truncated_handshake);
  }
  // A client may end its side and still wait for the answer.
  server_handshake<> handshake;
  give(handshake, whole);
  CHECK(handshake.receive_end() == server_status::request);
}

TEST_CASE("a pipelined second request stays in the input with the frames") {
  server_handshake<> handshake;
  const auto both = asking() + asking();
  auto input = hawser::as_bytes(both);
  CHECK(handshake.next(input) == server_status::request);
  CHECK(input.size() == asking().size());
  CHECK(handshake.next(input) == server_status::request);
  CHECK(input.size() == asking().size());
}

TEST_CASE("a request that another HTTP server has parsed gets the same response") {
  const header_fields good{{"Host", "h"},
                           {"upgrade", "websocket"},
                           {"connection", "keep-alive, upgrade"},
                           {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                           {"sec-websocket-version", "13"},
                           {"sec-websocket-protocol", "chat"}};
  server_handshake handshake{request{"GET", "/chat", good},
                             default_server_policy{.subprotocols = {"chat"}}};
  REQUIRE(handshake.state() == server_status::request);
  CHECK(handshake.accept() == server_status::done);
  const auto answer = answer_of(handshake);
  CHECK(answer.header("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(answer.header("Sec-WebSocket-Protocol") == "chat");

  server_handshake plain{request{"GET", "/", {{"Host", "h"}}}, default_server_policy{}};
  CHECK(plain.state() == server_status::failed);
  CHECK(plain.error() == errc::not_an_upgrade);
  CHECK(answer_of(plain).status == 426);
}

TEST_CASE("the response is written in any number of steps") {
  server_handshake<> handshake;
  give(handshake, asking());
  handshake.accept();
  const auto whole = text(handshake.output());
  std::string written;
  while (!handshake.output().empty()) {
    written += text(handshake.output().first(1));
    handshake.consume_output(1);
  }
  CHECK(written == whole);
}

}  // namespace
