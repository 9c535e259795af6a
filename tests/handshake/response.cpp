// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/response.hpp"

#include <set>
#include <string>
#include <string_view>

#include "hawser/base/error.hpp"
#include "support/catch.hpp"

using hawser::errc;
using hawser::response;

namespace {

TEST_CASE("a response has its status, its length, and the end of the connection", "[rfc9112-6.3]") {
  CHECK(encode(response{.status = 404}) ==
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  CHECK(encode(response{.status = 401,
                        .reason = "Who are you",
                        .headers = {{"WWW-Authenticate", "Basic realm=\"x\""}, {"X", ""}},
                        .body = "Go\r\naway\n"}) ==
        "HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Basic realm=\"x\"\r\nX: \r\n"
        "Connection: close\r\nContent-Length: 9\r\n\r\nGo\r\naway\n");
  CHECK(encode(response{.status = 299}).starts_with("HTTP/1.1 299 \r\n"));
}

TEST_CASE("a status has the phrase of the RFC, if there is one", "[rfc9110-15]") {
  std::set<std::string_view> phrases;
  for (unsigned status = 0; status < 1000; ++status) {
    const auto phrase = hawser::reason_phrase(status);
    if (phrase.empty()) continue;
    CAPTURE(status, phrase);
    CHECK(status >= 101);
    CHECK(status <= 505);
    CHECK(phrases.insert(phrase).second);
    CHECK(encode(response{.status = status}).find(phrase) ==
          std::string_view{"HTTP/1.1 200 "}.size());
  }
  CHECK(phrases.size() == 37);
}

TEST_CASE("fields of the application that would delimit its response are replaced", "[rfc9112-6]") {
  const auto text = encode(response{.headers = {{"content-length", "7"},
                                                {"Transfer-Encoding", "chunked"},
                                                {"CONNECTION", "keep-alive"},
                                                {"Date", "now"}},
                                    .body = "abc"});
  CHECK(text ==
        "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
}

TEST_CASE("a response with a status without a body has none", "[rfc9112-6.3][rfc9110-8.6]") {
  for (const unsigned status : {204U, 304U}) {
    const auto text = encode(response{.status = status, .body = "not sent"});
    CHECK(text.ends_with("\r\nConnection: close\r\n\r\n"));
    CHECK(text.find("Content-Length") == std::string::npos);
  }
  CHECK_FALSE(hawser::has_body(101));
  CHECK(hawser::has_body(200));
}

TEST_CASE("a response with Upgrade names it in Connection", "[rfc9110-7.8]") {
  CHECK(encode(response{.status = 426, .headers = {{"Upgrade", "websocket"}}}) ==
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n"
        "Connection: close, Upgrade\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a response says whether the connection stays, when it was made, and may have no body",
          "[rfc9112-9.3][rfc9110-9.3.2]") {
  using hawser::persistence;
  const response some{.headers = {{"Date", "then"}, {"Connection", "x"}}, .body = "12345"};
  CHECK(encode(some, {.connection = persistence::keep, .date = "now"}) ==
        "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n12345");
  CHECK(encode(some, {.connection = persistence::keep_announced, .head_only = true}) ==
        "HTTP/1.1 200 OK\r\nDate: then\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n");
  const response upgrade{.status = 426, .headers = {{"Upgrade", "websocket"}}};
  CHECK(encode(upgrade, {.connection = persistence::keep}) ==
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Content-Length: 0\r\n\r\n");
  CHECK(encode(upgrade, {.connection = persistence::keep_announced})
            .find("Connection: keep-alive, Upgrade\r\n") != std::string::npos);
  CHECK(encode(response{.status = 304, .body = "x"}, {.head_only = true}) ==
        "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
  CHECK(encode(response{.status = 205, .body = "x"}) ==
        "HTTP/1.1 205 Reset Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("only a final status and texts of one line can be sent", "[rfc9112-4]") {
  CHECK(is_sendable(response{}));
  CHECK(is_sendable(response{.status = 599, .reason = "caf\xC3\xA9\t!"}));
  CHECK_FALSE(is_sendable(response{.status = 0}));
  CHECK_FALSE(is_sendable(response{.status = 101}));
  CHECK_FALSE(is_sendable(response{.status = 199}));
  CHECK_FALSE(is_sendable(response{.status = 600}));
  CHECK_FALSE(is_sendable(response{.status = 2000}));
  CHECK_FALSE(is_sendable(response{.reason = "OK\r\nSet-Cookie: evil=1"}));
  CHECK_FALSE(is_sendable(response{.reason = std::string{"a\0b", 3}}));
  CHECK_FALSE(is_sendable(response{.headers = {{"Location", "/\r\nSet-Cookie: evil=1"}}}));
}

TEST_CASE("the part of a response that cannot be sent is named") {
  using hawser::detail::not_sendable_part;
  CHECK(not_sendable_part({.status = 600}) == "status 600");
  CHECK(not_sendable_part({.reason = "OK\r\n"}) == "reason");
  CHECK(not_sendable_part({.headers = {{"Location", "/\r\n"}}}) == "header \"Location\"");
}

TEST_CASE("the status of an encoded response is read from its first line") {
  CHECK(hawser::detail::status_in(encode(response{.status = 404})) == 404);
  CHECK(hawser::detail::status_in("") == 0);
}

TEST_CASE("each error has a status, and some have headers that go with it", "[rfc-4.2.2]") {
  struct expectation {
    errc error;
    unsigned status;
  };
  const expectation table[] = {
      {errc::bad_start_line, 400},
      {errc::bad_header_field, 400},
      {errc::head_too_large, 431},
      {errc::too_many_fields, 431},
      {errc::target_too_long, 414},
      {errc::body_too_large, 413},
      {errc::bad_body, 400},
      {errc::unknown_coding, 501},
      {errc::unknown_expectation, 417},
      {errc::no_response, 500},
      {errc::http_version, 505},
      {errc::bad_method, 405},
      {errc::bad_host, 400},
      {errc::unexpected_body, 400},
      {errc::not_an_upgrade, 426},
      {errc::bad_key, 400},
      {errc::unsupported_version, 426},
      {errc::origin_refused, 403},
      {errc::upgrade_refused, 403},
      {errc::upgrade_unanswered, 500},
      {errc::upgrade_failed, 500},
      {errc::truncated_handshake, 400},
      {errc::handshake_timeout, 408},
      {errc::bad_header_value, 500},
      {errc::unexpected_subprotocol, 500},
      {errc::no_subprotocol, 400},
      {errc::too_many_connections, 503},
      {errc::memory_exceeded, 503},
      {errc::aborted, 503},
      {errc::closed, 503},
      {errc::unexpected_extension, 500},
  };
  for (const auto& [error, status] : table) {
    CAPTURE(hawser::describe(error));
    const auto answer = hawser::response_for(error);
    CHECK(answer.status == status);
    CHECK(is_sendable(answer));
    CHECK_FALSE(hawser::reason_phrase(status).empty());
    CHECK(answer.body == std::string{hawser::describe(error)} + "\n");
    CHECK((answer.header("Allow") == "GET") == (status == 405));
    CHECK((answer.header("Upgrade") == "websocket") == (status == 426));
    CHECK((answer.header("Sec-WebSocket-Version") == "13") == (status == 426));
  }
}

}  // namespace
