// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_head.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::errc;
using hawser::head_limits;
using hawser::http_head;
using kind = http_head::kind;

namespace {

/// The result of a head that arrives in these pieces, as one line: the three parts of the first
/// line, the header fields, the number of bytes taken, and the rest of the input.
std::string outcome(kind of, const segments& arriving, head_limits limits = {}) {
  http_head head{of, limits};
  const auto left = feed(head, arriving, http_head::status::need_more);
  hawser::bytes_view nothing;
  switch (head.next(nothing)) {
    case http_head::status::need_more: return "need more";
    case http_head::status::failed: return std::string{hawser::describe(head.error())};
    case http_head::status::done: break;
  }
  std::string story = of == kind::request
                          ? std::string{head.method()}.append(" ").append(head.target())
                          : std::to_string(head.status_code()).append(" ").append(head.reason());
  story += head.is_http_1_1() ? " | " : " (not 1.1) | ";
  for (const auto field : head.fields())
    story.append(field.name).append("=").append(field.value) += ' ';
  return story.append("| ").append(std::to_string(head.size())).append(" + ").append(left);
}

void check(kind of, std::string_view text, std::string_view expected, head_limits limits = {}) {
  CAPTURE(text);
  for (const auto& way : segmentations(text)) {
    CAPTURE(way.size());
    CHECK(outcome(of, way, limits) == expected);
  }
}

const std::string bad_line{hawser::describe(errc::bad_start_line)};
const std::string bad_field{hawser::describe(errc::bad_header_field)};
const std::string too_large{hawser::describe(errc::head_too_large)};
const std::string too_many{hawser::describe(errc::too_many_fields)};
const std::string too_long{hawser::describe(errc::target_too_long)};

TEST_CASE("a request's head is read to its empty line and no further", "[rfc9112-2.1][rfc9112-3]") {
  check(kind::request, "GET / HTTP/1.1\r\n\r\n", "GET / | | 18 + ");
  check(kind::request, "GET /chat?x=1 HTTP/1.1\r\nHost: h\r\nA:b\r\n\r\n\x81\x05Hello\r\n\r\n",
        "GET /chat?x=1 | Host=h A=b | 40 + \x81\x05Hello\r\n\r\n");
  check(kind::request, "M-SEARCH * HTTP/1.1\r\n\r\n", "M-SEARCH * | | 23 + ");
  check(kind::request, "GET http://h/x HTTP/1.1\r\n\r\nGET", "GET http://h/x | | 27 + GET");
  check(kind::request, "GET /a#b\"<>\\^`{|} HTTP/1.1\r\n\r\n", "GET /a#b\"<>\\^`{|} | | 30 + ");
}

TEST_CASE("a response's head is read to its empty line and no further", "[rfc9112-4]") {
  check(kind::response, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81",
        "101 Switching Protocols | Upgrade=websocket | 56 + \x81");
  check(kind::response, "HTTP/1.1 404 \r\n\r\n", "404  | | 17 + ");
  check(kind::response, "HTTP/1.1 404  x \r\n\r\n", "404  x  | | 20 + ");
  check(kind::response, "HTTP/1.0 200 OK\r\n\r\n", "200 OK (not 1.1) | | 19 + ");
  check(kind::response, "HTTP/1.1 500 caf\xC3\xA9\there\r\n\r\n",
        "500 caf\xC3\xA9\there | | 27 + ");
  check(kind::response, "HTTP/1.1 007 x\r\n\r\n", "7 x | | 18 + ");
}

TEST_CASE("the version is reported and changes nothing", "[rfc9112-2.3]") {
  check(kind::request, "GET / HTTP/1.0\r\n\r\n", "GET / (not 1.1) | | 18 + ");
  check(kind::request, "GET / HTTP/2.0\r\n\r\n", "GET / (not 1.1) | | 18 + ");
  check(kind::request, "GET / HTTP/0.9\r\n\r\n", "GET / (not 1.1) | | 18 + ");
  check(kind::request, "GET / HTTP/1.2\r\n\r\n", "GET / | | 18 + ");
  check(kind::request, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI * (not 1.1) | | 18 + SM\r\n\r\n");
}

TEST_CASE("white space around a value is removed, case and repeated fields are kept",
          "[rfc9112-5]") {
  check(kind::request, "GET / HTTP/1.1\r\nA: \t x y \t \r\nB:\r\na:z\r\nC:  \r\n\r\n",
        "GET / | A=x y B= a=z C= | 46 + ");
  check(kind::request, "GET / HTTP/1.1\r\nX: a:b: c\r\n\r\n", "GET / | X=a:b: c | 29 + ");
  check(kind::request, "GET / HTTP/1.1\r\nX: \xC3\xA9\xFF\r\n\r\n",
        "GET / | X=\xC3\xA9\xFF | 26 + ");
}

TEST_CASE("one empty line before a request is ignored", "[rfc9112-2.2]") {
  check(kind::request, "\r\nGET / HTTP/1.1\r\n\r\n", "GET / | | 20 + ");
  check(kind::request, "\r\n\r\nGET / HTTP/1.1\r\n\r\n", bad_line);
  check(kind::request, "\nGET / HTTP/1.1\r\n\r\n", bad_line);
  check(kind::request, "\rGET / HTTP/1.1\r\n\r\n", bad_line);
  check(kind::response, "\r\nHTTP/1.1 200 OK\r\n\r\n", bad_line);
}

TEST_CASE("an unfinished head needs more, wherever it is cut") {
  const std::string_view whole = "\r\nGET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    check(kind::request, whole.substr(0, size), "need more");
  }
  const std::string_view answer = "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < answer.size(); ++size) {
    check(kind::response, answer.substr(0, size), "need more");
  }
}

