// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <system_error>
#include <utility>
#include <variant>

#include <asio/post.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/driver/command_driver.hpp"
#include "hawser/asio/driver/handler_calls.hpp"
#include "hawser/asio/driver/session_settings.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/driver/timed_waits.hpp"
#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_registry.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"

namespace hawser::detail {

/// A session over one kind of stream: passes events to the handlers or to the coroutine that serves it.
template <class Stream>
class session_driver final : public command_driver<session_driver<Stream>, Stream> {
  using base = command_driver<session_driver<Stream>, Stream>;

 public:
  session_driver(role own_role, Stream stream, session_facts facts, session_settings settings,
                 std::shared_ptr<session_registry> registry, connection_places::place place)
      : base{own_role, std::move(stream), std::move(facts), std::move(settings)},
        calls_{std::move(settings.handlers)},  // the base has moved the extension only
        registration_{*this, std::move(registry)},
        place_{std::move(place)} {
    if (handlers().on_part) base::connection().deliver(delivery::parts);
    if (handlers().on_session) waits_ = std::make_unique<waits>();
  }

  /// Begins, on the session's thread, with the bytes that were read after the handshake. If
  /// `forgets_request`, the request is dropped after on_open has returned.
  void open(bytes_view rest, bool forgets_request = false) {
    registration_.enter();
    calls_.begin(*this);
    const bool served = is_served();
    if (served) base::pause();
    base::cork();
    call(handlers().on_open);
    if (served && !base::over()) call(handlers().on_session);
    base::uncork();
    if (forgets_request) base::forget_request();
    if (!base::over()) base::start(rest);
  }

  void on_event(const event& happened) {
    if (const auto* view = std::get_if<message_view>(&happened)) {
      base::counters_.count_received(view->payload.size());
      is_served() ? deliver(*view) : call(handlers().on_message, *view);
    } else {
      on_rare_event(happened);
    }
  }

  /// The stream is closed. on_close was called with the event `closed`.
  void on_over() {
    let_go();
    place_.reset();
  }

  void abandon() override {
    const auto self = this->shared_from_this();
    base::shut();
    if (waits_) waits_->abandon();
    base::abandon_connection();
    let_go();
  }

  // For command_driver.

  void run_one(flow_command& command) {
    if (base::over() || is_served()) return;  // The coroutine controls reading.
    if (command.paused) {
      base::pause();
    } else if (base::unpause()) {
      base::process_later();
    }
  }

  void run_one(drained_command& command) {
    if (base::accepts_commands()) calls_.set_drained(std::move(command.hook));
  }

  void run_one(budget_command&) { calls_.report_limit(*this, errc::send_budget_exceeded); }

  std::size_t stored_by_waits() const noexcept { return waits_ ? waits_->stored_bytes() : 0; }

  void on_counted() {
    if (waits_ && base::account_.is_drained()) waits_->drained();
    if (!base::account_.take_drained() || !calls_.wants_drained()) return;
    asio::post(base::get_executor(), [self = this->shared_from_this()] { self->call_drained(); });
  }

 private:
  const session_handlers& handlers() const noexcept { return calls_.handlers(); }

  /// Whether a coroutine receives the messages.
  bool is_served() const noexcept { return handlers().on_session != nullptr; }

  /// The socket is read only while the coroutine awaits `receive()`.
  void deliver(message_view view) {
    waits_->deliver(view);
    if (!waits_->receiving()) base::pause();
  }

  void wait_for(read_operation& one) override {
    const bool open = base::accepts_commands() && is_served();
    if (!open && !(waits_ && waits_->has_returned())) return one.complete(errc::closed);
    if (waits_->await(one, *this)) base::resume();
  }

  void wait_for(drain_operation& one) override {
    if (!base::accepts_commands()) return one.complete(errc::closed);
    base::account();
    if (base::account_.is_drained()) return one.complete({});
    if (!waits_) waits_.reset(new (std::nothrow) waits);
    waits_ ? waits_->add(one) : one.complete(errc::out_of_memory);
  }

  void cancel(operation& one) override {
    if (waits_) waits_->cancel(one);
    pause_unless_awaited();
  }
  void cancel(delivery_receipt& receipt) override { waits_->give_back(receipt); }

  void expire_receives() {
    waits_->expire_due();
    pause_unless_awaited();
  }

  void pause_unless_awaited() {
    if (base::accepts_commands() && is_served() && !waits_->receiving()) base::pause();
  }

  void on_rare_event(const event& happened) {
    if (const auto* piece = std::get_if<message_part>(&happened)) {
      base::counters_.count_received(piece->payload.size(), piece->last);
      call(handlers().on_part, *piece);
    } else if (const auto* question = std::get_if<ping>(&happened)) {
      call(handlers().on_ping, *question);
    } else if (const auto* answer = std::get_if<pong>(&happened)) {
      if (answer->round_trip) base::counters_.set_round_trip(*answer->round_trip);
      call(handlers().on_pong, *answer);
    } else if (const auto* end = std::get_if<closed>(&happened)) {
      base::shut();
      if (waits_) waits_->end();
      if (!calls_.report_limit(*this, end->error)) return;
      auto why = *end;
      why.error = standard_error(end->error);
      call(handlers().on_close, why);
    }
  }

  /// An exception of a handler ends this session only.
  template <class Handler, class... Values>
  void call(const Handler& handler, const Values&... values) {
    const auto fail = [this] { this->fail(); };
    calls_.call(*this, fail, handler, values...);
  }

  void call_drained() {
    if (!base::accepts_commands()) return;
    base::cork();
    calls_.call_drained(*this, [this] { this->fail(); });
    base::uncork();
    base::process_pending();
  }

  void fail() {
    base::stop_sending();
    base::memory_.run([this] { base::connection().close(close_code::internal_error); });
  }

  /// Drops everything that may own this object or needs the context.
  void let_go() {
    registration_.leave();
    if (waits_) waits_->cancel_timeouts();
    base::data().reset();
    base::release_stream();
    base::release_memory();
    calls_.end();
  }

  using waits = timed_waits<session_driver, &session_driver::expire_receives>;

  handler_calls calls_;
  session_registry::registration registration_;
  connection_places::place place_;  // one of the server's limited number of connections
  std::unique_ptr<waits> waits_;    // if coroutines serve this session or wait for it
};

}  // namespace hawser::detail
