// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "hawser/tls/transport.hpp"
#include "support/sockets.hpp"

namespace hawser::test {

/// An echo server over TLS with threads of its own, which runs until it is destroyed.
template <class Server>
class running_echo {
 public:
  template <class... Arguments>
  explicit running_echo(Arguments&&... arguments) : server_{std::forward<Arguments>(arguments)...} {
    server_.on_error([this](std::exception_ptr what) { note(what); });
    thread_ = std::thread{[this] {
      server_.run([](auto& peer) {
        while (const auto message = peer.read()) peer.write(*message);
      });
    }};
  }
  ~running_echo() { stop(); }
  running_echo(const running_echo&) = delete;
  running_echo& operator=(const running_echo&) = delete;

  std::string url(const std::string& scheme, const std::string& host = "localhost") const {
    return scheme + "://" + host + ':' + std::to_string(server_.port()) + '/';
  }

  void stop() {
    if (!thread_.joinable()) return;
    server_.shutdown();
    thread_.join();
  }

  /// The errors of connections so far, or all of them after stop().
  std::vector<std::error_code> errors() const {
    const std::lock_guard guard{mutex_};
    return errors_;
  }

  /// Waits until an error of a connection is reported to the server.
  std::error_code next_error() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return !errors_.empty(); });
    return errors_.front();
  }

  Server& server() { return server_; }
  const Server& server() const { return server_; }

 private:
  void note(const std::exception_ptr& what) {
    try {
      std::rethrow_exception(what);
    } catch (const std::system_error& error) {
      const std::lock_guard guard{mutex_};
      errors_.push_back(error.code());
      changed_.notify_all();
    }
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::error_code> errors_;
  Server server_;
  std::thread thread_;
};

/// Answers the request of one client over TLS, then ends TCP without a close_notify.
class cutting_server {
 public:
  cutting_server(tls_server_context context, std::string answer)
      : context_{std::move(context)}, thread_{[this, answer = std::move(answer)] {
          std::error_code ec;
          tls_transport<socket_transport> client{socket_transport{acceptor_.accept(ec)}, context_};
          const auto until = std::chrono::steady_clock::now() + soon;
          if (!ec) client.handshake(until, ec);
          std::array<std::byte, 4096> buffer{};
          std::string request;
          while (!ec && request.find("\r\n\r\n") == request.npos &&
                 client.wait_readable(until, ec)) {
            const auto size = client.read_some(buffer, ec);
            if (ec == std::errc::operation_would_block) ec.clear();
            request += as_text(bytes_view{buffer}.first(size));
          }
          if (!ec) client.write_some(as_bytes(answer), ec);
        }} {}
  ~cutting_server() { thread_.join(); }
  cutting_server(const cutting_server&) = delete;
  cutting_server& operator=(const cutting_server&) = delete;

  std::string url() const {
    return "wss://localhost:" + std::to_string(acceptor_.local_endpoint().port()) + '/';
  }

 private:
  tls_server_context context_;
  tcp::acceptor acceptor_{raw_socket::context(), loopback()};
  std::thread thread_;
};

}  // namespace hawser::test