TEST_CASE("a malformed request line is refused", "[rfc9112-3]") {
  using namespace std::string_view_literals;
  for (const auto line : {
           ""sv,
           " "sv,
           "GET"sv,
           "GET /"sv,
           "GET / "sv,
           " GET / HTTP/1.1"sv,
           "GET  / HTTP/1.1"sv,
           "GET /  HTTP/1.1"sv,
           "GET  HTTP/1.1"sv,
           " / HTTP/1.1"sv,
           "GET / HTTP/1.1 "sv,
           "GET\t/ HTTP/1.1"sv,
           "GET /\tHTTP/1.1"sv,
           "GET / x HTTP/1.1"sv,
           "G(T / HTTP/1.1"sv,
           "G:T / HTTP/1.1"sv,
           "/ HTTP/1.1"sv,
           "GET / http/1.1"sv,
           "GET / HTTP/1"sv,
           "GET / HTTP/1."sv,
           "GET / HTTP/.1"sv,
           "GET / HTTP/1.1.1"sv,
           "GET / HTTP/11"sv,
           "GET / HTTP/1,1"sv,
           "GET / HTTP/1.10"sv,
           "GET / HTTP/a.b"sv,
           "GET / HTTPS/1.1"sv,
           "GET / ICY/1.1"sv,
           "GET / HTTP /1.1"sv,
           "GET /\0 HTTP/1.1"sv,
           "GET /\x7f HTTP/1.1"sv,
           "GET /\xC3\xA9 HTTP/1.1"sv,
           "GET /\x1b HTTP/1.1"sv,
           "GET /\rHTTP/1.1"sv,
           "GET /a\nb HTTP/1.1"sv,
           "GE\0T / HTTP/1.1"sv,
           "\xC3\xA9 / HTTP/1.1"sv,
           "HTTP/1.1 200 OK"sv,
           // The first bytes of TLS.
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv,
       }) {
    check(kind::request, std::string{line} + "\r\nHost: h\r\n\r\n", bad_line);
  }
}

