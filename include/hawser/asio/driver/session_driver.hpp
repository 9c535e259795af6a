// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/post.hpp>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/driver/async_driver.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/driver/timed_waits.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_registry.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// The settings of a session.
struct session_settings {
  connection_options connection = {};
  send_budget budget = {};
  std::shared_ptr<const session_handlers> handlers = {};
  any_negotiator extension = {};
  std::shared_ptr<memory_budget> memory = {};  // the server's, if there is one
};

/// One type for all sessions over one kind of stream, whatever extension was negotiated.
using session_connection = basic_connection<any_extension>;

/// A session over one kind of stream: passes events to the handlers, and runs the commands of the handles.
template <class Stream>
class session_driver final
    : public session_state,
      public async_driver<session_driver<Stream>, Stream, session_connection> {
  using base = async_driver<session_driver<Stream>, Stream, session_connection>;
  using hook = std::function<void()>;

 public:
  session_driver(role own_role, Stream stream, session_facts facts,
                 const session_settings& settings, std::shared_ptr<session_registry> registry,
                 connection_places::place place)
      : session_state{own_role, std::move(facts), settings.budget, settings.memory},
        base{std::move(stream),
             session_connection{
                 own_role, settings.connection,
                 settings.extension.make(own_role, session_state::facts().agreed().extensions)}},
        handlers_{settings.handlers},
        registration_{*this, std::move(registry)},
        place_{std::move(place)} {
    if (handlers_->on_part) base::connection().deliver(delivery::parts);
    if (handlers_->on_session) waits_ = std::make_unique<waits>();
  }

  ~session_driver() override { session_state::leave(); }
  session_driver(const session_driver&) = delete;
  session_driver& operator=(const session_driver&) = delete;

  /// Begins, on the session's thread, with the bytes that were read after the handshake. If
  /// `forgets_request`, the request is dropped after on_open has returned.
  void open(bytes_view rest, bool forgets_request = false) {
    registration_.enter();
    keep_handle();
    const bool served = handlers_->on_session != nullptr;
    if (served) base::pause();
    base::cork();
    call(handlers_->on_open);
    if (served && !base::over()) call(handlers_->on_session);
    base::uncork();
    if (forgets_request) session_state::forget_request();
    if (!base::over()) base::start(rest);
  }

  void on_event(const event& happened) {
    if (const auto* view = std::get_if<message_view>(&happened)) {
      counters_.count_received(view->payload.size());
      handlers_->on_session ? deliver(*view) : call(handlers_->on_message, *view);
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
    shut();
    if (waits_) waits_->abandon();
    base::abandon();
    let_go();
  }

  exclusive_strand::lock hold() const override { return detail::hold(base::get_executor()); }

  void on_settled() { account(); }

 private:
  bool running_in_this_thread() const override {
    return base::get_executor().running_in_this_thread();
  }

  asio::any_io_executor executor() const override { return base::get_executor(); }

  /// The socket is read only while the coroutine awaits `receive()`.
  void deliver(message_view view) {
    waits_->deliver(view);
    if (!waits_->receiving()) base::pause();
  }

  void wait_for(read_operation& one) override {
    const bool open = accepts_commands() && handlers_->on_session;
    if (!open && !(waits_ && waits_->has_returned())) return one.complete(errc::closed);
    if (waits_->await(one, *this)) base::resume();
  }

  void wait_for(drain_operation& one) override {
    if (!accepts_commands()) return one.complete(errc::closed);
    account();
    if (account_.is_drained()) return one.complete({});
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
    if (accepts_commands() && handlers_->on_session && !waits_->receiving()) base::pause();
  }
  std::shared_ptr<session_state> share() override { return this->weak_from_this().lock(); }

  void wake() override {
    asio::post(base::get_executor(), [self = this->shared_from_this()] {
      // Commands that were queued together are written together.
      self->base::cork();
      self->base::memory_.run([&] { self->run_queued(); });
      self->base::uncork();
      self->base::process_pending();
    });
  }

  /// Drops everything that may own this object or needs the context.
  void let_go() {
    registration_.leave();
    if (waits_) waits_->cancel_timeouts();
    on_drained_.reset();
    data().reset();
    base::release_stream();
    release_memory();
    handle_ = session{};
    if (running_ == 0) drop_handlers();
  }

  /// The handlers may own a handle of this session, and a stored handle must not keep them.
  void drop_handlers() noexcept { const auto dropped = std::move(handlers_); }

  /// While one exists, a handler runs, and the handlers are kept.
  class running {
   public:
    explicit running(session_driver& driver) noexcept : driver_{driver} { ++driver_.running_; }
    ~running() {
      if (--driver_.running_ == 0 && driver_.base::over()) driver_.drop_handlers();
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;

   private:
    session_driver& driver_;
  };

  /// A handler may have moved from the handle.
  void keep_handle() {
    if (!handle_ && !base::over()) handle_ = session{this->shared_from_this()};
  }

  void on_rare_event(const event& happened) {
    if (const auto* piece = std::get_if<message_part>(&happened)) {
      counters_.count_received(piece->payload.size(), piece->last);
      call(handlers_->on_part, *piece);
    } else if (const auto* question = std::get_if<ping>(&happened)) {
      call(handlers_->on_ping, *question);
    } else if (const auto* answer = std::get_if<pong>(&happened)) {
      if (answer->round_trip) counters_.set_round_trip(*answer->round_trip);
      call(handlers_->on_pong, *answer);
    } else if (const auto* end = std::get_if<closed>(&happened)) {
      shut();
      if (waits_) waits_->end();
      call(handlers_->on_close,
           closed{end->code, end->reason, end->clean, standard_error(end->error)});
    }
  }

  /// An exception of a handler ends this session only.
  template <class Handler, class... Values>
  void call(const Handler& handler, const Values&... values) {
    if constexpr (std::is_constructible_v<bool, const Handler&>) {
      if (!handler) return;
    }
    const running now{*this};
    const handler_scope mine{*this};
    try {
      handler(handle_, values...);
    } catch (...) {
      stop_sending();
      base::memory_.run([this] { base::connection().close(close_code::internal_error); });
      keep_handle();
      if (handlers_->on_error) handlers_->on_error(handle_, std::current_exception());
    }
    keep_handle();
  }

  std::error_code send_part(message_view piece, part position) override {
    if (!can_send()) return errc::closed;
    run_queued();
    const auto ec = base::connection().send_part(piece, position);
    if (!ec) counters_.count_sent(piece.payload.size(), position == part::last);
    return finish(ec);
  }

  std::error_code send_now(message_view view) override {
    const auto size = view.payload.size();
    if (const auto ec = account_.check(size, base::connection().buffered_bytes())) {
      return refused(ec);
    }
    const auto ec = base::connection().send(view);
    if (!ec) counters_.count_sent(size);
    return finish(ec);
  }

  std::error_code run(session_command& command) override {
    return std::visit([this](auto& one) { return this->run_one(one); }, command);
  }

  std::error_code run_one(send_command& command) {
    const auto size = payload_size(command);
    account_.take(kept_size(command));
    const auto ec =
        std::visit([&](auto& held) { return this->send_held(command, held); }, command.payload);
    if (!ec) counters_.count_sent(size);
    return finish(ec);
  }

  std::error_code run_one(ping_command& command) {
    account_.take(kept_size(command));
    base::advance();
    return finish(base::connection().send_ping(command.payload));
  }

  std::error_code run_one(close_command& command) {
    const auto ec = base::connection().close(command.code, command.reason);
    // A pause may have held input back.
    if (!ec) base::process_later();
    return finish(ec);
  }

  std::error_code run_one(abort_command&) {
    base::connection().abort();
    base::process_later();
    return {};
  }

  std::error_code run_one(flow_command& command) {
    if (base::over() || handlers_->on_session) return {};  // The coroutine controls reading.
    if (command.paused) {
      base::pause();
    } else if (base::unpause()) {
      base::process_later();
    }
    return {};
  }

  std::error_code run_one(drained_command& command) {
    if (accepts_commands()) on_drained_ = std::make_unique<hook>(std::move(command.hook));
    return {};
  }

  std::error_code run_one(account_command&) {
    account();
    return {};
  }

  template <class Owned>
  std::error_code send_held(const send_command& command, Owned& held) {
    if constexpr (std::is_same_v<Owned, prepared_message>) {
      return base::connection().send(held);
    } else {
      return base::connection().send(command.kind, owned_payload{std::move(held)}, command.coding);
    }
  }

  std::error_code finish(std::error_code ec) {
    base::settle();
    // Not for each of many small messages of one turn.
    const auto most = (std::max)(base::connection().buffered_bytes(), account_.settled());
    if (!base::in_events() || most > account_.high()) base::memory_.run([this] { account(); });
    return ec;
  }

  /// Updates the number that the handles read, and calls the application when the queue has drained.
  void account() {
    account_.settle(base::connection().buffered_bytes());
    count_stored();
    if (session_state::is_ending()) end_for_memory();
    if (waits_ && account_.is_drained()) waits_->drained();
    if (!account_.take_drained() || !(on_drained_ || handlers_->on_drained)) return;
    asio::post(base::get_executor(), [self = this->shared_from_this()] { self->call_drained(); });
  }

  void count_stored() noexcept {
    const auto stored = base::connection().stored_bytes() + base::held_bytes() +
                        occupied_by(session_state::facts().asked()) +
                        (waits_ ? waits_->stored_bytes() : 0);
    session_state::set_stored_beside(static_cast<std::ptrdiff_t>(stored - account_.settled()));
  }

  /// The server's memory budget is exceeded, and this session is one of those that store the most.
  void end_for_memory() {
    if (!exceed_memory(base::connection())) return;
    base::process_later();
    account_.settle(base::connection().buffered_bytes());
    count_stored();
  }

  /// What handles keep of a session that has ended is not counted.
  void release_memory() noexcept {
    account_.clear();
    session_state::set_stored_beside(0);
    session_state::leave();
  }

  void call_drained() {
    if (!accepts_commands()) return;
    base::cork();
    call(handlers_->on_drained);
    // A copy, because the hook may set another one.
    if (on_drained_)
      call([copy = *on_drained_](session&) {
        if (copy) copy();
      });
    base::uncork();
    base::process_pending();
  }

  std::shared_ptr<const session_handlers> handlers_;  // empty after the session has ended
  session_registry::registration registration_;
  connection_places::place place_;  // one of the server's limited number of connections
  std::unique_ptr<hook> on_drained_;
  using waits = timed_waits<session_driver, &session_driver::expire_receives>;
  std::unique_ptr<waits> waits_;  // if coroutines serve this session or wait for it
  // For handlers, because counting its references between threads is not cheap. While the session
  // is open it keeps the session alive, since a paused one has no other owner.
  session handle_;
  unsigned running_ = 0;  // the number of running handlers
};

}  // namespace hawser::detail
