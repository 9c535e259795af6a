// SPDX-License-Identifier: BSL-1.0

// A client may be stopped, closed or destroyed inside each function that it calls.

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

/// A server that causes each callback of each client, then closes.
class talkative_server {
 public:
  talkative_server() : thread_{[this] { serve(); }} {}
  ~talkative_server() {
    raw_socket{stage_.port()}.send("end\r\n\r\n");
    thread_.join();
  }
  talkative_server(const talkative_server&) = delete;
  talkative_server& operator=(const talkative_server&) = delete;

  std::string url() const { return stage_.url(); }
  int clients() const { return clients_; }

 private:
  void serve() {
    while (true) {
      auto peer = stage_.accept();
      const auto head = peer.receive_until("\r\n\r\n");
      if (head == "end\r\n\r\n") return;
      if (head.empty()) continue;
      ++clients_;
      peer.send(acceptance_of(head));
      // Reads what the client sends in on_open.
      for (std::size_t received = 0; received < 100'000;) {
        const auto some = peer.receive();
        if (some.empty()) break;
        received += some.size();
      }
      const auto send = [&](opcode op) { peer.send(frame_from(role::server, op, "word")); };
      send(opcode::ping);
      send(opcode::pong);
      send(opcode::text);
      peer.send(close_from(role::server, 1000));
      peer.hang_up();
      peer.receive_all();
    }
  }

  stage stage_;
  std::atomic<int> clients_ = 0;
  std::thread thread_;
};

enum class client_action { stop, close, stop_elsewhere, close_elsewhere, destroy };

std::string shown(client_action what) {
  switch (what) {
    case client_action::stop: return "stop";
    case client_action::close: return "close";
    case client_action::stop_elsewhere: return "stop elsewhere";
    case client_action::close_elsewhere: return "close elsewhere";
    case client_action::destroy: return "destroy";
  }
  return {};
}

/// A client that ends in one of its callbacks, on this thread.
class ended_client {
 public:
  ended_client(std::string moment, client_action what, const std::string& url)
      : moment_{std::move(moment)}, action_{what} {
    auto options = brisk_client(url);
    options.budget.high = 1000;
    options.prepare = [this](connect_options&) { happens("prepare"); };
    options.proxy = [this](const uri&) {
      happens("proxy");
      return proxy{};
    };
    options.retry = [this](std::error_code, const auto&) {
      happens("retry");
      return moment_ != "on_failed";
    };
    client_ = std::make_unique<client>(context_, options);
    set_handlers();
  }

  /// The names of the callbacks in order, with "ended" where the client was ended.
  lines run() {
    client_->start();
    context_.run_for(soon);
    CHECK(context_.stopped());
    return story_;
  }

