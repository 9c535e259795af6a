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

#include "hawser/redis/link/attempts.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/link/stream.hpp"

namespace hawser::detail {

/// Writes commands to a connection, as many at once as have collected.
class redis_output {
 public:
  redis_output(redis_attempts& attempts, std::function<void()> written)
      : attempts_{attempts}, written_{std::move(written)} {}

  /// There is a connection.
  void open(std::shared_ptr<redis_stream> to) noexcept { to_ = std::move(to); }

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
    to_.reset();
    waiting_ = {};
    leaving_ = 0;
  }

  /// The bytes that were written and have not left.
  std::size_t unsent() const noexcept { return waiting_.size() + leaving_; }

 private:
  void flush() {
    if (leaving_ != 0 || waiting_.empty()) return;
    const auto size = waiting_.size();
    to_->async_write(std::exchange(waiting_, {}), attempts_.handler([this](std::error_code ec) {
      leaving_ = 0;
      if (ec) return attempts_.lose(ec, {});
      flush();
      if (leaving_ == 0) written_();
    }));
    leaving_ = size;
  }

  redis_attempts& attempts_;
  const std::function<void()> written_;
  std::shared_ptr<redis_stream> to_;
  std::string waiting_;
  std::size_t leaving_ = 0;  // bytes of the operation
};

}  // namespace hawser::detail
