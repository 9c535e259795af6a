// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/send_budget.hpp"
#include "hawser/asio/session/command_queue.hpp"
#include "hawser/asio/session/handler_scope.hpp"
#include "hawser/asio/session/kept_facts.hpp"
#include "hawser/asio/session/send_account.hpp"
#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/session_counters.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/session/session_waits.hpp"
#include "hawser/asio/session_statistics.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// The part of a session that does not depend on its stream; handles point to it. It outlives the
/// connection as long as there are handles.
class session_state : public memory_holder {
 public:
  /// `memory` is the server's, or null.
  session_state(role own_role, session_facts facts, const send_budget& budget,
                std::shared_ptr<memory_budget> memory = nullptr)
      : memory_holder{std::move(memory)},
        account_{budget},
        facts_{std::move(facts)},
        own_role_{own_role} {}
  ~session_state() override = default;
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  /// Runs the command now if the caller is on the session's thread and nothing is queued; otherwise
  /// queues it. FIFO per caller. The first queued command wakes the session's thread.
  std::error_code submit(session_command command) {
    if (!accepts_commands()) return errc::closed;
    if (!is_own_thread()) return enqueue(std::move(command));
    run_queued();
    return run(command);
  }

  /// After this call nothing can be sent, on any thread.
  std::error_code close(close_command command) {
    if (!can_send_.exchange(false)) return errc::closed;
    try {
      return submit(std::move(command));
    } catch (...) {
      // A call from another thread has had no effect, so it may be repeated.
      if (!is_own_thread()) can_send_.store(true, std::memory_order_relaxed);
      throw;
    }
  }

  /// Sends a message as a view: on the session's own thread it is copied at most once.
  std::error_code send_view(message_view view) {
    if (!can_send()) return errc::closed;
    if (!is_own_thread()) {
      std::vector<std::byte> copy{view.payload.begin(), view.payload.end()};
      return send_owned(send_command{view.kind, std::move(copy), view.coding});
    }
    run_queued();
    return send_now(view);
  }

  /// Sends a message or a ping that can be stored: a send_command or a ping_command.
  template <class Command>
  std::error_code send_owned(Command command) {
    if (!can_send()) return errc::closed;
    const auto size = kept_size(command);
    if (const auto ec = account_.charge(size)) return refused(ec);
    try {
      return submit(std::move(command));
    } catch (...) {
      // On its own thread, the session accounts for a send that has begun.
      if (!is_own_thread()) account_.refund(size);
      throw;
    }
  }

  /// Sends a fragment of a message, on the session's thread. The send budget does not limit it.
  virtual std::error_code send_part(message_view piece, part position) = 0;
  /// The size in which fragments fit the send budget.
  std::size_t part_size() const noexcept { return (std::max<std::size_t>)(account_.low(), 1024); }

  /// Waits for a message or for queue capacity, on the session's thread.
  virtual void wait_for(read_operation& one) = 0;
  virtual void wait_for(drain_operation& one) = 0;
  virtual void cancel(operation& one) = 0;
  virtual void cancel(delivery_receipt& receipt) = 0;

  virtual asio::any_io_executor executor() const = 0;

  /// Null when the last owner has gone. May be called on any thread that keeps the object from
  /// being destroyed.
  virtual std::shared_ptr<session_state> share() = 0;

  /// Ends everything at once and calls no handler. Call it while the session's strand is locked, or
  /// at the end of the execution context.
  virtual void abandon() = 0;

  /// Locks the session's strand, if it can be locked.
  virtual exclusive_strand::lock hold() const { return {}; }

  /// Keeps what `make(executor())` returns, a std::shared_ptr<void>, until the session ends. `make` is not called
  /// if it has ended, and must not use the session.
  template <class Make>
  std::error_code keep_until_end(Make make) {
    auto one = std::make_unique<companion>();
    const auto add = [&] {
      one->kept = make(executor());
      one->next = std::move(companions_);
      companions_ = std::move(one);
      return true;
    };
    return commands_.if_accepting(add) ? std::error_code{} : errc::closed;
  }

  /// What is sent between these two calls leaves together. For one function on the session's thread.
  virtual void hold_output() {}
  virtual void release_output() {}

  bool accepts_commands() const noexcept { return commands_.accepts(); }
  bool can_send() const noexcept {
    return accepts_commands() && can_send_.load(std::memory_order_relaxed) && !is_ending();
  }
  std::size_t buffered_bytes() const noexcept { return accepts_commands() ? account_.bytes() : 0; }

