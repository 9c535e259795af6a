// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/write.hpp>

#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/link/connector.hpp"
#include "hawser/redis/link/reply.hpp"

namespace hawser::detail {

/// Writes commands to a connection, as many at once as have collected.
class redis_output {
 public:
  redis_output(redis_socket& socket, redis_attempts& attempts, std::function<void()> written)
      : socket_{socket}, attempts_{attempts}, written_{std::move(written)} {}

  void write(std::initializer_list<std::string_view> words) {
    append_command(waiting_, words);
    flush();
  }
  void write(std::string_view commands) {
    waiting_ += commands;
    flush();
  }

  /// The connection has ended.
  void clear() noexcept {
    waiting_ = {};
    leaving_ = 0;
  }

  /// The bytes that were written and have not left.
  std::size_t unsent() const noexcept { return waiting_.size() + leaving_; }

 private:
  void flush() {
    if (leaving_ != 0 || waiting_.empty()) return;
    // Of the operation, which may end after the next connection has begun.
    const auto leaving = std::make_shared<const std::string>(std::move(waiting_));
    waiting_ = {};
    asio::async_write(socket_, asio::buffer(*leaving),
                      attempts_.handler([this, leaving](std::error_code ec, std::size_t) {
                        leaving_ = 0;
                        if (ec) return attempts_.lose(ec, {});
                        flush();
                        if (leaving_ == 0) written_();
                      }));
    leaving_ = leaving->size();
  }

  redis_socket& socket_;
  redis_attempts& attempts_;
  const std::function<void()> written_;
  std::string waiting_;
  std::size_t leaving_ = 0;  // bytes of the operation
};

}  // namespace hawser::detail
