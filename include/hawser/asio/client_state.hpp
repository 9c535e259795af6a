// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/client_opening.hpp"
#include "hawser/asio/client_options.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/dialer.hpp"
#include "hawser/asio/kept_messages.hpp"
#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session_driver.hpp"
#include "hawser/asio/session_handlers.hpp"
#include "hawser/asio/session_registry.hpp"
#include "hawser/asio/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser::detail {

/// A client between start() and its end: it connects, waits, and connects again. What is public may be
/// called from any thread, but for what an opening tells; all else happens on the strand.
template <class Layer>
class client_state final : public std::enable_shared_from_this<client_state<Layer>> {
 public:
  client_state(asio::io_context& context, client_options options, Layer layer)
      : options_{std::move(options)},
        layer_{std::move(layer)},
        executor_{asio::make_strand(context.get_executor())},
        timer_{executor_},
        schedule_{options_.reconnect.value_or(backoff{})},
        kept_{within(options_.queue, options_.budget)} {}

  void start(client_handlers hooks) {
    auto begin = [self = this->shared_from_this(), hooks = std::move(hooks)]() mutable {
      if (std::exchange(self->started_, true)) return;
      self->hooks_ = std::move(hooks);
      // Whoever waits for the last call gets it, even if the end came before the start.
      self->phase_ == phase::over ? self->finish() : self->connect();
    };
    asio::dispatch(executor_, std::move(begin));
  }

  /// Ends everything: an open connection with a Close frame.
  void close(std::optional<close_code> code, std::string reason) {
    set_ending();
    end([code, reason = std::move(reason)](const hawser::session& open) {
      open.close(code, reason);
    });
  }

  /// Ends everything at once.
  void stop() {
    set_ending();
    end([](const hawser::session& open) { open.close_now(); });
  }

  /// The same, and no handler is called any more.
  void abandon() {
    abandoned_ = true;
    // Who keeps the session keeps this: the context may not live to let go of both.
    end([open = set_ending(hawser::session{})](const hawser::session&) { open.close_now(); });
  }

  hawser::session session() const {
    const std::lock_guard guard{mutex_};
    return current_;
  }

  /// Octets that wait to be written, or for a connection.
  std::size_t buffered_bytes() const {
    const std::lock_guard guard{mutex_};
    return kept_.size() + current_.buffered_bytes();
  }

  template <class Message>
  std::error_code send(Message&& message) {
    if (!kept_.keeps()) return session().send(std::forward<Message>(message));
    while (true) {
      hawser::session open;
      {
        const std::lock_guard guard{mutex_};
        if (ending_) return errc::closed;
        if (must_keep()) return kept_.keep(message);
        open = current_;
      }
      const auto ec = open.send(std::as_const(message));
      if (ec != errc::closed) return ec;
      lose(open);
    }
  }

  /// The opening has led to this.
  template <class Stream>
  void opened(Stream stream, session_facts facts, const std::vector<std::byte>& rest) {
    phase_ = phase::open;
    const session_settings settings{options_.connect.connection, options_.budget,
                                    make_session_hooks(), attempt_.extension};
    std::make_shared<session_driver<Stream>>(role::client, std::move(stream), std::move(facts),
                                             settings, registry_, connection_places::place{})
        ->open(rest);
  }

  void not_opened(std::error_code ec, const std::optional<response>& refusal) {
    // Without memory there is not even a timer: nothing would happen any more.
    with_memory([&] { options_.reconnect ? retry(ec, refusal) : give_up(ec, refusal); },
                [this] { give_up(errc::out_of_memory, std::nullopt); });
  }

  /// What something that belongs to a session threw, on the strand.
  void report(hawser::session& of, const std::exception_ptr& thrown) {
    if (hooks_.on_error && !abandoned_) hooks_.on_error(of, thrown);
  }

 private:
  using opening = client_opening<Layer, client_state>;
  using clock = std::chrono::steady_clock;
  enum class phase : std::uint8_t { idle, opening, open, waiting, over };

  /// Whenever the session tells that there is room, each kept message has room.
  static outage_queue within(outage_queue queue, const send_budget& budget) {
    queue.most = (std::min)(queue.most, budget.hard / 2);
    return queue;
  }

  void connect() {
    phase_ = phase::opening;
    attempt_ = options_.connect;
    if (options_.prepare) options_.prepare(attempt_);
    auto begin = [this] {
      const auto begun =
          std::make_shared<opening>(executor_, attempt_, layer_, this->shared_from_this());
      opening_ = begun;
      begun->start(options_.url);
    };
    with_memory(begin, [this] { not_opened(errc::out_of_memory, std::nullopt); });
  }

  /// The handlers of one session.
  std::shared_ptr<const session_handlers> make_session_hooks() {
    auto made = std::make_shared<session_handlers>();
    made->on_open = [self = this->shared_from_this()](auto& open) { self->on_open(open); };
    made->on_close = [self = this->shared_from_this()](auto& open, const auto& why) {
      self->on_close(open, why);
    };
    made->on_drained = [self = this->shared_from_this()](auto& open) { self->on_drained(open); };
    made->on_message = unless_abandoned(hooks_.on_message);
    made->on_part = unless_abandoned(hooks_.on_part);
    made->on_ping = unless_abandoned(hooks_.on_ping);
    made->on_pong = unless_abandoned(hooks_.on_pong);
    made->on_session = unless_abandoned(hooks_.on_session);
    made->on_error = unless_abandoned(hooks_.on_error);
    return made;
  }

  template <class... Values>
  std::function<void(Values...)> unless_abandoned(const std::function<void(Values...)>& hook) {
    if (!hook) return {};
    return [self = this->shared_from_this(), hook](Values... values) {
      if (!self->abandoned_) hook(std::forward<Values>(values)...);
    };
  }