TEST_CASE("a malformed status line is refused", "[rfc9112-4]") {
  using namespace std::string_view_literals;
  for (const auto line : {
           ""sv,
           "HTTP/1.1"sv,
           "HTTP/1.1 "sv,
           "HTTP/1.1 20"sv,
           "HTTP/1.1 20 OK"sv,
           "HTTP/1.1 2000 OK"sv,
           "HTTP/1.1 2x0 OK"sv,
           "HTTP/1.1 -20 OK"sv,
           "HTTP/1.1  200 OK"sv,
           "HTTP/1 200 OK"sv,
           "http/1.1 200 OK"sv,
           "HTTP/1.10 200 OK"sv,
           "ICY 200 OK"sv,
           " HTTP/1.1 200 OK"sv,
           "HTTP/1.1\t200 OK"sv,
           "HTTP/1.1 200 O\0K"sv,
           "HTTP/1.1 200 O\x1bK"sv,
           "HTTP/1.1 200 O\rK"sv,
           "HTTP/1.1 200 O\nK"sv,
           "HTTP/1.1 200\tOK"sv,
           "SSH-2.0-OpenSSH_9.2p1"sv,
           "GET / HTTP/1.1"sv,
       }) {
    check(kind::response, std::string{line} + "\r\n\r\n", bad_line);
  }
}

TEST_CASE("lines end in CR LF, and neither stands alone", "[rfc9112-2.2]") {
  check(kind::request, "GET / HTTP/1.1\n\n", bad_line);
  check(kind::request, "GET / HTTP/1.1\r\r\n\r\n", bad_line);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\n\r\n", bad_field);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\n\n", bad_field);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", bad_field);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\r\r\n\r\n", bad_field);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\r\n\n", bad_field);
  check(kind::request, "GET / HTTP/1.1\r\nA: b\r\n\rX", bad_field);
}

TEST_CASE("a header field is a name, a colon without space before it, and a value in one line",
          "[rfc9112-5.1]") {
  using namespace std::string_view_literals;
  for (const auto line : {
           "A"sv,
           "A b"sv,
           "A : b"sv,
           "A\t: b"sv,
           ": b"sv,
           " A: b"sv,
           "\tA: b"sv,
           "A\0: b"sv,
           "A\": b"sv,
           "A(): b"sv,
           "A\xC3\xA9: b"sv,
           "A: \0"sv,
           "A: b\x01"sv,
           "A: b\x7f"sv,
           "A: \x1b[2J"sv,
           "A: b\r\n\x01"sv,
       }) {
    check(kind::request, "GET / HTTP/1.1\r\n" + std::string{line} + "\r\n\r\n", bad_field);
    check(kind::response, "HTTP/1.1 200 OK\r\n" + std::string{line} + "\r\n\r\n", bad_field);
  }
}

TEST_CASE("a folded line is refused in a request", "[rfc9112-5.2]") {
  for (const std::string fold : {"\r\n c", "\r\n\tc", "\r\n \r\nC: d"}) {
    check(kind::request, "GET / HTTP/1.1\r\nA: b" + fold + "\r\n\r\n", bad_field);
  }
}

TEST_CASE("a fold in a response becomes one space of the value", "[rfc9112-5.2]") {
  const auto folded = [](const std::string& lines, const std::string& expected) {
    const auto head = "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n";
    check(kind::response, head + "more",
          "200 OK | " + expected + " | " + std::to_string(head.size()) + " + more");
  };
  folded("X-A: b;\r\n c", "X-A=b; c");
  folded("X-A: b; \t\r\n \t c\r\nD: e", "X-A=b; c D=e");
  folded("A:\r\n b\r\n c", "A=b c");
  folded("A: b\r\n \r\n\t \r\n c \r\nA: d", "A=b c A=d");
  folded("A: b\r\n \r\nC: d", "A=b C=d");
  folded("A:\r\n \r\n ", "A=");
  folded("A: b\r\n C: d", "A=b C: d");
}

