// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/session_driver.hpp"

#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/post.hpp>
#include <asio/socket_base.hpp>
#include <asio/write.hpp>
#include <sys/resource.h>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/closings.hpp"
#include "support/heap.hpp"
#include "support/live_server.hpp"
#include "support/lone_session.hpp"
#include "support/printers.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// The other end of a session's connection.
class tcp_end {
 public:
  explicit tcp_end(tcp::socket socket) : socket_{std::move(socket)} { socket_.non_blocking(true); }

  void send(const byte_vector& some) { asio::write(socket_, asio::buffer(some)); }
  void hang_up() { socket_.shutdown(tcp::socket::shutdown_send); }
  void reset() {
    socket_.set_option(asio::socket_base::linger{true, 0});
    socket_.close();
  }

  lines frames() { return frames_shown(seen()); }
  bool over() { return seen(), over_; }

 private:
  const byte_vector& seen() {
    byte_vector buffer(4096);
    std::error_code ec;
    while (!ec) {
      buffer.resize(4096);
      buffer.resize(socket_.read_some(asio::buffer(buffer), ec));
      seen_ = seen_ + buffer;
    }
    over_ = over_ || ec == asio::error::eof;
    return seen_;
  }

  tcp::socket socket_;
  byte_vector seen_;
  bool over_ = false;
};

/// A session over TCP, in real time.
struct tcp_session {
  using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
  using driver = detail::session_driver<socket>;

  tcp_session(role own_role, const connection_options& options) {
    session_handlers handlers;
    handlers.on_message = [this](session&, message_view view) { story.push_back(shown(view)); };
    handlers.on_close = [this](session&, const closed& end) { story.push_back(shown(end)); };
    tcp::acceptor acceptor{context, loopback()};
    socket near{context};
    near.connect(acceptor.local_endpoint());
    far.emplace(acceptor.accept());
    detail::session_settings settings{
        options, {}, std::make_shared<const session_handlers>(std::move(handlers))};
    auto made = std::make_shared<driver>(
        own_role, std::move(near), detail::session_facts{}, std::move(settings),
        std::make_shared<detail::session_registry>(context.get_executor()),
        detail::connection_places::place{});
    asio::post(context, [made] { made->open({}); });
    peer = session{std::move(made)};
  }

  lines end(const std::optional<own_close>& close) {
    // In the turn in which the session opens, before anything is read.
    if (close) {
      asio::post(context, [this, &close] { CHECK_FALSE(peer.close(close->code, close->reason)); });
    }
    context.run_for(soon);
    CHECK(context.stopped());
    CHECK_FALSE(peer.is_open());
    return story;
  }

  asio::io_context context{1};
  std::optional<tcp_end> far;
  session peer;
  lines story;
};

TEST_CASE("a session ends over TCP as the table says, for each way to close",
          "[rfc-5.5.1][rfc-7.1.1][rfc-7.1.2][rfc-7.1.5][rfc-7.1.7]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto row = GENERATE(range(std::size_t{0}, closings().size()));
  const auto& one = closings()[row];
  INFO(one.name << ", to a " << shown(own_role));
  tcp_session near{own_role, {.close_timeout = 1ms}};
  check_closing(one, own_role, *near.far, [&] { return near.end(one.close); });
  CHECK(near.peer.send("x") == errc::closed);
}

TEST_CASE("a context runs out of work when its last connection has ended") {
  lone_session one;
  std::weak_ptr<int> held;
  {
    const auto peer = one.open();
    const auto value = std::make_shared<int>();
    held = value;
    peer.data() = value;
  }
  const bool clean = GENERATE(true, false);
  if (clean) one.send(close_from(role::client, 1000));
  one.far.shutdown(lone_session::socket::shutdown_send);
  one.run();
  CHECK(one.story.size() == 2);
  CHECK(one.story.back() == (clean ? "closed{1000, clean}"
                                   : "closed{1006, the peer ended the stream without a Close "
                                     "frame}"));
  CHECK(held.expired());
  CHECK(one.registry->sessions().empty());
}

