// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/upgrade.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

/// The response that a client gets.
response answer_to(const live_server& server, const std::string& target = "/") {
  std::error_code ec;
  response refusal{.status = 101};
  connect(server.url(target), ec, {}, &refusal);
  return refusal;
}

/// A server with this upgrade hook.
live_server asking(const std::function<void(upgrade&)>& hook, server_options options = {}) {
  return live_server{[&](server& made) { made.on_upgrade(hook); }, std::move(options)};
}

TEST_CASE("the hook sees the request and the client's address") {
  mailbox<lines> facts;
  live_server server{[&](hawser::server& made) {
    made.route("/rooms/:id").on_upgrade([&](upgrade& asked) {
      const auto& request = asked.request();
      facts.put({std::string{request.method()}, std::string{request.target()},
                 std::string{request.path()}, std::string{request.query()},
                 std::string{request.cookie("c").value_or("")},
                 std::string{request.header("x-token").value_or("")},
                 std::string{asked.parameter("id")}, std::string{asked.parameter("none")}});
      facts.put({std::string{asked.remote_address().substr(0, 10)}});
      asked.accept();
    });
  }};
  const auto more = "Cookie: a=b; c=d\r\nX-Token: secret\r\n";
  CHECK(status_for(server->port(), upgrade_to("/rooms/7?x=y", more)) == 101);
  CHECK(facts.take() == lines{"GET", "/rooms/7?x=y", "/rooms/7", "x=y", "d", "secret", "7", ""});
  CHECK(facts.take() == lines{"127.0.0.1:"});
}

TEST_CASE("an upgrade, a session and a plain request decode the request") {
  mailbox<lines> facts;
  const auto asked_for = [&](const request& asked, std::string_view id) {
    const auto user = asked.basic_credentials().value_or(basic_credentials{});
    facts.put({std::string{id}, asked.query("name").value_or("none"),
               asked.query("bad").value_or("none"), user.user + ' ' + user.password,
               std::string{asked.headers.find("X-Token").value_or("none")}});
  };
  live_server server{[&](hawser::server& made) {
    auto& room = made.route("/rooms/:id");
    room.on_upgrade([&](upgrade& asked) {
      asked_for(asked.request(), asked.parameter("id"));
      asked.accept();
    });
    room.on_open([&](session& open) { asked_for(open.request(), open.parameter("id")); });
    room.on_http([&](http_request& asked) {
      asked_for(asked.request(), asked.parameter("id"));
      asked.answer(204);
    });
  }};
  const std::string target = "/rooms/a%2Fb+c?name=Anna+M%C3%BC&bad=%zz";
  const std::string more = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nX-Token: t\r\n";
  const lines decoded{"a/b+c", "Anna M\xC3\xBC", "none", "Aladdin open sesame", "t"};
  CHECK(status_for(server->port(), upgrade_to(target, more)) == 101);
  CHECK(facts.take() == decoded);
  CHECK(facts.take() == decoded);
  const auto plain = "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n";
  CHECK(status_for(server->port(), plain) == 204);
  CHECK(facts.take() == decoded);
}

TEST_CASE("the hook accepts with headers") {
  auto server = asking([](upgrade& asked) {
    header_fields headers;
    headers.add("X-Room", "7");
    CHECK_FALSE(asked.accept(headers));
    CHECK(asked.accept() == errc::closed);
    CHECK(asked.reject(403) == errc::closed);
    CHECK(asked.answered());
  });
  raw_socket client{server->port()};
  client.send(upgrade_request);
  const auto answer = client.receive_until("\r\n\r\n");
  CHECK(status_of(answer) == 101);
  CHECK(answer.find("\r\nX-Room: 7\r\n") != answer.npos);
}

TEST_CASE("an upgrade that is never answered lets no client in, and is reported", "[abuse]") {
  mailbox<std::string> errors;
  mailbox<upgrade> kept;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([&](upgrade& asked) {
      if (asked.request().path() == "/kept") kept.put(asked);
      if (asked.request().path() == "/accepted") asked.accept();
    });
    made.on_open([](session& opened) { opened.send(opened.request().path()); });
    made.on_error([&](session& peer, const std::exception_ptr& error) {
      errors.put(exception_text(error) + (peer ? " of a session" : ""));
    });
  }};
  const std::error_code unanswered = errc::upgrade_unanswered;
  SECTION("by a hook that does nothing") {
    CHECK(answer_to(server).status == 500);
    CHECK(errors.take() == "on_upgrade: " + unanswered.message());
  }
  SECTION("by a hook that keeps it until another thread drops it") {
    std::thread dropper{[&] { kept.take().reset(); }};
    CHECK(answer_to(server, "/kept").status == 500);
    dropper.join();
    CHECK(errors.take() == "on_upgrade: " + unanswered.message());
  }
  auto next = connect(server.url("/accepted"));
  CHECK(next.read()->text() == "/accepted");
}

TEST_CASE("the hook refuses with a status, or with headers and a body") {
  auto server = asking([](upgrade& asked) {
    if (asked.request().path() == "/403") return (void)asked.reject(403, "not you");
    response answer{.status = 302};
    answer.headers.add("Location", "/elsewhere");
    asked.reject(answer);
  });
  const auto forbidden = answer_to(server, "/403");
  CHECK(forbidden.status == 403);
  CHECK(forbidden.body == "not you");
  const auto moved = answer_to(server, "/moved");
  CHECK(moved.status == 302);
  CHECK(moved.header("location") == "/elsewhere");
}

