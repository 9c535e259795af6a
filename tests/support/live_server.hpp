// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/server.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// The text of an exception.
inline std::string exception_text(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "something else";
  }
}

/// Waits until a server has that many connections, which must be soon.
template <class Server>
void await_connections(Server& server, std::size_t count) {
  CHECK(eventually([&] { return server.connections() == count; }));
}

/// Whether a client cannot connect to that port.
inline bool refuses_clients(std::uint16_t port) {
  std::error_code ec;
  connect(url_at(port), ec);
  return static_cast<bool>(ec);
}

/// An event server that runs on a thread until this object is destroyed.
class live_server {
 public:
  explicit live_server(const std::function<void(server&)>& prepare, server_options options = {})
      : server_{std::move(options)} {
    prepare(server_);
    thread_ = std::thread{[this] {
      server_.run();
      returned_.put(true);
    }};
  }
  ~live_server() {
    server_.shutdown({.grace = std::chrono::seconds{1}});
    thread_.join();
  }
  live_server(const live_server&) = delete;
  live_server& operator=(const live_server&) = delete;

  server& operator*() { return server_; }
  server* operator->() { return &server_; }

  std::string url(const std::string& target = "/") const { return url_at(server_.port(), target); }

  /// Whether run() returns soon.
  bool returns() { return returned_.take().value_or(false); }

  /// Waits until there are that many connections.
  void await_connections(std::size_t count) const { test::await_connections(server_, count); }

 private:
  server server_;
  mailbox<bool> returned_;
  std::thread thread_;
};

/// A raw client after the opening handshake; the test itself sends and reads its bytes.
inline raw_socket opened(std::uint16_t port, std::string_view request = upgrade_request) {
  raw_socket client{port};
  client.send(request);
  CHECK(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 101 "));
  return client;
}

inline int status_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string{answer.substr(9)}) : 0;
}
inline int status_of(const byte_vector& answer) { return status_of(text(answer)); }

/// The status of the response to a request.
inline int status_for(std::uint16_t port, std::string_view request) {
  raw_socket client{port};
  client.send(request);
  return status_of(client.receive_until("\r\n\r\n"));
}

}  // namespace hawser::test
