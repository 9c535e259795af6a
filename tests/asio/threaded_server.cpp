// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_server.hpp"

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <unistd.h>

#include "hawser/asio/connect.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heap_meter.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;
using peer_type = threaded_server::peer;

constexpr auto echo_messages = [](peer_type& peer) {
  while (const auto message = peer.read()) {
    if (peer.write(*message)) return;
  }
};

/// A server that runs on a thread until this object is destroyed, and a mailbox of its errors.
class running_server {
 public:
  using setup = std::function<void(threaded_server&)>;

  template <class Handler>
  explicit running_server(Handler handler, const threaded_server_options& options = {},
                          const setup& prepare = {})
      : server_{options} {
    server_.on_error([this](std::exception_ptr error) { errors_.put(exception_text(error)); });
    if (prepare) prepare(server_);
    thread_ = std::thread{[this, handler] {
      server_.run(handler);
      returned_.put(true);
    }};
  }
  ~running_server() {
    server_.shutdown();
    thread_.join();
  }

  threaded_server& operator*() { return server_; }
  threaded_server* operator->() { return &server_; }

  std::string url(const std::string& target = "/") const { return url_at(server_.port(), target); }

  /// The next error, which must happen soon.
  std::string error() { return errors_.take().value_or("nothing went wrong"); }

  /// Whether run() returns soon.
  bool returns() { return returned_.take().value_or(false); }

  /// Waits until there are that many connections.
  void await_connections(std::size_t count) { hawser::test::await_connections(server_, count); }

 private:
  threaded_server server_;
  mailbox<std::string> errors_;
  mailbox<bool> returned_;
  std::thread thread_;
};

// Serving

/// Sends pieces of a message until a write fails, 1 GiB at most.
template <class Peer>
std::error_code upload(Peer& peer) {
  const std::string piece(64 * 1024, 'x');
  auto message = peer.begin_message(message_kind::binary);
  std::error_code ec;
  for (int left = 16 * 1024; left != 0 && !ec; --left) ec = message.write(piece);
  return ec;
}

TEST_CASE("an upload to a server fails once its Close has arrived", "[rfc-7.1.2]") {
  running_server server{[](peer_type& peer) {
                          while (peer.read()) {
                          }
                        },
                        {.connection = {.max_message_size = 1'000'000}}};
  auto peer = connect(server.url());
  CHECK(upload(peer) == errc::closed);
  (void)peer.close();
  CHECK(peer.close_reason().code == close_code::message_too_big);
}

TEST_CASE("a download to a client fails once its Close has arrived", "[rfc-7.1.2]") {
  mailbox<std::error_code> results;
  mailbox<close_code> codes;
  running_server server{[&](peer_type& peer) {
    results.put(upload(peer));
    (void)peer.close();
    codes.put(peer.close_reason().code);
  }};
  auto peer = connect(server.url(), {.connection = {.max_message_size = 1'000'000}});
  CHECK_FALSE(peer.read());
  CHECK(results.take() == make_error_code(errc::closed));
  CHECK(codes.take() == close_code::message_too_big);
}

TEST_CASE("a server listens on a free port and calls its handler for each client") {
  running_server server{echo_messages};
  CHECK(server->port() != 0);
  CHECK(server->local_endpoint() == loopback(server->port()));
  auto first = connect(server.url());
  auto second = connect(server.url());
  CHECK_FALSE(first.write("first"));
  CHECK_FALSE(second.write("second"));
  CHECK(shown(second.read().value()) == "text \"second\"");
  CHECK(shown(first.read().value()) == "text \"first\"");
  CHECK(server->connections() == 2);
  CHECK_FALSE(first.close());
  CHECK(shown(first.close_reason()) == "closed{1000, clean}");
}

