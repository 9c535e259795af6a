// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/session_registry.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::detail {

/// An opening of any stream type, for the end of its server.
class opening_base {
 public:
  virtual ~opening_base() = default;

  /// Tells the client that the server goes away: 503, or 1001 if it was accepted already. From any
  /// thread, as abort().
  virtual void refuse() = 0;

  /// Ends it at once.
  virtual void abort() = 0;

  /// Ends it within this call. If other threads may run its executor, that is a strand that can be held.
  virtual void abandon() = 0;
};

/// The openings of one context, which are kept alive until they leave: they may wait for the application
/// alone. From any thread.
class opening_registry {
 public:
  void add(std::shared_ptr<opening_base> one) {
    const std::lock_guard guard{mutex_};
    members_.emplace(one.get(), std::move(one));
  }

  /// Removes any one, or returns null.
  std::shared_ptr<opening_base> take() {
    const std::lock_guard guard{mutex_};
    if (members_.empty()) return nullptr;
    return std::move(members_.extract(members_.begin()).mapped());
  }

  void remove(const opening_base* one) {
    std::shared_ptr<opening_base> removed;  // destroyed without the lock
    const std::lock_guard guard{mutex_};
    const auto found = members_.find(one);
    if (found == members_.end()) return;
    removed = std::move(found->second);
    members_.erase(found);
  }

  /// All that are there now.
  std::vector<std::shared_ptr<opening_base>> openings() const {
    std::vector<std::shared_ptr<opening_base>> all;
    const std::lock_guard guard{mutex_};
    for (const auto& [key, member] : members_) all.push_back(member);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const opening_base*, std::shared_ptr<opening_base>> members_;
};

/// What a server still does with the connections of one context.
enum class serving : std::uint8_t {
  all,   ///< It serves them
  none,  ///< It closes them
  cut,   ///< It ends them at once
};

/// Where an opening and the session that comes of it are registered. A connection registers first and
/// reads `now` afterwards; the server's end sets `now` first and then goes through the registries. So
/// none is missed, whatever threads the two run on.
struct io_registries {
  explicit io_registries(const asio::any_io_executor& executor)
      : sessions{std::make_shared<session_registry>(executor)} {}

  std::shared_ptr<opening_registry> openings = std::make_shared<opening_registry>();
  std::shared_ptr<session_registry> sessions;
  std::shared_ptr<std::atomic<serving>> now = std::make_shared<std::atomic<serving>>(serving::all);
};

/// Closes what is registered, and all that registers later. From any thread.
inline void close_all(const io_registries& registries) {
  registries.now->store(serving::none);
  for (const auto& one : registries.openings->openings()) one->refuse();
  for (const auto& one : registries.sessions->sessions()) one.close(close_code::going_away);
}

/// Ends what is registered, and all that registers later, at once. From any thread.
inline void abort_all(const io_registries& registries) {
  registries.now->store(serving::cut);
  for (const auto& one : registries.openings->openings()) one->abort();
  for (const auto& one : registries.sessions->sessions()) one.close_now();
}

/// Ends what is registered within this call; what registers later ends at once. Waits for handlers that
/// other threads run, and calls none itself. Strands that other threads may run can be held.
inline void abandon_all(const io_registries& registries) {
  registries.now->store(serving::cut);
  while (const auto one = registries.openings->take()) one->abandon();
  registries.sessions->abandon();
}

}  // namespace hawser::detail
