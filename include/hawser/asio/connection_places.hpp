// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace hawser::detail {

/// Counts the connections of a server, in all and of each address, and says who may come.
class connection_places : public std::enable_shared_from_this<connection_places> {
 public:
  /// 0: no limit.
  connection_places(std::size_t most, std::size_t most_of_address)
      : most_{most}, most_of_address_{most_of_address} {}

  /// A place, or nothing if there is none. It is free again when the last copy is gone.
  std::shared_ptr<void> take(const std::string& address) {
    auto key = most_of_address_ != 0 ? address : std::string{};
    if (!reserve(key)) return nullptr;
    // Without the lock: if there is no memory, this frees the place.
    return {this, [self = shared_from_this(), key = std::move(key)](void*) { self->free(key); }};
  }

  std::size_t count() const {
    const std::lock_guard guard{mutex_};
    return count_;
  }

  /// Calls `hook`, on whatever thread, each time when the last connection has gone.
  void on_empty(std::function<void()> hook) {
    auto kept = std::make_shared<const std::function<void()>>(std::move(hook));
    const std::lock_guard guard{mutex_};
    on_empty_.swap(kept);
  }

 private:
  bool reserve(const std::string& address) {
    const std::lock_guard guard{mutex_};
    if (most_ != 0 && count_ >= most_) return false;
    if (most_of_address_ != 0) {
      auto& here = of_address_[address];
      if (here >= most_of_address_) return false;
      ++here;
    }
    ++count_;
    return true;
  }

  /// Needs no memory: a connection may end because there is none.
  void free(const std::string& address) {
    std::shared_ptr<const std::function<void()>> hook;
    {
      const std::lock_guard guard{mutex_};
      if (const auto here = of_address_.find(address); here != of_address_.end()) {
        if (--here->second == 0) of_address_.erase(here);
      }
      if (--count_ == 0) hook = on_empty_;
    }
    if (hook && *hook) (*hook)();
  }

  const std::size_t most_;
  const std::size_t most_of_address_;
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, std::size_t> of_address_;
  std::shared_ptr<const std::function<void()>> on_empty_;
};

}  // namespace hawser::detail
