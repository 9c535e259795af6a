// SPDX-License-Identifier: BSL-1.0

// A threaded_server may be stopped inside each function that it calls, by this thread or another, and
// destroyed when run() has returned.

#include <atomic>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

enum class threaded_action { stop, stop_elsewhere, stop_both };

std::string shown(threaded_action what) {
  switch (what) {
    case threaded_action::stop: return "stop";
    case threaded_action::stop_elsewhere: return "stop elsewhere";
    case threaded_action::stop_both: return "stop elsewhere, and here";
  }
  return {};
}

/// A server that this thread runs, and clients that cause each callback.
class stopped_server {
 public:
  stopped_server(std::string moment, threaded_action what)
      : moment_{std::move(moment)}, action_{what} {
    server_->on_upgrade([this](threaded_server::upgrade& asked) {
      if (moment_ != "on_upgrade, unanswered") asked.accept();
      happens("on_upgrade");
      happens("on_upgrade, unanswered");
      if (moment_ == "on_error of on_upgrade") throw std::runtime_error{"no"};
    });
    server_->on_error([this](std::exception_ptr) {
      happens("on_error");
      happens("on_error of on_upgrade");
      happens("on_error of the handler");
    });
  }

  /// Whether the callback was called before run() returned.
  bool run() {
    std::vector<std::thread> clients;
    clients.push_back(client(std::string{upgrade_request}));
    if (moment_ == "on_error") clients.push_back(client("nonsense\r\n\r\n"));
    server_->run([this](threaded_server::peer& peer) { serve(peer); });
    CHECK(server_->connections() == 0);
    // If only this call of shutdown() has ended run(), it may not have returned yet.
    if (action_ == threaded_action::stop_both) join();
    server_.reset();
    if (action_ != threaded_action::stop_both) join();
    for (auto& thread : clients) thread.join();
    return done_;
  }

 private:
  /// Connected when this returns.
  std::thread client(const std::string& head) const {
    return std::thread{[head, peer = raw_socket{server_->port()}]() mutable {
      peer.send(head);
      peer.receive_until("\r\n\r\n");
      peer.send(frame_from(role::client, opcode::text, "word"));
      peer.receive();
      peer.send(close_from(role::client, 1001));
      peer.receive_all();
    }};
  }

  void serve(threaded_server::peer& peer) {
    happens("the handler, at once");
    while (const auto message = peer.read()) {
      (void)peer.write(*message);
      happens("the handler, behind a read");
      if (moment_ == "on_error of the handler") throw std::runtime_error{"no"};
    }
    happens("the handler, at its end");
  }

  void happens(const std::string& what) {
    if (what != moment_ || done_.exchange(true)) return;
    if (action_ != threaded_action::stop) {
      elsewhere_ = std::thread{[this, server = server_.get()] {
        begun_ = true;
        begun_.notify_one();
        server->shutdown();
      }};
      begun_.wait(false);
    }
    if (action_ != threaded_action::stop_elsewhere) server_->shutdown();
  }

  void join() {
    if (elsewhere_.joinable()) elsewhere_.join();
  }

  static threaded_server_options options() {
    threaded_server_options made;
    made.address = "127.0.0.1";
    return made;
  }

  const std::string moment_;
  const threaded_action action_;
  std::unique_ptr<threaded_server> server_ = std::make_unique<threaded_server>(options());
  std::thread elsewhere_;
  std::atomic<bool> begun_ = false;
  std::atomic<bool> done_ = false;
};

TEST_CASE("a threaded_server may be stopped in each function it calls, and destroyed after run") {
  const auto moment = GENERATE(values<std::string>(
      {"on_upgrade", "on_upgrade, unanswered", "on_error", "on_error of on_upgrade",
       "on_error of the handler", "the handler, at once", "the handler, behind a read",
       "the handler, at its end"}));
  const auto what =
      GENERATE(threaded_action::stop, threaded_action::stop_elsewhere, threaded_action::stop_both);
  CAPTURE(moment, shown(what));
  CHECK(stopped_server{moment, what}.run());
}

}  // namespace
