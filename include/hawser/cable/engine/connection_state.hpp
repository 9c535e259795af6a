// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/connection_timing.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser::cable::detail {

/// A connection from its session's on_open to its on_close, and until its last function has ended.
class connection_state final : public connection_timing {
 public:
  connection_state(std::shared_ptr<server_state> of, const session& peer)
      : connection_timing{std::move(of), peer} {}
  ~connection_state() override {
    stop_streams();
    server_->connections.leave(id());
  }

  /// The session is open.
  void open() {
    server_->connections.enter(handle());
    begin_connect_timeout();
    queue_.push([this] { begin_connecting(); });
    queue_.run();
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
    stop_timing();
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
    if (wait_for_old_connection() || ask_session_store()) return wait();
    is_connecting_ = true;
    perform([this] { return connect(); },
            [this](const std::exception_ptr& thrown) { connected(thrown); });
  }

  bool wait_for_old_connection() {
    if (!extended_ || extended_->wanted_sid.empty()) return false;
    const auto old = server_->sessions.wait_for_end(extended_->wanted_sid, [to = handle()] {
      to.post(
          [](connection_core& one) { static_cast<connection_state&>(one).continue_connecting(); });
    });
    if (!old) return false;
    old->post([](connection_core& one) { one.peer().close_now(); });
    return true;
  }

  void continue_connecting() override {
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
      if (is_closing_) return;
      if (!has_pending_streams()) return send_welcome();
      waits_for_streams_ = true;
      wait();
    });
  }

  /// The welcome names the subscriptions that are restored, so it waits for their streams.
  void stream_has_changed() override {
    if (!waits_for_streams_ || is_closing_ || has_pending_streams()) return;
    waits_for_streams_ = false;
    if (!std::exchange(is_waiting_, false)) return;
    queue_.release();
    send_welcome();
    queue_.run();
  }

  void send_welcome() {
    is_welcome_ = true;
    send_at_once(begin_session());
    has_restored();
    save_first();
    begin_pings();
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
    has_answered();
    const auto& hooks = server_->hooks;
    if (!before(*one)) return;
    if (hooks.after_command) queue_.push_front([this, one] { after(*one); });
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

  std::unique_ptr<stream_table::link> internal_;
  std::size_t violations_ = 0;
  bool is_welcome_ = false;
  bool is_waiting_ = false;  // the queue is held, and no coroutine runs
  bool waits_for_streams_ = false;
};

}  // namespace hawser::cable::detail
