// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/http_request.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/http_date.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

std::string asking(const std::string& method, const std::string& target,
                   const std::string& more = "") {
  return method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
}

std::string posting(const std::string& body, const std::string& more = "") {
  return asking("POST", "/", more + "Content-Length: " + std::to_string(body.size()) + "\r\n") +
         body;
}

/// The head and the body of the next response, by its Content-Length.
std::string next_answer(raw_socket& client, bool has_body = true) {
  auto answer = client.receive_until("\r\n\r\n");
  const auto length = line_in(answer, "Content-Length");
  if (!has_body || length == "none") return answer;
  answer += client.receive_bytes(std::stoul(length));
  return answer;
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

/// The response to a request, which must be the last one of its connection.
std::string last_answer(std::uint16_t port, std::string_view request) {
  raw_socket client{port};
  client.send(request);
  auto answer = text(client.receive_all());
  CHECK(client.ended());
  return answer;
}

/// A response with the parts of the request in its body.
response shown_request(const request& asked) {
  return {.body = std::string{asked.method()} + ' ' + std::string{asked.target()} + ' ' +
                  std::string{asked.body()}};
}

live_server showing(server_options options = {}) {
  return live_server{[](hawser::server& made) {
                       made.on_http(shown_request);
                       made.on_message([](session& peer, message_view view) { peer.send(view); });
                     },
                     std::move(options)};
}

TEST_CASE("the hook is called for every method and version",
          "[rfc9110-7.8][rfc9110-9.3.2][rfc9110-15.6.6]") {
  auto server = showing();
  const auto port = server->port();
  const std::string upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const auto& [request, expected] : std::vector<std::pair<std::string, std::string>>{
           {"GET /a HTTP/1.0\r\n\r\n", "GET /a "},
           {"GET /a HTTP/1.0\r\nHost: localhost\r\n" + upgrade + "\r\n", "GET /a "},
           {"OPTIONS / HTTP/1.0\r\n\r\n", "OPTIONS / "},
           {asking("OPTIONS", "*", "Connection: close\r\n"), "OPTIONS * "},
           {asking("PUT", "/x", "Connection: close\r\n"), "PUT /x "},
           {asking("BREW", "/x", "Connection: close\r\n"), "BREW /x "},
           {asking("GET", "/x?y", "Connection: close\r\n"), "GET /x?y "},
       }) {
    INFO(request);
    const auto answer = last_answer(port, request);
    CHECK(status_of(answer) == 200);
    CHECK(body_of(answer) == expected);
    CHECK(decode_http_date(line_in(answer, "Date"), {}));
    CHECK(line_in(answer, "Connection") == "close");
  }
  const auto head = last_answer(port, asking("HEAD", "/a", "Connection: close\r\n"));
  CHECK(status_of(head) == 200);
  CHECK(line_in(head, "Content-Length") == "8");
  CHECK(body_of(head).empty());
  for (const auto& [request, status] : std::vector<std::pair<std::string, int>>{
           {asking("CONNECT", "h:443"), 405},
           {"GET / HTTP/2.0\r\n\r\n", 505},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {asking("GET", "nonsense"), 400},
       }) {
    CHECK(status_of(last_answer(port, request)) == status);
  }
}

TEST_CASE("a route's hook is called before the server's, and a path without a route gets 404") {
  live_server server{[](hawser::server& made) {
    made.route("/rooms/:id").on_http([](http_request& asked) {
      asked.answer(200, "room " + std::string{asked.parameter("id")} + ' ' +
                            std::string{asked.remote_address().substr(0, 10)});
    });
    made.route("/:any").on_http([](const request&) { return response{.body = "any"}; });
    made.route("/sockets/only");
  }};
  const auto port = server->port();
  CHECK(body_of(last_answer(port, "GET /rooms/7 HTTP/1.0\r\n\r\n")) == "room 7 127.0.0.1:");
  CHECK(body_of(last_answer(port, "DELETE /x HTTP/1.0\r\n\r\n")) == "any");
  CHECK(status_of(last_answer(port, "GET /sockets/only HTTP/1.0\r\n\r\n")) == 426);
  CHECK(status_of(last_answer(port, "HEAD /sockets/only HTTP/1.0\r\n\r\n")) == 426);
  const auto refused = last_answer(port, "POST /sockets/only HTTP/1.0\r\n\r\n");
  CHECK(status_of(refused) == 405);
  CHECK(line_in(refused, "Allow") == "GET");
  CHECK(status_of(last_answer(port, "GET /no/where HTTP/1.0\r\n\r\n")) == 404);
  // `OPTIONS *` is about the server as a whole, which has no hook.
  CHECK(status_of(last_answer(port, "OPTIONS * HTTP/1.0\r\n\r\n")) == 405);
}

TEST_CASE("an upgrade to a route that is for HTTP alone is ignored", "[rfc9110-7.8]") {
  live_server server{[](hawser::server& made) {
    made.route("/health").on_http(shown_request).on_error([](session&, const std::exception_ptr&) {
    });
    made.route("/both").on_http(shown_request).on_message([](session&, message_view) {});
  }};
  raw_socket client{server->port()};
  client.send(upgrade_to("/health"));
  CHECK(body_of(next_answer(client)) == "GET /health ");
  client.send(upgrade_to("/both"));
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
}

