// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace hawser::detail {

class session_state;

/// While it exists, a handler of this session runs on this thread. The scopes of one thread nest.
class handler_scope {
 public:
  explicit handler_scope(const session_state& now) noexcept
      : before_{std::exchange(innermost(), &now)} {}
  ~handler_scope() { innermost() = before_; }
  handler_scope(const handler_scope&) = delete;
  handler_scope& operator=(const handler_scope&) = delete;

  /// Whether the innermost handler that runs on this thread is one of `asked`.
  static bool is_of(const session_state& asked) noexcept { return innermost() == &asked; }

 private:
  static const session_state*& innermost() noexcept {
    thread_local const session_state* session = nullptr;
    return session;
  }

  const session_state* before_;
};

}  // namespace hawser::detail
