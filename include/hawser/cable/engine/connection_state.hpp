// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/connection_restoring.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/engine/timer_list.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser::cable::detail {

/// A connection from its session's on_open to its on_close, and until its last function has ended.
class connection_state final : public connection_restoring {
 public:
  using clock = std::chrono::steady_clock;

  connection_state(std::shared_ptr<server_state> of, const session& peer)
      : connection_restoring{std::move(of), peer}, deadline_{*this, get_executor()} {
    if (is_extended()) {
      server_->streams->history().clock().follow(hawser::detail::deadlines::of(get_executor()));
    }
  }
  ~connection_state() override {
    stop_streams();
    server_->connections.leave(id());
  }

  /// The session is open.
  void open() {
    server_->connections.enter(handle());
    const auto timeout = server_->options.connect_timeout;
    if (timeout != clock::duration::zero()) connect_due_ = deadline_.now() + timeout;
    set_deadline();
    queue_.push([this] { begin_connecting(); });
    queue_.run();
  }

  void close_in(clock::duration delay) override {
    if (delay <= delay.zero()) return shut_down();
    shutdown_due_ = deadline_.now() + delay;
    set_deadline();
  }

  /// A message has arrived.
  void receive(message_view received) {
    if (is_closing_) return;
    if (received.kind == message_kind::binary) return receive_binary();
    const auto text = hawser::as_text(received.payload);
    if (queue_.is_idle()) return queue_.run_now([&] { execute(text); });
    queue_.push([this, copy = std::string{text}] { execute(copy); }, text.size());
    if (is_welcome_) return limit_waiting();
    const auto& options = server_->options;
    if (queue_.size() > limit_of(options.max_early_commands) ||
        queue_.bytes() > limit_of(options.max_early_bytes)) {
      report({.error = errc::too_many_commands});
      end({}, true, close_code::policy_violation);
    }
  }

  /// The session has ended.
  void lost() {
    keep_session(is_welcome_ && !is_closing_);
    is_closing_ = true;
    deadline_.cancel();
    timers_.clear();
    internal_.reset();
    queue_.clear();
    stop_streams();
    if (is_connecting_) cancel_running();
    if (std::exchange(is_waiting_, false)) queue_.release();
    queue_.push([this] {
      auto steps = all_ends();
      steps.emplace_back([this]() -> handler_result {
        const auto& hook = server_->hooks.disconnect;
        if (!hook) return std::nullopt;
        return reporting("disconnect", {}, [&] { return hook(*this); });
      });
      perform([steps = std::move(steps)] { return run_steps(steps); },
              [this](const std::exception_ptr&) { forget(); });
    });
    queue_.run();
  }

 private:
  /// A client may come back before its old connection is known to be lost.
  void begin_connecting() {
    if (wait_for_old_connection()) return wait();
    is_connecting_ = true;
    perform([this] { return connect(); },
            [this](const std::exception_ptr& thrown) { connected(thrown); });
  }

  bool wait_for_old_connection() {
    if (!extended_ || extended_->wanted_sid.empty()) return false;
    const auto old = server_->sessions.wait_for_end(extended_->wanted_sid, [to = handle()] {
      to.post([](connection_core& one) {
        static_cast<connection_state&>(one).old_connection_has_ended();
      });
    });
    if (!old) return false;
    old->post([](connection_core& one) { one.peer().close_now(); });
    return true;
  }

  void old_connection_has_ended() {
    if (is_closing_ || !std::exchange(is_waiting_, false)) return;
    queue_.release();
    queue_.push_front([this] { begin_connecting(); });
    queue_.run();
  }

  void forget() noexcept {
    forget_all();
    close_mailbox();
    server_->connections.leave(id());
  }

  handler_result connect() {
    if (take_session()) return std::nullopt;
    const auto& hook = server_->hooks.connect;
    return hook ? hook(*this) : std::nullopt;
  }

  void connected(const std::exception_ptr& thrown) {
    is_connecting_ = false;
    if (is_closing_) return;
    if (thrown) return refuse(thrown);
    identifiers_.freeze();
    server_->connections.identify(id(), identifiers_.texts());
    if (identifier().empty()) return welcome();
    try {
      internal_ = streams().join(internal_topic(identifier()),
                                 {{}, {}, internal_listener(), internal_waiter()});
    } catch (...) {
      return refuse(std::current_exception());
    }
    if (internal_->was_live()) return welcome();
    wait();
  }

  void shut_down() { end("server_restart", true, server_->options.shutdown_code); }

  /// The next job waits until something else happens.
  void wait() {
    is_waiting_ = true;
    queue_.hold();
  }

