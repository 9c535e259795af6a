// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_error.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/session_driver.hpp"
#include "hawser/asio/executor/context_end.hpp"
#include "hawser/asio/executor/context_timer.hpp"
#include "hawser/asio/executor/strand_gate.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/client_attempt.hpp"
#include "hawser/asio/opening/client_network.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/reconnecting/client_attempts.hpp"
#include "hawser/asio/reconnecting/client_calls.hpp"
#include "hawser/asio/reconnecting/client_sending.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_registry.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// A client runs on a strand, so that any number of threads may run the context.
using client_executor = asio::strand<asio::io_context::executor_type>;

/// A client between start() and its end: it connects, waits, and connects again. Public members may
/// be called on any thread, except those that an opening calls; everything else runs on the strand.
template <class Layer>
class client_state final : public std::enable_shared_from_this<client_state<Layer>>,
                           private context_end::listener {
 public:
  using executor_type = client_executor;

  client_state(const client_executor& strand, client_options options, Layer layer)
      : context_end::listener{strand.get_inner_executor()},
        attempts_{std::move(options), calls_},
        layer_{std::move(layer)},
        strand_{strand},
        timer_{std::in_place, strand_.get()},
        sending_{attempts_.options().queue, attempts_.options().budget} {}

  ~client_state() {
    // The handlers may own the context.
    context_end::listener::leave();
    timer_.reset();
  }

  const client_executor& executor() const noexcept { return strand_.get(); }

  /// Must be set before start().
  client_handlers& hooks() noexcept { return calls_.hooks(); }

  void start() {
    strand_.run([self = this->shared_from_this()] {
      if (std::exchange(self->started_, true)) return;
      // on_stopped is called even if the client ended before its start.
      self->phase_ == phase::over ? self->finish() : self->connect();
    });
  }

  /// Ends everything; an open connection by the closing handshake.
  void close(std::optional<close_code> code, std::string reason) {
    sending_.end();
    end([code, reason = std::move(reason)](const hawser::session& open) {
      open.close(code, reason);
    });
  }

  /// Ends everything at once.
  void stop() {
    sending_.end();
    end([](const hawser::session& open) { open.close_now(); });
  }

  /// The same, and calls no handler afterwards.
  void abandon() {
    calls_.abandon();
    // A stored handle of the session would keep this object alive, and this object the session: if the
    // context is gone, nothing would destroy the two.
    end([open = sending_.forget()](const hawser::session&) { open.close_now(); });
  }

  hawser::session session() const { return sending_.present(); }

  /// The bytes that wait to be written, or for a connection.
  std::size_t buffered_bytes() const { return sending_.buffered_bytes(); }

  template <class Message>
  std::error_code send(Message&& message) {
    return sending_.send(std::forward<Message>(message),
                         [this] { return strand_.get().running_in_this_thread(); });
  }

  /// The opening has succeeded.
  template <class Stream>
  void opened(Stream stream, session_facts facts, const std::vector<std::byte>& rest) {
    const auto& used = attempts_.current();
    session_settings settings{used.connection, options().budget, make_session_hooks(),
                              used.extension.make(role::client, facts.agreed.extensions)};
    const auto made = std::make_shared<session_driver<Stream>>(
        role::client, std::move(stream), std::move(facts), std::move(settings), registry_,
        connection_places::place{});
    // The extension's constructor may have called stop().
    if (phase_ != phase::opening) return;
    phase_ = phase::open;
    made->open(rest);
  }

  /// The opening has failed.
  void not_opened(std::error_code ec, const std::optional<response>& refusal) {
    if (phase_ == phase::over) return;
    if (hooks().diagnostics && hooks().diagnostics->is_wanted()) {
      with_memory([&] { attempts_.template diagnose<Layer>(ec, refusal); }, [] {});
    }
    disconnected(ec, refusal);
  }

  /// For on_failed.
  connect_error failure_of(std::error_code ec, const std::optional<response>& refusal) const {
    return attempts_.failure_of(ec, refusal);
  }

  /// There is no connection.
  void disconnected(std::error_code ec, const std::optional<response>& refusal) {
    if (phase_ == phase::over) return;
    phase_ = phase::waiting;
    // Without memory there is no timer, and nothing would happen any more.
    with_memory([&] { options().reconnect ? retry(ec, refusal) : give_up(ec, refusal); },
                [this] { give_up(errc::out_of_memory, std::nullopt); });
  }

  /// Reports an exception of an application's function, on the strand. `of` may be an empty session.
  void report(hawser::session& of, const incident& what) { calls_.report(of, what); }

  /// The same for a function that decides about an attempt: see client_options. Returns the error
  /// with which the attempt ends.
  std::error_code report(const char* function, const std::exception_ptr& thrown) {
    return calls_.report(function, thrown);
  }

 private:
  enum class phase : std::uint8_t { idle, opening, open, waiting, over };

  const client_options& options() const noexcept { return attempts_.options(); }

  void connect();

  /// The handlers of one session.
  std::shared_ptr<const session_handlers> make_session_hooks() {
    const auto self = this->shared_from_this();
    auto made = client_calls::for_session({self, &calls_});
    made.on_open = [self](auto& open) { self->on_open(open); };
    made.on_close = [self](auto& open, const auto& why) { self->on_close(open, why); };
    made.on_drained = [self](auto& open) { self->on_drained(open); };
    return std::make_shared<const session_handlers>(std::move(made));
  }

  void on_open(hawser::session& open) {
    sending_.connected(open);
    attempts_.connected(timer_->now());
    calls_.call_unguarded(open, hooks().on_open);
    sending_.greeted();
    sending_.catch_up(open);
  }

  void on_drained(hawser::session& open) {
    sending_.catch_up(open);
    calls_.call_unguarded(open, hooks().on_drained);
  }

  void on_close(hawser::session& open, const closed& why) {
    const auto cause = why.error ? why.error : make_error_code(errc::closed);
    memory_guard memory;
    memory.run([&] {
      asio::post(strand_.get(),
                 [self = this->shared_from_this(), cause] { self->after_close(cause); });
    });
    calls_.call_for("on_close", open, hooks().on_close, why);
    if (memory.is_out()) after_close(cause);
  }

  void after_close(std::error_code cause) {
    const bool ending = sending_.disconnected() || !options().reconnect;
    ending ? finish() : disconnected(cause, std::nullopt);
  }

  void retry(std::error_code cause, const std::optional<response>& refusal) {
    const bool wanted = attempts_.template is_wanted<Layer>(cause, refusal);
    if (phase_ != phase::waiting) return;
    if (!wanted) return give_up(cause, refusal);
    const auto now = timer_->now();
    const auto due = attempts_.next(now, cause, refusal);
    if (!due) return give_up(cause, refusal);
    timer_->call_at(*due, [self = this->shared_from_this()] {
      if (self->phase_ == phase::waiting) self->connect();
    });
    calls_.call("on_reconnecting", hooks().on_reconnecting, attempts_.number(), *due - now, cause);
  }

  void give_up(std::error_code cause, const std::optional<response>& refusal) {
    sending_.end();
    finish();
    calls_.call("on_failed", hooks().on_failed, cause, refusal);
  }

  template <class How>
  void end(How how) {
    strand_.run([self = this->shared_from_this(), how = std::move(how)] {
      if (self->phase_ == phase::open) return how(self->session());
      self->timer_->cancel();
      if (const auto begun = self->opening_.lock()) begun->abort();
      self->finish();
    });
  }

  void context_ends() noexcept override {
    // The handlers may own the client.
    const auto self = this->shared_from_this();
    const auto hooks = calls_.take();
    sending_.forget();
    phase_ = phase::over;
    strand_.shut();
    timer_.reset();
  }

  /// Posts the last call: a handler may be running, and must return before the handlers are destroyed.
  void finish() {
    phase_ = phase::over;
    if (!started_) return;
    asio::post(strand_.get(), [self = this->shared_from_this()] {
      const auto hooks = self->calls_.take();
      self->calls_.call_last(hooks);
    });
  }

  client_attempts attempts_;
  Layer layer_;
  strand_gate<client_executor> strand_;
  std::optional<context_timer<client_executor>> timer_;  // until the context ends
  client_sending sending_;
  client_calls calls_;
  std::weak_ptr<client_attempt> opening_;
  const std::shared_ptr<session_registry> registry_ =
      std::make_shared<session_registry>(strand_.get());
  phase phase_ = phase::idle;
  bool started_ = false;
};

// Not inline, so that a program can link a compiled one, with all that an attempt needs.
template <class Layer>
void client_state<Layer>::connect() {
  phase_ = phase::opening;
  auto begin = [this] {
    const auto ec = attempts_.prepare([this] { return phase_ == phase::opening; });
    if (phase_ != phase::opening) return;
    if (ec) return disconnected(ec, std::nullopt);
    std::shared_ptr<client_attempt> begun;
    try {
      begun = make_attempt(strand_.get(), attempts_.current(), layer_, this->shared_from_this());
    } catch (const std::system_error& error) {
      // The authorities of the system cannot be read.
      return not_opened(error.code(), std::nullopt);
    }
    opening_ = begun;
    begun->start(attempts_.url());
  };
  with_memory(begin, [this] { not_opened(errc::out_of_memory, std::nullopt); });
}

#if defined(HAWSER_COMPILED)
extern template void client_state<default_layer>::connect();
#endif

}  // namespace hawser::detail
