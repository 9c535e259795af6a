// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/body.hpp"

#include <string>
#include <string_view>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::body_reader;
using hawser::header_fields;

namespace {

/// The body, then `|` if it is complete, then the bytes left in the input.
std::string outcome(body_reader reader, const segments& arriving) {
  std::string body;
  std::string left;
  hawser::bytes_view nothing;
  bool done = reader.next(nothing, body);
  for (const auto& segment : arriving) {
    const auto memory = bytes(segment);
    hawser::bytes_view input{memory};
    done = reader.next(input, body);
    left += text(input);
  }
  return body + (done ? "|" : "") + left;
}

void check(const header_fields& headers, std::string_view text, std::string_view expected,
           unsigned status = 404) {
  CAPTURE(headers.text(), text);
  for (const auto& way : segmentations(text)) {
    CAPTURE(way.size());
    CHECK(outcome(body_reader{status, headers}, way) == expected);
  }
}

TEST_CASE("a body of a known length is complete with its last byte", "[rfc9112-6.2]") {
  check({{"Content-Length", "5"}}, "Hello, world", "Hello|, world");
  check({{"content-length", "5"}}, "Hell", "Hell");
  check({{"Content-Length", "0"}}, "Hello", "|Hello");
  check({{"Content-Length", "0"}}, "", "|");
}

TEST_CASE("a body without a length continues until the stream ends", "[rfc9112-6.3]") {
  check({}, "Hello", "Hello");
  for (const auto length : {"", "five", "5x", "-1", "5, 5", "99999999999999999999999"}) {
    check({{"Content-Length", length}}, "Hello", "Hello");
  }
  check({{"Content-Length", "1"}, {"Content-Length", "2"}}, "Hello", "Hello");
  check({{"Content-Length", "1"}, {"Transfer-Encoding", "gzip"}}, "Hello", "Hello");
}

TEST_CASE("a status without a body has none, whatever the header fields are", "[rfc9112-6.3]") {
  for (const unsigned status : {204U, 304U}) {
    check({{"Content-Length", "5"}}, "Hello", "|Hello", status);
    check({{"Transfer-Encoding", "chunked"}}, "5\r\nHello\r\n", "|5\r\nHello\r\n", status);
    check({}, "Hello", "|Hello", status);
  }
  CHECK(outcome(body_reader{}, {"Hello"}) == "|Hello");
}

TEST_CASE("a chunked body is joined and ends with the empty chunk", "[rfc9112-7.1]") {
  const header_fields chunked{{"Transfer-Encoding", "Chunked"}, {"Content-Length", "3"}};
  check(chunked, "5\r\nHello\r\n7\r\n, world\r\n0\r\n\r\n", "Hello, world|\r\n");
  check(chunked, "0005;name=\"value\"\r\nHello\r\n0;x\r\n", "Hello|");
  check(chunked, "A\r\n0123456789\r\na\r\n\r\n\r\n\r\n\r\n\r\n\r\n0\r\n",
        "0123456789\r\n\r\n\r\n\r\n\r\n|");
  check(chunked, "5\r\nHello\r\n5\r\nHe", "HelloHe");
  check(chunked, "0\r\n", "|");
  // Not chunks at all.
  check(chunked, "<html>\r\n", "|");
}

TEST_CASE("of a long body the first 64 KiB are kept and no more is read", "[abuse]") {
  const std::string most(hawser::max_body_size, 'x');
  const auto kept = [&](const header_fields& headers, const std::string& text) {
    return outcome(body_reader{500, headers}, {text});
  };
  CHECK(kept({}, most) == most + "|");
  CHECK(kept({}, most + "yz") == most + "|yz");
  CHECK(kept({{"Content-Length", "65536"}}, most + "yz") == most + "|yz");
  CHECK(kept({{"Content-Length", "65537"}}, most + "yz") == most + "|yz");
  CHECK(kept({{"Transfer-Encoding", "chunked"}}, "ffffffffffffffffffffffff\r\n" + most + "yz") ==
        most + "|yz");
  CHECK(kept({{"Transfer-Encoding", "chunked"}}, "10000000000000001\r\n" + most + "yz") ==
        most + "|yz");
  CHECK(kept({{"Transfer-Encoding", "chunked"}}, "10000\r\n" + most + "\r\n") == most + "|\r\n");
}

}  // namespace