TEST_CASE("a fold before the first header field, or a malformed one, is refused",
          "[rfc9112-2.2][rfc9112-5.2]") {
  for (const std::string lines :
       {" A: b", "\tA: b", "A: b\r\n \x01", "A: b\r\n c\n", "A: b\r\n \r\rC: d", "A: b\n c"}) {
    check(kind::response, "HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\n", bad_field);
  }
}

TEST_CASE("a status line may end after its code", "[rfc9112-4]") {
  check(kind::response, "HTTP/1.1 101\r\nUpgrade: websocket\r\n\r\n\x81",
        "101  | Upgrade=websocket | 36 + \x81");
  check(kind::response, "HTTP/1.1 200\r\n\r\n", "200  | | 16 + ");
}

/// The number of bytes of a text that are taken before the head fails.
std::size_t good_part(kind of, std::string_view text) {
  http_head head{of};
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto input = hawser::as_bytes(text.substr(i, 1));
    if (head.next(input) == http_head::status::failed) return i;
  }
  return text.size();
}

TEST_CASE("a response fails with the first byte that makes it invalid",
          "[rfc9112-2.3][rfc9112-3][rfc9112-4]") {
  const std::string_view wrong =
      GENERATE("!<html>", "!220 ready\r\n", "!SSH-2.0-x\r\n", "HTTP!S/1.1", "HTTP/!x", "HTTP/1!1",
               "HTTP/1.!", "HTTP/1.1!1 200", "HTTP/1.1 !OK", "HTTP/1.1 20!x", "HTTP/1.1 200!0",
               "HTTP/1.1 200 O!\n", "HTTP/1.1 200\r!K", "!\r\n", "HTTP/1.1 200 OK\r\nA!=b",
               "HTTP/1.1 200 OK\r\n!:b");
  const auto mark = wrong.find('!');
  const auto text = std::string{wrong.substr(0, mark)}.append(wrong.substr(mark + 1));
  CAPTURE(text);
  // If nothing follows the mark, the mark itself is the invalid byte.
  CHECK(good_part(kind::response, mark + 1 == wrong.size() ? wrong : text) == mark);
}

TEST_CASE("a request fails with the first byte that makes it invalid", "[rfc9112-3]") {
  const std::string_view wrong = GENERATE(
      "~\x16\x03\x01", "~ /", "~<html>", "GET~\r\n", "GET ~ ", "GET /~\r\n", "GET / ~FTP/1.1",
      "GET / ~x", "GET / H~ttp", "GET / HTTP/1.1~ ", "GET / HTTP/1.1\r~x",
      "GET / HTTP/1.1\r\nA~ : b", "GET / HTTP/1.1\r\n~: b", "GET / HTTP/1.1\r\nA: b\r\n~ c");
  const auto mark = wrong.find('~');
  const auto text = std::string{wrong.substr(0, mark)}.append(wrong.substr(mark + 1));
  CAPTURE(text);
  CHECK(good_part(kind::request, text) == mark);
}

std::string lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "A:b\r\n";
  return text;
}

