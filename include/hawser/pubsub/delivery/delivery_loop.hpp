// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/query.hpp>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/executor/kept_executor.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/pubsub/delivery/membership.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::detail {

/// A publication for the receivers of one loop, or a function that is called instead.
struct queued_delivery {
  std::shared_ptr<const publication> published;
  std::shared_ptr<const memberships> to;
  std::function<void()> call = {};

  /// What it occupies until it is delivered. The frame may be shared with other loops.
  std::size_t size() const noexcept {
    return sizeof(queued_delivery) + (published ? published->message.frame()->size() : 0);
  }
};

inline constexpr auto no_limit = limit_of(std::size_t{0});

/// Delivers what any thread pushes, on one executor, in order and one at a time. One function is posted for all
/// that is pushed before it runs.
class delivery_loop final : public std::enable_shared_from_this<delivery_loop> {
 public:
  class all_loops;

  /// How many calls of receivers one turn makes before other handlers of the executor run, and how many of those
  /// that only queue output.
  static constexpr std::size_t turn = 1024;
  static constexpr std::size_t cheap_turn = 16 * turn;

  enum class result : std::uint8_t {
    queued,
    full,
    ended,  // with its context
  };

  delivery_loop(const asio::any_io_executor& executor, std::shared_ptr<all_loops> all)
      : executor_{executor}, all_{std::move(all)} {}
  inline ~delivery_loop();
  delivery_loop(const delivery_loop&) = delete;
  delivery_loop& operator=(const delivery_loop&) = delete;

  /// The loop of an executor. That of an io_context itself is shared by all that use it.
  static inline std::shared_ptr<delivery_loop> of(const asio::any_io_executor& executor);

  /// Refuses what would make the queue larger than `most` bytes, and everything after the end of the context.
  result push(queued_delivery one, std::size_t most) {
    const std::lock_guard guard{mutex_};
    const auto size = one.size();
    if (ended_) return result::ended;
    if (size > most || queued_bytes_ > most - size) return result::full;
    queue_.push_back(std::move(one));
    try {
      post();
    } catch (...) {
      queue_.pop_back();
      throw;
    }
    queued_bytes_ += size;
    return result::queued;
  }

  /// The context ends: nothing is delivered from now on.
  void end() noexcept {
    // They may own handles, which are destroyed without the lock.
    std::deque<queued_delivery> dropped;
    const auto interrupted = std::exchange(current_, {});
    const std::lock_guard guard{mutex_};
    ended_ = true;
    dropped.swap(queue_);
  }

  /// The bytes that wait.
  std::size_t queued_bytes() const {
    const std::lock_guard guard{mutex_};
    return queued_bytes_;
  }

 private:
  /// Posts run() again if a turn ends early: at its limit, or by an exception of a receiver.
  class early_end {
   public:
    explicit early_end(delivery_loop& loop) noexcept : loop_{loop} {}
    ~early_end() {
      if (finished) return;
      loop_.end_turn();
      loop_.post_again();
    }
    early_end(const early_end&) = delete;
    early_end& operator=(const early_end&) = delete;

    bool finished = false;

   private:
    delivery_loop& loop_;
  };

  /// Call this under the lock, while the context exists.
  void post() {
    if (posted_) return;
    asio::post(executor_.get(), [self = shared_from_this()] { self->run(); });
    posted_ = true;
  }

  void post_again() noexcept {
    const std::lock_guard guard{mutex_};
    posted_ = false;
    if (ended_) return;
    try {
      post();
    } catch (...) {
      // Without the memory for this, the next push posts it.
      return;
    }
  }

  void run() {
    early_end again{*this};
    for (std::size_t cost = 0; cost < cheap_turn;) {
      if (current_.to || take()) {
        deliver(cost);
        continue;
      }
      // First, because another thread may run this as soon as it is finished.
      end_turn();
      again.finished = finish();
      if (again.finished) return;
    }
  }

  bool take() {
    const std::lock_guard guard{mutex_};
    if (queue_.empty()) return false;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= current_.size();
    position_ = 0;
    last_ = nullptr;
    return true;
  }

  /// From now on push() posts run(). Returns false if something waits: the ends of the turns may have pushed it.
  bool finish() noexcept {
    const std::lock_guard guard{mutex_};
    posted_ = !queue_.empty();
    return !posted_;
  }