TEST_CASE("a body is read completely, wherever it is cut", "[rfc9112-6][rfc9112-7.1]") {
  auto server = showing();
  raw_socket client{server->port()};
  client.send(posting("Hello"));
  CHECK(body_of(next_answer(client)) == "POST / Hello");
  const auto chunked = asking("POST", "/c", "Transfer-Encoding: chunked\r\n") +
                       "5;x=y\r\nHello\r\n7\r\n, world\r\n0\r\nTrailer: z\r\n\r\n";
  for (const auto& letter : chunked) client.send(std::string_view{&letter, 1});
  CHECK(body_of(next_answer(client)) == "POST /c Hello, world");
  const std::string large(64 * 1024, 'x');
  client.send(posting(large));
  CHECK(body_of(next_answer(client)) == "POST / " + large);
}

TEST_CASE("a client that expects 100-continue gets it, or an error", "[rfc9110-10.1.1]") {
  server_options options;
  options.http.limits.body = 5;
  auto server = showing(options);
  raw_socket client{server->port()};
  client.send(asking("PUT", "/", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("Hello");
  CHECK(body_of(next_answer(client)) == "PUT / Hello");
  const auto port = server->port();
  CHECK(status_of(last_answer(port, asking("PUT", "/",
                                           "Expect: 100-continue\r\n"
                                           "Content-Length: 6\r\n"))) == 413);
  CHECK(status_of(last_answer(port, posting("Hello."))) == 413);
  CHECK(status_of(last_answer(port, asking("PUT", "/", "Transfer-Encoding: chunked\r\n") +
                                        "3\r\nabc\r\n3\r\n")) == 413);
  CHECK(status_of(last_answer(port, asking("PUT", "/", "Expect: tea\r\n"))) == 417);
}

TEST_CASE("requests of one connection are answered in order, and an upgrade may follow",
          "[rfc9112-9.3][rfc9112-9.3.2][rfc-4.1]") {
  auto server = showing();
  raw_socket client{server->port()};
  // All requests in one write, with frames after the upgrade.
  client.send(bytes(asking("GET", "/1") + posting("2") + asking("HEAD", "/3") +
                    std::string{upgrade_to("/")}) +
              frame_from(role::client, opcode::text, "early") + close_from(role::client, 1000));
  CHECK(body_of(next_answer(client)) == "GET /1 ");
  CHECK(body_of(next_answer(client)) == "POST / 2");
  CHECK(line_in(next_answer(client, false), "Content-Length") == "8");
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
  CHECK(frames_shown(client.receive_all()) == lines{"text \"early\"", "close 1000"});
}

TEST_CASE("an upgrade that follows a request on another route has its own parameters") {
  mailbox<lines> opened;
  live_server server{[&](hawser::server& made) {
    made.route("/a/:x").on_http(shown_request);
    made.route("/b/:y").on_open([&](session& peer) {
      opened.put({std::string{peer.parameter("x")}, std::string{peer.parameter("y")}});
    });
  }};
  raw_socket client{server->port()};
  client.send(asking("GET", "/a/1") + upgrade_to("/b/2"));
  next_answer(client);
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
  CHECK(opened.take() == lines{"", "2"});
}

TEST_CASE("the answer may come later and from another thread; only the first one counts") {
  mailbox<http_request> kept;
  live_server server{
      [&](hawser::server& made) { made.on_http([&](http_request& asked) { kept.put(asked); }); }};
  raw_socket client{server->port()};
  for (const std::string body : {"one", "two"}) {
    client.send(posting(body));
    const auto asked = kept.take();
    REQUIRE(asked);
    CHECK(asked->request().body() == body);
    CHECK_FALSE(asked->answered());
    CHECK_FALSE(asked->answer(201, body));
    CHECK(asked->answer(200) == errc::closed);
    CHECK(asked->answered());
    const auto answer = next_answer(client);
    CHECK(status_of(answer) == 201);
    CHECK(body_of(answer) == body);
  }
}

TEST_CASE("a request that the application drops without an answer is a 500 and reported") {
  mailbox<http_request> kept;
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_http([&](http_request& asked) {
      if (asked.request().path() == "/kept") kept.put(asked);
    });
    made.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
  }};
  raw_socket client{server->port()};
  for (const std::string path : {"/", "/kept"}) {
    client.send(asking("GET", path));
    if (path == "/kept") kept.take();
    CHECK(status_of(next_answer(client)) == 500);
    CHECK(errors.take()->find(describe(errc::no_response)) != std::string::npos);
  }
}

