// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/cable/history.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/protocol/prepared_message.hpp"

namespace hawser::cable::detail {

/// The clock of the server, for what its connections share. May be used on any thread.
class shared_clock {
 public:
  /// Uses a virtual clock, if the context of the connection has one.
  void follow(const hawser::detail::deadlines& of) {
    if (!of.has_virtual_clock()) return;
    const std::lock_guard guard{mutex_};
    if (!virtual_) virtual_ = of;
  }

  std::chrono::steady_clock::time_point now() const {
    const std::lock_guard guard{mutex_};
    return virtual_ ? virtual_->now() : std::chrono::steady_clock::now();
  }

 private:
  mutable std::mutex mutex_;
  std::optional<hawser::detail::deadlines> virtual_;
};

/// The history of the streams of this process. May be used on any thread.
class kept_history {
 public:
  explicit kept_history(const history_limits& limits) : all_{random_epoch(), limits} {}

  shared_clock& clock() noexcept { return clock_; }

  /// Call it for one publication of a stream after the other.
  history_position append(std::string_view stream, const prepared_message& text,
                          const history_options& options) {
    const auto now = time();
    const std::lock_guard guard{mutex_};
    return all_.append(stream, text, options, now);
  }

  /// What a request asks for of this stream: nothing without a position and a time.
  history_result find(std::string_view stream, const history_request& asked) {
    const auto now = time();
    const std::lock_guard guard{mutex_};
    const auto known = asked.streams.find(stream);
    if (known != asked.streams.end()) return all_.after(stream, known->second, now);
    return asked.since ? all_.since(stream, *asked.since, now) : history_result{};
  }

  /// A request for what comes after now.
  history_request from_now(std::string_view stream) {
    const auto now = time();
    const std::lock_guard guard{mutex_};
    history_request made;
    if (auto newest = all_.newest(stream, now)) {
      made.streams.emplace(stream, std::move(*newest));
    } else {
      made.since = (std::numeric_limits<std::int64_t>::min)();
    }
    return made;
  }

  /// Messages may have been lost.
  void break_epoch(std::string_view stream, const history_options& options) {
    const auto now = time();
    const std::lock_guard guard{mutex_};
    all_.break_epoch(stream, options, now);
  }

  void expire() {
    const auto now = time();
    const std::lock_guard guard{mutex_};
    all_.expire(now);
  }

 private:
  /// Not guessable, and different in each process, also if they begin at once.
  static std::string random_epoch() {
    std::array<std::byte, 8> random{};
    fill_random(random);
    std::string epoch;
    for (const auto one : random) {
      epoch += "abcdefghijklmnopqrstuvwxyz234567"[std::to_integer<std::size_t>(one) % 32];
    }
    return epoch;
  }

  history_time time() const {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {clock_.now(), std::chrono::floor<std::chrono::seconds>(wall).count()};
  }

  shared_clock clock_;
  std::mutex mutex_;
  history all_;
};

}  // namespace hawser::cable::detail
