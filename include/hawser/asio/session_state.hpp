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

#include "hawser/asio/endpoint_text.hpp"
#include "hawser/asio/exclusive_strand.hpp"
#include "hawser/asio/session_command.hpp"
#include "hawser/asio/session_waits.hpp"
#include "hawser/asio/small_mutex.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/outbox.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// How much a session may have waiting to be written.
struct send_budget {
  /// Above this, on_drained() is called when half of it or less waits again. Zero: when nothing does.
  std::size_t high = 1024 * 1024;

  /// What would exceed this is not queued. Zero: no limit.
  std::size_t hard = 16 * 1024 * 1024;

  /// What happens then.
  enum class policy : std::uint8_t {
    refuse,  ///< send() fails with errc::send_budget_exceeded
    drop,    ///< The message is dropped and counted; send() does not fail
    close,   ///< The session is closed with 1008, as a peer that is too slow
  };
  policy when_exceeded = policy::refuse;
};

/// What a session has done so far.
struct session_statistics {
  std::uint64_t messages_received = 0;
  std::uint64_t bytes_received = 0;  ///< Of messages, decoded
  std::uint64_t messages_sent = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t messages_dropped = 0;  ///< By send_budget::policy::drop
  std::optional<std::chrono::steady_clock::duration> round_trip = {};
};

namespace detail {

/// Of a path, as a route names them.
using path_parameters = std::vector<std::pair<std::string, std::string>>;

/// The value of a parameter, or an empty text.
inline std::string_view value_of(std::string_view name, const path_parameters& all) noexcept {
  for (const auto& [key, value] : all) {
    if (key == name) return value;
  }
  return {};
}

/// What is known of a session when it begins.
struct session_facts {
  request asked = {};
  agreement agreed = {};
  std::string remote_address = {};
  path_parameters parameters = {};
  std::shared_ptr<const listener_facts> listener = {};  ///< Null for a client's session
  std::shared_ptr<const tls_facts> tls = {};            ///< Null without TLS
};

/// A number that one thread writes and all may read.
class shared_counter {
 public:
  void add(std::uint64_t amount) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// The half of a session that does not depend on its stream: what handles point to. It outlives the
/// connection as long as there are handles.
class session_state {
 public:
  session_state(role self, session_facts facts, send_budget budget)
      : budget_{in_order(budget)},
        asked_{std::move(facts.asked)},
        remote_address_{std::move(facts.remote_address)},
        listener_{std::move(facts.listener)},
        self_{self} {
    const bool agreed = !facts.agreed.subprotocol.empty() || !facts.agreed.extensions.empty();
    if (!agreed && facts.parameters.empty() && !facts.tls) return;
    details_ = std::make_unique<const details>(
        details{std::move(facts.agreed), std::move(facts.parameters), std::move(facts.tls)});
  }
  virtual ~session_state() = default;
  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  /// Does it now if this is the session's thread and nothing waits, else queues it. FIFO for each
  /// caller; the first of several queued ones wakes the session's thread.
  std::error_code submit(session_command command) {
    if (!is_open()) return errc::closed;
    if (!is_own_thread()) return enqueue(std::move(command));
    run_queued();
    return run(command);
  }

  /// Nothing can be sent after this, whatever thread it comes from.
  std::error_code close(close_command command) {
    if (!can_send_.exchange(false)) return errc::closed;
    try {
      return submit(std::move(command));
    } catch (...) {
      // Another thread's has not begun: it may be asked for again.
      if (!is_own_thread()) can_send_.store(true, std::memory_order_relaxed);
      throw;
    }
  }

  /// Sends a message that need not be kept: from the session's own thread nothing is copied twice.
  std::error_code send_view(message_view view) {
    if (!can_send()) return errc::closed;
    if (!is_own_thread()) {
      std::vector<std::byte> copy{view.payload.begin(), view.payload.end()};
      return send_owned(send_command{view.kind, std::move(copy), view.coding});
    }
    run_queued();
    return send_now(view);
  }

  /// Sends a message or a ping that can be kept: a send_command or a ping_command.
  template <class Command>
  std::error_code send_owned(Command command) {
    if (!can_send()) return errc::closed;
    const auto size = kept_size(command);
    const auto all = buffered_.fetch_add(size, std::memory_order_relaxed) + size;
    if (all > budget_.hard) {
      buffered_.fetch_sub(size, std::memory_order_relaxed);
      return exceeded();
    }
    if (all > budget_.high) was_high_.store(true, std::memory_order_release);
    try {
      return submit(std::move(command));
    } catch (...) {
      // The session's own thread accounts for what it began.
      if (!is_own_thread()) buffered_.fetch_sub(size, std::memory_order_relaxed);
      throw;
    }
  }

  /// Waits for a message or for room, on the session's thread.
  virtual void wait_for(receive_operation& one) = 0;
  virtual void wait_for(drain_operation& one) = 0;
  virtual void cancel(operation& one) = 0;

