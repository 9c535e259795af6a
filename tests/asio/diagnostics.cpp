// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/diagnostics.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <unistd.h>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/error.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// What is written to stderr while it exists.
class captured_stderr {
 public:
  captured_stderr() : file_{std::tmpfile()}, usual_{dup(STDERR_FILENO)} {
    dup2(fileno(file_), STDERR_FILENO);
  }
  ~captured_stderr() {
    restore();
    close(usual_);
    std::fclose(file_);
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  std::string text() {
    restore();
    std::string all;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) all += static_cast<char>(c);
    return all;
  }

 private:
  void restore() {
    std::fflush(stderr);
    dup2(usual_, STDERR_FILENO);
  }

  std::FILE* file_;
  int usual_;
};

/// The incidents of a server or a client: the description up to the address.
class incident_log {
 public:
  template <class Reporter>
  void listen_to(Reporter& reporter) {
    reporter.on_diagnostic([this](const incident& what) {
      auto line = what.describe();
      if (const auto at = line.find(" (127.0.0.1:"); at != std::string::npos) {
        const auto end = line.find_first_of(",)", at);
        line.erase(at + 2, end - at - 2);
      }
      lines_.put(std::move(line));
    });
  }

  /// The next one, which must be soon.
  std::string next() { return lines_.take().value_or("nothing was reported"); }

 private:
  mailbox<std::string> lines_;
};

/// An event server whose incidents are noted.
struct diagnosed_server {
  explicit diagnosed_server(const std::function<void(server&)>& prepare,
                            server_options options = {})
      : live{[&](server& made) {
               log.listen_to(made);
               prepare(made);
             },
             std::move(options)} {}

  incident_log log;
  live_server live;
};

/// The same with a thread per connection.
class diagnosed_threaded_server {
 public:
  using peer = threaded_server::peer;

  explicit diagnosed_threaded_server(const std::function<void(threaded_server&)>& prepare,
                                     const std::function<void(peer&)>& handler,
                                     const threaded_server_options& options = {})
      : server_{options} {
    log.listen_to(server_);
    prepare(server_);
    thread_ = std::thread{[this, handler] { server_.run([&](peer& one) { handler(one); }); }};
  }
  ~diagnosed_threaded_server() {
    server_.shutdown();
    thread_.join();
  }
  diagnosed_threaded_server(const diagnosed_threaded_server&) = delete;
  diagnosed_threaded_server& operator=(const diagnosed_threaded_server&) = delete;

  std::uint16_t port() const { return server_.port(); }

  incident_log log;

 private:
  threaded_server server_;
  std::thread thread_;
};

void receive_only(session&, message_view) {}

[[noreturn]] void fail() { throw std::runtime_error{"on purpose"}; }

TEST_CASE("the hook for incidents is set until its object runs, and is not empty") {
  asio::io_context context;
  const auto check = [](auto& one, const auto& start) {
    CHECK_THROWS_AS(one.on_diagnostic(std::function<void(const incident&)>{}),
                    std::invalid_argument);
    one.on_diagnostic([](const incident&) {});
    start();
    CHECK_THROWS_AS(one.on_diagnostic([](const incident&) {}), std::logic_error);
  };
  server event_server{context, {}};
  event_server.fallback();
  check(event_server, [&] { event_server.start(); });
  client one{context, {.url = "ws://127.0.0.1:1"}};
  check(one, [&] { one.start(); });
  threaded_server blocking{threaded_server_options{}};
  blocking.stop_on_signals();
  std::thread runner{[&] { blocking.run([](threaded_server::peer&) {}); }};
  // It runs once it has answered a client.
  const auto peer = connect("ws://127.0.0.1:" + std::to_string(blocking.port()));
  CHECK_THROWS_AS(blocking.on_diagnostic([](const incident&) {}), std::logic_error);
  blocking.shutdown();
  runner.join();
}

/// Negotiates an extension that cannot be made.
struct failing_negotiator {
  std::string offer() const { return "failing"; }
  std::string answer(const extension_list&) const { return offer(); }
  bool accepts(const extension_list&) const { return true; }
  any_extension make(role, const extension_list&) const { fail(); }
};