TEST_CASE("header field number 101 is refused as soon as it starts", "[abuse]") {
  const std::string start = "GET / HTTP/1.1\r\n";
  for (const auto& way : segmentations(start + lines(100) + "\r\n")) {
    CHECK(outcome(kind::request, way).ends_with("| 518 + "));
  }
  check(kind::request, start + lines(100), "need more");
  check(kind::request, start + lines(100) + "A", too_many);
  check(kind::request, start + lines(100) + " ", too_many);
  check(kind::request, start + lines(2'000), too_many);
}

TEST_CASE("a head of 16 KiB is accepted, one byte more is refused as soon as it arrives",
          "[abuse]") {
  std::string text = "GET / HTTP/1.1\r\nA: ";
  text.append(16 * 1024 - text.size() - 4, 'x');
  for (const auto& way : segmentations(text + "\r\n\r\nmore")) {
    CHECK(outcome(kind::request, way).ends_with("x | 16384 + more"));
  }
  check(kind::request, text + "x\r\n\r\n", too_large);
  check(kind::request, text + "\r\n\r", "need more");
  check(kind::request, text + "\r\nB: ", too_large);
  check(kind::request, text + "xxxx", "need more");
  check(kind::request, text + "xxxxx", too_large);
  check(kind::request, std::string(20'000, 'M'), too_large);
  check(kind::request, "GET / HTTP/1.1\r\n" + std::string(20'000, 'N'), too_large);
  check(kind::response, "HTTP/1.1 200 " + std::string(20'000, 'r'), too_large);
  check(kind::response, "HTTP/1.1 200 OK\r\n" + std::string(20'000, 'n'), too_large);
}

TEST_CASE("a target of 8 KiB is accepted, one byte more is refused as soon as it arrives",
          "[abuse]") {
  const std::string target = '/' + std::string(8 * 1024 - 1, 't');
  for (const auto& way : segmentations("GET " + target + " HTTP/1.1\r\n\r\n")) {
    CHECK(outcome(kind::request, way).starts_with("GET " + target + " |"));
  }
  check(kind::request, "GET " + target, "need more");
  check(kind::request, "GET " + target + "t", too_long);
  // The limit is checked before any error after it.
  check(kind::request, "GET " + target + "tt\x01", too_long);
  check(kind::request, "GET " + target + "\x01", bad_line);
}

TEST_CASE("limits can be set", "[abuse]") {
  const head_limits limits{.size = 40, .fields = 2, .target = 4};
  check(kind::request, "GET /abc HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", "GET /abc | A=1 B=2 | 33 + ",
        limits);
  check(kind::request, "GET /abcd HTTP/1.1\r\n\r\n", too_long, limits);
  check(kind::request, "GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\n\r\n", too_many, limits);
  check(kind::request, "GET / HTTP/1.1\r\nA: 0123456789012345678901\r\n\r\n", too_large, limits);
  check(kind::request, "GE", too_large, {.size = 1});
  check(kind::request, "GET / HTTP/1.1\r\nA: 1\r\nB", too_many, {.fields = 1});
}

TEST_CASE("each byte is taken when it arrives and parsed once", "[abuse]") {
  // To read a byte twice, a parser would have to leave it in the input or store it. This parser only
  // gets views of one byte, which are invalid after the call.
  std::string text = "GET / HTTP/1.1\r\n";
  while (text.size() < 16'000) text += "X: y \r\n";
  http_head head{kind::request, {.fields = 10'000}};
  std::size_t looked_at = 0;
  for (const char c : text + "\r\n") {
    hawser::bytes_view input = hawser::as_bytes({&c, 1});
    const auto status = head.next(input);
    REQUIRE(input.empty());
    ++looked_at;
    CHECK(head.size() == looked_at);
    CHECK((status == http_head::status::done) == (looked_at == text.size() + 2));
  }
}

TEST_CASE("a head that is done or failed takes no more bytes") {
  for (const std::string_view text : {"GET / HTTP/1.1\r\n\r\n", "GET\r"}) {
    http_head head{kind::request};
    auto input = hawser::as_bytes(text);
    const auto status = head.next(input);
    CHECK(status != http_head::status::need_more);
    auto more = hawser::as_bytes("GET / HTTP/1.1\r\n\r\n");
    CHECK(head.next(more) == status);
    CHECK(more.size() == 18);
  }
}

TEST_CASE("the fields can be moved out, and a head can be moved") {
  http_head head{kind::request};
  auto input = hawser::as_bytes("GET /x HTTP/1.1\r\nA: b\r\n\r\n");
  head.next(input);
  auto moved = std::move(head);
  CHECK(moved.target() == "/x");
  const auto fields = moved.take_fields();
  CHECK(fields.find("a") == "b");
  CHECK(moved.fields().empty());
}

}  // namespace
