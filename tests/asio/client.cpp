// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/payloads.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

static_assert(takes_every_payload<sending<client>>);

using lines = std::vector<std::string>;

client_options keeping(const std::string& url, std::size_t most = 1000) {
  auto options = brisk_client(url);
  options.queue.most = most;
  return options;
}

/// Reads some frames, and nothing after them.
byte_vector receive_whole_frames(raw_socket peer) {
  auto received = peer.receive();
  while (received.size() < 1000) received = std::move(received) + peer.receive();
  byte_vector whole;
  for (const auto& frame : frames_in(received)) {
    if (frame.op >= 0) whole = std::move(whole) + frame_from(role::server, frame.op, frame.payload);
  }
  return whole;
}

TEST_CASE("a client sends all kinds of messages") {
  stage server;
  driven_client client{keeping(server.url(), GENERATE(std::size_t{0}, std::size_t{1000}))};
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "open");
  const std::string_view word = "view";
  CHECK_FALSE(client->send(word));
  CHECK_FALSE(client->send(as_bytes(word)));
  CHECK_FALSE(client->send(message_view{message_kind::text, as_bytes(word)}));
  CHECK_FALSE(client->send(std::string{"text"}));
  CHECK_FALSE(client->send(bytes("bytes")));
  CHECK_FALSE(client->send(prepared_message{"prepared"}));
  CHECK(client->send("\xFF") == errc::invalid_utf8);
  CHECK(peer.receive_frames(6) == lines{"text \"view\"", "binary \"view\"", "text \"view\"",
                                        "text \"text\"", "binary \"bytes\"", "text \"prepared\""});
  CHECK_FALSE(client->ping(as_bytes(word)));
  CHECK(peer.receive_frames(1) == lines{"ping \"view\""});
}

TEST_CASE("the session of a client has the response of the opening handshake") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client->on_open([&](session& open) {
    client.note(std::to_string(open.response().status) + ' ' +
                std::string{open.response().header("X-Room").value_or("none")});
  });
  client.start();
  auto peer = server.accept();
  peer.send(acceptance_of(peer.receive_until("\r\n\r\n"), "X-Room: 7\r\n"));
  CHECK(client.next() == "101 7");
  CHECK(session{}.response().status == 0);
}

TEST_CASE("each session may be served by a coroutine") {
  stage server;
  driven_client client{keeping(server.url())};
  client->hooks().on_message = nullptr;
  client->on_session([](session open) -> asio::awaitable<void> {
    while (const auto got = co_await open.receive()) open.send(*got);
  });
  client.start();
  for (int i = 0; i < 2; ++i) {
    auto peer = server.open();
    peer.send(frame_from(role::server, opcode::text, "echo"));
    CHECK(peer.receive_frames(1) == lines{"text \"echo\""});
  }
}

TEST_CASE("a coroutine of a session may take the session by reference") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client->hooks().on_message = nullptr;
  client->on_session([](const session& open) -> asio::awaitable<void> {
    while (const auto got = co_await open.receive()) open.send(*got);
  });
  client.start();
  auto peer = server.open();
  peer.send(frame_from(role::server, opcode::text, "echo"));
  CHECK(peer.receive_frames(1) == lines{"text \"echo\""});
}

TEST_CASE("an exception of a coroutine ends its session and is reported") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client->hooks().on_message = nullptr;
  client->on_session([](session) -> asio::awaitable<void> {
    throw std::runtime_error{"no"};
    co_return;
  });
  client->on_error([&](session& of, std::exception_ptr) { client.note(of ? "error" : "?"); });
  client.start();
  auto peer = server.open();
  CHECK(peer.receive_frames(1) == lines{"close 1011"});
  CHECK(client.next() == "open");
  CHECK(client.next() == "error");
}

TEST_CASE("without a connection and without a queue nothing is sent") {
  stage server;
  driven_client client{keeping(server.url(), 0)};
  CHECK_FALSE(client->session());
  CHECK(client->send("early") == errc::closed);
  CHECK(client->ping() == errc::closed);
  CHECK(client->buffered_bytes() == 0);
}

TEST_CASE(
    "with default options, what is sent before the first connection is sent on it, up to 1 MiB") {
  stage server;
  driven_client client{brisk_client(server.url())};
  CHECK_FALSE(client->send("early"));
  CHECK(client->send(std::string(1024 * 1024, 'x')) == errc::message_exceeds_budget);
  client.start();
  CHECK(server.open().receive_frames(1) == lines{"text \"early\""});
}

