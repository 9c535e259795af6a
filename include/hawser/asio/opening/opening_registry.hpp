// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// An opening of any stream type, for the end of its server.
class opening_base : public memory_holder {
 public:
  /// `memory` is the server's, or null for one that stores nothing.
  explicit opening_base(std::shared_ptr<memory_budget> memory = nullptr)
      : memory_holder{std::move(memory)} {}
  ~opening_base() override = default;
  opening_base(const opening_base&) = delete;
  opening_base& operator=(const opening_base&) = delete;

  /// Answers the client when the server shuts down: 503, or close code 1001 if the client was
  /// accepted already. This and abort() may be called on any thread.
  virtual void refuse() = 0;

  /// Ends the opening at once.
  virtual void abort() = 0;

  /// The same because of the memory budget.
  virtual void exceed_memory() { abort(); }

  /// Ends the opening before it returns. If other threads may run its executor, that must be a
  /// strand that can be locked.
  virtual void abandon() = 0;

 protected:
  /// Counts `size` more bytes of a request, or the first ones of the next. The strings that hold
  /// them may have grown to twice their size. Returns false if the budget ends this opening, which
  /// must then be closed.
  bool count_request(std::size_t size, bool is_first) noexcept {
    received_ = is_first ? size : received_ + size;
    return count_answer(0);
  }

  /// Counts a response of `size` bytes in addition to the request.
  bool count_answer(std::size_t size) noexcept {
    if (update(2 * received_ + size)) relieve();
    return !is_ending();
  }

 private:
  std::shared_ptr<memory_holder> keep() noexcept override { return nullptr; }

  void on_memory_exceeded() noexcept override {
    // Without memory for that, the opening ends at its next step.
    with_memory([this] { exceed_memory(); }, [] {});
  }

  std::size_t received_ = 0;
};

/// What a server does with the connections of one context.
enum class serving : std::uint8_t {
  all,       ///< Serves them
  sessions,  ///< Serves sessions, refuses openings
  none,      ///< Closes them
  cut,       ///< Ends them at once
};

/// The openings of one context. Keeps them alive until they leave, because an opening that waits
/// for the application has no other owner. May be used on any thread.
///
/// An opening registers first and then reads now(); a stopping server calls advance() first and then goes
/// through the registry. So no opening is missed, whatever threads the two run on.
class opening_registry {
 public:
  serving now() const noexcept { return now_.load(); }

  /// Advances to `next`, if that is further.
  void advance(serving next) noexcept {
    auto now = now_.load();
    while (now < next && !now_.compare_exchange_weak(now, next)) {
    }
  }

  /// Advances to serving::none. Returns false if it was reached before. Must not be called on two threads at
  /// the same time.
  bool close(const farewell& with) {
    if (now() >= serving::none) return false;
    farewell_ = with;
    advance(serving::none);
    return true;
  }

  /// The Close frame of sessions that begin at serving::none.
  const farewell& close_frame() const noexcept { return farewell_; }

  void add(std::shared_ptr<opening_base> one) {
    const std::lock_guard guard{mutex_};
    members_.emplace(one.get(), std::move(one));
  }

  /// Removes any one opening, or returns null.
  std::shared_ptr<opening_base> take() {
    const std::lock_guard guard{mutex_};
    if (members_.empty()) return nullptr;
    return std::move(members_.extract(members_.begin()).mapped());
  }

  void remove(const opening_base* one) {
    std::shared_ptr<opening_base> removed;  // destroyed after the lock is released
    const std::lock_guard guard{mutex_};
    const auto found = members_.find(one);
    if (found == members_.end()) return;
    removed = std::move(found->second);
    members_.erase(found);
  }

  /// All current openings.
  std::vector<std::shared_ptr<opening_base>> openings() const {
    std::vector<std::shared_ptr<opening_base>> all;
    const std::lock_guard guard{mutex_};
    for (const auto& [key, member] : members_) all.push_back(member);
    return all;
  }

 private:
  std::atomic<serving> now_ = serving::all;
  farewell farewell_;  // written before serving::none is reached
  mutable std::mutex mutex_;
  std::unordered_map<const opening_base*, std::shared_ptr<opening_base>> members_;
};

}  // namespace hawser::detail
