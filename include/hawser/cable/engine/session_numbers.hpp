// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hawser::cable::detail {

/// The connections of this process by the `sid` of their session: for broadcast_options::except_sid. May be used on any
/// thread.
class session_numbers {
 public:
  void add(const std::string& sid, std::uint64_t connection) {
    const std::lock_guard guard{mutex_};
    all_.insert_or_assign(sid, connection);
  }

  void remove(const std::string& sid) {
    const std::lock_guard guard{mutex_};
    all_.erase(sid);
  }

  /// 0 if the session has no connection in this process.
  std::uint64_t find(const std::string& sid) const {
    const std::lock_guard guard{mutex_};
    const auto known = all_.find(sid);
    return known == all_.end() ? 0 : known->second;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> all_;
};

}  // namespace hawser::cable::detail