TEST_CASE("a handler gets the request and the client's address") {
  threaded_server_options options;
  options.handshake.subprotocols = {"chat"};
  mailbox<lines> facts;
  const auto note = [&](peer_type& peer, const request& asked) {
    const auto from = peer.stream().socket().remote_endpoint().address().to_string();
    facts.put({std::string{asked.path()}, std::string{asked.query()},
               std::string{asked.header("x-token").value_or("")}, peer.subprotocol(), from});
  };
  running_server server{note, options};
  connect_options wishes;
  wishes.handshake.subprotocols = {"other", "chat"};
  wishes.handshake.headers.add("X-Token", "secret");
  auto client = connect(server.url("/room?x=y"), wishes);
  CHECK(facts.take() == lines{"/room", "x=y", "secret", "chat", "127.0.0.1"});
  CHECK_FALSE(client.read());
  CHECK(shown(client.close_reason()) == "closed{1000, clean}");
}

TEST_CASE("a server listens on a Unix domain socket too") {
  using unix_protocol = asio::local::stream_protocol;
  const auto path = "/tmp/hawser-test-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  basic_threaded_server<unix_protocol> server{unix_protocol::endpoint{path}, {}};
  std::thread thread{[&] {
    server.run([](auto& peer) {
      while (const auto message = peer.read()) (void)peer.write(*message);
    });
  }};
  {
    unix_protocol::socket socket{raw_socket::context()};
    socket.connect(unix_protocol::endpoint{path});
    std::error_code ec;
    client_handshake handshake{uri::decode("ws://localhost/").value()};
    auto client = connect(local_socket_transport{std::move(socket)}, handshake, ec);
    REQUIRE(client);
    CHECK_FALSE(client->write("Hello"));
    CHECK(shown(client->read().value()) == "text \"Hello\"");
    CHECK_FALSE(client->close());
  }
  server.shutdown();
  thread.join();
  ::unlink(path.c_str());
}

TEST_CASE("a server that cannot listen says so at once") {
  threaded_server first{{}};
  threaded_server_options options;
  options.port = first.port();
  CHECK_THROWS_WITH(threaded_server{options}, Catch::Matchers::StartsWith("listen on 127.0.0.1:"));
  options.address = "localhost";
  CHECK_THROWS_WITH(threaded_server{options},
                    Catch::Matchers::StartsWith("address \"localhost\": "));
}

TEST_CASE("the upgrade hook accepts, or refuses with an answer of its own") {
  const auto prepare = [](threaded_server& server) {
    server.on_upgrade([](threaded_server::upgrade& asked) {
      if (asked.request().path() == "/open") return (void)asked.accept();
      response answer{.status = 404, .body = "no such room"};
      answer.headers.add("X-Room", "none");
      asked.reject(answer);
    });
  };
  running_server server{echo_messages, {}, prepare};
  CHECK_FALSE(connect(server.url("/open")).close());
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(server.url("/other"), ec, {}, &refusal));
  CHECK(ec == errc::upgrade_refused);
  CHECK(refusal.status == 404);
  CHECK(refusal.header("x-room") == "none");
  CHECK(refusal.body == "no such room");
  CHECK(server.error().find(describe(errc::upgrade_refused)) != std::string::npos);
}

TEST_CASE("a handshake that fails is reported") {
  threaded_server_options options;
  options.handshake_timeout = 50ms;
  options.connection.close_timeout = 50ms;  // these clients do not end their side
  running_server server{echo_messages, options};
  raw_socket silent{server->port()};
  CHECK(server.error().find(describe(errc::handshake_timeout)) != std::string::npos);
  raw_socket bad{server->port()};
  bad.send("nonsense\r\n\r\n");
  CHECK(server.error().find(describe(errc::bad_start_line)) != std::string::npos);
}

TEST_CASE("an exception of an upgrade hook gives one client a 500 and is reported") {
  const auto prepare = [](threaded_server& server) {
    server.on_upgrade([](threaded_server::upgrade& asked) {
      if (asked.request().path() == "/bad") throw std::runtime_error{"no database"};
      asked.accept();
    });
  };
  running_server server{echo_messages, {}, prepare};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(server.url("/bad"), ec, {}, &refusal));
  CHECK(ec == errc::upgrade_refused);
  CHECK(refusal.status == 500);
  CHECK(server.error() == "no database");
  CHECK_FALSE(connect(server.url()).close());
}

