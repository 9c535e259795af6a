// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/request_body.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::body_framing;
using hawser::errc;
using hawser::header_fields;
using hawser::http_version;
using hawser::request_body_reader;
using hawser::request_framing;
using reading_status = request_body_reader::status;

namespace {

constexpr body_framing in_chunks{.chunked = true};

/// The body, then `|` and the rest of the input if the body is complete, or `!` and the error.
std::string outcome(const body_framing& framing, const segments& arriving, std::size_t limit) {
  request_body_reader reader{framing, limit};
  std::string body;
  std::string left;
  hawser::bytes_view nothing;
  auto now = reader.next(nothing, body);
  for (const auto& segment : arriving) {
    const auto memory = bytes(segment);
    hawser::bytes_view input{memory};
    now = reader.next(input, body);
    if (now == reading_status::need_more && !input.empty()) return "not taken";
    if (now == reading_status::failed) break;
    left += text(input);
  }
  if (now == reading_status::failed) return "! " + std::string{describe(reader.error())};
  return body + (now == reading_status::done ? "|" : "...") + left;
}

std::string outcome_of(const body_framing& framing, std::string_view text,
                       std::size_t limit = 100) {
  const auto ways = segmentations(text);
  const auto whole = outcome(framing, ways.front(), limit);
  for (const auto& way : ways) CHECK(outcome(framing, way, limit) == whole);
  return whole;
}

std::string failure(errc error) { return "! " + std::string{describe(error)}; }

TEST_CASE("a body has the length in its head, or none", "[rfc9112-6.3]") {
  const auto length = [](std::string_view digits) {
    const auto framing = request_framing({{"content-length", digits}}, http_version::http_1_0);
    CHECK(framing.error == errc{});
    CHECK_FALSE(framing.chunked);
    return framing.length;
  };
  CHECK(length("0") == 0);
  CHECK(length("5") == 5);
  CHECK(length("0017") == 17);
  CHECK(length("18446744073709551615") == 18446744073709551615U);
  CHECK(length("99999999999999999999999999") == (std::numeric_limits<std::uint64_t>::max)());
  CHECK(request_framing({}, http_version::http_1_1).is_empty());
  CHECK(request_framing({{"Content-Length", "0"}}, http_version::http_1_1).is_empty());
  const auto chunked = request_framing({{"transfer-encoding", "Chunked"}}, http_version::http_1_1);
  CHECK(chunked.chunked);
  CHECK_FALSE(chunked.is_empty());
}

TEST_CASE("an ambiguous length is an error", "[rfc9112-6.3][rfc9112-11.2][abuse]") {
  for (const auto digits : {"", "five", "5x", "-1", "+5", "0x5", "5, 5", "5,", "5 5", "5;", "5."}) {
    CAPTURE(digits);
    CHECK(request_framing({{"Content-Length", digits}}, http_version::http_1_1).error ==
          errc::bad_body);
  }
  for (const header_fields& fields : {
           header_fields{{"Content-Length", "5"}, {"Content-Length", "5"}},
           header_fields{{"Content-Length", "5"}, {"content-length", "6"}},
           header_fields{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
           header_fields{{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}},
           header_fields{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
           header_fields{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", ""}},
           header_fields{{"Transfer-Encoding", ""}},
           header_fields{{"Transfer-Encoding", "identity"}},
           header_fields{{"Transfer-Encoding", "xchunked"}},
           header_fields{{"Transfer-Encoding", "\"chunked\""}},
           header_fields{{"Transfer-Encoding", ", chunked"}},
           header_fields{{"Transfer-Encoding", "chunked;x=y"}},
           header_fields{{"Transfer-Encoding", "chunked, gzip"}},
           header_fields{{"Transfer-Encoding", "chunked, chunked"}},
           header_fields{{"Transfer-Encoding", "chunked, gzip, chunked"}},
       }) {
    CAPTURE(fields.text());
    CHECK(request_framing(fields, http_version::http_1_1).error == errc::bad_body);
  }
  CHECK(request_framing({{"Transfer-Encoding", "chunked"}}, http_version::http_1_0).error ==
        errc::bad_body);
  for (const header_fields& fields :
       {header_fields{{"Transfer-Encoding", "gzip, chunked"}},
        header_fields{{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}}) {
    CHECK(request_framing(fields, http_version::http_1_1).error == errc::unknown_coding);
  }
}

TEST_CASE("a body of a known length ends with its last byte", "[rfc9112-6.2]") {
  CHECK(outcome_of({.length = 0}, "next") == "|next");
  CHECK(outcome_of({.length = 1}, "1next") == "1|next");
  CHECK(outcome_of({.length = 5}, "Hello, world") == "Hello|, world");
  CHECK(outcome_of({.length = 5}, "Hell") == "Hell...");
  CHECK(outcome_of({}, "Hello") == "|Hello");
}

TEST_CASE("the chunked body of a request is joined and ends with the empty chunk",
          "[rfc9112-7.1]") {
  CHECK(outcome_of(in_chunks, "5\r\nHello\r\n7\r\n, world\r\n0\r\n\r\nGET /") ==
        "Hello, world|GET /");
  CHECK(outcome_of(in_chunks, "A\r\n0123456789\r\n0a\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n\r\n") ==
        "0123456789\r\n\r\n\r\n\r\n\r\n|");
  CHECK(outcome_of(in_chunks, "0000000000000001\r\nx\r\n0000\r\n\r\n") == "x|");
  CHECK(outcome_of(in_chunks, "5\r\nHello\r\n0\r\n") == "Hello...");
  CHECK(outcome_of(in_chunks, "5\r\nHel") == "Hel...");
  CHECK(outcome_of(in_chunks, "0\r\n\r\n\r\n") == "|\r\n");
}

TEST_CASE("chunk extensions and trailers are dropped", "[rfc9112-7.1.1][rfc9112-7.1.2]") {
  CHECK(outcome_of(in_chunks, "5;name=\"va;lue\";x\r\nHello\r\n0 \t;y\r\n\r\n.") == "Hello|.");
  CHECK(outcome_of(in_chunks, "1\r\nx\r\n0\r\nA: b\r\nContent-Length:9\r\nC:\r\n\r\n.") == "x|.");
}

TEST_CASE("malformed chunks are refused", "[rfc9112-7.1][rfc9112-11.2][abuse]") {
  for (const std::string text : {
           "\r\n",
           "\n",
           ";x\r\n",
           " 5\r\nHello\r\n",
           "-5\r\n",
           "+5\r\n",
           "0x5\r\nHello\r\n",
           "5g\r\n",
           "5 \r\nHello\r\n",
           "5 5\r\n",
           "5\nHello\r\n0\r\n\r\n",
           "5\rHello",
           "5;x\nHello",
           "5;x\r\r\nHello",
           "00000000000000005\r\nHello\r\n",
           "fffffffffffffffff\r\n",
           "5\r\nHello0\r\n\r\n",
           "5\r\nHello\n0\r\n\r\n",
           "5\r\nHello\rx",
           "5\r\nHello, world\r\n",
           "0\r\n\n",
           "0\r\n\rx",
           "0\r\n: b\r\n\r\n",
           "0\r\nA\r\n\r\n",
           "0\r\nA : b\r\n\r\n",
           "0\r\n A: b\r\n\r\n",
           "0\r\nA: b\r\n c\r\n\r\n",
           "0\r\nA: b\n\r\n",
           "0\r\nA: b\rC: d\r\n\r\n",
           "<html>",
       }) {
    CAPTURE(text);
    CHECK(outcome_of(in_chunks, text) == failure(errc::bad_body));
  }
  for (const auto& text : {std::string{"5;\0\r\n", 5}, std::string{"0\r\nA: \0\r\n\r\n", 9}}) {
    CHECK(outcome_of(in_chunks, text) == failure(errc::bad_body));
  }
}

TEST_CASE("a body may be as long as the limit and not a byte longer", "[abuse]") {
  const auto large = failure(errc::body_too_large);
  CHECK(outcome_of({.length = 5}, "Hello", 5) == "Hello|");
  CHECK(outcome_of({.length = 6}, "", 5) == large);
  CHECK(outcome_of({}, ".", 0) == "|.");
  CHECK(outcome_of({.length = 1}, "", 0) == large);
  CHECK(outcome_of(in_chunks, "0\r\n\r\n", 0) == "|");
  CHECK(outcome_of(in_chunks, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5) == "abcde|");
  CHECK(outcome_of(in_chunks, "3\r\nabc\r\n3\r\n", 5) == large);
  CHECK(outcome_of(in_chunks, "ffffffffffffffff\r\n", 5) == large);
  CHECK(outcome_of(in_chunks, "1\r\na\r\nffffffffffffffff\r\n", 5) == large);
}

TEST_CASE("extensions and trailers have their own limit", "[abuse]") {
  const auto large = failure(errc::body_too_large);
  CHECK(outcome(in_chunks, {"1;" + std::string(4000, 'x') + "\r\na\r\n0\r\n\r\n"}, 5) == "a|");
  CHECK(outcome(in_chunks, {"1;" + std::string(5000, 'x')}, 5) == large);
  CHECK(outcome(in_chunks, {"1" + std::string(5000, ' ')}, 5) == large);
  CHECK(outcome(in_chunks, {"0\r\n" + std::string(5000, 'x')}, 5) == large);
  std::string many = "0\r\n";
  for (int i = 0; i < 2000; ++i) many += "a:b\r\n";
  CHECK(outcome(in_chunks, {many}, 5) == large);
  std::string chunks;
  for (int i = 0; i < 2000; ++i) chunks += "1;abc\r\nx\r\n";
  CHECK(outcome(in_chunks, {chunks}, 10'000) == large);
}

}  // namespace
