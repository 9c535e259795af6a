// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include "hawser/asio/memory_guard.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::detail {

/// Tells clients whom a server has no room for why, without a thread and without waiting: a few at a
/// time and for a second each; who comes on top of that is just dropped.
template <class Socket>
class refusals {
 public:
  /// It happens where the socket's handlers run.
  void refuse(Socket socket, errc why) {
    if (*count_ >= most) return;
    const auto one = std::make_shared<refusal>(std::move(socket), why, count_);
    // What is thrown in there comes out of run(), whoever calls this.
    asio::dispatch(one->socket.get_executor(),
                   [one] { with_memory([&] { begin(one); }, [&] { one->close(); }); });
  }

 private:
  using counter = std::atomic<std::size_t>;
  static constexpr std::size_t most = 64;

  struct refusal {
    refusal(Socket moved, errc why, std::shared_ptr<counter> counted)
        : socket{std::move(moved)},
          timer{socket.get_executor()},
          answer{encode(response_for(why))},
          count{std::move(counted)} {
      ++*count;
    }
    ~refusal() { --*count; }
    refusal(const refusal&) = delete;
    refusal& operator=(const refusal&) = delete;

    void close() {
      std::error_code ignored;
      socket.close(ignored);
      timer.cancel();
    }

    Socket socket;
    asio::steady_timer timer;
    std::string answer;
    std::shared_ptr<counter> count;
    std::array<char, 512> room{};
  };

  static void begin(const std::shared_ptr<refusal>& one) {
    one->timer.expires_after(std::chrono::seconds{1});
    one->timer.async_wait([one](std::error_code) { one->close(); });
    asio::async_write(one->socket, asio::buffer(one->answer),
                      [one](std::error_code ec, std::size_t) {
                        if (ec) return one->close();
                        one->socket.shutdown(Socket::shutdown_send, ec);
                        with_memory([&] { drain(one); }, [&] { one->close(); });
                      });
  }

  /// Closing a socket with input unread would take the answer back.
  static void drain(const std::shared_ptr<refusal>& one) {
    one->socket.async_read_some(asio::buffer(one->room), [one](std::error_code ec, std::size_t) {
      if (ec) return one->close();
      with_memory([&] { drain(one); }, [&] { one->close(); });
    });
  }

  std::shared_ptr<counter> count_ = std::make_shared<counter>(0);
};

}  // namespace hawser::detail