  /// Delivers to the remaining receivers while the turn lasts.
  void deliver(std::size_t& cost) {
    const auto kept = current_.to;
    while (position_ < kept->size() && cost < cheap_turn) {
      const auto& one = *(*kept)[position_++];
      cost += one.to->has_turns() ? 1 : cheap_turn / turn;
      if (one.to.get() == last_ || !one.is_live.load(std::memory_order_acquire)) continue;
      last_ = one.to.get();
      begin_turn(one.to);
      current_.published ? one.to->receive(*current_.published) : current_.call();
    }
    if (position_ == kept->size()) const auto delivered = std::exchange(current_, {});
  }

  void begin_turn(const std::shared_ptr<delivery_target>& one) {
    if (one->in_turn || !one->has_turns()) return;
    // Without the memory for it, each message leaves by itself.
    with_memory(
        [&] {
          in_turn_.push_back(one);
          one->in_turn = true;
          one->begin_turn();
        },
        [] {});
  }

  void end_turn() noexcept {
    const auto ended = std::exchange(in_turn_, {});
    for (const auto& one : ended) {
      one->in_turn = false;
      one->end_turn();
    }
  }

  mutable std::mutex mutex_;
  std::deque<queued_delivery> queue_;
  std::size_t queued_bytes_ = 0;
  bool posted_ = false;  // run() is posted, or runs
  bool ended_ = false;
  const kept_executor<asio::any_io_executor> executor_;
  const std::shared_ptr<all_loops> all_;
  // Of run() only.
  queued_delivery current_;
  std::size_t position_ = 0;
  const delivery_target* last_ = nullptr;
  std::vector<std::shared_ptr<delivery_target>> in_turn_;
};

/// Whether an executor is that of an io_context itself. Asio cannot compare the type of an executor with a
/// type in all its versions and without run-time types, but with that of another executor.
inline bool is_of_io_context(const asio::any_io_executor& executor) {
  static never_destroyed<asio::io_context> context{1};
  static const never_destroyed<asio::any_io_executor> plain{context.get().get_executor()};
  return executor.target_type() == plain.get().target_type();
}

/// The loops of one context. Shared with the loops, some of which outlive the context.
class delivery_loop::all_loops : public std::enable_shared_from_this<all_loops> {
 public:
  std::shared_ptr<delivery_loop> find_or_make(const asio::any_io_executor& executor) {
    const bool is_shared = is_of_io_context(executor);
    std::shared_ptr<delivery_loop> made;  // its destructor takes the lock
    const std::lock_guard guard{mutex_};
    if (is_shared) {
      if (auto known = shared_.lock()) return known;
    }
    made = std::make_shared<delivery_loop>(executor, shared_from_this());
    loops_.emplace(made.get(), made);
    if (is_shared) shared_ = made;
    return made;
  }

  void remove(delivery_loop& one) noexcept {
    const std::lock_guard guard{mutex_};
    loops_.erase(&one);
  }

  void end() noexcept {
    std::unordered_map<delivery_loop*, std::weak_ptr<delivery_loop>> ending;
    {
      const std::lock_guard guard{mutex_};
      ending.swap(loops_);
    }
    for (const auto& [_, one] : ending) {
      if (const auto loop = one.lock()) loop->end();
    }
  }

 private:
  std::mutex mutex_;
  std::unordered_map<delivery_loop*, std::weak_ptr<delivery_loop>> loops_;
  std::weak_ptr<delivery_loop> shared_;  // of the io_context itself
};

/// Reports the end of a context to its loops.
class context_loops final : public asio::execution_context::service {
 public:
  using key_type = context_loops;
  static inline asio::execution_context::id id;

  explicit context_loops(asio::execution_context& context)
      : asio::execution_context::service{context} {}

  const std::shared_ptr<delivery_loop::all_loops> all =
      std::make_shared<delivery_loop::all_loops>();

 private:
  void shutdown() override { all->end(); }
};

inline delivery_loop::~delivery_loop() { all_->remove(*this); }

inline std::shared_ptr<delivery_loop> delivery_loop::of(const asio::any_io_executor& executor) {
  auto& context = asio::query(executor, asio::execution::context);
  // Services end in the reverse order of their creation, and the loops must not use ended executors.
  asio::use_service<kept_executors<asio::any_io_executor>>(context);
  return asio::use_service<context_loops>(context).all->find_or_make(executor);
}

}  // namespace hawser::detail
