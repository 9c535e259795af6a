// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/cable/engine/connection_restoring.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/engine/timer_list.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::cable::detail {

/// The part of a connection that has its deadlines: of connecting, pings and their answers, a shutdown, and the
/// functions that channels call periodically.
class connection_timing : public connection_restoring {
 public:
  using clock = std::chrono::steady_clock;

  connection_timing(std::shared_ptr<server_state> of, const session& peer)
      : connection_restoring{std::move(of), peer}, deadline_{*this, get_executor()} {
    if (is_extended()) {
      server_->streams->history().clock().follow(hawser::detail::deadlines::of(get_executor()));
    }
  }

  void close_in(clock::duration delay) final {
    if (delay <= delay.zero()) return shut_down();
    shutdown_due_ = deadline_.now() + delay;
    set_deadline();
  }

 protected:
  void begin_connect_timeout() {
    const auto timeout = server_->options.connect_timeout;
    if (timeout != clock::duration::zero()) connect_due_ = deadline_.now() + timeout;
    set_deadline();
  }

  /// It is connected.
  void begin_pings() {
    connect_due_ = never;
    const auto interval = ping_interval();
    if (interval != clock::duration::zero()) ping_due_ = deadline_.now() + first_ping(interval);
    set_deadline();
  }

  /// The client has sent a command.
  void has_answered() noexcept { pong_due_ = never; }

  void stop_timing() {
    deadline_.cancel();
    timers_.clear();
  }

  bool is_connecting_ = false;  // a handler of the application decides

 private:
  void shut_down() { end("server_restart", true, server_->options.shutdown_code); }

  clock::duration ping_interval() const noexcept {
    if (extended_ && extended_->ping_interval) return *extended_->ping_interval;
    return server_->options.ping_interval;
  }

  /// A part of the interval that differs from one connection to the next.
  clock::duration first_ping(clock::duration interval) const noexcept {
    if (!server_->options.answers.spread_pings) return interval;
    constexpr std::int64_t parts = 1024;
    const auto part = static_cast<std::int64_t>((id() * 0x9E3779B97F4A7C15u) >> 54) + 1;
    return interval * part / parts;
  }

  void start_timers(const shared_subscription& of) final {
    if (of->type().timers.empty() || is_closing_) return;
    timers_.add(of, deadline_.now());
    set_deadline();
  }

  void set_deadline() {
    if (!is_closing_) {
      deadline_.set(
          (std::min)({connect_due_, ping_due_, pong_due_, shutdown_due_, timers_.next()}));
    }
  }

  void on_deadline() {
    const auto kept = shared_from_this();  // a handler may destroy the route's server
    guard([this] {
      if (is_closing_) return;
      const auto now = deadline_.now();
      if (shutdown_due_ <= now) return shut_down();
      if (connect_due_ <= now) return connect_timed_out();
      if (pong_due_ <= now) return end("no_pong", true, close_code::normal);
      if (ping_due_ <= now) send_ping(now);
      for (auto& one : timers_.take_due(now)) {
        enqueue(one.of, "periodically", [one] { return one.hook->call(*one.of->instance); });
      }
      set_deadline();
    });
  }

  void send_ping(clock::time_point now) {
    const auto time = std::chrono::system_clock::now();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
    peer_.send(ping_message(extended_ ? extended_->time_of(time) : seconds));
    if (extended_) ask_for_pong(now);
    const auto interval = ping_interval();
    ping_due_ += ((now - ping_due_) / interval + 1) * interval;
  }

  void ask_for_pong(clock::time_point now) {
    const auto timeout = server_->options.extended.pong_timeout;
    if (timeout != timeout.zero() && pong_due_ == never) pong_due_ = now + timeout;
    expire_searches();
    expire_presence_requests();
    // The first ping may be faster than what a restored client asks for when it gets its welcome.
    if (std::exchange(has_pinged_, true)) resume_streams();
    save_if_changed();
    server_->expire();
  }

  void connect_timed_out() {
    connect_due_ = never;
    report({.error = std::make_error_code(std::errc::timed_out), .handler = "connect"});
    if (is_connecting_) cancel_running();
    end("server_error", true, close_code::internal_error);
  }

  static constexpr auto never = (clock::time_point::max)();

  hawser::detail::owned_deadline<connection_timing, &connection_timing::on_deadline> deadline_;
  timer_list timers_;
  bool has_pinged_ = false;
  clock::time_point connect_due_ = never;
  clock::time_point ping_due_ = never;
  clock::time_point shutdown_due_ = never;
  clock::time_point pong_due_ = never;
};

}  // namespace hawser::cable::detail