  void refuse(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const unauthorized&) {
      return end("unauthorized", false, close_code::normal);
    } catch (...) {
      report({.exception = thrown, .handler = "connect"});
    }
    if (!server_->options.answers.close_failed) return wait();
    end("server_error", true, close_code::internal_error);
  }

  void welcome() {
    if (!extended_ || !extended_->restored) return send_welcome();
    restore_subscriptions([this] {
      if (!is_closing_) send_welcome();
    });
  }

  void send_welcome() {
    is_welcome_ = true;
    connect_due_ = never;
    connection_jobs::send(begin_session());
    has_restored();
    const auto interval = ping_interval();
    if (interval != clock::duration::zero()) ping_due_ = deadline_.now() + first_ping(interval);
    set_deadline();
  }

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

  stream_listener internal_listener() {
    return [to = handle()](const publication& published) {
      if (!to.gets(published)) return;
      to.post([message = published.message](connection_core& one) {
        static_cast<connection_state&>(one).obey_remote(hawser::as_text(message.payload()));
      });
    };
  }

  stream_waiter internal_waiter() {
    return [to = handle()](std::error_code ec) {
      to.post(
          [ec](connection_core& one) { static_cast<connection_state&>(one).internal_is_live(ec); });
    };
  }

  void internal_is_live(std::error_code ec) {
    if (is_closing_ || !std::exchange(is_waiting_, false)) return;
    queue_.release();
    if (ec) return refuse(std::make_exception_ptr(std::system_error{ec, "action_cable"}));
    welcome();
    queue_.run();
  }

  /// A message of the internal channel: a remote disconnect.
  void obey_remote(std::string_view text) {
    const auto asked = parse_json(text);
    const auto* const type = asked && asked->is_object() ? string_member(*asked, "type") : nullptr;
    if (type == nullptr) return end({}, true, close_code::normal);
    if (*type != "disconnect") return;
    end("remote", !has_boolean(*asked, "reconnect", false), close_code::normal);
  }

  void execute(std::string_view text) {
    if (is_closing_) return;
    server_->counters.commands.fetch_add(1, std::memory_order_relaxed);
    auto asked = parse_command(text, server_->limits());
    if (asked.error == errc::not_json) return violation(asked.error);
    if (asked.error) return report({.error = asked.error, .identifier = asked.identifier});
    const auto one = std::make_shared<const command>(std::move(*asked.parsed));
    pong_due_ = never;
    const auto& hooks = server_->hooks;
    if (!before(*one)) return;
    if (hooks.after_command) queue_.after_job([this, one] { after(*one); });
    obey(one);
  }

  void obey(const std::shared_ptr<const command>& one) {
    switch (one->type) {
      case command_type::subscribe: return subscribe(one);
      case command_type::unsubscribe: return unsubscribe(one->identifier);
      case command_type::message: return call_action(one);
      default: execute_extended(*one);
    }
  }

  bool before(const command& one) {
    if (!server_->hooks.before_command) return true;
    try {
      return server_->hooks.before_command(*this, one);
    } catch (...) {
      report({.exception = std::current_exception(),
              .handler = "before_command",
              .identifier = one.identifier});
      return false;
    }
  }

  void after(const command& one) {
    try {
      server_->hooks.after_command(*this, one);
    } catch (...) {
      report({.exception = std::current_exception(), .handler = "after_command"});
    }
  }

  void receive_binary() {
    if (!server_->options.refuse_binary) return violation(errc::binary_message);
    report({.error = errc::binary_message});
    end({}, false, close_code::unsupported_data);
  }

  void violation(std::error_code why) {
    report({.error = why});
    if (++violations_ >= limit_of(server_->options.max_violations)) {
      end({}, true, close_code::policy_violation);
    }
  }

  void start_timers(const shared_subscription& of) override {
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
    resume_streams();
    server_->expire();
  }

  void connect_timed_out() {
    connect_due_ = never;
    report({.error = std::make_error_code(std::errc::timed_out), .handler = "connect"});
    if (is_connecting_) cancel_running();
    end("server_error", true, close_code::internal_error);
  }

  static constexpr auto never = (clock::time_point::max)();

  hawser::detail::owned_deadline<connection_state, &connection_state::on_deadline> deadline_;
  timer_list timers_;
  std::unique_ptr<stream_table::link> internal_;
  clock::time_point connect_due_ = never;
  clock::time_point ping_due_ = never;
  clock::time_point shutdown_due_ = never;
  clock::time_point pong_due_ = never;
  std::size_t violations_ = 0;
  bool is_connecting_ = false;
  bool is_welcome_ = false;
  bool is_waiting_ = false;  // the queue is held, and no coroutine runs
};

}  // namespace hawser::cable::detail
