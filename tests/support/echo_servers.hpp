// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>

#include "hawser/asio/server.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/protocol/options.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"

namespace hawser::test {

/// The options that tests set for every kind of server.
struct echo_options {
  connection_options connection = {};
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 0;
  any_negotiator extension = {};
  std::size_t memory_budget = 0;
};

/// An echo server with a thread for each connection, and how the connections ended.
class threaded_echo {
 public:
  explicit threaded_echo(const echo_options& wanted = {}) : server_{options(wanted)} {
    thread_ = std::thread{[this] {
      server_.run([this](auto& peer) {
        while (const auto message = peer.read()) {
          if (peer.write(*message)) break;
        }
        while (peer.read()) {
        }
        ends.put(shown(peer.close_reason()));
      });
      returned_.put(true);
    }};
  }
  ~threaded_echo() {
    stop();
    thread_.join();
  }

  std::uint16_t port() const { return server_.port(); }
  std::size_t connections() const { return server_.connections(); }
  std::size_t buffered_bytes() const { return server_.buffered_bytes(); }
  void stop_on_signals() { server_.stop_on_signals(); }
  bool returns() { return returned_.take().value_or(false); }

  void stop() { server_.shutdown({.grace = soon}); }

  mailbox<std::string> ends;

 private:
  static threaded_server_options options(const echo_options& wanted) {
    threaded_server_options options;
    options.connection = wanted.connection;
    options.handshake_timeout = wanted.handshake_timeout;
    options.max_connections = wanted.max_connections;
    options.max_connections_per_address = wanted.max_connections_per_address;
    options.extension = wanted.extension;
    options.memory_budget = wanted.memory_budget;
    return options;
  }

  threaded_server server_;
  mailbox<bool> returned_;
  std::thread thread_;
};

/// The same with two event loops.
class event_echo {
 public:
  explicit event_echo(const echo_options& wanted = {})
      : server_{[this](server& made) {
                  made.on_message([](auto& peer, auto message) { peer.send(message); });
                  made.on_close([this](auto&, const auto& end) { ends.put(shown(end)); });
                },
                options(wanted)} {}

  std::uint16_t port() { return server_->port(); }
  std::size_t connections() { return server_->connections(); }
  std::size_t buffered_bytes() { return server_->buffered_bytes(); }
  void stop_on_signals() { server_->stop_on_signals(); }
  bool returns() { return server_.returns(); }
  void stop() { server_->shutdown({.grace = soon}); }

  mailbox<std::string> ends;

 private:
  static server_options options(const echo_options& wanted) {
    server_options options;
    options.threads = 2;
    options.connection = wanted.connection;
    options.handshake_timeout = wanted.handshake_timeout;
    options.max_connections = wanted.max_connections;
    options.max_connections_per_address = wanted.max_connections_per_address;
    options.extension = wanted.extension;
    options.memory_budget = wanted.memory_budget;
    return options;
  }

  live_server server_;
};

template <class Server>
std::string url_of(Server& server) {
  return url_at(server.port());
}

}  // namespace hawser::test
