// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/async_driver.hpp"
#include "hawser/asio/driver/driver_state.hpp"
#include "hawser/asio/driver/io_turn.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/session_output.hpp"
#include "hawser/asio/driver/session_settings.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// The part of a session_driver that runs the commands of the handles on the connection, and counts
/// what is queued and stored. `Derived` has `run_one()` for the commands that concern its handlers,
/// `stored_by_waits()`, and `on_counted()`, which is called after each change of the numbers.
template <class Derived, class Stream>
class command_driver : public session_state,
                       public async_driver<Derived, Stream, session_connection> {
  using base = async_driver<Derived, Stream, session_connection>;

 public:
  command_driver(const command_driver&) = delete;
  command_driver& operator=(const command_driver&) = delete;

  exclusive_strand::lock hold() const override { return detail::hold(base::get_executor()); }

  void on_settled() { account(); }

  void hold_output() override { base::cork(); }
  void release_output() override {
    base::uncork();
    base::process_pending();
  }

 protected:
  command_driver(role own_role, Stream stream, session_facts facts, session_settings&& settings)
      : session_state{own_role, std::move(facts), settings.budget, settings.memory},
        base{std::move(stream),
             session_connection{own_role, settings.connection, std::move(settings.extension)}} {}
  ~command_driver() override { session_state::leave(); }

  /// Updates the numbers that the handles and the memory budget read.
  void account() {
    if (base::over()) return;  // and all of it is released
    account_.settle(base::connection().buffered_bytes());
    count_stored();
    if (session_state::is_ending()) end_for_memory();
    derived().on_counted();
  }

  void abandon_connection() noexcept { base::abandon(); }

  /// What handles keep of a session that has ended is not counted.
  void release_memory() noexcept {
    account_.clear();
    session_state::set_stored_beside(0);
    session_state::leave();
  }

 private:
  Derived& derived() noexcept { return static_cast<Derived&>(*this); }
  session_output output() noexcept { return {base::connection(), account_, counters_}; }

  std::shared_ptr<session_state> share() override { return this->weak_from_this().lock(); }
  asio::any_io_executor executor() const override { return base::get_executor(); }
  bool running_in_this_thread() const override {
    return base::get_executor().running_in_this_thread();
  }

  void wake() override {
    asio::post(base::get_executor(), [self = this->shared_from_this()] {
      command_driver& driver = *self;
      // Commands that were queued together are written together.
      driver.cork();
      driver.memory_.run([&] { driver.run_queued(); });
      driver.uncork();
      driver.process_pending();
    });
  }

  std::error_code send_part(message_view piece, part position) override {
    if (!can_send()) return errc::closed;
    run_queued();
    return finish(output().send(piece, position));
  }

  std::error_code send_now(message_view view) override {
    const auto waiting = base::connection().buffered_bytes();
    if (const auto ec = account_.error_of(view.payload.size(), waiting)) {
      // While output is held back, the account has not counted it, and on_drained() would not be due.
      account_.settle(waiting);
      return refused(ec);
    }
    return finish(output().send(view));
  }

  std::error_code run(session_command& command) override {
    return std::visit([this](auto& one) { return this->run_command(one); }, command);
  }

  std::error_code run_command(send_command& command) { return finish(output().send(command)); }

  std::error_code run_command(ping_command& command) {
    base::advance();
    return finish(output().send(command));
  }

  std::error_code run_command(close_command& command) {
    const auto ec = base::connection().close(command.code, command.reason);
    // A pause may have held input back.
    if (!ec) base::process_later();
    return finish(ec);
  }

  std::error_code run_command(abort_command&) {
    base::connection().abort();
    base::process_later();
    return {};
  }

  std::error_code run_command(account_command&) {
    account();
    return {};
  }

  template <class Command>
  std::error_code run_command(Command& command) {
    derived().run_one(command);
    return {};
  }

  std::error_code finish(std::error_code ec) {
    hold_for_turn();
    base::settle();
    // Not for each of many small messages of one turn.
    const auto most = (std::max)(base::connection().buffered_bytes(), account_.settled());
    if (!base::state().is_held() || most > account_.high())
      base::memory_.run([this] { account(); });
    return ec;
  }

  /// Leaves the output to the end of the turn, if a handler of another session sends.
  void hold_for_turn() {
    if constexpr (std::is_same_v<turn_of<typename base::executor_type>, io_turn>) {
      if (base::over() || base::state().is_held()) return;
      auto* const turn = io_turn::of(base::get_executor());
      if (turn == nullptr) return;
      // Without memory for the entry, the output is written at once.
      with_memory([&] { turn->hold(this->shared_from_this()); }, [] {});
    }
  }

  void count_stored() noexcept {
    const auto stored = base::connection().stored_bytes() + base::held_bytes() +
                        occupied_by(session_state::facts().asked()) + derived().stored_by_waits();
    session_state::set_stored_beside(static_cast<std::ptrdiff_t>(stored - account_.settled()));
  }

  /// The server's memory budget is exceeded, and this session is one of those that store the most.
  void end_for_memory() {
    if (!exceed_memory(base::connection())) return;
    base::process_later();
    account_.settle(base::connection().buffered_bytes());
    count_stored();
  }
};

}  // namespace hawser::detail