TEST_CASE("an upgrade hook that neither accepts nor refuses lets no client in, and is reported",
          "[abuse]") {
  const auto prepare = [](threaded_server& server) {
    server.on_upgrade([](threaded_server::upgrade& asked) {
      if (asked.request().path() == "/accepted") asked.accept();
    });
  };
  running_server server{echo_messages, {}, prepare};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(server.url("/silent"), ec, {}, &refusal));
  CHECK(refusal.status == 500);
  CHECK(server.error().find(describe(errc::upgrade_unanswered)) != std::string::npos);
  CHECK_FALSE(connect(server.url("/accepted")).close());
}

TEST_CASE("the same origin of a threaded server behind a trusted proxy is what the proxy says",
          "[rfc-10.2][R-ORIGIN]") {
  threaded_server_options options;
  const bool trusted = GENERATE(false, true);
  if (trusted) options.trusted_proxies = {"127.0.0.1"};
  running_server server{echo_messages, options};
  const auto request = upgrade_to("/", "Origin: https://localhost\r\nX-Forwarded-Proto: https\r\n");
  CHECK(status_for(server->port(), request) == (trusted ? 101 : 403));
  options.trusted_proxies = {""};
  CHECK_THROWS_AS(threaded_server{options}, std::invalid_argument);
}

TEST_CASE("the upgrade hook of a threaded server sees no request of another host or origin",
          "[abuse][rfc-10.2]") {
  std::atomic<int> tickets = 1;
  threaded_server_options options;
  const bool listed = GENERATE(false, true);
  if (listed) options.handshake.allowed_hosts = {"localhost"};
  running_server server{echo_messages, options, [&](threaded_server& made) {
                          made.on_upgrade([&](threaded_server::upgrade& asked) {
                            --tickets;
                            asked.accept();
                          });
                        }};
  const auto status = [&](std::string_view host, std::string_view origin) {
    auto request = upgrade_to("/", "Origin: " + std::string{origin} + "\r\n");
    return status_for(server->port(), request.replace(request.find("localhost"), 9, host));
  };
  CHECK(status("localhost", "http://evil.example") == 403);
  CHECK(status("localhost", "https://localhost") == 403);
  CHECK(status("evil.example", "http://evil.example") == 421);
  CHECK(tickets == 1);
  CHECK(status("127.0.0.1", "http://127.0.0.1") == (listed ? 421 : 101));
  CHECK(status("localhost", "http://localhost") == 101);
}

TEST_CASE("an exception of a policy gives one client a 500 and is reported") {
  threaded_server_options options;
  options.handshake.origin = [](const request& asked) {
    if (asked.path() == "/bad") throw std::runtime_error{"no database"};
    return true;
  };
  running_server server{echo_messages, options};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(server.url("/bad"), ec, {}, &refusal));
  CHECK(refusal.status == 500);
  CHECK(server.error() == "no database");
  CHECK_FALSE(connect(server.url("/good")).close());
}

TEST_CASE("an exception of a handler closes its connection with 1011 and is reported",
          "[rfc-7.4.1]") {
  running_server server{[](peer_type& peer) {
    const auto message = peer.read();
    if (message && message->text() == "throw") throw std::runtime_error{"on purpose"};
    if (message) throw 42;
  }};
  auto other = connect(server.url());
  auto client = connect(server.url());
  CHECK_FALSE(client.write("throw"));
  CHECK_FALSE(client.read());
  CHECK(shown(client.close_reason()) == "closed{1011, clean}");
  CHECK(server.error() == "on purpose");
  CHECK_FALSE(other.write("an int"));
  CHECK_FALSE(other.read());
  CHECK(shown(other.close_reason()) == "closed{1011, clean}");
  CHECK(server.error() == "something else");
}

TEST_CASE("a connection is closed when its handler returns, whatever has arrived") {
  running_server server{[](peer_type& peer) { (void)peer.read(); }};
  auto client = connect(server.url());
  for (int i = 0; i < 100; ++i) (void)client.write("more");
  CHECK_FALSE(client.read());
  CHECK(shown(client.close_reason()) == "closed{1000, clean}");
}

// Stopping

