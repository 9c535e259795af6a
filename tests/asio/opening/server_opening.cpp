// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/server_opening.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/run_length_negotiator.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

/// The whole response to a request, and whether the stream ended without an error.
std::string whole_answer(std::uint16_t port, std::string_view request) {
  raw_socket client{port};
  client.send(request);
  const auto answer = text(client.receive_all());
  return client.ended() ? answer : answer + "and then not the end";
}

TEST_CASE("a request that is not valid gets a whole response, which ends the stream",
          "[rfc-4.2.1]") {
  struct request {
    std::string words;
    int status;
  };
  const auto one = GENERATE(values<request>({
      {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 426},
      {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
      {"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", 426},
      {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {std::string{"GET /"} + std::string(20'000, 'x'), 414},
      {upgrade_to("/", "X: " + std::string(20'000, 'x') + "\r\n"), 431},
      {upgrade_to("/", "Origin: http://evil\r\n"), 403},
  }));
  INFO(one.words.substr(0, 40));
  event_echo server;
  const auto answer = whole_answer(server.port(), one.words);
  CHECK(status_of(answer) == one.status);
  CHECK(answer.find("\r\nConnection: close") != answer.npos);
  CHECK(answer.find("\r\n\r\n") != answer.npos);
  CHECK(answer.find("not the end") == answer.npos);
}

TEST_CASE("pages of other sites may not connect unless the route says so", "[abuse][rfc-10.2]") {
  live_server server{[](hawser::server& made) {
    made.route("/open").options().handshake.origin = any_origin;
    auto& options = made.route("/friend").options().handshake;
    options.origin = nullptr;
    options.allowed_origins = {"https://friend.example"};
    made.on_message([](session&, message_view) {});
  }};
  const auto status = [&](std::string_view path, std::string_view origin) {
    return status_for(server->port(), upgrade_to(path, "Origin: " + std::string{origin} + "\r\n"));
  };
  CHECK(status("/", "http://localhost") == 101);
  CHECK(status("/", "http://b") == 403);
  CHECK(status("/", "null") == 403);
  CHECK(status("/open", "http://b") == 101);
  CHECK(status("/friend", "https://friend.example") == 101);
  CHECK(status("/friend", "http://localhost") == 403);
}

TEST_CASE("the same origin of a server behind a trusted proxy is what the proxy says",
          "[rfc-10.2][R-ORIGIN]") {
  for (const bool trusted : {false, true}) {
    CAPTURE(trusted);
    server_options options;
    if (trusted) options.trusted_proxies = {"127.0.0.0/8"};
    live_server server{[](hawser::server& made) { made.on_message([](session&, message_view) {}); },
                       options};
    const auto status = [&](std::string_view fields) {
      return status_for(server->port(), upgrade_to("/", fields));
    };
    CHECK(status("Origin: https://localhost\r\nX-Forwarded-Proto: https\r\n") ==
          (trusted ? 101 : 403));
    CHECK(status("Origin: http://a.example\r\nX-Forwarded-Host: a.example\r\n") ==
          (trusted ? 101 : 403));
    CHECK(status("Origin: http://localhost\r\nX-Forwarded-Proto: https\r\n") ==
          (trusted ? 403 : 101));
  }
  CHECK_THROWS_AS((server{{.trusted_proxies = {"proxy.example"}}}), std::invalid_argument);
}

std::string upgrade_for(std::string_view host, std::string_view more = {}) {
  auto request = upgrade_to("/", more);
  return request.replace(request.find("localhost"), 9, host);
}

TEST_CASE("the upgrade hook sees no request of another host or origin", "[abuse][rfc-10.2]") {
  std::atomic<int> tickets = 1;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([&](upgrade& asked) { tickets-- > 0 ? asked.accept() : asked.reject(401); });
    made.on_http([](const request&) { return response{.body = "alive"}; });
  }};
  const auto status = [&](std::string_view words) { return status_for(server->port(), words); };
  CHECK(status(upgrade_to("/", "Origin: http://b\r\n")) == 403);
  CHECK(status(upgrade_to("/", "Origin: https://localhost\r\n")) == 403);
  CHECK(status(upgrade_for("evil.example:9001")) == 421);
  CHECK(status(upgrade_for("evil.example", "Origin: http://evil.example\r\n")) == 421);
  CHECK(status("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n") == 421);
  CHECK(tickets == 1);
  CHECK(status("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == 200);
  CHECK(status(upgrade_to("/", "Origin: http://localhost\r\n")) == 101);
  CHECK(status(upgrade_request) == 401);
}

TEST_CASE("a server answers for the hosts that it is set to, and each route for its own",
          "[rfc9110-15.5.20]") {
  server_options options;
  options.handshake.allowed_hosts = {"example.com", "*.example.com"};
  live_server server{[](hawser::server& made) {
                       made.route("/any").options().handshake.allowed_hosts = {"*"};
                       made.route("/");
                     },
                     options};
  const auto status = [&](std::string_view words) { return status_for(server->port(), words); };
  CHECK(status(upgrade_for("a.example.com:9001")) == 101);
  CHECK(status(upgrade_for("127.0.0.1")) == 421);
  auto elsewhere = upgrade_for("evil.example");
  CHECK(status(elsewhere.replace(4, 1, "/none")) == 421);
  elsewhere = upgrade_for("evil.example");
  CHECK(status(elsewhere.replace(4, 1, "/any")) == 101);
  elsewhere = upgrade_for("example.com");
  CHECK(status(elsewhere.replace(4, 1, "/none")) == 404);
}

TEST_CASE("a listener on all interfaces answers for every host unless set otherwise") {
  live_server all{[](hawser::server& made) { made.route("/"); }, {.address = "0.0.0.0"}};
  CHECK(status_for(all->port(), upgrade_for("example.com")) == 101);
}

TEST_CASE("plain requests are the hook's, if there is one; bad ones are not") {
  live_server server{[](hawser::server& made) {
    made.on_http([](const request& asked) {
      response answer{.body = "alive: " + std::string{asked.path()}};
      answer.headers.add("X-Server", "hawser");
      return answer;
    });
  }};
  const auto answer =
      whole_answer(server->port(), "GET /health?x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(status_of(answer) == 200);
  CHECK(answer.find("\r\nX-Server: hawser\r\n") != answer.npos);
  CHECK(answer.ends_with("\r\n\r\nalive: /health"));
  CHECK(status_for(server->port(), "GET / HTTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("an exception of the application in a handshake gives one client a 500 and is reported") {
  mailbox<std::string> errors;
  server_options options;
  options.handshake.origin = [](const request& asked) -> bool {
    if (asked.query() == "throw") throw std::runtime_error{"no list of origins"};
    return true;
  };
  live_server server{[&](hawser::server& made) {
                       made.on_http([](const request&) -> response { throw std::string{"?"}; });
                       made.on_error([&](session&, const std::exception_ptr& error) {
                         errors.put(exception_text(error));
                       });
                     },
                     options};
  CHECK(status_for(server->port(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == 500);
  CHECK(errors.take() == "something else");
  CHECK(status_for(server->port(), upgrade_to("/?throw")) == 500);
  CHECK(errors.take() == "no list of origins");
  CHECK(status_for(server->port(), upgrade_request) == 101);
}

/// Negotiates an extension that it cannot make.
struct broken_negotiator : run_length_negotiator {
  any_extension make(role, const extension_list&) const { throw std::runtime_error{"broken"}; }
};

TEST_CASE("an extension that cannot be made ends its connection and is reported") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    auto& broken = made.route("/broken");
    broken.options().extension = broken_negotiator{};
    broken.on_message([](session&, message_view) {});
    broken.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
    made.on_message([](session& peer, message_view what) { peer.send(what); });
  }};
  raw_socket client{server->port()};
  client.send(upgrade_to("/broken", "Sec-WebSocket-Extensions: run-length\r\n"));
  CHECK(status_of(text(client.receive_all())) == 101);
  CHECK(errors.take() == "broken");
  // The server still serves clients.
  std::error_code ec;
  auto other = connect(server.url(), ec);
  REQUIRE_FALSE(ec);
  CHECK_FALSE(other->write("still here"));
  CHECK(other->read());
}

TEST_CASE("frames that arrive with the request are not lost", "[rfc-4.1]") {
  event_echo server;
  raw_socket client{server.port()};
  const auto frames = frame_from(role::client, opcode::text, "early") +
                      frame_from(role::client, opcode::text, std::string(1000, 'x')) +
                      close_from(role::client, 1000);
  client.send(bytes(upgrade_request) + frames);
  client.receive_until("\r\n\r\n");
  CHECK(frames_shown(client.receive_all()) ==
        lines{"text \"early\"",
              frames_shown(frame_from(role::server, opcode::text, std::string(1000, 'x')))[0],
              "close 1000"});
}

TEST_CASE("frames that arrive before the decision are not lost") {
  mailbox<upgrade> kept;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([&](upgrade& asked) { kept.put(asked); });
    made.on_message([](session& peer, message_view view) { peer.send(view); });
  }};
  raw_socket client{server->port()};
  client.send(upgrade_request);
  const auto asked = kept.take();
  client.send(frame_from(role::client, opcode::text, "early") + close_from(role::client, 1000));
  CHECK_FALSE(asked->accept());
  client.receive_until("\r\n\r\n");
  CHECK(frames_shown(client.receive_all()) == lines{"text \"early\"", "close 1000"});
}

TEST_CASE("a client that disconnects before the decision costs nothing") {
  mailbox<upgrade> kept;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([&](upgrade& asked) { kept.put(asked); });
    made.on_message([](session& peer, message_view view) { peer.send(view); });
  }};
  {
    raw_socket client{server->port()};
    client.send(upgrade_request);
  }
  (void)kept.take()->accept();
  server.await_connections(0);
}

TEST_CASE("a request may arrive byte by byte, and so may its response") {
  event_echo server;
  raw_socket client{server.port()};
  for (const auto& letter : upgrade_request) client.send(std::string_view{&letter, 1});
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
}

// The same for every kind of server

TEMPLATE_TEST_CASE("a client that never finishes its handshake delays no other and gets 408",
                   "[abuse]", event_echo, threaded_echo) {
  echo_options options;
  options.handshake_timeout = 300ms;
  options.connection.close_timeout = 100ms;
  TestType server{options};
  raw_socket silent{server.port()};
  raw_socket slow{server.port()};
  std::thread writer{[&] {
    // One byte every 20 ms, until the server responds.
    for (const auto& letter : upgrade_request) {
      if (!slow.send(std::string_view{&letter, 1})) return;
      std::error_code ec;
      if (hawser::detail::wait_for_socket(slow.socket().native_handle(),
                                          hawser::detail::readiness::readable,
                                          std::chrono::steady_clock::now() + 20ms, ec)) {
        return;
      }
    }
  }};
  auto quick = connect(url_of(server));
  CHECK_FALSE(quick.write("Hello"));
  CHECK(quick.read());
  writer.join();
  CHECK(status_of(slow.receive_all()) == 408);
  CHECK(status_of(silent.receive_all()) == 408);
  CHECK_FALSE(quick.close());
}

TEMPLATE_TEST_CASE("a flood of headers is cut off by its size and by its number", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server;
  const bool by_count = GENERATE(true, false);
  raw_socket client{server.port()};
  std::thread flood{[&] {
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    const auto line = by_count ? std::string{"a: b\r\n"} : std::string(1000, 'x');
    for (int i = 0; i < 100'000 && client.send(line); ++i) {
    }
  }};
  const auto answer = text(client.receive_all());
  CHECK(status_of(answer) == 431);
  const auto why = by_count ? errc::too_many_fields : errc::head_too_large;
  CHECK(answer.find(describe(why)) != answer.npos);
  client.hang_up();
  flood.join();
}

TEMPLATE_TEST_CASE("an unfinished handshake gets 503 when the server stops", "", event_echo,
                   threaded_echo) {
  TestType server;
  raw_socket silent{server.port()};
  raw_socket halfway{server.port()};
  CHECK(halfway.send(upgrade_request.substr(0, 50)));
  await_connections(server, 2);
  server.stop();
  CHECK(status_of(silent.receive_all()) == 503);
  CHECK(silent.ended());
  CHECK(status_of(halfway.receive_all()) == 503);
  silent.hang_up();
  halfway.hang_up();
  CHECK(server.returns());
}

TEST_CASE("an upgrade that waits for the application gets 503 when the server shuts down") {
  mailbox<upgrade> kept;
  live_server server{
      [&](hawser::server& made) { made.on_upgrade([&](upgrade& asked) { kept.put(asked); }); }};
  raw_socket client{server->port()};
  client.send(upgrade_request);
  const auto asked = kept.take();
  server->shutdown({.grace = soon});
  CHECK(status_of(client.receive_all()) == 503);
  CHECK(asked->accept() == errc::closed);
  client.hang_up();
  CHECK(server.returns());
}

}  // namespace
