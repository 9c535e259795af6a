// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/dispatch.hpp>

#include "hawser/asio/opening/opening_driver.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/server.hpp"

namespace hawser::detail {

/// Sends responses to clients over a server's limit, without a thread: to `most` clients at a time,
/// for one second each. Other sockets are closed.
template <class Socket>
class refusals {
 public:
  /// Runs on the socket's executor.
  void refuse(Socket socket, errc why) {
    if (*count_ >= most) return;
    const auto one = std::make_shared<refusal>(std::move(socket), why, count_);
    // dispatch() protects the caller from exceptions of the handlers.
    asio::dispatch(one->get_executor(), [one] { one->start(); });
  }

 private:
  using counter = std::atomic<std::size_t>;
  static constexpr std::size_t most = 64;

  /// An opening whose handshake has failed before it begins.
  class refusal final : public opening_driver<Socket, server_handshake<>> {
    using base = opening_driver<Socket, server_handshake<>>;

   public:
    refusal(Socket socket, errc why, std::shared_ptr<counter> count)
        : base{socket_, handshake_, socket.get_executor()},
          socket_{std::move(socket)},
          count_{std::move(count)} {
      handshake_.fail(why);
      ++*count_;
    }
    ~refusal() override { --*count_; }

    void start() {
      base::unless_over([this] { base::step(); });
    }

   private:
    void decide() override {}
    void on_exception() override {}
    void time_out() override {}
    std::chrono::steady_clock::duration close_timeout() const override {
      return std::chrono::seconds{1};
    }
    std::error_code input_ended(std::error_code ec) override { return ec; }
    void opened(std::vector<std::byte>) override {}
    void closed(std::error_code) override {}

    Socket socket_;
    server_handshake<> handshake_;
    const std::shared_ptr<counter> count_;
  };

  std::shared_ptr<counter> count_ = std::make_shared<counter>(0);
};

}  // namespace hawser::detail
