// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/server_threads.hpp"

#include <any>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/write.hpp>
#include <unistd.h>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"
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

// Connections on the server's own threads have no strand, those on other executors have one.
static_assert(std::same_as<detail::shared_threads::executor_type, detail::exclusive_strand>);
static_assert(std::same_as<detail::own_threads::executor_type, asio::io_context::executor_type>);

constexpr std::size_t pool_size = 4;

/// An io_context that several threads run until its work is done.
class context_pool {
 public:
  context_pool() {
    for (std::size_t i = 0; i < pool_size; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
  }
  ~context_pool() { finish(); }
  context_pool(const context_pool&) = delete;
  context_pool& operator=(const context_pool&) = delete;

  void finish() {
    busy_.reset();
    threads_.clear();
  }

  asio::io_context& context() { return context_; }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_{context_.get_executor()};
  std::vector<std::jthread> threads_;
};

/// A server on several threads, made in one of the possible ways.
enum class kind { context, executor, type_erased, given_strand, pool };

class pool_server {
 public:
  explicit pool_server(kind what, server_options options = {}) {
    switch (what) {
      case kind::context: server_.emplace(threads_.context(), std::move(options)); return;
      case kind::executor:
        server_.emplace(threads_.context().get_executor(), std::move(options));
        return;
      case kind::type_erased:
        server_.emplace(asio::any_io_executor{threads_.context().get_executor()},
                        std::move(options));
        return;
      case kind::given_strand:
        server_.emplace(asio::make_strand(threads_.context()), std::move(options));
        return;
      case kind::pool: server_.emplace(pool_, std::move(options)); return;
    }
  }
  ~pool_server() { finish(); }
  pool_server(const pool_server&) = delete;
  pool_server& operator=(const pool_server&) = delete;

  server& operator*() { return *server_; }
  server* operator->() { return &*server_; }

  std::string url() const { return url_at(server_->port()); }

  /// Shuts down, and waits until all work has ended.
  void finish() {
    server_->shutdown({.grace = soon});
    threads_.finish();
    pool_.join();
  }

 private:
  context_pool threads_;
  asio::thread_pool pool_{pool_size};
  std::optional<server> server_;
};

/// All open sessions, for use on any thread.
class thread_crowd {
 public:
  void enter(const session& one) {
    const std::lock_guard guard{mutex_};
    members_.push_back(one);
  }

  std::vector<session> members() const {
    const std::lock_guard guard{mutex_};
    return members_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<session> members_;
};

/// Records whether two threads use it at once.
class exclusive {
 public:
  void use() {
    if (in_use_.exchange(true)) broken_ = true;
    std::this_thread::yield();
    in_use_ = false;
  }
  bool broken() const { return broken_; }

