// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include "hawser/base/error.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::errc;
using hawser::header_fields;
using hawser::http_exchange;
using hawser::http_limits;
using hawser::http_version;
using hawser::request;
using hawser::response;
using exchange_status = http_exchange::status;

namespace {

exchange_status begin(http_exchange& one, const header_fields& lines, http_limits limits = {},
                      http_version version = http_version::http_1_1,
                      std::string_view method = "POST") {
  return one.begin(request{method, "/", lines}, version, limits);
}

/// Consumes the output and returns it.
std::string written(http_exchange& one) {
  auto all = text(one.output());
  one.consume_output(all.size());
  return all;
}

std::string answer_to(const header_fields& lines, const response& given,
                      http_version version = http_version::http_1_1,
                      std::string_view method = "GET") {
  http_exchange one;
  REQUIRE(begin(one, lines, {}, version, method) == exchange_status::request);
  const auto now = one.answer(given, "today");
  const auto answer = written(one);
  const bool closes = answer.find("\r\nConnection: close") != answer.npos;
  CHECK(now == (closes ? exchange_status::failed : exchange_status::answered));
  return answer;
}

TEST_CASE("the limits of plain requests are 64 KiB and 1000 requests by default") {
  CHECK(http_limits{}.body == 64 * 1024);
  CHECK(http_limits{}.requests == 1000);
}

TEST_CASE("a request is complete with its body, wherever that is cut", "[rfc9112-6]") {
  for (const auto& way : segmentations("5\r\nHello\r\n0\r\nA: b\r\n\r\nGET /")) {
    http_exchange one;
    CHECK(begin(one, {{"Transfer-Encoding", "chunked"}}) == exchange_status::need_more);
    CHECK(feed(one, way, exchange_status::need_more) == "GET /");
    CHECK(one.state() == exchange_status::request);
    CHECK(one.request().body() == "Hello");
    CHECK(one.output().empty());
  }
  http_exchange without;
  CHECK(begin(without, {{"Content-Length", "0"}}) == exchange_status::request);
  CHECK(without.request().body().empty());
}

TEST_CASE("a response has its length, its date and the state of the connection",
          "[rfc9110-6.6.1][rfc9112-9.3]") {
  const response ok{.headers = {{"X", "y"}, {"Content-Length", "7"}, {"Date", "never"}},
                    .body = "Hello"};
  const std::string head = "HTTP/1.1 200 OK\r\nX: y\r\nDate: today\r\n";
  const std::string tail = "Content-Length: 5\r\n\r\nHello";
  const std::string close = "Connection: close\r\n";
  const std::string kept = "Connection: keep-alive\r\n";
  const auto old = http_version::http_1_0;
  CHECK(answer_to({}, ok) == head + tail);
  CHECK(answer_to({{"Connection", "keep-alive"}}, ok) == head + tail);
  CHECK(answer_to({{"Connection", "x, Close"}}, ok) == head + close + tail);
  CHECK(answer_to({}, ok, old) == head + close + tail);
  CHECK(answer_to({{"Connection", "Keep-Alive"}}, ok, old) == head + kept + tail);
  CHECK(answer_to({{"Connection", "keep-alive, close"}}, ok, old) == head + close + tail);
  auto last = ok;
  last.headers.add("Connection", "close");
  CHECK(answer_to({}, last) == head + close + tail);
  CHECK(answer_to({}, ok, http_version::http_1_1, "HEAD") == head + "Content-Length: 5\r\n\r\n");
  CHECK(answer_to({}, response{.status = 204, .body = "no"}) ==
        "HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n");
}

TEST_CASE("a response that cannot be sent becomes a 500", "[abuse]") {
  for (const auto& bad :
       {response{.status = 101}, response{.status = 100}, response{.reason = "a\r\nX: y"},
        response{.headers = {{"X", "y\r\nSet-Cookie: evil=1"}}}}) {
    http_exchange one;
    begin(one, {});
    one.answer(bad);
    CHECK(one.error() == errc::bad_header_value);
    const auto answer = written(one);
    CHECK(answer.starts_with("HTTP/1.1 500 "));
    CHECK(answer.find("evil") == answer.npos);
  }
}

TEST_CASE("a client that expects 100-continue gets it before it sends its body",
          "[rfc9110-10.1.1]") {
  const header_fields lines{{"Expect", "100-Continue"}, {"Content-Length", "5"}};
  http_exchange one;
  CHECK(begin(one, lines) == exchange_status::need_more);
  hawser::bytes_view body = hawser::as_bytes(std::string_view{"Hello"});
  one.next(body);
  CHECK(body.size() == 5);  // the body is not read before 100 Continue is written
  CHECK(written(one) == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(one.next(body) == exchange_status::request);
  one.answer({});
  CHECK(written(one).starts_with("HTTP/1.1 200 OK\r\n"));

  // 100 Continue is not sent for a body that is refused, without a body, and in HTTP/1.0.
  http_exchange large;
  CHECK(begin(large, lines, {.body = 4}) == exchange_status::failed);
  CHECK(written(large).starts_with("HTTP/1.1 413 "));
  http_exchange empty;
  CHECK(begin(empty, {{"Expect", "100-continue"}}) == exchange_status::request);
  CHECK(empty.output().empty());
  http_exchange old;
  CHECK(begin(old, lines, {}, http_version::http_1_0) == exchange_status::need_more);
  CHECK(old.output().empty());
}

TEST_CASE("other expectations are refused", "[rfc9110-10.1.1]") {
  for (const header_fields& lines :
       {header_fields{{"Expect", "200-ok"}}, header_fields{{"Expect", "100-continue, x"}},
        header_fields{{"Expect", "100-continue"}, {"Expect", "x"}}}) {
    http_exchange one;
    CHECK(begin(one, lines) == exchange_status::failed);
    CHECK(one.error() == errc::unknown_expectation);
    CHECK(written(one).starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
    CHECK(begin(one, lines, {}, http_version::http_1_0) == exchange_status::request);
  }
}

TEST_CASE("a body that is too long, malformed or truncated ends the connection",
          "[rfc9112-9.3][abuse]") {
  struct wrong {
    header_fields lines;
    std::string_view body;
    errc error;
    std::string_view start;
  };
  for (const auto& [lines, body, error, start] :
       {wrong{{{"Content-Length", "11"}}, "", errc::body_too_large, "HTTP/1.1 413 "},
        wrong{{{"Transfer-Encoding", "chunked"}}, "b\r\n", errc::body_too_large, "HTTP/1.1 413 "},
        wrong{{{"Transfer-Encoding", "chunked"}}, "z", errc::bad_body, "HTTP/1.1 400 "},
        wrong{{{"Content-Length", "1"}, {"Content-Length", "1"}},
              "",
              errc::bad_body,
              "HTTP/1.1 400 "},
        wrong{
            {{"Transfer-Encoding", "gzip, chunked"}}, "", errc::unknown_coding, "HTTP/1.1 501 "}}) {
    http_exchange one;
    begin(one, lines, {.body = 10});
    auto input = hawser::as_bytes(body);
    CHECK(one.next(input) == exchange_status::failed);
    CHECK(one.error() == error);
    const auto answer = written(one);
    CHECK(answer.starts_with(start));
    CHECK(answer.find("\r\nConnection: close\r\n") != answer.npos);
  }
  http_exchange cut;
  begin(cut, {{"Content-Length", "5"}});
  CHECK(cut.receive_end() == exchange_status::failed);
  CHECK(cut.error() == errc::truncated_handshake);
  CHECK(written(cut).starts_with("HTTP/1.1 400 "));
}

TEST_CASE("the number of requests of a connection is limited", "[abuse]") {
  http_exchange one;
  for (const auto now :
       {exchange_status::answered, exchange_status::answered, exchange_status::failed}) {
    begin(one, {}, {.requests = 3});
    CHECK(one.answer({}) == now);
    CHECK((written(one).find("close") == std::string::npos) == (now == exchange_status::answered));
  }
  http_exchange single;
  begin(single, {}, {.requests = 1});
  CHECK(single.answer({}) == exchange_status::failed);
  http_exchange free;
  for (int i = 0; i < 2000; ++i) {
    begin(free, {}, {.requests = 0});
    CHECK(free.answer({}) == exchange_status::answered);
  }
}

TEST_CASE("a driver can end an exchange for a reason of its own, with a response") {
  http_exchange slow;
  begin(slow, {{"Content-Length", "5"}});
  CHECK(slow.fail(errc::handshake_timeout) == exchange_status::failed);
  CHECK(written(slow).starts_with("HTTP/1.1 408 "));
  // While the application has not answered, the client is not late.
  http_exchange waits;
  begin(waits, {});
  CHECK(waits.fail(errc::handshake_timeout, "today") == exchange_status::failed);
  const auto answer = written(waits);
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.find("\r\nDate: today\r\n") != answer.npos);
  CHECK(waits.answer({}) == exchange_status::failed);
  CHECK(waits.output().empty());

  http_exchange answered;
  begin(answered, {});
  answered.answer({});
  CHECK(answered.fail(errc::closed) == exchange_status::answered);
  CHECK(written(answered).starts_with("HTTP/1.1 200 "));
}

TEST_CASE("an answer to no request, or a second one, has no effect") {
  http_exchange one;
  CHECK(one.answer({}) == exchange_status::answered);
  CHECK(one.output().empty());
  begin(one, {{"Content-Length", "1"}});
  CHECK(one.answer({}) == exchange_status::need_more);
  CHECK(one.receive_end() == exchange_status::failed);
  CHECK(one.receive_end() == exchange_status::failed);
  http_exchange two;
  begin(two, {});
  CHECK(two.receive_end() == exchange_status::request);
  two.answer({.status = 404});
  two.answer({.status = 200});
  CHECK(written(two).starts_with("HTTP/1.1 404 "));
}

}  // namespace
