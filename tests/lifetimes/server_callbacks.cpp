// SPDX-License-Identifier: BSL-1.0

// A session may be closed, and its server shut down or destroyed, inside each function that is called.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "hawser/asio/server.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using lines = std::vector<std::string>;

enum class server_action { close, close_now, shutdown, shutdown_elsewhere, destroy };

std::string shown(server_action what) {
  switch (what) {
    case server_action::close: return "close";
    case server_action::close_now: return "close_now";
    case server_action::shutdown: return "shutdown";
    case server_action::shutdown_elsewhere: return "shutdown elsewhere";
    case server_action::destroy: return "destroy";
  }
  return {};
}

/// A server on a context that this thread runs, and a client that causes each callback.
class ended_server {
 public:
  ended_server(std::string moment, server_action what) : moment_{std::move(moment)}, action_{what} {
    server_options options;
    options.budget.high = 1000;
    server_ = std::make_unique<server>(context_, options);
    set_handlers();
  }

  /// The names of the callbacks in order, with "ended" where one of the two was ended.
  lines run() {
    server_->start();
    std::thread client{[this, port = server_->port()] {
      play(port);
      asio::post(context_, [this] { server_.reset(); });
    }};
    context_.run_for(soon);
    client.join();
    CHECK(context_.stopped());
    return story_;
  }

 private:
  void play(std::uint16_t port) const {
    raw_socket peer{port};
    if (moment_ == "on_http") {
      peer.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      peer.receive_all();
      return;
    }
    peer.send(upgrade_request);
    peer.receive_until("\r\n\r\n");
    const auto send = [&](opcode op) { return peer.send(frame_from(role::client, op, "word")); };
    send(opcode::ping);
    send(opcode::pong);
    send(opcode::text);
    // Reads what the session sends in on_open.
    for (std::size_t received = 0; received < 100'000;) {
      const auto some = peer.receive();
      if (some.empty()) return;
      received += some.size();
    }
    peer.send(close_from(role::client, 1000));
    peer.hang_up();
    peer.receive_all();
  }

  void set_handlers() {
    server_->on_upgrade([this](upgrade& asked) {
      asked.accept();
      happens("on_upgrade");
    });
    server_->on_http([this](const request&) {
      happens("on_http");
      return response{.status = 200};
    });
    server_->on_open([this](session& open) {
      open.send(std::string(100'000, 'x'));
      happens("on_open", open);
    });
    server_->on_ping([this](session& open, const ping&) { happens("on_ping", open); });
    server_->on_pong([this](session& open, const pong&) { happens("on_pong", open); });
    server_->on_drained([this](session& open) { happens("on_drained", open); });
    if (moment_ == "on_part") {
      server_->on_part([this](session& open, const message_part&) { happens("on_part", open); });
    } else if (moment_ == "on_session") {
      server_->on_session([this](session open) -> asio::awaitable<void> {
        happens("on_session", open);
        co_return;
      });
    } else if (moment_ == "receive") {
      server_->on_session([this](session open) -> asio::awaitable<void> {
        while (co_await open.receive()) happens("receive", open);
      });
    } else {
      server_->on_message([this](session& open, message_view) {
        happens("on_message", open);
        if (moment_ == "on_error") throw std::runtime_error{"no"};
      });
    }
    server_->on_error([this](session& of, std::exception_ptr) { happens("on_error", of); });
    server_->on_close([this](session& open, const closed&) { happens("on_close", open); });
  }

  void happens(const std::string& what, session open = {}) {
    story_.push_back(what);
    if (what != moment_ || std::exchange(done_, true)) return;
    story_.emplace_back("ended");
    switch (action_) {
      case server_action::close: return (void)open.close();
      case server_action::close_now: return open.close_now();
      case server_action::shutdown: return server_->shutdown();
      case server_action::shutdown_elsewhere:
        return std::thread{[this] { server_->shutdown(); }}.join();
      case server_action::destroy: return server_.reset();
    }
  }

  const std::string moment_;
  const server_action action_;
  asio::io_context context_{1};
  std::unique_ptr<server> server_;
  lines story_;
  bool done_ = false;
};

TEST_CASE("a session may be closed, and its server ended, in each callback") {
  const auto moment = GENERATE(values<std::string>(
      {"on_upgrade", "on_http", "on_open", "on_session", "receive", "on_message", "on_part",
       "on_ping", "on_pong", "on_drained", "on_close", "on_error"}));
  const auto what =
      GENERATE(server_action::close, server_action::close_now, server_action::shutdown,
               server_action::shutdown_elsewhere, server_action::destroy);
  CAPTURE(moment, shown(what));
  const auto story = ended_server{moment, what}.run();
  const auto ended = std::find(story.begin(), story.end(), "ended");
  REQUIRE(ended != story.end());
  if (what == server_action::destroy) {
    CHECK(lines(ended, story.end()) == lines{"ended"});
  } else {
    const bool opened = std::find(story.begin(), story.end(), "on_open") != story.end();
    CHECK(std::count(story.begin(), story.end(), "on_close") == (opened ? 1 : 0));
  }
}

}  // namespace