 private:
  void set_handlers() {
    client_->on_open([this](session& open) {
      open.send(std::string(100'000, 'x'));
      happens("on_open");
    });
    client_->on_ping([this](session&, const ping&) { happens("on_ping"); });
    client_->on_pong([this](session&, const pong&) { happens("on_pong"); });
    client_->on_drained([this](session&) { happens("on_drained"); });
    if (moment_ == "on_part") {
      client_->on_part([this](session&, const message_part&) { happens("on_part"); });
    } else if (moment_ == "on_session") {
      client_->on_session([this](session) -> asio::awaitable<void> {
        happens("on_session");
        co_return;
      });
    } else if (moment_ == "receive") {
      client_->on_session([this](session open) -> asio::awaitable<void> {
        while (co_await open.receive()) {
        }
        happens("receive");
      });
    } else {
      client_->on_message([this](session&, message_view) {
        happens("on_message");
        if (moment_ == "on_error") throw std::runtime_error{"no"};
      });
    }
    client_->on_error([this](session&, std::exception_ptr) { happens("on_error"); });
    client_->on_close([this](session&, const closed&) { happens("on_close"); });
    client_->on_reconnecting([this](auto...) { happens("on_reconnecting"); });
    client_->on_failed([this](std::error_code, const auto&) { happens("on_failed"); });
    client_->on_stopped([this] {
      happens("on_stopped");
      story_.emplace_back("stopped");
    });
    // Ends the client in the runs in which no callback ends it.
    if (moment_ == "on_stopped") {
      client_->on_open([this](session& open) {
        open.send(std::string(100'000, 'x'));
        client_->close();
      });
    }
  }

  void happens(const std::string& what) {
    story_.push_back(what);
    if (what != moment_ || std::exchange(done_, true)) return;
    story_.emplace_back("ended");
    switch (action_) {
      case client_action::stop: return client_->stop();
      case client_action::close: return (void)client_->close();
      case client_action::stop_elsewhere: return std::thread{[this] { client_->stop(); }}.join();
      case client_action::close_elsewhere:
        return std::thread{[this] { (void)client_->close(); }}.join();
      case client_action::destroy: return client_.reset();
    }
  }

  const std::string moment_;
  const client_action action_;
  asio::io_context context_{1};
  std::unique_ptr<client> client_;
  lines story_;
  bool done_ = false;
};

TEST_CASE("a client may be ended in each of its callbacks, and does not connect again") {
  const auto moment = GENERATE(
      values<std::string>({"prepare", "proxy", "on_open", "on_session", "receive", "on_message",
                           "on_part", "on_ping", "on_pong", "on_drained", "on_close", "on_error",
                           "retry", "on_reconnecting", "on_failed", "on_stopped"}));
  const auto what =
      GENERATE(client_action::stop, client_action::close, client_action::stop_elsewhere,
               client_action::close_elsewhere, client_action::destroy);
  CAPTURE(moment, shown(what));
  talkative_server server;
  ended_client client{moment, what, server.url()};
  const auto story = client.run();
  const auto ended = std::find(story.begin(), story.end(), "ended");
  REQUIRE(ended != story.end());
  CHECK(server.clients() == (moment == "prepare" || moment == "proxy" ? 0 : 1));
  if (what == client_action::destroy) {
    CHECK(lines(ended, story.end()) ==
          (moment == "on_stopped" ? lines{"ended", "stopped"} : lines{"ended"}));
  } else {
    CHECK(std::find(ended, story.end(), "prepare") == story.end());
    CHECK(std::count(story.begin(), story.end(), "stopped") == 1);
    CHECK(story.back() == "stopped");
  }
}

TEST_CASE("an exception of prepare or proxy is reported, and the attempt fails") {
  const bool preparing = GENERATE(true, false);
  int count = 0;
  const auto act = [&] {
    ++count;
    if (count == 1) throw std::system_error{errc::connect_timeout};
    if (count == 2) throw std::runtime_error{"no"};
  };
  stage server;
  auto options = brisk_client(server.url());
  if (preparing) {
    options.prepare = [&](connect_options&) { act(); };
  } else {
    options.proxy = [&](const uri&) {
      act();
      return proxy{};
    };
  }
  driven_client client{options};
  client->on_error([&](session& of, std::exception_ptr) { client.note(of ? "?" : "error"); });
  client.start();
  CHECK(client.next() == "error");
  CHECK(client.next() == "attempt 1: " + make_error_code(errc::connect_timeout).message());
  CHECK(client.next() == "error");
  CHECK(client.next() == "attempt 2: " + make_error_code(errc::aborted).message());
  auto peer = server.open();
  CHECK(client.next() == "open");
}

TEST_CASE("an exception of retry is reported, and the client gives up") {
  stage server;
  auto options = brisk_client(server.url());
  options.retry = [](std::error_code, const auto&) -> bool { throw std::runtime_error{"no"}; };
  driven_client client{options};
  client->on_error([&](session&, std::exception_ptr) { client.note("error"); });
  client.start();
  server.refuse(refusal_with(503));
  CHECK(client.rest() == lines{"error", "failed: 503", "stopped", "idle"});
}

}  // namespace