TEST_CASE("a response that cannot be sent becomes a 500", "[injection]") {
  auto server = asking([](upgrade& asked) {
    header_fields headers;
    headers.add("X-Room", "7\r\nSet-Cookie: a=b");
    if (asked.request().path() == "/accept") return (void)asked.accept(headers);
    if (asked.request().path() == "/status") return (void)asked.reject(101);
    asked.reject({.status = 403, .headers = headers});
  });
  CHECK(answer_to(server, "/accept").status == 500);
  CHECK(answer_to(server, "/status").status == 500);
  CHECK(answer_to(server, "/reject").status == 500);
}

TEST_CASE("an upgrade may be answered later, from any thread") {
  mailbox<upgrade> kept;
  auto server = asking([&](upgrade& asked) {
    if (asked.request().query() == "move") return kept.put(std::move(asked));
    kept.put(asked);
  });
  const std::string target = GENERATE("/?copy", "/?move");
  std::thread judge{[&] {
    CHECK_FALSE(kept.take()->accept());
    CHECK_FALSE(kept.take()->reject(404));
  }};
  CHECK(answer_to(server, target).status == 101);
  CHECK(answer_to(server, target).status == 404);
  judge.join();
}

TEST_CASE("assigning another upgrade drops the first request without an answer") {
  mailbox<upgrade> kept;
  auto server = asking([&](upgrade& asked) { kept.put(asked); });
  raw_socket first{server->port()};
  first.send(upgrade_request);
  auto one = kept.take();
  REQUIRE(one);
  raw_socket second{server->port()};
  second.send(upgrade_request);
  one = kept.take();
  REQUIRE(one);
  CHECK(status_of(first.receive_until("\r\n\r\n")) == 500);
  CHECK_FALSE(one->accept());
  CHECK(status_of(second.receive_until("\r\n\r\n")) == 101);
}

TEST_CASE("an upgrade that is kept and dropped is refused, never accepted", "[abuse]") {
  SECTION("after the hook has returned") {
    mailbox<upgrade> kept;
    auto server = asking([&](upgrade& asked) { kept.put(asked); });
    std::thread dropper{[&] { kept.take().reset(); }};
    CHECK(answer_to(server).status == 500);
    dropper.join();
  }
  SECTION("before the hook has returned") {
    auto server = asking([](upgrade& asked) { std::thread{[kept = asked] {}}.join(); });
    CHECK(answer_to(server).status == 500);
  }
  SECTION("when it was moved away and the hook throws") {
    auto server = asking([](upgrade& asked) {
      const auto kept = std::move(asked);
      throw std::runtime_error{"on purpose"};
    });
    CHECK(answer_to(server).status == 500);
  }
}

TEST_CASE("an answer after the handshake's time is an error, and the client gets 408") {
  mailbox<upgrade> kept;
  server_options options;
  options.handshake_timeout = 100ms;
  auto server = asking([&](upgrade& asked) { kept.put(asked); }, options);
  CHECK(status_for(server->port(), upgrade_request) == 408);
  const auto late = kept.take();
  REQUIRE(late);
  CHECK(late->answered());
  CHECK(late->accept() == errc::closed);
  CHECK(late->reject(403) == errc::closed);
}

TEST_CASE("an upgrade may outlive its server") {
  mailbox<upgrade> kept;
  std::optional<upgrade> late;
  const bool shut = GENERATE(true, false);
  std::optional<raw_socket> client;
  if (shut) {
    auto server = asking([&](upgrade& asked) { kept.put(asked); });
    client.emplace(server->port()).send(upgrade_request);
    late = kept.take();
  } else {
    asio::io_context context{1};
    hawser::server server{context, {}};
    server.on_upgrade([&](upgrade& asked) {
      late = asked;
      context.stop();
    });
    server.start();
    client.emplace(server.port()).send(upgrade_request);
    context.run();
  }
  REQUIRE(late);
  CHECK(late->accept() == errc::closed);
  CHECK(late->request().path() == "/");
}

TEST_CASE("only one of many answers counts") {
  for (int round = 0; round < 20; ++round) {
    mailbox<upgrade> kept;
    auto server = asking([&](upgrade& asked) { kept.put(asked); });
    std::atomic<int> good = 0;
    std::thread judge{[&] {
      const auto asked = kept.take();
      std::vector<std::thread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
          if (i % 2 == 0 ? !asked->accept() : !asked->reject(403)) ++good;
        });
      }
      for (auto& thread : threads) thread.join();
    }};
    const auto status = answer_to(server).status;
    judge.join();
    CHECK((status == 101 || status == 403));
    CHECK(good == 1);
  }
}

TEST_CASE("an exception of a hook gives one client a 500 and is reported, without a session") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([](upgrade& asked) {
      if (asked.request().path() == "/bad") throw std::runtime_error{"no database"};
      asked.accept();
    });
    made.on_error([&](session& peer, const std::exception_ptr& error) {
      errors.put(exception_text(error) + (peer ? " of a session" : ""));
    });
  }};
  CHECK(answer_to(server, "/bad").status == 500);
  CHECK(errors.take() == "no database");
  CHECK(answer_to(server, "/good").status == 101);
}

}  // namespace
