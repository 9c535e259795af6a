// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <any>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/executor/exclusive_strand.hpp"
#include "hawser/asio/send_budget.hpp"
#include "hawser/asio/session/session_command.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/session/session_waits.hpp"
#include "hawser/asio/session/shared_counter.hpp"
#include "hawser/asio/session/small_mutex.hpp"
#include "hawser/asio/session_statistics.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/extension.hpp"
#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

/// The part of a session that does not depend on its stream; handles point to it. It outlives the
/// connection as long as there are handles.
class session_state : public memory_holder {
 public:
  /// `memory` is the server's, or null.
  session_state(role own_role, session_facts facts, send_budget budget,
                std::shared_ptr<memory_budget> memory = nullptr)
      : memory_holder{std::move(memory)},
        budget_{in_order(budget)},
        asked_{std::move(facts.asked)},
        remote_address_{std::move(facts.remote_address)},
        listener_{std::move(facts.listener)},
        own_role_{own_role} {
    const bool agreed = !facts.agreed.subprotocol.empty() || !facts.agreed.extensions.empty();
    if (!agreed && facts.parameters.empty() && !facts.tls) return;
    details_ = std::make_unique<const details>(
        details{std::move(facts.agreed), std::move(facts.parameters), std::move(facts.tls)});
  }
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
    if (size > budget_.hard) return errc::message_exceeds_budget;
    const auto all = buffered_.fetch_add(size, std::memory_order_relaxed) + size;
    if (all > budget_.hard) {
      buffered_.fetch_sub(size, std::memory_order_relaxed);
      return exceeded();
    }
    if (all > budget_.high) was_high_.store(true, std::memory_order_release);
    try {
      return submit(std::move(command));
    } catch (...) {
      // On its own thread, the session accounts for a send that has begun.
      if (!is_own_thread()) buffered_.fetch_sub(size, std::memory_order_relaxed);
      throw;
    }
  }

  /// Sends a fragment of a message, on the session's thread. The send budget does not limit it.
  virtual std::error_code send_part(message_view piece, part position) = 0;
  /// The size in which fragments fit the send budget.
  std::size_t part_size() const noexcept { return (std::max<std::size_t>)(budget_.high / 2, 1024); }

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

  bool accepts_commands() const noexcept {
    return accepts_commands_.load(std::memory_order_acquire);
  }
  bool can_send() const noexcept {
    return accepts_commands() && can_send_.load(std::memory_order_relaxed) && !is_ending();
  }
  std::size_t buffered_bytes() const noexcept {
    return accepts_commands() ? buffered_.load(std::memory_order_relaxed) : 0;
  }

  session_statistics statistics() const {
    session_statistics now;
    now.messages_received = messages_received_.get();
    now.bytes_received = bytes_received_.get();
    now.messages_sent = messages_sent_.get();
    now.bytes_sent = bytes_sent_.get();
    now.messages_dropped = dropped_.load(std::memory_order_relaxed);
    if (const auto ticks = round_trip_.get(); ticks != 0) {
      now.round_trip = std::chrono::steady_clock::duration{ticks};
    }
    return now;
  }

  const request& asked() const noexcept { return asked_; }

  /// Call this on the session's thread. asked() is empty from then on, and views of it are invalid.
  void forget_request() noexcept { const auto forgotten = std::exchange(asked_, request{}); }

  std::string_view remote_address() const noexcept { return remote_address_; }
  std::string_view listener() const noexcept {
    return listener_ ? std::string_view{listener_->address} : std::string_view{};
  }
  std::shared_ptr<const tls_facts> tls() const noexcept {
    return details_ ? details_->tls : nullptr;
  }
  const agreement& agreed() const noexcept {
    static const never_destroyed<agreement> none;
    return details_ ? details_->agreed : none.get();
  }
  std::string_view parameter(std::string_view name) const noexcept {
    return details_ ? value_of(name, details_->parameters) : std::string_view{};
  }
  role own_role() const noexcept { return own_role_; }
  std::uint64_t id() const noexcept { return id_; }
  std::any& data() noexcept { return data_; }

 protected:
  /// While it exists, a handler of this session runs on this thread.
  class handler_scope {
   public:
    explicit handler_scope(const session_state& now) noexcept
        : before_{std::exchange(current(), &now)} {}
    ~handler_scope() { current() = before_; }
    handler_scope(const handler_scope&) = delete;
    handler_scope& operator=(const handler_scope&) = delete;

    static const session_state*& current() noexcept {
      thread_local const session_state* session = nullptr;
      return session;
    }

   private:
    const session_state* before_;
  };

  /// Whether the caller is on the session's thread. Cheap in its handlers; elsewhere it uses the
  /// execution context, which must exist.
  bool is_own_thread() {
    if (handler_scope::current() == this) return true;
    const std::lock_guard guard{mutex_};
    return accepts_commands() && running_in_this_thread();
  }

  /// Must be called only while commands are accepted.
  virtual bool running_in_this_thread() const = 0;

  /// Runs one command, on the session's thread.
  virtual std::error_code run(session_command& command) = 0;
  virtual std::error_code send_now(message_view view) = 0;

  /// Makes the session's thread call run_queued(). Must be called only while commands are accepted.
  virtual void wake() = 0;

  void run_queued() {
    if (!has_queued_.load(std::memory_order_acquire)) return;
    std::vector<session_command> commands;
    {
      const std::lock_guard guard{mutex_};
      commands.swap(queue_);
      has_queued_.store(false, std::memory_order_release);
    }
    for (auto& command : commands) run(command);
  }

  /// Ensures that a message of half the hard limit fits when on_drained() is called.
  static send_budget in_order(send_budget budget) noexcept {
    budget.hard = limit_of(budget.hard);
    budget.high = (std::min)(budget.high, budget.hard);
    return budget;
  }

  /// Handles a message that would exceed the budget as its policy says.
  std::error_code exceeded() {
    switch (budget_.when_exceeded) {
      case send_budget::policy::refuse: expect_drained(); break;
      case send_budget::policy::drop: dropped_.fetch_add(1, std::memory_order_relaxed); return {};
      case send_budget::policy::close: close({close_code::policy_violation, "too slow"}); break;
    }
    return errc::send_budget_exceeded;
  }

  /// Accepts no commands from now on, and drops the queued ones. The execution context is not used
  /// after this.
  void shut() {
    std::vector<session_command> dropped;  // may own handles
    const std::lock_guard guard{mutex_};
    accepts_commands_.store(false, std::memory_order_release);
    has_queued_.store(false, std::memory_order_release);
    dropped.swap(queue_);
  }

  /// Whether on_drained() is due and the queue has drained. It is not due afterwards.
  bool take_drained() {
    const auto low = budget_.high / 2;
    if (!was_high_.load(std::memory_order_relaxed) || buffered_bytes() > low) return false;
    was_high_.exchange(false, std::memory_order_acq_rel);
    // Another thread may have queued more at this moment.
    if (buffered_bytes() <= low) return true;
    was_high_.store(true, std::memory_order_release);
    return false;
  }

  /// What is stored beside buffered_bytes(), which may count more than it occupies. May end sessions.
  void set_stored_beside(std::ptrdiff_t bytes) noexcept {
    stored_beside_.store(bytes, std::memory_order_relaxed);
    count_memory();
  }

  /// Nothing can be sent from now on, for whatever reason.
  void stop_sending() noexcept { can_send_.store(false, std::memory_order_relaxed); }

  std::atomic<std::size_t> buffered_ = 0;
  const send_budget budget_;
  shared_counter messages_received_;
  shared_counter bytes_received_;
  shared_counter messages_sent_;
  shared_counter bytes_sent_;
  shared_counter round_trip_;
  std::atomic<bool> was_high_ = false;  // on_drained() will be due

 private:
  // Members that most sessions do not need.
  struct details {
    agreement agreed;
    path_parameters parameters;
    std::shared_ptr<const tls_facts> tls;
  };

  static std::uint64_t next_id() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  std::error_code enqueue(session_command command) {
    const auto ec = add_to_queue(std::move(command));
    if (!ec) count_memory();  // without the lock: it may end this session and others
    return ec;
  }

  std::error_code add_to_queue(session_command command) {
    const std::lock_guard guard{mutex_};
    if (!accepts_commands()) return errc::closed;
    if (replace_queued(queue_, command)) return {};
    const bool first = queue_.empty();
    queue_.push_back(std::move(command));
    has_queued_.store(true, std::memory_order_release);
    try {
      if (first) wake();
    } catch (...) {
      // Otherwise the next command would assume that a wake-up is pending.
      queue_.clear();
      has_queued_.store(false, std::memory_order_release);
      throw;
    }
    return {};
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
    const auto all = static_cast<std::ptrdiff_t>(buffered_.load()) + stored_beside_.load();
    return all > 0 ? static_cast<std::size_t>(all) : 0;
  }

  std::shared_ptr<memory_holder> keep() noexcept override { return share(); }

  void on_memory_exceeded() noexcept override {
    // Without the memory for this command, the session ends when it does something next.
    with_memory([this] { submit(account_command{}); }, [] {});
  }

  /// A refused sender may wait for on_drained(), even if everything is written at this moment.
  void expect_drained() {
    if (buffered_bytes() == 0 || was_high_.exchange(true)) return;
    if (!is_own_thread()) enqueue(account_command{});
  }

  std::atomic<bool> accepts_commands_ = true;  // until on_close
  std::atomic<bool> can_send_ = true;
  std::atomic<bool> has_queued_ = false;
  small_mutex mutex_;
  std::vector<session_command> queue_;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::atomic<std::ptrdiff_t> stored_beside_ = 0;
  request asked_;
  const std::string remote_address_;
  const std::shared_ptr<const listener_facts> listener_;
  std::unique_ptr<const details> details_;
  std::any data_;
  const std::uint64_t id_ = next_id();
  const role own_role_;
};

}  // namespace hawser::detail
