// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <sys/socket.h>

#include "hawser/asio/client.hpp"
#include "hawser/asio/client_options.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// A listening port on which the test itself plays the server.
class stage {
 public:
  explicit stage(std::uint16_t port = 0) : acceptor_{raw_socket::context(), loopback(port)} {}

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string url(const std::string& target = "/", const std::string& user = "") const {
    return "ws://" + user + "127.0.0.1:" + std::to_string(port()) + target;
  }

  /// The next client.
  raw_socket accept() { return raw_socket{acceptor_.accept()}; }

  /// Accepts the next client, reads its request and refuses it with this response. Returns the request.
  std::string refuse(const std::string& answer) {
    auto peer = accept();
    auto head = peer.receive_until("\r\n\r\n");
    peer.send(answer);
    peer.hang_up();
    peer.receive_all();
    return head;
  }

  /// The next client, after the opening handshake.
  raw_socket open() {
    auto peer = accept();
    head_ = peer.receive_until("\r\n\r\n");
    peer.send(acceptance_of(head_));
    return peer;
  }

  /// The request that open() has read.
  const std::string& head() const { return head_; }

 private:
  tcp::acceptor acceptor_;
  std::string head_;
};

/// A listener with a full backlog: connections to it get no answer.
class deaf_port {
 public:
  deaf_port() : acceptor_{raw_socket::context(), tcp::v4()} {
    acceptor_.bind(loopback());
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      auto& one = crowd_.emplace_back(raw_socket::context(), tcp::v4());
      one.native_non_blocking(true);
      // Asio's connect() would block even on a non-blocking socket.
      const auto where = acceptor_.local_endpoint();
      ::connect(one.native_handle(), where.data(), static_cast<socklen_t>(where.size()));
    }
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  tcp::acceptor acceptor_;
  std::vector<tcp::socket> crowd_;
};

/// Relays bytes both ways, like a tunnel, until one side ends.
class relay {
 public:
  relay(raw_socket& near, raw_socket& far)
      : there_{[&] { carry(near, far); }}, back_{[&] { carry(far, near); }} {}
  ~relay() {
    there_.join();
    back_.join();
  }
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

 private:
  static void carry(raw_socket& from, raw_socket& to) {
    for (auto some = from.receive(); !some.empty() && to.send(some); some = from.receive()) {
    }
    to.hang_up();
  }

  std::thread there_;
  std::thread back_;
};

/// The first retry is immediate, the next ones follow after a short time.
inline backoff brisk() {
  using std::chrono::milliseconds;
  return {.base = milliseconds{1}, .cap = milliseconds{1}, .spread = jitter::none};
}

inline client_options brisk_client(std::string url) {
  return {.url = std::move(url), .reconnect = brisk()};
}

/// A client on threads of its own that records its events.
template <class Client>
class basic_driven_client {
 public:
  template <class... More>
  explicit basic_driven_client(client_options options, More&&... more)
      : client_{context_, std::move(options), std::forward<More>(more)...} {
    client_.on_open([this](session&) { log_.put("open"); })
        .on_message([this](session&, message_view got) { log_.put(shown(got)); })
        .on_close([this](session&, const closed& why) { log_.put("close " + shown(why.code)); })
        .on_reconnecting([this](unsigned attempt, auto delay, std::error_code cause) {
          delays_.put(delay);
          log_.put("attempt " + std::to_string(attempt) + ": " + cause.message());
        })
        .on_failed([this](std::error_code cause, const std::optional<response>& refusal) {
          log_.put("failed: " + (refusal ? std::to_string(refusal->status) : cause.message()));
        })
        .on_stopped([this] { log_.put("stopped"); });
  }
  ~basic_driven_client() {
    client_.stop();
    for (auto& one : threads_) one.join();
  }
  basic_driven_client(const basic_driven_client&) = delete;
  basic_driven_client& operator=(const basic_driven_client&) = delete;

  Client& operator*() { return client_; }
  Client* operator->() { return &client_; }
  asio::io_context& context() { return context_; }

  void start(int threads = 1) {
    client_.start();
    run(threads);
  }

  void run(int threads = 1) {
    running_ = threads;
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] {
        context_.run();
        if (--running_ == 0) log_.put("idle");
      });
    }
  }

  void note(std::string what) { log_.put(std::move(what)); }

  /// The next event, which must happen soon. The last one is "idle": no work is left.
  std::string next() { return log_.take().value_or("nothing"); }

  /// The next events, up to "idle".
  std::vector<std::string> rest() {
    std::vector<std::string> all;
    do all.push_back(next());
    while (all.back() != "idle" && all.back() != "nothing");
    return all;
  }

  /// The delay in the next call of on_reconnecting.
  std::chrono::steady_clock::duration delay() { return delays_.take().value(); }

 private:
  asio::io_context context_;
  Client client_;
  mailbox<std::string> log_;
  mailbox<std::chrono::steady_clock::duration> delays_;
  std::atomic<int> running_ = 0;
  std::vector<std::thread> threads_;
};

using driven_client = basic_driven_client<client>;

}  // namespace hawser::test
