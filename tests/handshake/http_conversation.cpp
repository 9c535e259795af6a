// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_conversation.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/http_exchange.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::default_server_policy;
using hawser::errc;
using hawser::http_conversation;
using hawser::http_limits;
using hawser::response;
using conversation_status = http_conversation<>::status;

namespace {

const std::string get_request = "GET /get HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post_request = "POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nHello";

/// Answers each plain request with its method, target and body, and accepts each upgrade. `served`
/// records what was read: each plain request, `+` and the bytes after an accepted upgrade, and `.`
/// for the end.
struct servant {
  http_conversation<> talk{default_server_policy{}, {.size = 2048}};
  http_limits limits = {};
  std::string served = {};
  std::string said = {};

  void take(hawser::bytes_view input) {
    while (true) {
      const auto before = input.size();
      act(talk.next(input), input);
      if (input.size() == before && talk.output().empty()) break;
      if (talk.state() == conversation_status::done) break;
    }
  }

  void act(conversation_status now, hawser::bytes_view& input) {
    if (now == conversation_status::request) {
      talk.accept();
      served += '+' + text(input);
    }
    if (talk.state() == conversation_status::plain) talk.serve(limits);
    if (talk.state() == conversation_status::whole) {
      const auto& asked = talk.request();
      served += std::string{asked.method()} + ' ' + std::string{asked.target()} + ' ' +
                std::string{asked.body()} + '|';
      talk.answer({.body = std::string{asked.body()}});
    }
    if (talk.state() == conversation_status::failed && !served.ends_with('.')) served += '.';
    said += text(talk.output());
    talk.consume_output(talk.output().size());
  }
};

std::string served(std::string_view wire, http_limits limits = {}) {
  std::string whole;
  std::string said = {};
  for (const auto& way : segmentations(wire)) {
    servant one{.limits = limits};

    for (const auto& segment : way) {
      if (one.talk.state() == conversation_status::done) {
        one.served += segment;
      } else {
        const auto memory = bytes(segment);
        one.take(memory);
      }
    }
    if (whole.empty()) {
      whole = one.served;
      said = one.said;
    }
    CHECK(one.served == whole);
    CHECK(one.said == said);
  }
  return whole;
}

TEST_CASE("requests of a connection are served in order, then it may become a WebSocket",
          "[rfc9112-9.3][rfc9112-9.3.2][rfc-4.1]") {
  CHECK(served(get_request + post_request + get_request) ==
        "GET /get |POST /post Hello|GET /get |");
  CHECK(served(post_request + std::string{upgrade_request} + "frames") ==
        "POST /post Hello|+frames");
  CHECK(served(std::string{upgrade_request} + get_request) == "+" + get_request);
  CHECK(served("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
               "Expect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n\r\n" +
               get_request) == "POST / abc|GET /get |");
  CHECK(served("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\nHEAD / HTTP/1.1\r\nHost: h\r\n\r\n") ==
        "OPTIONS * |HEAD / |");
}

TEST_CASE("no request is served after the last one of a connection", "[rfc9112-9.6]") {
  CHECK(served("GET /a HTTP/1.0\r\n\r\n" + get_request) == "GET /a |.");
  CHECK(served("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get_request) ==
        "GET /a |GET /get |");
  CHECK(served("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get_request) ==
        "GET /a |.");
  CHECK(served(get_request + get_request + get_request, {.requests = 2}) ==
        "GET /get |GET /get |.");
  CHECK(served(get_request + "nonsense\r\n\r\n" + get_request) == "GET /get |.");
  CHECK(served(get_request + "GET / HTTP/1.1\r\n\r\n" + get_request) == "GET /get |.");
}

TEST_CASE("a body is not parsed as a request, however its length is given",
          "[rfc9112-11.2][abuse]") {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  for (const std::string lines :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 0\r\n", "Content-Length: +5\r\n",
        "Transfer-Encoding: x\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 65537\r\n", "Expect: x\r\n"}) {
    CAPTURE(lines);
    CHECK(served(start + lines + "\r\n0\r\n\r\n" + get_request) == ".");
  }
  CHECK(served(start + "Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n" + get_request) == ".");
  CHECK(served("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get_request) ==
        ".");
  CHECK(served(start + "Content-Length: " + std::to_string(get_request.size()) + "\r\n\r\n" +
               get_request) == "POST / " + get_request + "|");
}

TEST_CASE("a request waits until the one before it is answered and the response is written",
          "[abuse]") {
  http_conversation<> talk;
  const auto wire = get_request + get_request;
  auto input = hawser::as_bytes(wire);
  CHECK(talk.next(input) == conversation_status::plain);
  CHECK(talk.output().empty());
  CHECK(talk.next(input) == conversation_status::plain);
  CHECK(talk.serve() == conversation_status::whole);
  CHECK(talk.next(input) == conversation_status::whole);
  CHECK(input.size() == get_request.size());
  CHECK(talk.answer({}) == conversation_status::need_more);
  CHECK(talk.next(input) == conversation_status::need_more);
  CHECK(input.size() == get_request.size());
  talk.consume_output(talk.output().size());
  CHECK(talk.next(input) == conversation_status::plain);
  CHECK(input.empty());
}

TEST_CASE("a plain request without a handler gets a response that names the upgrade",
          "[rfc9110-15.5.22]") {
  const auto declined = [](const std::string& wire) {
    http_conversation<> talk;
    auto input = hawser::as_bytes(wire);
    CHECK(talk.next(input) == conversation_status::plain);
    CHECK(talk.decline() == conversation_status::failed);
    return text(talk.output());
  };
  CHECK(declined(get_request).starts_with("HTTP/1.1 426 "));
  CHECK(declined(post_request).starts_with("HTTP/1.1 405 "));
  http_conversation<> talk;
  auto input = hawser::as_bytes(get_request);
  talk.next(input);
  CHECK(talk.request().path() == "/get");
  CHECK(talk.decline(response{.status = 404}) == conversation_status::failed);
  CHECK(text(talk.output()).starts_with("HTTP/1.1 404 "));
  CHECK(text(talk.output()).find("Connection: close") != std::string::npos);
}

TEST_CASE("a conversation names the part of a refusal that cannot be sent", "[abuse]") {
  http_conversation<> talk;
  const auto upgrade =
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  auto input = hawser::as_bytes(upgrade);
  REQUIRE(talk.next(input) == conversation_status::request);
  CHECK(talk.unsendable().empty());
  talk.reject({.status = 302, .headers = {{"Location", "/\r\nX: y"}}});
  CHECK(talk.unsendable() == "header \"Location\"");
}

TEST_CASE("the end of the stream between two requests is not an error", "[rfc9112-9.6]") {
  servant one;
  CHECK_FALSE(one.talk.is_idle());
  one.take(hawser::as_bytes(get_request));
  CHECK(one.talk.is_idle());
  CHECK(one.talk.receive_end() == conversation_status::failed);
  CHECK(one.talk.output().empty());
  for (const auto& part :
       {get_request.substr(0, 5), post_request.substr(0, post_request.size() - 1)}) {
    servant other;
    other.take(hawser::as_bytes(get_request + part));
    CHECK_FALSE(other.talk.is_idle());
    CHECK(other.talk.receive_end() == conversation_status::failed);
    CHECK(other.talk.error() == errc::truncated_handshake);
    CHECK(text(other.talk.output()).starts_with("HTTP/1.1 400 "));
  }
}

TEST_CASE("a conversation can end at any time, with a response if a request is unanswered") {
  const auto end = [](const std::string& wire, errc why) {
    http_conversation<> talk;
    auto input = hawser::as_bytes(wire);
    if (talk.next(input) == conversation_status::plain && !wire.starts_with("HEAD")) talk.serve();
    talk.next(input);
    CHECK(talk.fail(why) == conversation_status::failed);
    CHECK(talk.error() != errc{});
    return text(talk.output()).substr(0, 12);
  };
  CHECK(end("", errc::handshake_timeout) == "HTTP/1.1 408");
  CHECK(end("GET", errc::closed) == "HTTP/1.1 503");
  CHECK(end(post_request.substr(0, post_request.size() - 1), errc::handshake_timeout) ==
        "HTTP/1.1 408");
  CHECK(end(post_request, errc::handshake_timeout) == "HTTP/1.1 503");
  CHECK(end("HEAD / HTTP/1.0\r\n\r\n", errc::closed) == "HTTP/1.1 503");
  CHECK(end(std::string{upgrade_request}, errc::closed) == "HTTP/1.1 503");

  servant idle;
  idle.take(hawser::as_bytes(get_request));
  CHECK(idle.talk.fail(errc::closed) == conversation_status::failed);
  CHECK(idle.talk.output().empty());
  CHECK(idle.talk.fail(errc::closed) == conversation_status::failed);
}

TEST_CASE("the requests of a conversation over TLS are secure") {
  const bool secure = GENERATE(false, true);
  http_conversation<> talk;
  if (secure) talk.set_secure();
  auto input = hawser::as_bytes(get_request);
  REQUIRE(talk.next(input) == conversation_status::plain);
  CHECK(talk.request().is_secure() == secure);
}

TEST_CASE("an upgrade may be ignored", "[rfc9110-7.8]") {
  servant one;
  auto input = hawser::as_bytes(upgrade_request);
  CHECK(one.talk.next(input) == conversation_status::request);
  CHECK(one.talk.serve() == conversation_status::whole);
  CHECK(one.talk.request().header("Upgrade") == "websocket");
  CHECK(one.talk.answer({.body = "fine"}) == conversation_status::need_more);
  CHECK(text(one.talk.output()).starts_with("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"));
}

TEST_CASE("an upgrade may be refused as in any handshake") {
  http_conversation<> talk;
  auto input = hawser::as_bytes(upgrade_request);
  CHECK(talk.accept() == conversation_status::need_more);
  CHECK(talk.next(input) == conversation_status::request);
  CHECK(talk.decline() == conversation_status::request);
  CHECK(talk.answer({}) == conversation_status::request);
  CHECK(talk.reject({.status = 403}) == conversation_status::failed);
  CHECK(talk.error() == errc::upgrade_refused);
  CHECK(text(talk.output()).starts_with("HTTP/1.1 403 "));
}

TEST_CASE("a request with a refused host ends the conversation, plain or not",
          "[rfc9110-15.5.20]") {
  const std::string_view words =
      GENERATE(std::string_view{get_request}, std::string_view{post_request}, upgrade_request);
  http_conversation<> talk{default_server_policy{.allowed_hosts = {"other.example"}}};
  auto input = hawser::as_bytes(words);
  CHECK(talk.next(input) == conversation_status::failed);
  CHECK(text(talk.output()).starts_with("HTTP/1.1 421 Misdirected Request\r\n"));
  CHECK(talk.error() == errc::host_refused);
}

TEST_CASE("if the policy throws, the request can still be refused") {
  const default_server_policy throwing{
      .origin = [](const hawser::request&) -> bool { throw std::runtime_error{"no list"}; }};
  http_conversation<const default_server_policy&> talk{throwing};
  auto input = hawser::as_bytes(upgrade_request);
  CHECK_THROWS_AS(talk.next(input), std::runtime_error);
  CHECK(talk.state() == http_conversation<const default_server_policy&>::status::request);
  talk.reject({.status = 500});
  CHECK(text(talk.output()).starts_with("HTTP/1.1 500 "));
}

}  // namespace