TEST_CASE("shutdown closes open connections with 1001, and run returns", "[rfc-7.4.1]") {
  running_server server{echo_messages};
  auto client = connect(server.url());
  server->shutdown();
  CHECK_FALSE(client.read());
  CHECK(server.returns());
  CHECK(server->connections() == 0);
  CHECK(shown(client.close_reason()) == "closed{1001, clean}");
  server->shutdown();
}

TEST_CASE("shutdown may be called in a handler, in hooks, on several threads, and before run") {
  SECTION("from a handler") {
    threaded_server* owner = nullptr;
    running_server server{[&owner](peer_type&) { owner->shutdown(); },
                          {},
                          [&owner](threaded_server& made) { owner = &made; }};
    auto client = connect(server.url());
    CHECK_FALSE(client.read());
    CHECK(server.returns());
    CHECK(client.close_reason().clean);
  }
  SECTION("from the upgrade hook") {
    running_server server{echo_messages, {}, [](threaded_server& made) {
                            made.on_upgrade([&](threaded_server::upgrade&) { made.shutdown(); });
                          }};
    std::error_code ec;
    auto client = connect(server.url(), ec);
    if (client) CHECK_FALSE(client->read());
    CHECK(server.returns());
  }
  SECTION("from the shutdown hook") {
    running_server server{echo_messages, {}, [](threaded_server& made) {
                            made.on_shutdown([&] { made.shutdown({.drain = 0s}); });
                          }};
    auto client = connect(server.url());
    server->shutdown({.drain = 24h});
    CHECK_FALSE(client.read());
    CHECK(server.returns());
  }
  SECTION("from several threads") {
    running_server server{echo_messages};
    auto client = connect(server.url());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { server->shutdown(); });
    for (auto& thread : threads) thread.join();
    CHECK_FALSE(client.read());
    CHECK(server.returns());
  }
  SECTION("before run") {
    threaded_server server{{}};
    server.shutdown();
    server.run(echo_messages);
    server.shutdown();
    CHECK(server.connections() == 0);
  }
}

TEST_CASE("the end of a server is not delayed by peers that never answer, and leaves no thread",
          "[abuse]") {
  const auto before = threads();
  const byte_vector much(50'000'000);
  running_server server{[&](peer_type& peer, const request& asked) {
    if (asked.path() == "/write") (void)peer.write(bytes_view{much});
    while (peer.read()) {
    }
  }};
  auto silent = opened(server->port());
  auto inside_a_frame = opened(server->port());
  CHECK(inside_a_frame.send(header_from(role::client, 2, 1000)));
  auto deaf = connect(server.url("/write"), {.connection = {.max_message_size = much.size()}});
  CHECK(deaf.read_part());
  raw_socket before_the_handshake{server->port()};
  server.await_connections(4);
  server->shutdown({.grace = 100ms});
  CHECK(server.returns());
  CHECK(server->connections() == 0);
  CHECK(threads_fall_to(before + 1));
}

TEST_CASE("during the drain of a threaded server connections continue, and new clients are refused",
          "[rfc-7.4.1]") {
  running_server server{echo_messages};
  auto client = connect(server.url());
  raw_socket unfinished{server->port()};
  unfinished.send("GET / HTTP/1.1\r\n");
  server.await_connections(2);
  server->shutdown({.code = close_code::service_restart, .reason = "new version", .drain = 24h});
  CHECK(status_of(unfinished.receive_until("\r\n")) == 503);
  unfinished.close();
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  CHECK_FALSE(client.write("still here"));
  CHECK(client.read()->text() == "still here");
  SECTION("it ends with the last connection") { CHECK_FALSE(client.close()); }
  SECTION("a further shutdown shortens it, and the Close frame stays") {
    server->shutdown();
    CHECK_FALSE(client.read());
    CHECK(client.close_reason().code == close_code::service_restart);
    CHECK(client.close_reason().reason == "new version");
  }
  CHECK(server.returns());
}

TEST_CASE("a threaded server refuses a close code that must not be sent, and continues",
          "[rfc-7.4]") {
  running_server server{echo_messages};
  CHECK_THROWS_AS(server->shutdown({.code = close_code::abnormal}), std::system_error);
  CHECK_THROWS_AS(server->stop_on_signals({.reason = "\xff"}), std::system_error);
  CHECK_FALSE(refuses_clients(server->port()));
}