TEST_CASE("a paused session stays open although no handle of it is stored") {
  lone_session one;
  one.open().pause();
  one.context.poll();
  one.send(frame_from(role::client, opcode::text, "stored"));
  one.context.poll();
  REQUIRE(one.registry->sessions().size() == 1);
  CHECK(one.story == lines{"open"});
  one.registry->sessions().front().resume();
  one.send(close_from(role::client, 1000));
  one.far.shutdown(lone_session::socket::shutdown_send);
  one.run();
  CHECK(one.story == lines{"open", "text \"stored\"", "closed{1000, clean}"});
}

TEST_CASE("a paused session ends if its peer is silent, which its pending wait observes",
          "[rfc-5.5.2]") {
  lone_session one;
  using std::chrono::milliseconds;
  one.open({.keep_alive_interval = milliseconds{1}, .keep_alive_timeout = milliseconds{1}}).pause();
  one.run();
  CHECK(one.story == lines{"open", "closed{1006, the peer did not answer the keep-alive ping}"});
}

TEST_CASE("the end of a context destroys its sessions, whatever they own") {
  std::weak_ptr<int> held;
  session kept;
  {
    lone_session one;
    kept = one.open();
    const auto value = std::make_shared<int>();
    held = value;
    kept.on_drained([peer = kept, value] {});
    kept.pause();
  }
  CHECK(held.expired());
  CHECK(kept.send("late") == errc::closed);
}

TEST_CASE("what a handler sends leaves in one write, in order") {
  lone_session one;
  one.handlers.on_open = [](session& peer) {
    peer.send("one");
    peer.ping(as_bytes("two"));
    peer.send("three");
    peer.close();
  };
  one.open();
  byte_vector seen(1000);
  seen.resize(one.far.receive(asio::buffer(seen)));
  CHECK(frames_shown(seen) ==
        lines{"text \"one\"", "ping \"two\"", "text \"three\"", "close 1000"});
}

TEST_CASE("many small messages of one turn count for their own size") {
  lone_session one;
  constexpr int count = 200'000;
  int sent = 0;
  one.handlers.on_message = [&](session& peer, message_view) {
    for (int i = 0; i < count && !peer.send(std::string{"x"}); ++i) ++sent;
    peer.close_now();
  };
  one.open();
  one.send(frame_from(role::client, opcode::text, "go"));
  one.run();
  CHECK(sent == count);
}

// Slow readers

constexpr std::size_t one_size = 64 * 1024;
constexpr std::size_t total_size = (sanitized ? 64 : 1024) * std::size_t{1024} * 1024;
constexpr std::size_t message_count = total_size / one_size;
constexpr std::size_t slack = 1024 * 1024;

send_budget budget_of(send_budget::policy policy) {
  return {.high = 1024 * 1024, .hard = 8 * 1024 * 1024, .when_exceeded = policy};
}