TEST_CASE("an extension that cannot be made is reported with the address and the request") {
  mailbox<std::string> reported;
  live_server server{
      [&](hawser::server& made) {
        made.on_message(receive_only);
        made.on_diagnostic([&](const incident& what) { reported.put(what.describe()); });
      },
      {.extension = failing_negotiator{}}};
  raw_socket client{server->port()};
  client.send(upgrade_to("/chat", "Sec-WebSocket-Extensions: failing\r\n"));
  client.receive_all();
  CHECK(reported.take() == "handler threw: extension: on purpose (127.0.0.1:" +
                               std::to_string(client.socket().local_endpoint().port()) +
                               ", GET /chat)");
}

TEST_CASE("a refused upgrade is reported with its status, reason and request") {
  diagnosed_server server{[](hawser::server& made) {
    auto& open = made.route("/open");
    open.on_message(receive_only);
    open.options().handshake.allowed_origins = {"https://a.example"};
    made.route("/denied").on_upgrade([](upgrade& asked) { asked.reject(403); });
    made.route("/silent").on_upgrade([](upgrade&) {});
    made.route("/unsendable").options().handshake.origin_refusal = response{.status = 99};
    made.route("/header").on_upgrade([](upgrade& asked) {
      header_fields headers;
      headers.add("X-Name", "a\r\nb");
      asked.accept(std::move(headers));
    });
  }};
  const auto port = server.live->port();
  CHECK(status_for(port, upgrade_to("/open", "Origin: http://evil.example\r\n")) == 403);
  CHECK(server.log.next() ==
        "refused with 403: http://evil.example (own origin: http://localhost; allowed origins: "
        "https://a.example): the Origin is not allowed (, GET /open)");
  CHECK(status_for(port, upgrade_to("/unsendable", "Origin: http://evil.example\r\n")) == 500);
  CHECK(server.log.next() ==
        "refused with 500: status 99: a header of the application cannot be sent "
        "(, GET /unsendable)");
  CHECK(status_for(port, upgrade_to("/denied")) == 403);
  CHECK(server.log.next() == "refused with 403: the upgrade was refused (, GET /denied)");
  CHECK(status_for(port, upgrade_to("/none")) == 404);
  CHECK(server.log.next() == "refused with 404: the upgrade was refused (, GET /none)");
  CHECK(status_for(port, upgrade_to("/silent")) == 500);
  CHECK(
      server.log.next() ==
      "refused with 500: on_upgrade: the upgrade was neither accepted nor refused (, GET /silent)");
  CHECK(status_for(port, upgrade_to("/header")) == 500);
  CHECK(
      server.log.next() ==
      "refused with 500: on_upgrade, header \"X-Name\": a header of the application cannot be sent "
      "(, GET /header)");
  CHECK(status_for(port, "GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n") == 426);
  CHECK(server.log.next() ==
        "refused with 426: the request is not an upgrade to websocket (, GET /open)");
}