TEST_CASE("after stop_accepting() connections of a threaded server continue") {
  running_server server{echo_messages};
  auto client = connect(server.url());
  server->stop_accepting();
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  CHECK_FALSE(client.write("Hello"));
  CHECK(client.read());
  CHECK_FALSE(client.close());
  server->shutdown();
  CHECK(server.returns());
}

TEST_CASE("a signal shuts a threaded server down with its options, and a second one ends it") {
  running_server server{echo_messages, {}, [](threaded_server& made) {
                          made.stop_on_signals({.grace = 0s});
                          made.stop_on_signals({.drain = 24h});
                        }};
  auto client = connect(server.url());
  std::raise(SIGTERM);
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  CHECK_FALSE(client.write("Hello"));
  CHECK(client.read());
  std::raise(SIGINT);
  CHECK_FALSE(client.read());
  CHECK_FALSE(client.close_reason().clean);
  CHECK(server.returns());
}

TEST_CASE("the shutdown hook of a threaded server is called once, and may send before the Close") {
  mailbox<peer_type*> peers;
  int called = 0;
  running_server server{[&](peer_type& peer) {
                          peers.put(&peer);
                          while (peer.read()) {
                          }
                        },
                        {},
                        [&](threaded_server& made) {
                          made.on_shutdown([&] {
                            ++called;
                            (*peers.take())->write("bye");
                            throw std::runtime_error{"reported"};
                          });
                        }};
  auto client = connect(server.url());
  server->shutdown();
  server->shutdown();
  CHECK(client.read()->text() == "bye");
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::going_away);
  CHECK(server.error() == "reported");
  CHECK(server.returns());
  CHECK(called == 1);
}

TEST_CASE("a shutdown that begins while a client is decided on answers it as an unfinished one") {
  mailbox<bool> asked;
  mailbox<bool> decide;
  running_server server{echo_messages, {}, [&](threaded_server& made) {
                          made.on_upgrade([&](threaded_server::upgrade& one) {
                            asked.put(true);
                            decide.take();
                            one.accept();
                          });
                        }};
  raw_socket client{server->port()};
  client.send(upgrade_request);
  CHECK(asked.take());
  server->shutdown({.drain = 24h});
  CHECK(eventually([&] { return refuses_clients(server->port()); }));
  decide.put(true);
  CHECK(status_of(client.receive_until("\r\n")) == 503);
  client.close();
  CHECK(server.returns());
}

// Many connections