  session_statistics statistics() const {
    auto now = counters_.statistics();
    now.messages_dropped = account_.dropped();
    return now;
  }

  const kept_facts& facts() const noexcept { return facts_; }
  role own_role() const noexcept { return own_role_; }
  std::uint64_t id() const noexcept { return id_; }
  std::any& data() noexcept { return data_; }

 protected:
  /// Whether the caller is on the session's thread. Cheap in its handlers; elsewhere it uses the
  /// execution context, which must exist.
  bool is_own_thread() {
    return handler_scope::is_of(*this) ||
           commands_.if_accepting([this] { return running_in_this_thread(); });
  }

  /// Must be called only while commands are accepted.
  virtual bool running_in_this_thread() const = 0;

  /// Runs one command, on the session's thread.
  virtual std::error_code run(session_command& command) = 0;
  virtual std::error_code send_now(message_view view) = 0;

  /// Makes the session's thread call run_queued(). Must be called only while commands are accepted.
  virtual void wake() = 0;

  void run_queued() {
    if (!commands_.has_commands()) return;
    for (auto& command : commands_.take()) run(command);
  }

  /// Handles a message that was refused by the account, as the policy says.
  std::error_code refused(std::error_code ec) {
    if (ec != errc::send_budget_exceeded) return ec;
    switch (account_.when_exceeded()) {
      case send_budget::policy::refuse: expect_drained(); break;
      case send_budget::policy::drop:
        if (account_.count_dropped()) note_exceeded();
        return {};
      case send_budget::policy::close:
        if (!close({close_code::policy_violation, "too slow"})) note_exceeded();
        break;
    }
    return ec;
  }

  /// Reports it, unless there is no memory for that.
  void note_exceeded() {
    with_memory([this] { submit(budget_command{}); }, [] {});
  }

  /// Accepts no commands from now on, and drops the queued ones. The execution context is not used
  /// after this.
  void shut() {
    commands_.shut();
    const auto ended = std::move(companions_);
  }

  /// What is stored beside buffered_bytes(), which may count more than it occupies. May end sessions.
  void set_stored_beside(std::ptrdiff_t bytes) noexcept {
    stored_beside_.store(bytes, std::memory_order_relaxed);
    count_memory();
  }

  /// Nothing can be sent from now on, for whatever reason.
  void stop_sending() noexcept { can_send_.store(false, std::memory_order_relaxed); }

  void forget_request() noexcept { facts_.forget_request(); }

  send_account account_;
  session_counters counters_;

 private:
  /// What ends with the session.
  struct companion {
    std::shared_ptr<void> kept;
    std::unique_ptr<companion> next;
  };

  static std::uint64_t next_id() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  std::error_code enqueue(session_command command) {
    const auto ec = commands_.add(std::move(command), [this] { wake(); });
    if (!ec) count_memory();  // without the lock: it may end this session and others
    return ec;
  }

  /// Threads that count at once must not leave the older number.
  void count_memory() noexcept {
    bool exceeded = false;
    for (auto now = occupied(); true;) {
      if (update(now)) exceeded = true;
      const auto next = occupied();
      if (next == now) break;
      now = next;
    }
    if (exceeded) relieve();
  }

  std::size_t occupied() const noexcept {
    const auto queued = static_cast<std::ptrdiff_t>(account_.bytes(std::memory_order_seq_cst));
    const auto all = queued + stored_beside_.load();
    return all > 0 ? static_cast<std::size_t>(all) : 0;
  }

  std::shared_ptr<memory_holder> keep() noexcept override { return share(); }

  void on_memory_exceeded() noexcept override {
    // Without the memory for this command, the session ends when it does something next.
    with_memory([this] { submit(account_command{}); }, [] {});
  }

  /// A refused sender may wait for on_drained(), even if everything is written at this moment.
  void expect_drained() {
    if (account_.expect_drained() && !is_own_thread()) enqueue(account_command{});
  }

  command_queue commands_;  // accepted until on_close
  // Changed only by functions for if_accepting(), and by shut().
  std::unique_ptr<companion> companions_;
  std::atomic<std::ptrdiff_t> stored_beside_ = 0;
  kept_facts facts_;
  std::any data_;
  const std::uint64_t id_ = next_id();
  const role own_role_;
  std::atomic<bool> can_send_ = true;
};

}  // namespace hawser::detail