TEST_CASE("the header that an application must not send is named to on_error") {
  mailbox<std::string> errors;
  live_server server{[&](hawser::server& made) {
    made.on_upgrade([](upgrade& asked) {
      header_fields headers;
      headers.add("Sec-WebSocket-Accept", "mine");
      asked.accept(std::move(headers));
    });
    made.on_http([](const request&) {
      response answer{.status = 200};
      answer.headers.add("X-Text", "a\nb");
      return answer;
    });
    made.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
  }};
  CHECK(status_for(server->port(), upgrade_request) == 500);
  CHECK(errors.take()->starts_with("on_upgrade, header \"Sec-WebSocket-Accept\": "));
  CHECK(status_for(server->port(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") == 500);
  CHECK(errors.take()->starts_with("on_http, header \"X-Text\": "));
}

TEST_CASE("a malformed request is reported, and so is one that ends or stops in the middle") {
  server_options options;
  options.handshake_timeout = 50ms;
  options.connection.close_timeout = 50ms;
  diagnosed_server server{[](hawser::server& made) { made.on_message(receive_only); }, options};
  const auto port = server.live->port();
  CHECK(status_for(port, "nonsense\r\n\r\n") == 400);
  CHECK(server.log.next() ==
        "bad request with 400: the first line of the HTTP head is malformed ()");
  raw_socket slow{port};
  slow.send("GET /");
  CHECK(server.log.next() == "refused with 408: the opening handshake took too long ()");
}

TEST_CASE("a client that ends inside its request is reported, one that has sent nothing is not") {
  diagnosed_server server{[](hawser::server& made) { made.on_message(receive_only); }};
  const auto port = server.live->port();
  {
    raw_socket health_check{port};
    health_check.socket().shutdown(tcp::socket::shutdown_send);
    health_check.receive_all();
  }
  raw_socket client{port};
  client.send("GET /");
  client.socket().shutdown(tcp::socket::shutdown_send);
  CHECK(server.log.next() ==
        "bad request with 400: the stream ended inside the opening handshake ()");
}

TEST_CASE("plain requests that a hook answers are no incidents, and a keep-alive has one each") {
  diagnosed_server server{[](hawser::server& made) {
    made.on_http([](const request& asked) -> response {
      if (asked.path() == "/throw") fail();
      return {.status = 404};
    });
  }};
  raw_socket client{server.live->port()};
  for (const auto* const path : {"/throw", "/none", "/throw"}) {
    client.send("GET " + std::string{path} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.receive_until("\r\n\r\n");
  }
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  client.receive_all();
  CHECK(server.log.next() == "handler threw with 500: on_http: on purpose (, GET /throw)");
  CHECK(server.log.next() == "handler threw with 500: on_http: on purpose (, GET /throw)");
  CHECK(status_for(server.live->port(), "nonsense\r\n\r\n") == 400);
  CHECK(server.log.next().starts_with("bad request with 400"));
}

TEST_CASE("an exception of each handler of a session is reported with the handler's name") {
  using set_up = std::function<void(server&)>;
  const auto [name, prepare] = GENERATE(values<std::pair<std::string, set_up>>({
      {"on_open", [](server& made) { made.on_open([](session&) { fail(); }); }},
      {"on_message",
       [](server& made) { made.on_message([](session&, message_view) { fail(); }); }},
      {"on_part",
       [](server& made) { made.on_part([](session&, const message_part&) { fail(); }); }},
      {"on_ping", [](server& made) { made.on_ping([](session&, const ping&) { fail(); }); }},
      {"on_pong", [](server& made) { made.on_pong([](session&, const pong&) { fail(); }); }},
      {"on_close", [](server& made) { made.on_close([](session&, const closed&) { fail(); }); }},
      {"on_session",
       [](server& made) {
         made.on_session([](session peer) -> asio::awaitable<void> {
           (void)co_await peer.receive();
           fail();
         });
       }},
  }));
  const bool with_on_error = GENERATE(false, true);
  mailbox<std::string> errors;
  diagnosed_server server{[&, prepare = prepare](hawser::server& made) {
    prepare(made);
    if (!with_on_error) return;
    made.on_error(
        [&](session&, const std::exception_ptr& error) { errors.put(exception_text(error)); });
  }};
  auto client = opened(server.live->port());
  client.send(frame_from(role::client, opcode::ping, "?"));
  client.send(frame_from(role::client, opcode::pong, "?"));
  client.send(frame_from(role::client, opcode::text, "text"));
  client.send(close_from(role::client, 1000));
  CHECK(server.log.next() == "handler threw: " + name + ": on purpose (, GET /)");
  if (with_on_error) CHECK(errors.take() == "on purpose");
}

TEST_CASE("an exception of an upgrade hook or a policy is reported once") {
  server_options options;
  options.handshake.origin = [](const request& asked) -> bool {
    if (asked.query() == "policy") fail();
    return true;
  };
  diagnosed_server server{
      [](hawser::server& made) {
        made.route("/hook").on_upgrade([](upgrade&) { fail(); });
        made.route("/coroutine").on_upgrade([](upgrade) -> asio::awaitable<upgrade_decision> {
          fail();
          co_return acceptance{};
        });
      },
      options};
  const auto port = server.live->port();
  CHECK(status_for(port, upgrade_to("/hook")) == 500);
  CHECK(server.log.next() == "handler threw with 500: on_upgrade: on purpose (, GET /hook)");
  CHECK(status_for(port, upgrade_to("/coroutine")) == 500);
  CHECK(server.log.next() == "handler threw with 500: on_upgrade: on purpose (, GET /coroutine)");
  CHECK(status_for(port, upgrade_to("/hook?policy")) == 500);
  CHECK(server.log.next() == "handler threw with 500: handshake policy: on purpose (, GET /hook)");
  CHECK(status_for(port, "nonsense\r\n\r\n") == 400);
  CHECK(server.log.next().starts_with("bad request"));
}

TEST_CASE(
    "an exception of on_error or of on_diagnostic ends nothing, and is written to stderr once") {
  captured_stderr written;
  {
    live_server server{[](hawser::server& made) {
      made.fallback().options().connection.close_timeout = 50ms;
      made.on_message([](session&, message_view) { fail(); });
      made.on_error([](session&, std::exception_ptr) { throw std::runtime_error{"on_error"}; });
      made.on_diagnostic([](const incident&) { throw std::runtime_error{"no log file"}; });
    }};
    for (int i = 0; i < 2; ++i) {
      auto client = opened(server->port());
      client.send(frame_from(role::client, opcode::text, "text"));
      CHECK(shown(frames_in(client.receive_all()).front()).find("1011") != std::string::npos);
    }
  }
  CHECK(written.text() ==
        "hawser: handler threw: on_diagnostic: no log file; no more is written, see "
        "on_diagnostic()\n");
}

TEST_CASE("without a hook, the first exception of a handler is written to stderr, nothing else") {
  const bool with_on_error = GENERATE(false, true);
  captured_stderr written;
  {
    live_server server{[&](hawser::server& made) {
      made.fallback().options().connection.close_timeout = 50ms;
      made.on_message([](session&, message_view) { fail(); });
      if (with_on_error) made.on_error([](session&, const std::exception_ptr&) {});
    }};
    CHECK(status_for(server->port(), "nonsense\r\n\r\n") == 400);
    for (int i = 0; i < 2; ++i) {
      auto client = opened(server->port());
      client.send(frame_from(role::client, opcode::text, "text"));
      client.receive_all();
    }
  }
  const auto text = written.text();
  if (with_on_error) {
    CHECK(text.empty());
  } else {
    CHECK(text.starts_with("hawser: handler threw: on_message: on purpose (127.0.0.1:"));
    CHECK(text.ends_with(", GET /); no more is written, see on_diagnostic()\n"));
  }
}

TEST_CASE("a session that ends at a limit is reported", "[abuse]") {
  server_options options;
  options.connection.max_message_size = 10;
  diagnosed_server server{[](hawser::server& made) { made.on_message(receive_only); }, options};
  auto client = opened(server.live->port());
  client.send(frame_from(role::client, opcode::text, "more than ten bytes"));
  CHECK(server.log.next() == "budget exceeded: the message is too big (, GET /)");
}

TEST_CASE("a session that its send budget closes is reported, and the first message that it drops",
          "[abuse]") {
  const auto policy = GENERATE(send_budget::policy::close, send_budget::policy::drop);
  server_options options;
  options.budget = {.high = 1000, .hard = 1000, .when_exceeded = policy};
  diagnosed_server server{[](hawser::server& made) {
                            made.on_message([](session& peer, message_view) {
                              for (int i = 0; i < 3; ++i) (void)peer.send(std::string(600, 'x'));
                            });
                          },
                          options};
  auto client = opened(server.live->port());
  client.send(frame_from(role::client, opcode::text, "go"));
  CHECK(server.log.next() == "budget exceeded: too much output is queued (, GET /)");
  CHECK(status_for(server.live->port(), "nonsense\r\n\r\n") == 400);
  CHECK(server.log.next().starts_with("bad request"));
}

TEST_CASE("a hook may destroy its server") {
  const bool at_session = GENERATE(false, true);
  asio::io_context context;
  server_options options;
  options.connection.max_message_size = 10;
  auto server = std::make_unique<hawser::server>(context, options);
  server->on_message(receive_only);
  bool closed_called = false;
  server->on_close([&](session&, const closed&) { closed_called = true; });
  int incidents = 0;
  server->on_diagnostic([&](const incident&) {
    ++incidents;
    server.reset();
  });
  server->start();
  raw_socket client{server->port()};
  if (at_session) {
    client.send(upgrade_request);
    client.send(frame_from(role::client, opcode::text, "more than ten bytes"));
  } else {
    client.send("nonsense\r\n\r\n");
  }
  for (int i = 0; server && i < 100; ++i) context.run_one_for(1s);
  context.poll();
  REQUIRE_FALSE(server);
  CHECK(incidents == 1);
  CHECK_FALSE(closed_called);
}

TEST_CASE("a threaded server reports refusals, bad requests, exceptions and limits") {
  threaded_server_options options;
  options.connection.close_timeout = 50ms;  // these clients do not end their side
  options.connection.max_message_size = 10;
  diagnosed_threaded_server server{[](threaded_server& made) {
                                     made.on_upgrade([](threaded_upgrade& asked) {
                                       if (asked.request().path() == "/throw") fail();
                                       if (asked.request().path() == "/denied")
                                         return static_cast<void>(asked.reject({.status = 401}));
                                       header_fields headers;
                                       if (asked.request().path() == "/header")
                                         headers.add("X-Name", "a\nb");
                                       asked.accept(headers);
                                     });
                                   },
                                   [](threaded_server::peer& peer) {
                                     if (peer.read()) fail();
                                   },
                                   options};
  const auto port = server.port();
  CHECK(status_for(port, upgrade_to("/", "Origin: http://evil.example\r\n")) == 403);
  CHECK(server.log.next() ==
        "refused with 403: http://evil.example (own origin: http://localhost): "
        "the Origin is not allowed (, GET /)");
  CHECK(status_for(port, upgrade_to("/denied")) == 401);
  CHECK(server.log.next() == "refused with 401: the upgrade was refused (, GET /denied)");
  CHECK(status_for(port, upgrade_to("/header")) == 500);
  CHECK(server.log.next() ==
        "refused with 500: header \"X-Name\": a header of the application cannot be sent "
        "(, GET /header)");
  CHECK(status_for(port, upgrade_to("/throw")) == 500);
  CHECK(server.log.next() == "handler threw with 500: on_upgrade: on purpose (, GET /throw)");
  CHECK(status_for(port, "nonsense\r\n\r\n") == 400);
  CHECK(server.log.next() ==
        "bad request with 400: the first line of the HTTP head is malformed ()");
  auto client = opened(port);
  client.send(frame_from(role::client, opcode::text, "text"));
  CHECK(server.log.next() == "handler threw: handler: on purpose (, GET /)");
  auto large = opened(port);
  large.send(frame_from(role::client, opcode::text, "more than ten bytes"));
  CHECK(server.log.next() == "budget exceeded: the message is too big (, GET /)");
}

TEST_CASE("a threaded server without hooks writes the first exception to stderr, nothing else") {
  captured_stderr written;
  {
    threaded_server_options options;
    options.connection.close_timeout = 50ms;  // these clients do not end their side
    threaded_server server{options};
    std::thread runner{[&] { server.run([](threaded_server::peer&) { fail(); }); }};
    CHECK(status_for(server.port(), "nonsense\r\n\r\n") == 400);
    for (int i = 0; i < 2; ++i) opened(server.port()).receive_all();
    server.shutdown();
    runner.join();
  }
  const auto text = written.text();
  CHECK(text.starts_with("hawser: handler threw: handler: on purpose (127.0.0.1:"));
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("a client over the limit of a server is reported by either server", "[abuse]") {
  const auto refused = "refused with 503: the server has too many connections ()";
  {
    server_options options;
    options.max_connections = 1;
    diagnosed_server server{[](hawser::server& made) { made.on_message(receive_only); }, options};
    const auto first = opened(server.live->port());
    raw_socket second{server.live->port()};
    CHECK(server.log.next() == refused);
  }
  threaded_server_options options;
  options.max_connections = 1;
  diagnosed_threaded_server server{[](threaded_server&) {},
                                   [](threaded_server::peer& peer) { (void)peer.read(); }, options};
  auto first = opened(server.port());
  raw_socket second{server.port()};
  CHECK(server.log.next() == refused);
}

/// Runs a client until it stops, and returns its incidents.
std::vector<std::string> incidents_of(client_options options,
                                      const std::function<void(client&)>& prepare) {
  asio::io_context context;
  std::vector<std::string> all;
  options.reconnect.reset();
  client one{context, std::move(options)};
  one.on_diagnostic([&](const incident& what) { all.push_back(what.describe()); });
  prepare(one);
  one.start();
  context.run_for(10s);
  return all;
}

TEST_CASE("a client reports an attempt that fails, with the URL without secrets") {
  live_server server{[](hawser::server& made) {
    made.route("/chat").on_upgrade([](upgrade& asked) { asked.reject(401); });
  }};
  const auto url = server.url("/chat?token=secret");
  const auto shown_url = server.url("/chat");
  using strings = std::vector<std::string>;
  CHECK(incidents_of({.url = url}, [](client&) {}) ==
        strings{"refused with 401: " + shown_url +
                " (HTTP status 401 Unauthorized): the upgrade was refused"});
  client_options bad{.url = url};
  bad.handshake.headers.add("X-Name", "a\nb");
  CHECK(incidents_of(bad, [](client&) {}) ==
        strings{"connect failed: " + shown_url +
                " (header \"X-Name\"): a header of the application cannot be sent"});
}

TEST_CASE("a client reports an exception of each of its functions and handlers") {
  live_server server{[](hawser::server& made) {
    made.on_open([](session& peer) { peer.send("text"); });
    made.on_message([](session&, message_view) {});
  }};
  const auto thrown_in = [&](const std::string& name, const std::function<void(client&)>& prepare) {
    const auto all = incidents_of({.url = server.url()}, prepare);
    INFO(name);
    REQUIRE_FALSE(all.empty());
    CHECK(all.front().starts_with("handler threw: " + name + ": on purpose"));
  };
  const auto close = [](session& peer) { peer.close(); };
  thrown_in("on_open", [](client& one) { one.on_open([](session&) { fail(); }); });
  thrown_in("on_message",
            [](client& one) { one.on_message([](session&, message_view) { fail(); }); });
  thrown_in("on_close", [&](client& one) {
    one.on_open(close).on_close([](session&, const closed&) { fail(); });
  });
  thrown_in("on_stopped", [&](client& one) { one.on_open(close).on_stopped([] { fail(); }); });
  thrown_in("on_session", [](client& one) {
    one.on_session([](session) -> asio::awaitable<void> {
      fail();
      co_return;
    });
  });
  const auto prepared = incidents_of(
      {.url = server.url(), .prepare = [](connect_options&) { fail(); }}, [](client&) {});
  CHECK(prepared == std::vector<std::string>{"handler threw: prepare: on purpose"});
}

TEST_CASE("a failure of a client names the URL and the header field", "[client]") {
  asio::io_context context;
  client_options options{.url = "ws://user@127.0.0.1:1/chat?token=secret"};
  options.credentials = uri::user_info::allow;
  options.handshake.headers.add("X-Name", "a\nb");
  client one{context, options};
  std::string text;
  one.on_failed([&](const connect_error& error) { text = error.what(); });
  one.start();
  context.run_for(10s);
  CHECK(text ==
        "ws://127.0.0.1:1/chat (header \"X-Name\"): a header of the application cannot be "
        "sent");
}

}  // namespace
