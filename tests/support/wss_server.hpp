// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/asio/threaded_server.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/threaded_server.hpp"

namespace hawser::test {

/// A server that sends every message back, on threads of its own, for as long as it is there.
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
    server_.stop();
    thread_.join();
  }

  /// What went wrong with connections, up to now or, after stop(), in all.
  std::vector<std::error_code> errors() const {
    const std::lock_guard guard{mutex_};
    return errors_;
  }

  /// Waits until the server is told that a connection went wrong.
  std::error_code next_error() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return !errors_.empty(); });
    return errors_.front();
  }

  Server& server() { return server_; }

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

}  // namespace hawser::test