/// A client with the smallest possible receive buffer.
raw_socket narrow_client(std::uint16_t port) {
  tcp::socket socket{raw_socket::context()};
  socket.open(tcp::v4());
  socket.set_option(asio::socket_base::receive_buffer_size{4096});
  socket.connect(loopback(port));
  raw_socket client{std::move(socket)};
  client.send(upgrade_request);
  CHECK(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  return client;
}

/// The result of sending many messages to a peer that does not read.
struct flood_result {
  std::size_t sent = 0;
  std::size_t refused = 0;
  std::size_t most_buffered = 0;
  std::error_code last;
};

flood_result flood(const session& peer, std::size_t count) {
  flood_result result;
  const std::vector<std::byte> data(one_size);
  for (std::size_t i = 0; i < count; ++i) {
    const auto ec = i % 2 == 0 ? peer.send(bytes_view{data}) : peer.send(std::vector{data});
    ec ? ++result.refused : ++result.sent;
    if (ec) result.last = ec;
    result.most_buffered = (std::max)(result.most_buffered, peer.buffered_bytes());
  }
  return result;
}

TEST_CASE(
    "a peer that reads nothing uses no more memory than the budget, with any policy and thread",
    "[abuse]") {
  const auto policy =
      GENERATE(send_budget::policy::refuse, send_budget::policy::drop, send_budget::policy::close);
  const bool own_thread = GENERATE(true, false);
  mailbox<session> opened;
  mailbox<std::string> ends;
  server_options options;
  options.budget = budget_of(policy);
  options.connection.close_timeout = 100ms;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session& peer) { opened.put(peer); });
                       made.on_close([&](session&, const closed& end) { ends.put(shown(end)); });
                     },
                     options};
  const auto client = narrow_client(server->port());
  const auto peer = opened.take().value_or(session{});
  flood_result result;
  heap_meter heap;
  if (own_thread) {
    mailbox<flood_result> done;
    asio::post(peer.get_executor(), [&] { done.put(flood(peer, message_count)); });
    result = done.take().value_or(flood_result{});
  } else {
    result = flood(peer, message_count);
  }
  const auto most = heap.most();
  const auto& budget = options.budget;
  CHECK(most <= budget.hard + slack);
  CHECK(result.most_buffered <= budget.hard + slack);
  CHECK(result.sent + result.refused == message_count);
  if (policy == send_budget::policy::drop) {
    CHECK(result.refused == 0);
    CHECK(peer.statistics().messages_dropped > message_count / 2);
    CHECK(peer.statistics().messages_sent + peer.statistics().messages_dropped >=
          message_count - 200);
  } else {
    CHECK(result.refused > message_count / 2);
  }
  if (policy == send_budget::policy::refuse) CHECK(result.last == errc::send_budget_exceeded);
  if (policy == send_budget::policy::close) {
    CHECK(ends.take() == "closed{1006, the peer did not finish the closing handshake in time}");
  } else {
    CHECK(peer.is_open());
  }
}

TEST_CASE("a peer that is too slow gets the close code of the policy once it reads") {
  server_options options;
  options.budget = budget_of(send_budget::policy::close);
  mailbox<std::string> ends;
  mailbox<bool> flooded;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session& peer) {
                         flood(peer, 1000);
                         flooded.put(true);
                       });
                       made.on_close([&](session&, const closed& end) { ends.put(shown(end)); });
                     },
                     options};
  auto client = connect(server.url());
  CHECK(flooded.take());
  while (client.read()) {
  }
  CHECK(shown(client.close_reason()) == "closed{1008, clean, \"too slow\"}");
  CHECK(ends.take() == "closed{1008, clean}");
}

TEST_CASE("a sender that waits for on_drained sends everything, from any thread") {
  constexpr std::size_t count = (sanitized ? 200 : 2000);
  const bool own_thread = GENERATE(true, false);
  mailbox<session> opened;
  mailbox<bool> drained;
  server_options options;
  options.budget = budget_of(send_budget::policy::refuse);
  live_server server{
      [&](hawser::server& made) { made.on_open([&](session& peer) { opened.put(peer); }); },
      options};
  auto client = connect(server.url());
  const auto peer = opened.take().value_or(session{});
  std::size_t got = 0;
  std::thread reader{[&] {
    for (; got < count && client.read(); ++got) {
    }
  }};
  const std::vector<std::byte> data(one_size);
  std::size_t sent = 0;
  if (own_thread) {
    const auto fill = [&, peer] {
      while (sent < count && !peer.send(bytes_view{data})) ++sent;
      if (sent == count) drained.put(true);
    };
    peer.on_drained(fill);
    asio::post(peer.get_executor(), fill);
    CHECK(drained.take());
  } else {
    peer.on_drained([&] { drained.put(true); });
    while (sent < count) {
      if (!peer.send(bytes_view{data})) {
        ++sent;
      } else if (!drained.take()) {
        FAIL_CHECK("waits for ever");
        break;
      }
    }
  }
  reader.join();
  CHECK(got == count);
  CHECK_FALSE(client.close());
}

