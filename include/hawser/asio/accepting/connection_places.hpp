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

/// Counts the connections of a server, in total and per address, and enforces their limits.
class connection_places : public std::enable_shared_from_this<connection_places> {
 public:
  /// The place of one connection, which is freed when this object is destroyed or reset.
  class place {
   public:
    place() = default;
    place(place&&) = default;
    place& operator=(place&& other) noexcept {
      reset();
      of_ = std::move(other.of_);
      address_ = std::move(other.address_);
      return *this;
    }
    ~place() { reset(); }

    explicit operator bool() const noexcept { return of_ != nullptr; }

    void reset() {
      if (const auto of = std::exchange(of_, nullptr)) of->free(address_.get());
    }

   private:
    friend connection_places;

    std::shared_ptr<connection_places> of_;
    std::unique_ptr<const std::string> address_;  // if there is a limit per address
  };

  /// 0: no limit.
  connection_places(std::size_t most, std::size_t most_of_address)
      : most_{most}, most_of_address_{most_of_address} {}

  /// Returns a place, or an empty one if a limit is reached.
  place take(const std::string& address) {
    place taken;
    const std::lock_guard guard{mutex_};
    if (most_ != 0 && count_ >= most_) return taken;
    if (most_of_address_ != 0) {
      taken.address_ = std::make_unique<const std::string>(address);
      auto& here = of_address_[address];
      if (here >= most_of_address_) return taken;
      ++here;
    }
    ++count_;
    taken.of_ = shared_from_this();
    return taken;
  }

  std::size_t count() const {
    const std::lock_guard guard{mutex_};
    return count_;
  }

  /// Calls `hook` each time the last connection has ended, on that connection's thread. Does not allocate if
  /// it is empty.
  void on_empty(std::function<void()> hook) {
    std::shared_ptr<const std::function<void()>> kept;
    if (hook) kept = std::make_shared<const std::function<void()>>(std::move(hook));
    const std::lock_guard guard{mutex_};
    on_empty_.swap(kept);
  }

 private:
  /// Does not allocate: a connection may end for lack of memory.
  void free(const std::string* address) {
    std::shared_ptr<const std::function<void()>> hook;
    {
      const std::lock_guard guard{mutex_};
      if (address != nullptr) {
        const auto here = of_address_.find(*address);
        if (--here->second == 0) of_address_.erase(here);
      }
      if (--count_ == 0) hook = on_empty_;
    }
    if (hook) (*hook)();
  }

  const std::size_t most_;
  const std::size_t most_of_address_;
  mutable std::mutex mutex_;
  std::size_t count_ = 0;
  std::unordered_map<std::string, std::size_t> of_address_;
  std::shared_ptr<const std::function<void()>> on_empty_;
};

}  // namespace hawser::detail
