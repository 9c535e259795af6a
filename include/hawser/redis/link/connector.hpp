// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/error.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/redis/address.hpp"
#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/link/stream.hpp"

namespace hawser::detail {

/// Connects a socket to the first endpoint of an address that accepts a connection.
class redis_connector {
 public:
  redis_connector(asio::io_context& context, const redis_address& where, redis_socket& socket,
                  redis_attempts& attempts, std::function<void()> connected)
      : where_{where},
        socket_{socket},
        attempts_{attempts},
        connected_{std::move(connected)},
        resolver_{context} {}

  /// Calls `connected`, or the attempt is lost.
  void start() {
    if (!where_.path.empty()) {
      endpoints_ = {asio::local::stream_protocol::endpoint{where_.path}};
      return connect_next();
    }
    std::error_code ec;
    const auto address = asio::ip::make_address(where_.host, ec);
    if (!ec) {
      endpoints_ = {asio::ip::tcp::endpoint{address, where_.port}};
      return connect_next();
    }
    resolve();
  }

  void cancel() noexcept {
    resolver_.cancel();
    endpoints_.clear();
  }

  /// Whether the system's resolver runs, which cannot be interrupted.
  bool is_resolving() const noexcept { return resolving_ != 0; }

 private:
  void resolve() {
    auto resolved = attempts_.handler([this](std::error_code failed, const auto& found) {
      if (failed) return attempts_.lose(failed, where_.host);
      for (const auto& one : found) endpoints_.emplace_back(one.endpoint());
      connect_next();
    });
    resolver_.async_resolve(
        where_.host, std::to_string(where_.port),
        [this, resolved = std::move(resolved)](std::error_code failed, const auto& found) {
          --resolving_;
          resolved(failed, found);
        });
    ++resolving_;
  }

  void connect_next() {
    if (endpoints_.empty())
      return attempts_.lose(last_failure_, where_.path.empty() ? where_.host : where_.path);
    const auto next = endpoints_.front();
    endpoints_.pop_front();
    std::error_code ec;
    socket_.close(ec);
    open_close_on_exec(socket_, next.protocol(), ec);
    if (ec) {
      last_failure_ = ec;
      return connect_next();
    }
    std::error_code ignored;
    socket_.set_option(asio::socket_base::keep_alive{true}, ignored);
    if (where_.path.empty()) socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.async_connect(next, attempts_.handler([this](std::error_code failed) {
      if (failed) {
        last_failure_ = failed;
        return connect_next();
      }
      endpoints_.clear();
      connected_();
    }));
  }

  const redis_address& where_;
  redis_socket& socket_;
  redis_attempts& attempts_;
  const std::function<void()> connected_;
  asio::ip::tcp::resolver resolver_;
  std::deque<asio::generic::stream_protocol::endpoint> endpoints_;
  std::error_code last_failure_ = make_error_code(asio::error::host_not_found);
  std::size_t resolving_ = 0;  // handlers of the resolver that have not run
};

}  // namespace hawser::detail
