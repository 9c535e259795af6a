// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/http_tunnel.hpp"

#include <string>
#include <string_view>

#include "hawser/base/error.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::errc;
using hawser::header_fields;
using hawser::http_tunnel;
using hawser::proxy;
using hawser::uri;
using tunnel_status = http_tunnel::status;

namespace {

const uri tunnel_target = *uri::decode("wss://server.example.com/chat?secret");
const proxy plain_proxy = *proxy::decode("http://proxy.example:3128");
const proxy proxy_with_user = *proxy::decode("http://Aladdin:open%20sesame@proxy.example");

TEST_CASE("the request for a tunnel contains only the host and port", "[rfc9110-9.3.6]") {
  const http_tunnel tunnel{tunnel_target, plain_proxy};
  CHECK(tunnel.state() == tunnel_status::need_more);
  CHECK(text(tunnel.output()) ==
        "CONNECT server.example.com:443 HTTP/1.1\r\n"
        "Host: server.example.com:443\r\n"
        "\r\n");
}

TEST_CASE("an IPv6 address has brackets", "[rfc9110-9.3.6]") {
  const http_tunnel tunnel{*uri::decode("ws://[2001:db8::7]"), plain_proxy};
  CHECK(text(tunnel.output()) ==
        "CONNECT [2001:db8::7]:80 HTTP/1.1\r\n"
        "Host: [2001:db8::7]:80\r\n"
        "\r\n");
}

TEST_CASE("credentials and additional fields are sent", "[rfc7617-2]") {
  const http_tunnel tunnel{tunnel_target, proxy_with_user, {{"User-Agent", "u"}, {"X", "y"}}};
  CHECK(text(tunnel.output()) ==
        "CONNECT server.example.com:443 HTTP/1.1\r\n"
        "Host: server.example.com:443\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
        "User-Agent: u\r\n"
        "X: y\r\n"
        "\r\n");
  const http_tunnel bearer{tunnel_target, plain_proxy, {{"Proxy-Authorization", "Bearer t"}}};
  CHECK(text(bearer.output()).find("Proxy-Authorization: Bearer t\r\n") != std::string::npos);
}

TEST_CASE("a request that must not be sent to a proxy fails before anything is sent", "[abuse]") {
  const struct {
    proxy via;
    header_fields more;
  } table[] = {
      {plain_proxy, {{"X", "a\r\nSet-Cookie: evil=1"}}},
      {plain_proxy, {{"Host", "other"}}},
      {plain_proxy, {{"Content-Length", "5"}}},
      {plain_proxy, {{"Transfer-Encoding", "chunked"}}},
      {proxy_with_user, {{"proxy-authorization", "Bearer t"}}},
      {{hawser::proxy_kind::http, "h", 80, "a:b", "c"}, {}},
  };
  for (const auto& row : table) {
    http_tunnel tunnel{tunnel_target, row.via, row.more};
    CHECK(tunnel.state() == tunnel_status::failed);
    CHECK(tunnel.error() == errc::bad_header_value);
    CHECK(tunnel.output().empty());
    CHECK(give(tunnel, "HTTP/1.1 200 OK\r\n\r\n") == tunnel_status::failed);
  }
}

TEST_CASE("output can be consumed in any portions") {
  http_tunnel tunnel{tunnel_target, plain_proxy};
  const auto all = text(tunnel.output());
  std::string written;
  while (!tunnel.output().empty()) {
    written += text(tunnel.output().first(1));
    tunnel.consume_output(1);
  }
  CHECK(written == all);
}

TEST_CASE("after any 2xx the bytes that follow belong to the server and stay in the input",
          "[rfc9110-9.3.6]") {
  for (const std::string_view head : {
           "HTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.0 200 Connection established\r\n\r\n",
           "HTTP/1.1 200 \r\nVia: x\r\n\r\n",
           // RFC 9112 §4 and §5.2: without a reason, and with a folded line.
           "HTTP/1.1 200\r\nVia: x,\r\n y\r\n\r\n",
           "HTTP/1.1 204 No Content\r\n\r\n",
           "HTTP/1.1 299 Why Not\r\n\r\n",
           // A length and an encoding are ignored there.
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
           "HTTP/1.1 200 OK\r\n\r\n",
       }) {
    for (const std::string_view rest : {"", "\x16\x03\x01\r\nHTTP/1.1 "}) {
      for (const auto& way : segmentations(std::string{head}.append(rest))) {
        CAPTURE(head, rest, way.size());
        http_tunnel tunnel{tunnel_target, plain_proxy};
        CHECK(feed(tunnel, way, tunnel_status::need_more) == rest);
        CHECK(tunnel.state() == tunnel_status::done);
        CHECK(tunnel.error() == errc{});
        CHECK(tunnel.response().status / 100 == 2);
        CHECK(tunnel.response().body.empty());
        CHECK(tunnel.fail(errc::handshake_timeout) == tunnel_status::done);
        CHECK(tunnel.receive_end() == tunnel_status::done);
        CHECK(tunnel.error() == errc{});
      }
    }
  }
}

TEST_CASE("a refusal is reported with status, headers and body", "[rfc9110-15]") {
  const struct {
    std::string_view answer;
    errc error;
    unsigned code;
    std::string_view body;
  } table[] = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n"
       "Content-Length: 2\r\n\r\nno",
       errc::proxy_authentication, 407, "no"},
      {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", errc::proxy_refused, 403, ""},
      {"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\nabc\r\n1\r\nd\r\n0\r\n",
       errc::proxy_refused, 503, "abcd"},
      {"HTTP/1.0 502 Bad Gateway\r\nContent-Length: 1\r\n\r\nx", errc::proxy_refused, 502, "x"},
      {"HTTP/1.1 304 Not Modified\r\n\r\n", errc::proxy_refused, 304, ""},
      {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /\r\n\r\n", errc::proxy_refused, 302,
       ""},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", errc::proxy_refused, 101, ""},
      {"HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n", errc::proxy_refused, 600, ""},
  };
  for (const auto& row : table) {
    for (const auto& way : segmentations(row.answer)) {
      CAPTURE(row.answer, way.size());
      http_tunnel tunnel{tunnel_target, plain_proxy};
      CHECK(feed(tunnel, way, tunnel_status::need_more).empty());
      CHECK(tunnel.state() == tunnel_status::failed);
      CHECK(tunnel.error() == row.error);
      CHECK(tunnel.response().status == row.code);
      CHECK(tunnel.response().body == row.body);
    }
  }
  http_tunnel tunnel{tunnel_target, plain_proxy};
  give(tunnel, table[0].answer);
  CHECK(tunnel.response().header("proxy-authenticate") == "Basic realm=x");
  CHECK(tunnel.response().reason == "Proxy Authentication Required");
}