/// A random text; most are short, a few are long.
std::string random_text(std::mt19937& random) {
  static constexpr std::array<std::size_t, 10> most{0,   1,    125,  126,    200,
                                                    200, 1000, 1000, 10'000, 200 * 1024};
  const auto limit = most.at(random() % most.size());
  const auto size = limit > 200'000 && random() % 5 != 0 ? 60'000 : limit;
  std::string text(size == 0 ? 0 : random() % (size + 1), ' ');
  for (std::size_t i = 0; i < text.size(); i += 1 + i / 8) {
    text[i] = static_cast<char>('a' + random() % 26);
  }
  return text;
}

/// The number of `count` messages whose echo was equal.
int echo_random(client_websocket& peer, std::uint32_t seed, int count) {
  std::mt19937 random{seed};
  int equal = 0;
  for (int i = 0; i < count; ++i) {
    const auto text = random_text(random);
    if (peer.write(text)) break;
    const auto answer = peer.read();
    if (!answer || answer->text() != text) break;
    ++equal;
  }
  return equal;
}

TEST_CASE("200 connections at once echo 100 random messages each, and leave nothing open") {
  constexpr int clients = 200;
  constexpr int messages = 100;
  {
    running_server warm{echo_messages};
    CHECK_FALSE(connect(warm.url()).close());
  }
  const auto files = open_files();
  const auto threads_before = threads();
  std::vector<int> equal(clients);
  std::vector<std::error_code> closed_with(clients, errc::closed);
  {
    running_server server{echo_messages};
    std::barrier all_connected{clients + 1};
    std::vector<std::thread> crowd;
    for (std::size_t i = 0; i < clients; ++i) {
      crowd.emplace_back([&, i] {
        std::error_code ec;
        auto peer = connect(server.url(), ec);
        all_connected.arrive_and_wait();
        all_connected.arrive_and_wait();
        if (!peer) return;
        equal[i] = echo_random(*peer, static_cast<std::uint32_t>(i), messages);
        closed_with[i] = peer->close();
      });
    }
    all_connected.arrive_and_wait();
    CHECK(server->connections() == clients);
    all_connected.arrive_and_wait();
    for (auto& client : crowd) client.join();
  }
  CHECK(equal == std::vector<int>(clients, messages));
  CHECK(closed_with == std::vector<std::error_code>(clients));
  CHECK(open_files() == files);
  CHECK(threads_fall_to(threads_before));
}

TEST_CASE("a server that stops in the middle of much traffic closes every connection") {
  constexpr int clients = 30;
  threaded_server_options options;
  options.connection.close_timeout = soon;
  std::vector<std::string> ends(clients);
  std::atomic<int> started = 0;
  std::vector<std::thread> crowd;
  {
    running_server server{echo_messages, options};
    for (std::size_t i = 0; i < clients; ++i) {
      crowd.emplace_back([&, i, url = server.url()] {
        std::error_code ec;
        auto peer = connect(url, ec);
        ++started;
        if (!peer) return;
        (void)echo_random(*peer, static_cast<std::uint32_t>(i), 1'000'000);
        while (peer->read()) {
        }
        ends[i] = shown(peer->close_reason());
      });
    }
    CHECK(eventually([&] { return started >= clients; }));
    server->shutdown({.grace = soon});
    CHECK(server.returns());
  }
  for (auto& client : crowd) client.join();
  CHECK(ends == std::vector<std::string>(clients, "closed{1001, clean}"));
}

TEST_CASE("a threaded server stops when its std::jthread is destroyed") {
  threaded_server server{threaded_server_options{}};
  std::optional<client_websocket> client;
  {
    std::jthread serving{[&](std::stop_token stop) {
      server.run(
          [](peer_type& peer) {
            while (peer.read()) {
            }
          },
          std::move(stop));
    }};
    client = connect("ws://127.0.0.1:" + std::to_string(server.port()));
    std::thread answering{[&] { client->read(); }};
    serving = {};
    answering.join();
  }
  CHECK(shown(client->close_reason()) == "closed{1001, clean}");
}

// Abuse; server.cpp tests what is the same for every kind of server

TEST_CASE("a write to a client that reads nothing times out", "[abuse]") {
  threaded_server_options options;
  options.connection.write_timeout = 100ms;
  mailbox<std::error_code> results;
  const byte_vector much(50'000'000);
  running_server server{[&](peer_type& peer) { results.put(peer.write(bytes_view{much})); },
                        options};
  const auto client = opened(server->port());
  CHECK(results.take() == errc::write_timeout);
}

TEST_CASE("a connection keeps a large request in about its own size", "[abuse]") {
  REQUIRE(heap_meter::in_use() != 0);
  constexpr std::size_t clients = 10;
  constexpr std::size_t large = 15'000;
  threaded_server server{threaded_server_options{}};
  std::thread running{[&] {
    server.run([&](auto& peer, const request&) {
      while (const auto message = peer.read()) peer.write(*message);
    });
  }};
  const auto held_for_each = [&](std::size_t size) {
    await_connections(server, 0);  // the previous connections do not end during the measurement
    std::vector<raw_socket> open;
    open.reserve(clients);
    std::size_t start = 0;
    while (open.size() < clients) {
      open.push_back(
          opened(server.port(), upgrade_to("/", "X: " + std::string(size, 'x') + "\r\n")));
      open.back().send(frame_from(role::client, opcode::text, "x"));
      CHECK(open.back().receive_frames(1).size() == 1);
      if (open.size() == 1) start = heap_meter::in_use();
    }
    return (heap_meter::in_use() - start) / (clients - 1);
  };
  const auto held_large = held_for_each(large);
  const auto held = held_large - held_for_each(1);
  CHECK(held <= 3 * large / 2);
  server.shutdown();
  running.join();
}

}  // namespace