TEST_CASE("an exception of a hook, or a response that cannot be sent, is a 500 and reported",
          "[abuse]") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_http([](const request& asked) -> response {
      if (asked.path() == "/throw") throw std::runtime_error{"no answer"};
      return {.headers = {{"Location", "/\r\nSet-Cookie: evil=1"}}};
    });
    made.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
  }};
  raw_socket client{server->port()};
  client.send(asking("GET", "/throw"));
  CHECK(status_of(next_answer(client)) == 500);
  CHECK(errors.take() == "no answer");
  client.send(asking("GET", "/inject"));
  const auto answer = next_answer(client);
  CHECK(status_of(answer) == 500);
  CHECK(answer.find("evil") == answer.npos);
  CHECK(errors.take()->find(describe(errc::bad_header_value)) != std::string::npos);
}

TEST_CASE("an application that answers too late gets an error, and its client 503") {
  mailbox<http_request> kept;
  server_options options;
  options.handshake_timeout = 1s;
  live_server server{
      [&](hawser::server& made) { made.on_http([&](http_request& asked) { kept.put(asked); }); },
      options};
  CHECK(status_of(last_answer(server->port(), asking("GET", "/"))) == 503);
  CHECK(kept.take()->answer(200) == errc::closed);
}

TEST_CASE("a client that disconnects before the answer leaves no connection behind") {
  mailbox<http_request> kept;
  live_server server{
      [&](hawser::server& made) { made.on_http([&](http_request& asked) { kept.put(asked); }); }};
  {
    raw_socket client{server->port()};
    client.send(posting("Hello"));
  }
  kept.take()->answer(200, std::string(100'000, 'x'));
  server.await_connections(0);
}

TEST_CASE("a request may outlive its server") {
  mailbox<http_request> kept;
  std::optional<http_request> late;
  {
    live_server server{
        [&](hawser::server& made) { made.on_http([&](http_request& asked) { kept.put(asked); }); }};
    raw_socket client{server->port()};
    client.send(posting("Hello"));
    late = kept.take();
  }
  CHECK(late->answer(200) == errc::closed);
  CHECK(late->request().body() == "Hello");
}

TEST_CASE("a body that never ends is a 408, and so is a second head", "[abuse]") {
  server_options options;
  options.handshake_timeout = 1s;
  auto server = showing(options);
  CHECK(status_of(last_answer(server->port(), posting("Hello").substr(0, 58))) == 408);
  raw_socket client{server->port()};
  client.send(asking("GET", "/") + "GET / HT");
  CHECK(status_of(next_answer(client)) == 200);
  CHECK(status_of(next_answer(client)) == 408);
  CHECK(client.receive().empty());
}

TEST_CASE("a connection without a next request is closed without a response", "[rfc9112-9.5]") {
  server_options options;
  options.http.idle_timeout = 1ms;
  auto server = showing(options);
  raw_socket client{server->port()};
  client.send(asking("GET", "/"));
  CHECK(body_of(text(client.receive_all())) == "GET / ");
  CHECK(client.ended());
}

TEST_CASE("a client that does not read the response is dropped", "[abuse]") {
  server_options options;
  options.handshake_timeout = 1s;
  mailbox<bool> asked;
  live_server server{[&](hawser::server& made) {
                       made.on_http([&](const request&) {
                         asked.put(true);
                         return response{.body = std::string(32 * 1024 * 1024, 'x')};
                       });
                     },
                     options};
  raw_socket client{server->port()};
  client.send(asking("GET", "/"));
  CHECK(asked.take());
  server.await_connections(0);
}

TEST_CASE("a server that shuts down finishes responses and closes idle connections") {
  mailbox<http_request> kept;
  live_server server{[&](hawser::server& made) {
    made.on_http([&](http_request& asked) {
      if (asked.request().path() == "/kept") return kept.put(asked);
      asked.answer(200);
    });
  }};
  raw_socket idle{server->port()};
  idle.send(asking("GET", "/"));
  CHECK(status_of(next_answer(idle)) == 200);
  raw_socket waits{server->port()};
  waits.send(asking("GET", "/kept"));
  const auto asked = kept.take();
  raw_socket half{server->port()};
  half.send(posting("Hello").substr(0, 58));
  server.await_connections(3);
  server->shutdown({.grace = soon});
  CHECK(idle.receive().empty());
  CHECK(idle.ended());
  CHECK(status_of(waits.receive_all()) == 503);
  CHECK(status_of(half.receive_all()) == 503);
  CHECK(asked->answer(200) == errc::closed);
  for (auto* one : {&idle, &waits, &half}) one->hang_up();
  CHECK(server.returns());
}

TEST_CASE("the number of requests of a connection is limited", "[abuse]") {
  server_options options;
  options.http.limits.requests = 3;
  auto server = showing(options);
  std::string many;
  for (int i = 0; i < 5; ++i) many += asking("GET", '/' + std::to_string(i));
  const auto answers = last_answer(server->port(), many);
  CHECK(answers.find("GET /2 ") != answers.npos);
  CHECK(answers.find("GET /3 ") == answers.npos);
  CHECK(answers.rfind("Connection: close") != answers.npos);
}

TEST_CASE("plain HTTP has default limits") {
  CHECK(http_options{}.limits.body == 64 * 1024);
  CHECK(http_options{}.limits.requests == 1000);
  CHECK(http_options{}.idle_timeout == 10s);
}

}  // namespace