TEST_CASE("a refusal remains one if its body is cut off, too slow or too long", "[abuse]") {
  const std::string head = "HTTP/1.1 407 No\r\n\r\n";
  http_tunnel ended{tunnel_target, plain_proxy};
  CHECK(give(ended, head + "wh") == tunnel_status::need_more);
  CHECK(ended.receive_end() == tunnel_status::failed);
  CHECK(ended.error() == errc::proxy_authentication);
  CHECK(ended.response().body == "wh");

  http_tunnel slow{tunnel_target, plain_proxy};
  give(slow, head);
  CHECK(slow.fail(errc::handshake_timeout) == tunnel_status::failed);
  CHECK(slow.error() == errc::proxy_authentication);

  http_tunnel endless{tunnel_target, plain_proxy};
  CHECK(give(endless, head + std::string(hawser::max_body_size + 1, 'x')) == tunnel_status::failed);
  CHECK(endless.response().body.size() == hawser::max_body_size);
}

TEST_CASE("a proxy that does not speak HTTP, or sends too much, fails the tunnel", "[abuse]") {
  const struct {
    std::string answer;
    errc error;
  } table[] = {
      {"\x05\x01", errc::bad_start_line},
      {"SSH-2.0-x\r\n", errc::bad_start_line},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", errc::bad_header_field},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'), errc::head_too_large},
  };
  for (const auto& row : table) {
    for (const auto& way : segmentations(row.answer)) {
      CAPTURE(row.answer.substr(0, 30), way.size());
      http_tunnel tunnel{tunnel_target, plain_proxy};
      feed(tunnel, way, tunnel_status::need_more);
      CHECK(tunnel.state() == tunnel_status::failed);
      CHECK(tunnel.error() == row.error);
    }
  }
}

TEST_CASE("interim responses count for one limit", "[abuse]") {
  http_tunnel tunnel{tunnel_target, plain_proxy, {}, {.size = 200}};
  std::string answer;
  for (int i = 0; i < 20; ++i) answer += "HTTP/1.1 100 Continue\r\n\r\n";
  CHECK(give(tunnel, answer) == tunnel_status::failed);
  CHECK(tunnel.error() == errc::head_too_large);
}

TEST_CASE("the end of the stream or a timeout before the response fails the tunnel") {
  const std::string_view answer = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < answer.size(); ++size) {
    http_tunnel ended{tunnel_target, plain_proxy};
    CHECK(give(ended, answer.substr(0, size)) == tunnel_status::need_more);
    CHECK(ended.receive_end() == tunnel_status::failed);
    CHECK(ended.error() == errc::truncated_handshake);

    http_tunnel slow{tunnel_target, plain_proxy};
    give(slow, answer.substr(0, size));
    CHECK(slow.fail(errc::handshake_timeout) == tunnel_status::failed);
    CHECK(slow.error() == errc::handshake_timeout);
    CHECK(give(slow, answer) == tunnel_status::failed);
  }
}

}  // namespace