  void on_open(hawser::session& open) {
    {
      const std::lock_guard guard{mutex_};
      if (!abandoned_) current_ = open;
      lost_ = false;
      greeting_ = catching_up_ = true;
    }
    schedule_.connected(clock::now());
    if (hooks_.on_open && !abandoned_) hooks_.on_open(open);
    {
      const std::lock_guard guard{mutex_};
      greeting_ = false;
    }
    catch_up(open);
  }

  void on_drained(hawser::session& open) {
    catch_up(open);
    if (hooks_.on_drained && !abandoned_) hooks_.on_drained(open);
  }

  /// What other threads send meanwhile goes behind what was kept. What exceeds the send budget waits.
  void catch_up(const hawser::session& open) {
    while (auto next = take_kept()) {
      bool sent = false;
      try {
        sent = send_kept(open, *next);
      } catch (...) {
        put_back(std::move(*next));
        throw;
      }
      if (!sent) return put_back(std::move(*next));
    }
  }

  std::optional<kept_messages::kept> take_kept() {
    const std::lock_guard guard{mutex_};
    auto next = kept_.take();
    catching_up_ = next.has_value();
    return next;
  }

  void put_back(kept_messages::kept message) {
    const std::lock_guard guard{mutex_};
    kept_.put_back(std::move(message));
  }

  static bool send_kept(const hawser::session& open, const kept_messages::kept& message) {
    return !std::visit([&](const auto& one) { return open.send(one); }, message);
  }

  void on_close(hawser::session& open, const closed& why) {
    const auto cause = why.error ? why.error : make_error_code(errc::closed);
    memory_guard memory;
    memory.run([&] {
      asio::post(executor_, [self = this->shared_from_this(), cause] { self->after_close(cause); });
    });
    call_for(open, hooks_.on_close, why);
    if (memory.is_out()) after_close(cause);
  }

  void after_close(std::error_code cause) {
    bool ending = !options_.reconnect;
    {
      const std::lock_guard guard{mutex_};
      current_ = hawser::session{};
      ending |= ending_;
    }
    ending ? finish() : not_opened(cause, std::nullopt);
  }

  void retry(std::error_code cause, const std::optional<response>& refusal) {
    const bool wanted = options_.retry
                            ? options_.retry(cause, refusal)
                            : is_worth_retrying(cause, refusal) && !Layer::is_permanent(cause);
    if (!wanted) return give_up(cause, refusal);
    const auto asked = wait_asked_by(refusal, std::chrono::system_clock::now());
    const auto now = clock::now();
    const auto due = schedule_.disconnected(now, asked);
    if (!due) return give_up(cause, refusal);
    phase_ = phase::waiting;
    timer_.expires_at(*due);
    timer_.async_wait([self = this->shared_from_this()](std::error_code ec) {
      if (!ec && self->phase_ == phase::waiting) self->connect();
    });
    call(hooks_.on_reconnecting, schedule_.attempts(), *due - now, cause);
  }

  /// As call(), for a handler of a session.
  template <class Hook, class... Values>
  void call_for(hawser::session& open, const Hook& hook, const Values&... values) {
    if (!hook || abandoned_) return;
    try {
      hook(open, values...);
    } catch (...) {
      report(open, std::current_exception());
    }
  }

  void give_up(std::error_code cause, const std::optional<response>& refusal) {
    set_ending();
    finish();
    call(hooks_.on_failed, cause, refusal);
  }

  /// Nothing is asked of this any more, and current_ is what is given, if anything is.
  hawser::session set_ending(std::optional<hawser::session> replacement = std::nullopt) {
    const std::lock_guard guard{mutex_};
    ending_ = true;
    return replacement ? std::exchange(current_, *replacement) : current_;
  }

  template <class How>
  void end(How how) {
    asio::dispatch(executor_, [self = this->shared_from_this(), how = std::move(how)] {
      if (self->phase_ == phase::open) return how(self->session());
      self->timer_.cancel();
      if (const auto begun = self->opening_.lock()) begun->abort();
      self->finish();
    });
  }

  /// Posts the last call: a handler may be running, and is then destroyed afterwards.
  void finish() {
    phase_ = phase::over;
    asio::post(executor_, [self = this->shared_from_this()] {
      const auto hooks = std::exchange(self->hooks_, {});
      self->call(hooks.on_stopped);
    });
  }

  template <class Hook, class... Values>
  void call(const Hook& hook, const Values&... values) {
    if (!hook || abandoned_) return;
    try {
      hook(values...);
    } catch (...) {
      hawser::session none;
      report(none, std::current_exception());
    }
  }

  // mutex_ is held.
  bool must_keep() const {
    const bool greets = greeting_ && executor_.running_in_this_thread();
    return !current_ || lost_ || (catching_up_ && !greets);
  }

  void lose(const hawser::session& open) {
    const std::lock_guard guard{mutex_};
    if (current_ == open) lost_ = true;
  }

  const client_options options_;
  Layer layer_;
  const client_executor executor_;
  steady_timer_on<client_executor> timer_;
  backoff_schedule<> schedule_;
  client_handlers hooks_;
  connect_options attempt_;
  std::weak_ptr<opening> opening_;
  const std::shared_ptr<session_registry> registry_ = std::make_shared<session_registry>(executor_);
  phase phase_ = phase::idle;
  bool started_ = false;
  std::atomic<bool> abandoned_ = false;

  mutable std::mutex mutex_;  // guards all below
  hawser::session current_;
  kept_messages kept_;
  bool lost_ = false;         // current_ is closing
  bool catching_up_ = false;  // what was kept goes first …
  bool greeting_ = false;     // … but what on_open sends even before that
  bool ending_ = false;
};

}  // namespace hawser::detail