TEST_CASE("queued messages are sent after on_open has returned, in order") {
  stage server;
  driven_client client{keeping(server.url(), 600)};
  client->on_open([&](session& open) {
    client.note(client->session() == open ? "same" : "other");
    open.send("hello from the session");
    client->send("hello from the client");
  });
  CHECK_FALSE(client->send("one"));
  CHECK_FALSE(client->send(bytes("two")));
  CHECK_FALSE(client->send(std::string{"three"}));
  CHECK_FALSE(client->send(prepared_message{"four"}));
  CHECK(client->send(std::string(500, '5')) == errc::send_budget_exceeded);
  CHECK(client->buffered_bytes() > 4 * sizeof(detail::kept_messages::kept));
  CHECK(client->buffered_bytes() <= 600);
  client.start();
  auto peer = server.open();
  CHECK(client.next() == "same");
  CHECK(peer.receive_frames(6) == lines{"text \"hello from the session\"",
                                        "text \"hello from the client\"", "text \"one\"",
                                        "binary \"two\"", "text \"three\"", "text \"four\""});
  CHECK_FALSE(client->send("six"));
  CHECK(peer.receive_frames(1) == lines{"text \"six\""});
}

TEST_CASE("the oldest queued messages may be dropped") {
  stage server;
  auto options = keeping(server.url(), 4 * sizeof(detail::kept_messages::kept));
  options.queue.when_full = outage_queue::policy::drop_oldest;
  driven_client client{options};
  for (const auto* word : {"1", "2", "3", "4", "5"}) CHECK_FALSE(client->send(word));
  client.start();
  auto peer = server.open();
  CHECK(peer.receive_frames(3) == lines{"text \"3\"", "text \"4\"", "text \"5\""});
}

TEST_CASE("a message sent between two connections is sent on the second") {
  stage server;
  driven_client client{keeping(server.url())};
  const auto send = [&client](const char* words) {
    const auto ec = client->send(words);
    client.note(ec ? ec.message() : "sent");
  };
  client->on_close([send](session&, const closed&) { send("from on_close"); });
  client->on_reconnecting([send](auto...) { send("from on_reconnecting"); });
  client.start();
  server.open().hang_up();
  CHECK(client.next() == "open");
  CHECK(client.next() == "sent");
  CHECK(client.next() == "sent");
  auto peer = server.open();
  CHECK(peer.receive_frames(2) == lines{"text \"from on_close\"", "text \"from on_reconnecting\""});
}

TEST_CASE("queued messages survive a connection that on_open closes") {
  stage server;
  std::atomic<int> opened = 0;
  driven_client client{keeping(server.url())};
  client->on_open([&](session& open) {
    if (++opened == 1) open.close_now();
  });
  CHECK_FALSE(client->send("kept"));
  client.start();
  server.open().receive_all();
  auto peer = server.open();
  CHECK(peer.receive_frames(1) == lines{"text \"kept\""});
}

TEST_CASE("a client that has ended sends nothing") {
  driven_client client{keeping("ws://127.0.0.1:1/")};
  CHECK_FALSE(client->send("kept"));
  client->stop();
  CHECK(client->send("late") == errc::closed);
}

