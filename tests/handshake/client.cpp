// SPDX-License-Identifier: BSL-1.0
#include "hawser/handshake/client.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/version.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::client_handshake;
using hawser::default_client_policy;
using hawser::errc;
using hawser::extension_list;
using hawser::header_fields;
using hawser::uri;
using client_status = client_handshake<>::status;

namespace {

/// The key of RFC 6455 §1.2.
std::array<std::byte, 16> sample_key() {
  std::array<std::byte, 16> data{};
  const auto nonce = bytes("the sample nonce");
  std::copy(nonce.begin(), nonce.end(), data.begin());
  return data;
}

const uri example_server = *uri::decode("ws://server.example.com/chat");

client_handshake<> client(default_client_policy policy = {}) {
  return {example_server, sample_key(), std::move(policy)};
}

/// A valid response with the header lines `more`.
std::string answering(std::string_view more = {}) {
  return std::string{
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"}
      .append(more)
      .append("\r\n");
}

/// A valid response in which `instead` replaces `what`.
std::string answering_with(std::string_view what, std::string_view instead) {
  return replaced(answering(), what, instead);
}

TEST_CASE("the request has the spelling and the order of the RFC", "[rfc-1.2][rfc-4.1]") {
  const auto handshake = client(
      {.origin = "http://example.com", .subprotocols = {"chat", "superchat"}, .user_agent = ""});
  CHECK(text(handshake.output()) ==
        "GET /chat HTTP/1.1\r\n"
        "Host: server.example.com\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Origin: http://example.com\r\n"
        "Sec-WebSocket-Protocol: chat, superchat\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "\r\n");
}

TEST_CASE("the request has the fields of the offer and no others", "[rfc-4.1]") {
  const auto where = uri::decode("wss://user:pass@[::1]:9001?x=%20", uri::user_info::allow);
  REQUIRE(where);
  const client_handshake handshake{
      *where, sample_key(),
      default_client_policy{.headers = {{"User-Agent", "u"}, {"Cookie", "a=b"}}}};
  CHECK(text(handshake.output()) ==
        "GET /?x=%20 HTTP/1.1\r\n"
        "Host: [::1]:9001\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Authorization: Basic dXNlcjpwYXNz\r\n"
        "User-Agent: u\r\n"
        "Cookie: a=b\r\n"
        "\r\n");
}

TEST_CASE("a client sends its User-Agent, another one, or none", "[rfc9110-10.1.5]") {
  const auto agents_of = [](const default_client_policy& policy) {
    const auto handshake = client(policy);
    hawser::http_head head{hawser::http_head::kind::request};
    auto input = handshake.output();
    REQUIRE(head.next(input) == hawser::http_head::status::done);
    std::string found;
    for (const auto value : head.fields().values("User-Agent")) found.append(value).append(";");
    return found;
  };
  CHECK(agents_of({}) == std::string{"hawser/"} + hawser::version + ";");
  CHECK(agents_of({.user_agent = "mine/2"}) == "mine/2;");
  CHECK(agents_of({.headers = {{"user-agent", "theirs"}}}) == "theirs;");
  CHECK(agents_of({.headers = {{"user-agent", "theirs"}}, .user_agent = ""}) == "theirs;");
  CHECK(agents_of({.user_agent = ""}).empty());
}

TEST_CASE("each handshake has a new key of 16 bytes", "[rfc-4.1]") {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    const client_handshake<> handshake{example_server};
    hawser::http_head head{hawser::http_head::kind::request};
    auto input = handshake.output();
    REQUIRE(head.next(input) == hawser::http_head::status::done);
    const auto key = head.fields().find_only("Sec-WebSocket-Key");
    REQUIRE(key);
    CHECK(hawser::is_handshake_key(*key));
    keys.emplace(*key);
  }
  CHECK(keys.size() == 100);
}

TEST_CASE("an offer that must not be sent is refused before anything is sent", "[rfc-4.1][abuse]") {
  // Each policy with the name of the field that is refused.
  const std::pair<default_client_policy, std::string_view> table[] = {
      {{.headers = {{"X", "a\r\nSet-Cookie: evil=1"}}}, "X"},
      {{.headers = {{"X\r\nY", "a"}}}, "X"},
      {{.headers = {{"X", std::string_view{"a\0b", 3}}}}, "X"},
      {{.headers = {{"Host", "other"}}}, "Host"},
      {{.headers = {{"Sec-WebSocket-Key", "x"}}}, "Sec-WebSocket-Key"},
      {{.headers = {{"Content-Length", "5"}}}, "Content-Length"},
      {{.origin = "http://h\r\nX: y"}, "Origin"},
      {{.subprotocols = {""}}, "Sec-WebSocket-Protocol"},
      {{.subprotocols = {"a b"}}, "Sec-WebSocket-Protocol"},
      {{.subprotocols = {"a, b"}}, "Sec-WebSocket-Protocol"},
      {{.subprotocols = {"a\r\nX: y"}}, "Sec-WebSocket-Protocol"},
      {{.subprotocols = {"a", "b", "a"}}, "Sec-WebSocket-Protocol"},
      {{.user_agent = "x\r\nX: y"}, "User-Agent"},
  };
  for (const auto& [policy, name] : table) {
    const auto offer = policy.make_offer();
    CHECK(hawser::find_not_sendable(offer) == name);
    auto handshake = client(policy);
    CHECK(handshake.state() == client_status::failed);
    CHECK(handshake.error() == errc::bad_header_value);
    CHECK(handshake.output().empty());
    CHECK(give(handshake, answering()) == client_status::failed);
  }
}

TEST_CASE("the result of a client has the accepting response, and that of a refused one has none") {
  auto accepted = client();
  accepted.consume_output(accepted.output().size());
  const auto yes = bytes(answering("X-Room: 7\r\n"));
  hawser::bytes_view input{yes};
  CHECK(accepted.next(input) == client_status::done);
  REQUIRE(accepted.result().answer);
  CHECK(accepted.result().answer->status == 101);
  CHECK(accepted.result().answer->header("x-room") == "7");

  auto refused = client();
  const auto no = bytes("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  input = no;
  CHECK(refused.next(input) == client_status::failed);
  CHECK_FALSE(refused.result().answer);
  CHECK(hawser::detail::answer_of(refused.result()).status == 0);
}

TEST_CASE("a valid response is taken to its empty line, and frames are left", "[rfc-4.1]") {
  const std::string table[] = {
      answering(),
      answering("Server: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"),
      answering_with("Switching Protocols", ""),
      answering_with("Switching Protocols", "Whatever"),
      answering_with("HTTP/1.1", "HTTP/1.2"),
      answering_with("Upgrade: websocket", "UPGRADE:  WebSocket "),
      answering_with("Connection: Upgrade", "connection: keep-alive, upgrade"),
      answering_with("Sec-WebSocket-Accept", "sec-websocket-accept"),
      answering("Sec-WebSocket-Extensions:\r\n"),
      // RFC 9110 §15.2: interim responses.
      "HTTP/1.1 100 Continue\r\n\r\n" + answering(),
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + answering(),
  };
  for (const auto& answer : table) {
    CAPTURE(answer);
    for (const auto& way : segmentations(answer + "\x81\x05Hello")) {
      CAPTURE(way.size());
      auto handshake = client({.subprotocols = {"chat"}});
      CHECK(feed(handshake, way, client_status::need_more) == "\x81\x05Hello");
      CHECK(handshake.state() == client_status::done);
      CHECK(handshake.error() == errc{});
      CHECK(handshake.response().status == 101);
      CHECK(handshake.result().subprotocol.empty());
      CHECK(handshake.result().extensions.empty());
      CHECK(handshake.receive_end() == client_status::done);
      CHECK(handshake.fail(errc::handshake_timeout) == client_status::done);
    }
  }
}

TEST_CASE("a response may have no reason, and folded fields", "[rfc9112-4][rfc9112-5.2]") {
  auto answer = answering("X-A: b;\r\n c\r\n");
  answer.erase(answer.find(" Switching"), std::string_view{" Switching Protocols"}.size());
  for (const auto& way : segmentations(answer + "frames")) {
    auto handshake = client();
    CHECK(feed(handshake, way, client_status::need_more) == "frames");
    CHECK(handshake.state() == client_status::done);
    CHECK(handshake.response().header("X-A") == "b; c");
  }
}

TEST_CASE("a response that is not HTTP fails the handshake at its first invalid byte",
          "[rfc9112-4]") {
  const std::string_view wrong = GENERATE("<", "2", "S", "HTTP/1.1 1O");
  auto handshake = client();
  CHECK(give(handshake, wrong.substr(0, wrong.size() - 1)) == client_status::need_more);
  CHECK(give(handshake, wrong.substr(wrong.size() - 1)) == client_status::failed);
  CHECK(handshake.error() == errc::bad_start_line);
}

TEST_CASE("an invalid response fails the handshake with its error", "[rfc-4.1]") {
  const auto accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  const std::pair<std::string, errc> table[] = {
      {answering_with("Upgrade: websocket\r\n", ""), errc::bad_upgrade},
      {answering_with("Upgrade: websocket", "Upgrade: h2c"), errc::bad_upgrade},
      {answering_with("Upgrade: websocket", "Upgrade: websockets"), errc::bad_upgrade},
      {answering_with("Connection: Upgrade\r\n", ""), errc::bad_upgrade},
      {answering_with("Connection: Upgrade", "Connection: close"), errc::bad_upgrade},
      {answering_with(std::string{accept} + "\r\n", ""), errc::bad_accept},
      {answering_with(accept, "Sec-WebSocket-Accept:"), errc::bad_accept},
      {answering_with("xOo=", "xOo"), errc::bad_accept},
      {answering_with("xOo=", "XOO="), errc::bad_accept},
      {answering_with("s3pP", "S3pP"), errc::bad_accept},
      {answering_with("xOo=", "xOo=, x"), errc::bad_accept},
      {answering_with("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\""),
       errc::bad_accept},
      // The key itself is not the answer to it.
      {answering_with("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "dGhlIHNhbXBsZSBub25jZQ=="),
       errc::bad_accept},
      {answering(std::string{accept} + "\r\n"), errc::bad_accept},
      {answering("Sec-WebSocket-Protocol: other\r\n"), errc::unexpected_subprotocol},
      {answering("Sec-WebSocket-Protocol: Chat\r\n"), errc::unexpected_subprotocol},
      {answering("Sec-WebSocket-Protocol: chat, superchat\r\n"), errc::unexpected_subprotocol},
      {answering("Sec-WebSocket-Protocol:\r\n"), errc::unexpected_subprotocol},
      {answering("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n"),
       errc::unexpected_subprotocol},
      {answering("Sec-WebSocket-Extensions: permessage-deflate\r\n"), errc::unexpected_extension},
      {answering("Sec-WebSocket-Extensions: x;\r\n"), errc::unexpected_extension},
      {answering_with("HTTP/1.1", "HTTP/1.0"), errc::http_version},
      {answering_with("HTTP/1.1 ", "HTTP/1.1"), errc::bad_start_line},
      {answering("A : b\r\n"), errc::bad_header_field},
      {"SSH-2.0-OpenSSH_9.2p1\r\n", errc::bad_start_line},
      {"\x15\x03\x01", errc::bad_start_line},
  };
  for (const auto& [answer, error] : table) {
    CAPTURE(answer);
    for (const auto& way : segmentations(answer)) {
      CAPTURE(way.size());
      auto handshake = client({.subprotocols = {"chat", "superchat"}});
      feed(handshake, way, client_status::need_more);
      CHECK(handshake.state() == client_status::failed);
      CHECK(hawser::describe(handshake.error()) == hawser::describe(error));
    }
  }
}

TEST_CASE("an offered subprotocol is accepted", "[rfc-4.1]") {
  for (const std::string name : {"chat", "superchat"}) {
    auto handshake = client({.subprotocols = {"chat", "superchat"}});
    CHECK(give(handshake, answering("sec-websocket-protocol: " + name + "\r\n")) ==
          client_status::done);
    CHECK(handshake.result().subprotocol == name);
  }
  auto none = client();
  CHECK(give(none, answering("Sec-WebSocket-Protocol: chat\r\n")) == client_status::failed);
  CHECK(none.error() == errc::unexpected_subprotocol);
}

TEST_CASE("a client that requires a subprotocol fails if the server chooses none", "[rfc-4.1]") {
  auto none = client({.subprotocols = {"chat"}, .require_subprotocol = true});
  CHECK(give(none, answering("")) == client_status::failed);
  CHECK(none.error() == errc::no_subprotocol);
  auto one = client({.subprotocols = {"chat"}, .require_subprotocol = true});
  CHECK(give(one, answering("Sec-WebSocket-Protocol: chat\r\n")) == client_status::done);
  CHECK(client({.require_subprotocol = true}).error() == errc::bad_header_value);
}

/// The least that a client's policy must have.
struct scripted_client_policy {
  std::string offer = {};
  bool verdict = true;
  std::vector<extension_list> seen = {};

  hawser::handshake_offer make_offer() { return {.extensions = offer}; }
  bool accept_extensions(const extension_list& answer) {
    seen.push_back(answer);
    return verdict;
  }
};

TEST_CASE("extensions are accepted if they were offered and the policy accepts the answer",
          "[rfc-9.1]") {
  struct expectation {
    bool verdict;
    std::string lines;
    errc error;
    std::vector<extension_list> seen;
  };
  const extension_list a{{"a", {{"y", "2"}}}};
  const expectation table[] = {
      {true, "Sec-WebSocket-Extensions: a; y=2\r\n", errc{}, {a}},
      {true, "Sec-WebSocket-Extensions: a; y=\"2\"\r\n", errc{}, {a}},
      {true, "", errc{}, {{}}},
      {true,
       "Sec-WebSocket-Extensions: b\r\nSec-WebSocket-Extensions: a\r\n",
       errc{},
       {{{"b"}, {"a"}}}},
      {false, "Sec-WebSocket-Extensions: a; y=2\r\n", errc::unexpected_extension, {a}},
      {false, "", errc::unexpected_extension, {{}}},
      {true, "Sec-WebSocket-Extensions: c\r\n", errc::unexpected_extension, {}},
      {true, "Sec-WebSocket-Extensions: a, c\r\n", errc::unexpected_extension, {}},
      {true, "Sec-WebSocket-Extensions: A\r\n", errc::unexpected_extension, {}},
      {true, "Sec-WebSocket-Extensions: a; =\r\n", errc::unexpected_extension, {}},
  };
  for (const auto& [verdict, lines, error, seen] : table) {
    CAPTURE(lines);
    client_handshake handshake{example_server, sample_key(),
                               scripted_client_policy{"a; x=1, b", verdict}};
    CHECK(text(handshake.output()).find("\r\nSec-WebSocket-Extensions: a; x=1, b\r\n") !=
          std::string::npos);
    give(handshake, answering(lines));
    CHECK(hawser::describe(handshake.error()) == hawser::describe(error));
    CHECK(handshake.policy().seen == seen);
    CHECK(handshake.result().extensions == (error == errc{} ? seen.at(0) : extension_list{}));
  }
  client_handshake malformed{example_server, sample_key(), scripted_client_policy{"a;"}};
  CHECK(malformed.error() == errc::bad_header_value);
  client_handshake injected{example_server, sample_key(), scripted_client_policy{"a\r\nX: y"}};
  CHECK(injected.error() == errc::bad_header_value);
}

TEST_CASE("a refusal is read with its status, headers and body", "[rfc-4.1]") {
  struct expectation {
    std::string answer;
    unsigned status;
    std::string body;
    bool ends_itself;
  };
  const expectation table[] = {
      {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nwho?\n",
       401, "who?\n", true},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, "", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
      {"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n", 302, "", true},
      {"HTTP/1.1 426 Upgrade Required\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n", 426,
       "old", true},
      {"HTTP/1.0 503 Unavailable\r\n\r\nlater\n", 503, "later\n", false},
      {"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\n\r\n<html>", 200, "<html>", false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 x\r\nContent-Length: 1\r\n\r\n!", 500, "!", true},
  };
  for (const auto& [answer, code, body, ends_itself] : table) {
    CAPTURE(answer);
    for (const auto& way : segmentations(answer)) {
      auto handshake = client();
      CHECK(feed(handshake, way, client_status::need_more).empty());
      CHECK(handshake.state() == (ends_itself ? client_status::failed : client_status::need_more));
      CHECK(handshake.receive_end() == client_status::failed);
      CHECK(handshake.error() == errc::upgrade_refused);
      CHECK(handshake.response().status == code);
      CHECK(handshake.response().body == body);
      CHECK(handshake.response().header("location").has_value() == (code == 302));
    }
  }
}

TEST_CASE("a refusal with an incomplete body is still a refusal") {
  auto handshake = client();
  CHECK(give(handshake, "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nbec") ==
        client_status::need_more);
  CHECK(handshake.response().status == 403);
  CHECK(handshake.fail(errc::handshake_timeout) == client_status::failed);
  CHECK(handshake.error() == errc::upgrade_refused);
  CHECK(handshake.response().body == "bec");
}

TEST_CASE("of a refusal's body at most 64 KiB are kept", "[abuse]") {
  auto handshake = client();
  const auto text = "HTTP/1.1 500 x\r\n\r\n" + std::string(hawser::max_body_size, 'x') + "more";
  auto input = hawser::as_bytes(text);
  CHECK(handshake.next(input) == client_status::failed);
  CHECK(handshake.error() == errc::upgrade_refused);
  CHECK(handshake.response().body.size() == hawser::max_body_size);
  CHECK(input.size() == 4);
}

TEST_CASE("endless interim responses are refused", "[abuse]") {
  auto handshake = client();
  std::size_t given = 0;
  while (handshake.state() == client_status::need_more) {
    const std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
    give(handshake, interim);
    given += interim.size();
    REQUIRE(given < 20'000);
  }
  CHECK(handshake.error() == errc::head_too_large);
  CHECK(given > 16 * 1024);

  // The same when they use exactly the whole limit.
  client_handshake exact{example_server, sample_key(), default_client_policy{}, {.size = 50}};
  CHECK(give(exact, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n") ==
        client_status::need_more);
  CHECK(give(exact, "H") == client_status::failed);
  CHECK(exact.error() == errc::head_too_large);
}

TEST_CASE("a flood in the response's head is refused", "[abuse]") {
  std::string many;
  for (int i = 0; i < 98; ++i) many += "X: y\r\n";
  for (const auto& [answer, error] :
       {std::pair{answering("X: " + std::string(16 * 1024, 'y') + "\r\n"), errc::head_too_large},
        {answering(many), errc::too_many_fields}}) {
    auto handshake = client();
    CHECK(give(handshake, answer) == client_status::failed);
    CHECK(handshake.error() == error);
  }
}

TEST_CASE("a stream that ends inside the response is a truncated handshake") {
  const auto whole = "HTTP/1.1 100 Continue\r\n\r\n" + answering();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto handshake = client();
    CHECK(give(handshake, whole.substr(0, size)) == client_status::need_more);
    CHECK(handshake.receive_end() == client_status::failed);
    CHECK(handshake.error() == errc::truncated_handshake);
    CHECK(give(handshake, whole) == client_status::failed);
  }
}

TEST_CASE("a driver may end a handshake that takes too long") {
  auto handshake = client();
  CHECK(handshake.fail(errc::handshake_timeout) == client_status::failed);
  CHECK(handshake.error() == errc::handshake_timeout);
}

TEST_CASE("the request is written in any number of steps") {
  auto handshake = client();
  const auto whole = text(handshake.output());
  std::string written;
  while (!handshake.output().empty()) {
    written += text(handshake.output().first(1));
    handshake.consume_output(1);
  }
  CHECK(written == whole);
}

}  // namespace