 private:
  std::atomic<bool> in_use_ = false;
  std::atomic<bool> broken_ = false;
};

std::string words_of(std::size_t client) {
  return std::to_string(client) + ' ' + std::string(client % 200, 'x');
}

/// The next `count` frames of a server.
std::vector<wire_frame> receive_frames_of(raw_socket& client, std::size_t count) {
  byte_vector all;
  std::vector<wire_frame> frames;
  while (frames.size() < count) {
    const auto some = client.receive();
    if (some.empty()) break;
    all = std::move(all) + some;
    bytes_view rest = all;
    while (const auto frame = take_frame(rest)) frames.push_back(*frame);
    all = byte_vector{rest.begin(), rest.end()};
  }
  return frames;
}

/// Each client sends a message, which the server sends to all of them.
void check_broadcasts(kind what, std::size_t count) {
  exclusive whole_server;
  std::atomic<bool> broken = false;
  mailbox<bool> opens;
  pool_server server{what};
  thread_crowd all;
  server->on_open([&](session& peer) {
    peer.data() = std::make_shared<exclusive>();
    all.enter(peer);
    opens.put(true);
  });
  server->on_message([&](session& peer, message_view message) {
    std::any_cast<const std::shared_ptr<exclusive>&>(peer.data())->use();
    if (what == kind::given_strand) whole_server.use();
    for (const auto& one : all.members()) one.send(message);
  });
  server->on_close([&](session& peer, const closed&) {
    if (std::any_cast<const std::shared_ptr<exclusive>&>(peer.data())->broken()) broken = true;
  });
  server->start();

  std::vector<raw_socket> clients;
  std::multiset<std::string> expected;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(opened(server->port()));
  for (std::size_t i = 0; i < count; ++i) REQUIRE(opens.take());
  for (std::size_t i = 0; i < count; ++i) {
    expected.insert(words_of(i));
    clients[i].send(frame_from(role::client, opcode::text, words_of(i)));
  }
  for (auto& client : clients) {
    std::multiset<std::string> received;
    for (const auto& frame : receive_frames_of(client, count)) {
      if (frame.op == 1 && frame.end && frame.reserved == 0) {
        received.insert(std::string{text(frame.payload)});
      }
    }
    REQUIRE(received == expected);
  }
  for (auto& client : clients) {
    client.send(close_from(role::client, 1000));
    REQUIRE(frames_shown(client.receive_all()).back() == "close 1000");
  }
  clients.clear();
  await_connections(*server, 0);
  server.finish();
  CHECK_FALSE(broken);
  CHECK_FALSE(whole_server.broken());
}

TEST_CASE("four threads on one io_context serve 200 clients that each broadcast to all",
          "[threads]") {
  check_broadcasts(kind::context, 200);
}

TEST_CASE("a server runs on the executor of a pool, erased or not, and on a strand", "[threads]") {
  const auto what = GENERATE(kind::executor, kind::type_erased, kind::given_strand, kind::pool);
  check_broadcasts(what, 40);
}

TEST_CASE("a session on a thread of the server's own has no strand") {
  mailbox<bool> plain;
  live_server server{[&](hawser::server& made) {
    made.on_open([&](session& peer) {
      const auto executor = peer.get_executor();
      plain.put(executor.target<asio::io_context::executor_type>() != nullptr);
    });
  }};
  const auto client = opened(server->port());
  CHECK(plain.take() == true);
}

TEST_CASE("only a server on its own threads can be run") {
  context_pool threads;
  server made{threads.context(), {}};
  CHECK_THROWS_AS(made.run(), std::logic_error);
}

TEST_CASE("a shutdown on a pool closes sessions with 1001 and refuses those that open",
          "[threads]") {
  const auto what = GENERATE(kind::context, kind::given_strand, kind::pool);
  std::atomic<int> ends = 0;
  pool_server server{what};
  server->on_close([&](session&, const closed&) { ++ends; });
  server->start();
  std::vector<raw_socket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(opened(server->port()));
  std::vector<raw_socket> opening;
  for (int i = 0; i < 20; ++i) opening.emplace_back(server->port());
  await_connections(*server, 40);
  server->shutdown({.grace = soon});
  for (auto& client : clients) {
    REQUIRE(client.receive_frames(1) == std::vector<std::string>{"close 1001"});
    client.send(close_from(role::client, 1001));
    client.receive_all();
  }
  for (auto& client : opening) {
    const auto answer = client.receive_all();
    REQUIRE((answer.empty() || status_of(answer) == 503));
  }
  clients.clear();
  opening.clear();
  await_connections(*server, 0);
  server.finish();
  CHECK(ends == 20);
}

TEST_CASE("no connection is missed by a shutdown, whatever it does at that moment", "[threads]") {
  server_options options;
  options.connection.close_timeout = 20ms;
  for (int round = 0; round < 20; ++round) {
    pool_server server{kind::context, options};
    server->on_open([](session&) {});
    server->start();
    std::vector<raw_socket> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back(server->port());
      clients.back().send(upgrade_request);
    }
    server->shutdown({.grace = soon});
    for (auto& client : clients) {
      const auto received = client.receive_all();
      const auto ending = text(received);
      CAPTURE(round, ending);
      REQUIRE((received.empty() || status_of(received) == 503 ||
               ending.ends_with(std::string_view{"\x88\x02\x03\xE9", 4})));
    }
    clients.clear();
    server.finish();
    REQUIRE(server->connections() == 0);
  }
}

TEST_CASE("upgrades on a pool may be answered by other threads", "[threads]") {
  mailbox<upgrade> asked;
  pool_server server{GENERATE(kind::context, kind::given_strand)};
  server->on_upgrade([&](upgrade& one) { asked.put(one); });
  server->on_message([](session& peer, message_view message) { peer.send(message); });
  server->start();
  std::vector<std::jthread> judges;
  for (int i = 0; i < 4; ++i) {
    judges.emplace_back([&] {
      for (int each = 0; each < 5; ++each) {
        const auto one = asked.take();
        if (one) one->accept();
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    auto client = connect(server.url());
    CHECK_FALSE(client.write("Hello"));
    CHECK(client.read()->text() == "Hello");
    CHECK_FALSE(client.close());
  }
}

TEST_CASE("Unix sockets are served on a pool", "[threads]") {
  pool_server server{kind::pool};
  server->on_message([](session& peer, message_view message) { peer.send(message); });
  const auto path = "/tmp/hawser-pool-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  server->listen(asio::local::stream_protocol::endpoint{path});
  server->start();
  asio::io_context context;
  asio::local::stream_protocol::socket client{context};
  client.connect(asio::local::stream_protocol::endpoint{path});
  asio::write(client, asio::buffer(upgrade_request));
  std::string answer;
  asio::read_until(client, asio::dynamic_buffer(answer), "\r\n\r\n");
  CHECK(status_of(answer) == 101);
  ::unlink(path.c_str());
}

TEST_CASE("a handler that blocks does not hold up the deadlines of other sessions", "[threads]") {
  mailbox<bool> blocked;
  mailbox<bool> go_on;
  pool_server server{kind::context, {.handshake_timeout = 50ms}};
  server->on_message([&](session&, message_view) {
    blocked.put(true);
    go_on.take();
  });
  server->start();
  auto first = opened(server->port());
  first.send(frame_from(role::client, opcode::text, "wait"));
  REQUIRE(blocked.take());
  raw_socket silent{server->port()};
  CHECK(status_of(silent.receive_until("\r\n\r\n")) == 408);
  go_on.put(true);
}

// Destruction

TEST_CASE("after a server on a pool is destroyed no handler runs", "[threads]") {
  for (int round = 0; round < 10; ++round) {
    context_pool threads;
    std::vector<raw_socket> clients;
    std::atomic<int> late = 0;
    {
      std::atomic<bool> gone = false;
      mailbox<bool> received;
      {
        const auto note = [&] { late += gone ? 1 : 0; };
        server made{threads.context(), {}};
        made.on_upgrade([&](upgrade& one) {
          note();
          one.accept();
        });
        made.on_open([&](session&) { note(); });
        made.on_close([&](session&, const closed&) { note(); });
        made.on_message([&](session& peer, message_view message) {
          note();
          peer.send(message);
          received.put(true);
        });
        made.start();
        for (int i = 0; i < 8; ++i) {
          clients.push_back(opened(made.port()));
          clients.back().send(frame_from(role::client, opcode::text, "a"));
          clients.back().send(frame_from(role::client, opcode::text, "b"));
        }
        for (int i = 0; i < 4; ++i) raw_socket{made.port()}.send(upgrade_request);
        REQUIRE(received.take());
      }
      gone = true;
    }
    for (auto& client : clients) client.receive_all();
    threads.finish();
    REQUIRE(late == 0);
  }
}

/// The handler in which the server is destroyed.
enum class inside { on_upgrade, on_http, on_open, on_message, on_drained, on_close, posted };

void destroy_in(inside where, server& made, const std::function<void()>& destroy) {
  const auto wanted = [where, destroy](inside here) {
    if (here == where) destroy();
  };
  made.on_http([wanted](const request&) {
    wanted(inside::on_http);
    return response{.status = 200};
  });
  made.on_upgrade([wanted](upgrade& one) {
    wanted(inside::on_upgrade);
    one.accept();
  });
  made.on_open([wanted, where](session& peer) {
    if (where == inside::on_drained) {
      peer.on_drained([wanted] { wanted(inside::on_drained); });
      while (peer.send(std::string(100'000, 'x')) != errc::send_budget_exceeded) {
      }
    }
    if (where == inside::posted) {
      asio::post(peer.get_executor(), [wanted] { wanted(inside::posted); });
    }
    wanted(inside::on_open);
  });
  made.on_message([wanted](session& peer, message_view message) {
    wanted(inside::on_message);
    peer.send(message);
  });
  made.on_close([wanted](session&, const closed&) { wanted(inside::on_close); });
}

/// Causes the call of that handler, and waits for the end of the connection.
void provoke(inside where, std::uint16_t port) {
  raw_socket client{port};
  client.send(where == inside::on_http ? "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       : upgrade_request);
  client.send(frame_from(role::client, opcode::text, "Hello"));
  // After a Close, on_drained is not called.
  if (where != inside::on_drained) client.send(close_from(role::client, 1000));
  client.receive_all();
}

constexpr auto everywhere = {inside::on_upgrade, inside::on_http,    inside::on_open,
                             inside::on_message, inside::on_drained, inside::on_close,
                             inside::posted};

TEST_CASE("a server may be destroyed in any of its handlers on a pool", "[threads]") {
  for (const auto where : everywhere) {
    std::atomic<int> times = 0;
    mailbox<bool> destroyed;
    std::vector<raw_socket> others;
    std::optional<server> made;
    context_pool threads;
    made.emplace(threads.context(), server_options{});
    destroy_in(where, *made, [&] {
      if (times++ != 0) return;
      made.reset();
      destroyed.put(true);
    });
    made->start();
    const auto port = made->port();
    if (where == inside::on_message) others.push_back(opened(port));
    provoke(where, port);
    CHECK(destroyed.take());
    threads.finish();
    CHECK(times == 1);
    for (auto& other : others) CHECK(other.receive_all().empty());
  }
}

TEST_CASE("a server may be destroyed in any of its handlers on its own threads, and then returns",
          "[threads]") {
  for (const auto where : everywhere) {
    std::atomic<int> times = 0;
    mailbox<bool> destroyed;
    std::optional<server> made{std::in_place, server_options{.threads = 2}};
    destroy_in(where, *made, [&] {
      if (times++ != 0) return;
      made.reset();
      destroyed.put(true);
    });
    const auto port = made->port();
    std::thread running{[&] { made->run(); }};
    const auto other = where == inside::on_message ? std::optional{opened(port)} : std::nullopt;
    provoke(where, port);
    REQUIRE(destroyed.take());
    running.join();
    CHECK(times == 1);
  }
}

TEST_CASE("two servers on a pool may be destroyed in each other's handlers", "[threads]") {
  context_pool threads;
  std::array<std::optional<server>, 2> servers;
  std::barrier both_in_handlers{2};
  std::array<std::atomic<int>, 2> calls{};
  mailbox<bool> destroyed;
  std::vector<raw_socket> clients;
  for (std::size_t own = 0; own < 2; ++own) {
    auto& one = servers[own].emplace(threads.context(), server_options{});
    one.on_message([&, own](session&, message_view) {
      ++calls[own];
      both_in_handlers.arrive_and_wait();
      servers[1 - own].reset();
      destroyed.put(true);
    });
    one.start();
    clients.push_back(opened(one.port()));
  }
  for (auto& client : clients) {
    client.send(frame_from(role::client, opcode::text, "one"));
    client.send(frame_from(role::client, opcode::text, "another"));
  }
  CHECK((destroyed.take() && destroyed.take()));
  threads.finish();
  CHECK(calls[0] == 1);
  CHECK(calls[1] == 1);
  for (auto& client : clients) CHECK(client.receive_all().empty());
}

TEST_CASE("a server may outlive the context that it is on, with connections in all states") {
  const bool shut = GENERATE(true, false);
  std::vector<raw_socket> clients;
  std::optional<upgrade> late;
  session kept;
  std::optional<asio::io_context> context{std::in_place};
  server made{*context, {}};
  int opens = 0;
  made.route("/late").on_upgrade([&](upgrade& one) { late = one; });
  made.on_open([&](session& peer) {
    kept = peer;
    ++opens;
  });
  made.on_close([&](session&, const closed&) { FAIL_CHECK("no handler is called any more"); });
  made.stop_on_signals();
  made.start();
  for (int i = 0; i < 3; ++i) clients.emplace_back(made.port());
  clients[0].send(upgrade_request);
  clients[1].send(upgrade_to("/late"));
  while (opens == 0 || !late || made.connections() != 3) context->run_one();
  if (shut) {
    made.shutdown({.grace = soon});
    context->poll();
  }
  context.reset();
  CHECK(kept.send("not sent") == errc::closed);
  CHECK(late->accept() == errc::closed);
  made.shutdown({.grace = soon});
  made.start();
  for (auto& client : clients) client.receive_all();
}

}  // namespace
