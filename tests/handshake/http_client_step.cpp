// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_client_step.hpp"

#include <string>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Accepts only a response with status 204.
struct question : http_client_step {
  explicit question(head_limits limits = {}) : http_client_step{limits} { send("?"); }

  status next(bytes_view& input) {
    return http_client_step::next(input, [this] {
      ++decisions;
      response().status == 204 ? complete() : refuse(errc::upgrade_refused);
    });
  }

  int decisions = 0;
};

TEST_CASE("interim responses are skipped, and one limit counts all heads", "[rfc9110-15.2]") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
  const std::string all = interim + interim + "HTTP/1.1 204 No Content\r\n\r\nframes";
  for (const std::size_t size : {std::size_t{1}, all.size()}) {
    question asked;
    std::string left;
    for (std::size_t at = 0; at < all.size(); at += size) {
      auto input = as_bytes(all).subspan(at, size);
      asked.next(input);
      left += text(input);
    }
    CHECK(asked.state() == client_step::status::done);
    CHECK(asked.decisions == 1);
    CHECK(left == "frames");
  }
  question limited{{.size = interim.size() + 10}};
  auto input = as_bytes(all);
  CHECK(limited.next(input) == client_step::status::failed);
  CHECK(limited.decisions == 0);
}

TEST_CASE("a refusal is read with its head, and fails the step once its body is complete") {
  question asked;
  auto head = as_bytes("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno");
  CHECK(asked.next(head) == client_step::status::need_more);
  CHECK(asked.refused());
  CHECK(asked.error() == errc::upgrade_refused);
  auto rest = as_bytes("pe, and more");
  CHECK(asked.next(rest) == client_step::status::failed);
  CHECK(asked.response().body == "nope");
  CHECK(text(rest) == ", and more");
}

TEST_CASE("a refusal without a body fails at once, and one that is cut off is still a refusal") {
  question empty;
  auto head = as_bytes("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  CHECK(empty.next(head) == client_step::status::failed);

  question cut;
  head = as_bytes("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno");
  cut.next(head);
  CHECK(cut.receive_end() == client_step::status::failed);
  CHECK(cut.error() == errc::upgrade_refused);
  CHECK(cut.response().body == "no");
}

}  // namespace