TEST_CASE("on_drained is called after a full queue, however quickly it drains") {
  mailbox<session> opened;
  mailbox<bool> drained;
  server_options options;
  options.budget = {.high = 10'000, .hard = 1'000'000};
  live_server server{
      [&](hawser::server& made) { made.on_open([&](session& peer) { opened.put(peer); }); },
      options};
  auto client = connect(server.url());
  const auto peer = opened.take().value_or(session{});
  peer.on_drained([&] { drained.put(true); });
  for (int round = 0; round < 100; ++round) {
    CHECK_FALSE(peer.send(std::string(20'000, 'x')));
    CHECK(drained.take());
    CHECK(client.read());
  }
  CHECK_FALSE(client.close());
}

TEST_CASE("on_drained is called after a refusal in a handler that has not returned yet") {
  lone_session one;
  int drained = 0;
  const std::string large(900, 'x');
  one.handlers.on_message = [&](session& peer, message_view) {
    peer.on_drained([&] { ++drained; });
    CHECK_FALSE(peer.send(std::string_view{large}));
    CHECK(peer.send(std::string_view{large}) == errc::send_budget_exceeded);
  };
  one.open({}, {.high = 1000, .hard = 1000});
  one.send(frame_from(role::client, opcode::text, "go"));
  one.context.poll();
  CHECK(drained == 1);
}

TEST_CASE("on_drained may set another hook, which is called from then on") {
  lone_session one;
  const auto much = std::string(5'000'000, 'x');
  one.handlers.on_open = [&](session& peer) {
    const auto first = std::make_shared<std::string>("first");
    peer.on_drained([&, peer, first] {
      peer.on_drained([&] { one.story.emplace_back("second"); });
      one.story.push_back(*first);
      peer.send(much);
    });
    peer.send(much);
  };
  const auto peer = one.open();
  one.take(2 * much.size());
  CHECK(one.story == lines{"first", "second"});
  peer.close_now();
  one.run();
}

TEST_CASE("the handler on_drained is called before a session's own hook, and without one") {
  const bool hook = GENERATE(false, true);
  lone_session one;
  const auto much = std::string(5'000'000, 'x');
  one.handlers.on_drained = [&](session& peer) {
    CHECK(peer.buffered_bytes() <= send_budget{}.high / 2);
    one.story.emplace_back("handler");
  };
  one.handlers.on_open = [&](session& peer) {
    if (hook) peer.on_drained([&] { one.story.emplace_back("hook"); });
    peer.send(much);
  };
  const auto peer = one.open();
  one.take(much.size());
  CHECK(one.story == (hook ? lines{"handler", "hook"} : lines{"handler"}));
  peer.close_now();
  one.run();
}

TEST_CASE("a high mark above the limit is the limit") {
  lone_session one;
  const auto much = std::string(5'000'000, 'x');
  one.handlers.on_drained = [&](session&) { one.story.emplace_back("drained"); };
  one.handlers.on_open = [&](session& peer) {
    peer.send(much);
    while (!peer.send("x")) {
    }
  };
  const auto peer = one.open({}, {.high = 1'000'000'000, .hard = 5'000'000});
  one.context.poll();
  CHECK(one.story.empty());
  peer.close_now();
  one.run();
}

TEST_CASE("on_drained is not called after on_close") {
  lone_session one;
  one.handlers.on_open = [&](session& peer) {
    one.story.emplace_back("open");
    peer.on_drained([&] { one.story.emplace_back("drained"); });
    peer.send(std::string(5'000'000, 'x'));
  };
  const auto peer = one.open();
  CHECK(peer.buffered_bytes() > 1'000'000);
  peer.close_now();
  one.run();
  CHECK(one.story == lines{"open", "closed{1006, the connection was ended from this side}"});
}

TEST_CASE("pings and empty messages to a peer that does not read count for the budget", "[abuse]") {
  lone_session one;
  const auto peer = one.open({}, {.high = 10'000, .hard = 1'000'000});
  const bool own_thread = GENERATE(true, false);
  std::size_t refused = 0;
  const auto flood = [&] {
    for (int i = 0; i < 30'000; ++i) {
      const auto ec = i % 2 == 0 ? peer.ping(byte_vector(125)) : peer.send("");
      if (ec == errc::send_budget_exceeded) ++refused;
    }
  };
  heap_meter heap;
  if (own_thread) asio::post(one.context, flood);
  if (!own_thread) flood();
  const auto most = heap.most();
  one.context.poll();
  CHECK(peer.buffered_bytes() <= 1'001'000);
  CHECK(refused > 0);
  CHECK(most <= 1'300'000);
  peer.close_now();
  one.run();
}

TEST_CASE("an echo of at most 16 KiB allocates no memory once a connection has had some",
          "[memory]") {
  lone_session one;
  one.handlers.on_message = [](session& peer, message_view view) { peer.send(view); };
  const auto peer = one.open();
  const auto size = GENERATE(std::size_t{1}, std::size_t{1000}, std::size_t{16 * 1024});
  const auto frame = frame_from(role::client, opcode::binary, std::string(size, 'x'));
  byte_vector buffer(64 * 1024);
  one.far.non_blocking(true);
  const auto echo = [&] {
    one.send(frame);
    for (std::size_t left = encoded_size({.length = size}) + size; left != 0;) {
      std::error_code ec;
      left -= one.far.read_some(asio::buffer(buffer), ec);
      if (ec && ec != asio::error::would_block) return;
      one.context.poll();
    }
  };
  for (int warm = 0; warm < 10; ++warm) echo();
  heap_meter heap;
  for (int i = 0; i < 1000; ++i) echo();
  const auto blocks = heap.count();
  CHECK(blocks == 0);
  CHECK(peer.is_open());
  CHECK(peer.buffered_bytes() == 0);
}

// Many threads at once

/// The events of one session.
struct record {
  std::atomic<int> opens = 0;
  std::atomic<int> closes = 0;
  std::atomic<int> late = 0;

  void touch() {
    if (closes != 0) ++late;
  }
};

/// Sessions and their records, shared by all threads.
class session_crowd {
 public:
  void set_up(server& made) {
    const auto touch = [](session& peer, const auto&...) {
      std::any_cast<record*>(peer.data())->touch();
    };
    made.on_open([this](session& peer) {
      const std::lock_guard guard{mutex_};
      auto* const mine = records_.emplace_back(std::make_unique<record>()).get();
      peer.data() = mine;
      ++mine->opens;
      peer.on_drained([mine] { mine->touch(); });
      sessions_.push_back(peer);
    });
    made.on_message([touch](session& peer, message_view view) {
      touch(peer);
      peer.send(view);
    });
    made.on_ping(touch);
    made.on_pong(touch);
    made.on_close([](session& peer, const closed&) {
      auto* const mine = std::any_cast<record*>(peer.data());
      mine->touch();
      ++mine->closes;
    });
  }

  session any(std::mt19937& random) const {
    const std::lock_guard guard{mutex_};
    return sessions_.empty() ? session{} : sessions_[random() % sessions_.size()];
  }

  std::size_t size() const {
    const std::lock_guard guard{mutex_};
    return sessions_.size();
  }

  void check() const {
    for (const auto& one : records_) {
      if (one->opens != 1 || one->closes != 1 || one->late != 0) {
        FAIL_CHECK("opened " << one->opens << ", closed " << one->closes << ", then " << one->late);
      }
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<session> sessions_;
  std::vector<std::unique_ptr<record>> records_;
};

void do_something(const session& peer, std::mt19937& random) {
  switch (random() % 24) {
    case 0: peer.close(); break;
    case 1: peer.close_now(); break;
    case 2: peer.pause(); break;
    case 3:
    case 4: peer.resume(); break;
    case 5: peer.ping(as_bytes("ping")); break;
    case 6: peer.on_drained([peer] { peer.resume(); }); break;
    case 7: peer.send(prepared_message{"prepared"}); break;
    case 8: peer.send(std::string(100'000, 'x')); break;
    case 9: (void)peer.statistics(); break;
    case 10: (void)peer.buffered_bytes(); break;
    case 11: peer.send(std::vector<std::byte>(3000)); break;
    default: peer.send("text");
  }
}

TEST_CASE("many threads use the same and ending sessions while the server shuts down") {
  constexpr int rounds = 100;
  constexpr std::size_t clients = 6;
  for (int round = 0; round < rounds; ++round) {
    session_crowd all;
    std::vector<std::thread> threads;
    std::atomic<bool> over = false;
    {
      server_options options;
      options.threads = 2;
      options.connection.close_timeout = 100ms;
      options.budget = {.high = 50'000, .hard = 500'000};
      live_server server{[&](hawser::server& made) { all.set_up(made); }, options};
      for (std::size_t i = 0; i < clients; ++i) {
        threads.emplace_back([i, url = server.url(), port = server->port()] {
          std::error_code ec;
          if (i == 0) {
            raw_socket silent{port};
            silent.send(upgrade_request);
            silent.receive_until("\r\n\r\n");
            silent.send(frame_from(role::client, opcode::text, "Hello"));
            silent.socket().set_option(asio::socket_base::linger{true, 0}, ec);
            return;
          }
          auto client = connect(url, ec);
          if (client && i % 2 == 0) (void)client->write("Hello");
          while (client && client->read()) {
          }
        });
      }
      for (unsigned i = 0; i < 8; ++i) {
        threads.emplace_back([&, seed = static_cast<unsigned>(round) * 8 + i] {
          std::mt19937 random{seed};
          while (!over) do_something(all.any(random), random);
        });
      }
      CHECK(eventually([&] { return all.size() >= clients; }));
      server->shutdown({.grace = 300ms});
      CHECK(server.returns());
      over = true;
    }
    std::mt19937 random;
    for (int i = 0; i < 100; ++i) do_something(all.any(random), random);
    for (auto& thread : threads) thread.join();
    all.check();
  }
}

// Very many connections

/// Clients on one context. Each opens a connection, sends a message, receives the echo, and waits for the
/// others before it closes.
class client_crowd {
 public:
  client_crowd(std::uint16_t port, asio::ip::address_v4 from, std::size_t count)
      : server_{loopback(port)}, from_{from} {
    for (std::size_t i = 0; i < count; ++i) members_.emplace_back(tcp::socket{context_});
  }

  /// Runs all clients. Returns the number of those that received the echo and the end.
  std::size_t run() {
    // The system queues a limited number of connections that are not accepted yet.
    for (std::size_t i = 0; i < 200 && i < members_.size(); ++i) open_next();
    context_.run();
    return ended_;
  }

 private:
  struct member {
    explicit member(tcp::socket made) : socket{std::move(made)} {}
    tcp::socket socket;
    std::string received = {};
    std::array<char, 256> buffer{};
  };

  void open_next() {
    if (next_ == members_.size()) return;
    auto& one = members_[next_++];
    one.socket.open(tcp::v4());
    one.socket.bind({from_, 0});
    one.socket.async_connect(server_, [this, &one](std::error_code ec) {
      if (!ec) asio::write(one.socket, asio::buffer(upgrade_request));
      ec ? give_up()
         : receive(
               one, [](const std::string& received) { return received.ends_with("\r\n\r\n"); },
               [this, &one] { greet(one); });
    });
  }

  void greet(member& one) {
    open_next();
    one.received.clear();
    asio::write(one.socket, asio::buffer(frame_from(role::client, opcode::text, "Hello")));
    receive(
        one, [](const std::string& received) { return received.size() == 7; },
        [this, &one] {
          if (one.received == "\x81\x05Hello") ++served_;
          if (++greeted_ == members_.size()) close_all();
        });
  }

  void close_all() {
    for (auto& one : members_) {
      asio::write(one.socket, asio::buffer(close_from(role::client, 1000)));
      receive(
          one, [](const std::string&) { return false; }, [] {});
    }
  }

  template <class Enough, class Then>
  void receive(member& one, Enough enough, Then then) {
    one.socket.async_read_some(
        asio::buffer(one.buffer), [this, &one, enough, then](std::error_code ec, std::size_t size) {
          if (ec == asio::error::eof && greeted_ == members_.size() && served_ == greeted_)
            ++ended_;
          if (ec) return one.socket.close();
          one.received.append(one.buffer.data(), size);
          enough(one.received) ? then() : receive(one, enough, then);
        });
  }

  void give_up() { context_.stop(); }

  asio::io_context context_{1};
  tcp::endpoint server_;
  asio::ip::address_v4 from_;
  std::deque<member> members_;
  std::size_t next_ = 0;
  std::size_t greeted_ = 0;
  std::size_t served_ = 0;
  std::size_t ended_ = 0;
};

/// The most connections that the limit of descriptors allows with both ends in this process.
std::size_t most_connections() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t wanted = sanitized ? 1000 : 8000;
  const auto allowed = (static_cast<std::size_t>(files.rlim_cur) - open_files() - 100) / 2;
  return (std::min)(wanted, allowed);
}

TEST_CASE("thousands of connections leave neither memory nor descriptors behind") {
  const auto count = most_connections();
  server_options options;
  options.threads = 2;
  // On a busy machine a client may have to wait for all others.
  options.handshake_timeout = 10min;
  options.connection.keep_alive_interval = 0s;
  live_server server{[](hawser::server& made) {
                       made.on_message([](session& peer, message_view view) { peer.send(view); });
                     },
                     options};
  CHECK(client_crowd{server->port(), asio::ip::address_v4::loopback(), 10}.run() == 10);
  server.await_connections(0);
  const auto files = open_files();
  heap_meter heap;
  std::vector<std::size_t> held;
  for (unsigned round = 0; round < 3; ++round) {
    const asio::ip::address_v4 from{asio::ip::address_v4::loopback().to_uint() + 1 + round};
    CHECK(client_crowd{server->port(), from, count}.run() == count);
    server.await_connections(0);
    CHECK(open_files() == files);
    held.push_back(heap.held());
  }
  const auto most = heap.most();
  INFO(most / count << " bytes for both ends of a connection, left " << held[0] << ", " << held[1]
                    << ", " << held[2]);
  for (const auto left : held) CHECK(left <= most / 10);
  CHECK(most / count < 16'000);
}

TEST_CASE(
    "a session keeps a large request in about its own size, or only until on_open has returned",
    "[abuse]") {
  constexpr std::size_t clients = 20;
  constexpr std::size_t large = 15'000;
  const auto kept = GENERATE(request_lifetime::session, request_lifetime::opening);
  server_options options;
  options.keep_request = kept;
  mailbox<std::size_t> seen;
  live_server server{[&](hawser::server& made) {
                       made.on_open([&](session& peer) {
                         seen.put(peer.request().header("X").value_or("").size());
                       });
                       made.on_message([&](session& peer, message_view message) {
                         seen.put(peer.request().header("X").value_or("").size());
                         peer.send(message);
                       });
                     },
                     options};
  const auto visit = [&](std::size_t size) {
    auto client = opened(server->port(), upgrade_to("/", "X: " + std::string(size, 'x') + "\r\n"));
    CHECK(seen.take() == size);
    client.send(frame_from(role::client, opcode::text, "x"));
    CHECK(client.receive_frames(1).size() == 1);
    CHECK(seen.take() == (kept == request_lifetime::session ? size : 0));
    return client;
  };
  const auto held_for_each = [&](std::size_t size) {
    std::vector<raw_socket> open;
    open.reserve(clients);
    open.push_back(visit(size));
    const heap_meter heap;
    while (open.size() < clients) open.push_back(visit(size));
    return heap.held() / (clients - 1);
  };
  const auto held = held_for_each(large) - held_for_each(1);
  CHECK(held <= (kept == request_lifetime::session ? large + 500 : 1000));
}

TEST_CASE("a session that stores too much is ended before it stores more, and stores nothing then",
          "[abuse]") {
  buffer_pool::clear();  // a buffer from it may be larger than needed
  lone_session one;
  one.memory = std::make_shared<detail::memory_budget>(100'000);
  const auto peer = one.open();
  one.send(frame_from(role::client, opcode::text, std::string(60'000, 'x'), fin::no));
  one.context.poll();
  CHECK(one.memory->bytes() >= 59'000);
  CHECK(one.memory->bytes() <= 130'000);
  one.send(frame_from(role::client, opcode::continuation, std::string(80'000, 'x'), fin::no));
  // The session ends within a few turns and then waits for the peer.
  CHECK(one.context.poll() < 10);
  CHECK(one.story == lines{"open", "closed{1013, the server stores too much}"});
  CHECK(one.memory->bytes() == 0);
  byte_vector buffer(1000);
  const auto size = one.far.read_some(asio::buffer(buffer));
  buffer.resize(size);
  CHECK(frames_shown(buffer) == lines{"close 1013 \"the server stores too much\""});
  one.far.close();
  one.run();
}

TEST_CASE("a session that ends by what its own handler sends goes on until the handler returns",
          "[abuse]") {
  const auto from = GENERATE("on_open", "on_message", "on_drained");
  const bool twice = GENERATE(true, false);
  lone_session one;
  one.memory = std::make_shared<detail::memory_budget>(2'000'000);
  const auto flood = [&one, twice](session& peer) {
    CHECK_FALSE(peer.send(std::string(3'000'000, 'x')));
    if (twice) CHECK(peer.send(std::string(3'000'000, 'x')) == errc::closed);
    one.story.emplace_back("sent");
  };
  if (from == std::string_view{"on_open"}) one.handlers.on_open = flood;
  one.handlers.on_message = [&](session& peer, message_view) {
    from == std::string_view{"on_message"} ? flood(peer)
                                           : peer.on_drained([&, peer]() mutable { flood(peer); });
    if (from == std::string_view{"on_drained"}) peer.send(std::string(1'100'000, 'x'));
  };
  const auto peer = one.open();
  if (from != std::string_view{"on_open"}) one.send(frame_from(role::client, opcode::text, "go"));
  one.context.poll();
  if (from == std::string_view{"on_drained"}) one.take(450'000);
  one.run();
  CHECK(one.story.back() == "closed{1006, the server stores too much}");
  CHECK(one.story.at(one.story.size() - 2) == "sent");
  CHECK(one.memory->bytes() == 0);
}

TEST_CASE("a session that another one's thread ends stores nothing once its own thread runs",
          "[abuse]") {
  buffer_pool::clear();  // a buffer from it may be larger than needed
  lone_session large;
  lone_session small;
  large.memory = small.memory = std::make_shared<detail::memory_budget>(200'000);
  const auto first = large.open();
  const auto second = small.open();
  const bool paused = GENERATE(true, false);
  large.send(frame_from(role::client, opcode::text, std::string(60'000, 'x'), fin::no));
  large.context.poll();
  large.send(frame_from(role::client, opcode::continuation, std::string(60'000, 'x'), fin::no));
  large.context.poll();
  if (paused) first.pause();
  small.send(frame_from(role::client, opcode::text, std::string(50'000, 'x'), fin::no));
  small.context.poll();
  small.send(frame_from(role::client, opcode::continuation, std::string(10'000, 'x'), fin::no));
  small.context.poll();
  CHECK(small.story == lines{"open"});
  CHECK(large.memory->bytes() >= 200'000);
  large.context.poll();
  CHECK(large.story == lines{"open", "closed{1013, the server stores too much}"});
  CHECK(large.memory->bytes() <= 200'000);
  small.far.close();
  large.far.close();
  small.run();
  large.run();
  CHECK(large.memory->bytes() == 0);
}

TEST_CASE("on_close gets the side that began the end, and the bytes that were dropped") {
  const bool by_peer = GENERATE(false, true);
  mailbox<closed> ends;
  live_server server{[&](hawser::server& made) {
    made.on_message([](session& peer, message_view) { peer.close_now(); });
    made.on_close([&](session&, const closed& why) { ends.put(why); });
  }};
  auto client = opened(server->port());
  client.send(by_peer ? close_from(role::client, 1000)
                      : frame_from(role::client, opcode::text, "text"));
  const auto end = ends.take();
  REQUIRE(end);
  CHECK(end->begun_by == (by_peer ? close_origin::peer : close_origin::local));
  CHECK(end->unsent == 0);
}

}  // namespace