  virtual asio::any_io_executor executor() const = 0;

  /// Null when the last owner has gone. From any thread that keeps the object from being destroyed.
  virtual std::shared_ptr<session_state> share() = 0;

  /// Ends everything at once and calls no handler. While the session's strand is held, or where the
  /// execution context ends.
  virtual void abandon() = 0;

  /// Holds the session's strand, if it has one that can be held.
  virtual exclusive_strand::lock hold() const { return {}; }

  bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }
  bool can_send() const noexcept { return is_open() && can_send_.load(std::memory_order_relaxed); }
  std::size_t buffered_bytes() const noexcept {
    return is_open() ? buffered_.load(std::memory_order_relaxed) : 0;
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

  /// On the session's thread. asked() is empty from then on, and views of it are invalid.
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
  role self() const noexcept { return self_; }
  std::any& data() noexcept { return data_; }

 protected:
  /// While it lives, this session's handlers run on this thread.
  class turn {
   public:
    explicit turn(const session_state& now) noexcept : before_{std::exchange(current(), &now)} {}
    ~turn() { current() = before_; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    static const session_state*& current() noexcept {
      thread_local const session_state* session = nullptr;
      return session;
    }

   private:
    const session_state* before_;
  };

  /// Whether the calling thread is the session's. In its handlers that costs nothing; elsewhere the
  /// execution context is asked, which must not end meanwhile.
  bool is_own_thread() { return turn::current() == this || asks_own_thread(); }

  bool asks_own_thread() {
    const std::lock_guard guard{mutex_};
    return is_open() && on_own_thread();
  }

  /// Only while the session is open.
  virtual bool on_own_thread() const = 0;

  /// Does one thing, on the session's thread.
  virtual std::error_code run(session_command& command) = 0;
  virtual std::error_code send_now(message_view view) = 0;

  /// Makes the session's thread call run_queued(). Only while the session is open.
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

  /// When on_drained() is due, a message of half the limit has room.
  static send_budget in_order(send_budget budget) noexcept {
    budget.hard = limit_of(budget.hard);
    budget.high = (std::min)(budget.high, budget.hard);
    return budget;
  }

  /// What the budget's policy says to a message that would exceed it.
  std::error_code exceeded() {
    switch (budget_.when_exceeded) {
      case send_budget::policy::refuse: expect_drained(); break;
      case send_budget::policy::drop: dropped_.fetch_add(1, std::memory_order_relaxed); return {};
      case send_budget::policy::close: close({close_code::policy_violation, "too slow"}); break;
    }
    return errc::send_budget_exceeded;
  }

  /// Nothing can be asked any more; what is queued is dropped. From then on the execution context is
  /// not touched.
  void shut() {
    std::vector<session_command> dropped;  // may own handles
    const std::lock_guard guard{mutex_};
    open_.store(false, std::memory_order_release);
    has_queued_.store(false, std::memory_order_release);
    dropped.swap(queue_);
  }

  /// Whether there is room again after on_drained() became due; then it is due no longer.
  bool take_drained() {
    const auto low = budget_.high / 2;
    if (!was_high_.load(std::memory_order_relaxed) || buffered_bytes() > low) return false;
    was_high_.exchange(false, std::memory_order_acq_rel);
    // Another thread may have taken the room in this moment.
    if (buffered_bytes() <= low) return true;
    was_high_.store(true, std::memory_order_release);
    return false;
  }

  /// Nothing can be sent any more, for whatever reason.
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
  // What most sessions do not have.
  struct details {
    agreement agreed;
    path_parameters parameters;
    std::shared_ptr<const tls_facts> tls;
  };

  std::error_code enqueue(session_command command) {
    const std::lock_guard guard{mutex_};
    if (!is_open()) return errc::closed;
    if (replace_queued(queue_, command)) return {};
    const bool first = queue_.empty();
    queue_.push_back(std::move(command));
    has_queued_.store(true, std::memory_order_release);
    try {
      if (first) wake();
    } catch (...) {
      // The next one would take it that somebody is awake.
      queue_.clear();
      has_queued_.store(false, std::memory_order_release);
      throw;
    }
    return {};
  }

  /// Whoever is refused may wait for on_drained(), even if everything is written in this moment.
  void expect_drained() {
    if (buffered_bytes() == 0 || was_high_.exchange(true)) return;
    if (!is_own_thread()) enqueue(account_command{});
  }

  std::atomic<bool> open_ = true;  // until on_close
  std::atomic<bool> can_send_ = true;
  std::atomic<bool> has_queued_ = false;
  small_mutex mutex_;
  std::vector<session_command> queue_;
  std::atomic<std::uint64_t> dropped_ = 0;
  request asked_;
  const std::string remote_address_;
  const std::shared_ptr<const listener_facts> listener_;
  std::unique_ptr<const details> details_;
  std::any data_;
  const role self_;
};

}  // namespace detail

}  // namespace hawser