TEST_CASE(
    "queued messages above the send budget wait for it, and later messages wait behind them") {
  stage server;
  auto options = keeping(server.url(), 100'000);
  options.budget.hard = 10'000;
  driven_client client{options};
  // None of these can be written while on_open runs.
  const std::string filler(9'000, 'f');
  client->on_open([&](session& open) { open.send(filler); });
  client->on_message([&](session&, message_view) { client->send("answer"); });
  const std::string large(4'000, 'k');
  CHECK_FALSE(client->send(large));
  CHECK(client->send(std::string(1'001, 'x')) == errc::send_budget_exceeded);
  client.start();
  auto peer = server.open();
  peer.send(frame_from(role::server, opcode::text, "question"));
  CHECK(peer.receive_frames(3) == lines{"text " + shown(as_bytes(filler)),
                                        "text " + shown(as_bytes(large)), "text \"answer\""});
}

TEST_CASE("messages of one thread stay in their order over many connections") {
  stage server;
  auto options = keeping(server.url());
  options.budget.hard = 20'000;
  driven_client client{options};
  client->on_open([](session&) {});
  client.start(2);
  std::atomic<bool> enough = false;
  std::vector<std::thread> threads;
  for (const char name : {'a', 'b'}) {
    threads.emplace_back([&client, &enough, name] {
      for (int i = 0; !enough; ++i) {
        while (client->send(name + std::to_string(i)) && !enough) std::this_thread::yield();
      }
    });
  }
  // Each connection except the last may lose its last messages.
  byte_vector received;
  const auto has_second = [&](char name) {
    return std::ranges::any_of(frames_in(received), [&](const auto& frame) {
      return text(frame.payload)[0] == name && text(frame.payload) != std::string{name, '0'};
    });
  };
  // A thread may have to wait long for a processor.
  for (int i = 0; i < 5 || !has_second('a') || !has_second('b'); ++i) {
    received = std::move(received) + receive_whole_frames(server.open());
  }
  auto peer = server.open();
  enough = true;
  for (auto& one : threads) one.join();
  CHECK(eventually([&] { return !client->send("z"); }));
  auto rest = peer.receive();
  while (rest.empty() || text(frames_in(rest).back().payload) != "z")
    rest = std::move(rest) + peer.receive();

  int last[2] = {-1, -1};
  for (const auto& frame : frames_in(std::move(received) + rest)) {
    const auto words = text(frame.payload);
    if (words == "z") break;
    auto& before = last[words[0] - 'a'];
    const int number = std::stoi(words.substr(1));
    REQUIRE(number > before);
    before = number;
  }
  CHECK(last[0] > 0);
  CHECK(last[1] > 0);
}

// A server that restarts

/// A server that records numbers and acknowledges each, and that is restarted repeatedly.
class ledger {
 public:
  explicit ledger(std::uint16_t port = 0) { start(port); }
  ~ledger() { kill(); }
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  std::uint16_t port() const { return server_->port(); }

  /// Drops all connections without a response, and listens again.
  void restart() {
    const auto port = server_->port();
    kill();
    start(port);
  }

  std::size_t count() const { return count_; }

  /// All numbers in the order of their first arrival.
  const std::vector<int>& numbers() const { return numbers_; }

 private:
  void start(std::uint16_t port) {
    context_ = std::make_unique<asio::io_context>(1);
    server_ = std::make_unique<server>(*context_, server_options{.port = port});
    server_->on_message([this](session& peer, message_view message) {
      const int number = std::stoi(std::string{message.text()});
      if (number == static_cast<int>(numbers_.size())) {
        numbers_.push_back(number);
        ++count_;
      }
      peer.send(message);
    });
    server_->start();
    thread_ = std::thread{[this] { context_->run(); }};
  }

  void kill() {
    context_->stop();
    thread_.join();
    server_.reset();
    context_.reset();
  }

  std::vector<int> numbers_;
  std::atomic<std::size_t> count_ = 0;
  std::unique_ptr<asio::io_context> context_;
  std::unique_ptr<server> server_;
  std::thread thread_;
};

TEST_CASE("nothing that was acknowledged is lost while a server is killed twenty times") {
  constexpr int window = 16;
  ledger server;
  driven_client client{brisk_client(url_at(server.port()))};
  lines story;
  int acknowledged = 0;
  int sent = 0;
  const auto send_more = [&](session& open) {
    while (sent < acknowledged + window && !open.send(std::to_string(sent))) ++sent;
  };
  client->on_open([&](session& open) {
    story.push_back("open");
    sent = acknowledged;
    send_more(open);
  });
  client->on_message([&](session& open, message_view message) {
    if (message.text() == std::to_string(acknowledged)) ++acknowledged;
    send_more(open);
  });
  client->on_close([&](session&, const closed&) { story.push_back("close"); });
  client->on_reconnecting([&](auto...) { story.push_back("reconnecting"); });
  client->on_stopped([&] { story.push_back("stopped"); });
  client.start();
  for (int i = 0; i < 20; ++i) {
    const auto before = server.count();
    CHECK(eventually([&] { return server.count() >= before + 50; }));
    server.restart();
  }
  client->stop();
  CHECK(client.next() == "idle");

  const auto& kept = server.numbers();
  CHECK(acknowledged <= static_cast<int>(kept.size()));
  CHECK(acknowledged >= static_cast<int>(kept.size()) - window);
  for (std::size_t i = 0; i < kept.size(); ++i) REQUIRE(kept[i] == static_cast<int>(i));

  // Each open is followed by its close, each close by an attempt, and the last by the end.
  for (std::size_t i = 0; i + 1 < story.size(); ++i) {
    if (story[i] == "open") REQUIRE(story[i + 1] == "close");
    if (story[i] == "close" && i + 2 < story.size()) REQUIRE(story[i + 1] == "reconnecting");
  }
  CHECK(std::count(story.begin(), story.end(), "open") >= 20);
  CHECK(std::count(story.begin(), story.end(), "stopped") == 1);
  CHECK(story.back() == "stopped");
}

TEST_CASE("any number of threads may use a client and run its context") {
  ledger server;
  driven_client client{keeping(url_at(server.port()))};
  client->on_open([](session&) {});
  client->on_message([](session&, message_view) {});
  client->on_close([](session&, const closed&) {});
  client->on_reconnecting([](auto...) {});
  client.start(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int number = 0; number < 500; ++number) {
        (void)client->send(std::to_string(number));
        (void)client->ping();
        (void)client->buffered_bytes();
        if (number % 100 == 99) client->session().close_now();
      }
    });
  }
  for (int i = 0; i < 3; ++i) server.restart();
  for (auto& one : threads) one.join();
  CHECK_FALSE(client->close());
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a client that has started refuses handlers", "[client]") {
  asio::io_context context;
  client made{context, {.url = "ws://127.0.0.1/"}};
  CHECK_THROWS_AS(made.on_stopped(std::function<void()>{}), std::invalid_argument);
  made.start();
  CHECK_THROWS_AS(made.on_message([](session&, message_view) {}), std::logic_error);
  CHECK_THROWS_AS(made.on_stopped([] {}), std::logic_error);
  CHECK_THROWS_AS(made.on_session([](session) -> asio::awaitable<void> { co_return; }),
                  std::logic_error);
}

}  // namespace
