// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace hawser {

/// A session that was taken from a session_store.
struct taken_session {
  std::string text;
  std::vector<std::string> revocations;  ///< All since it was first saved
};

/// Keeps sessions as texts for several processes, so that each of them can continue one. redis_sessions is one.
///
/// All functions may be called on any thread, and none waits for a peer.
class session_store {
 public:
  /// Gets nothing if no such session is kept.
  using taken_handler = std::function<void(std::error_code, std::optional<taken_session>)>;

  enum class save_kind : std::uint8_t {
    first,  ///< A session that is not kept yet
    again,  ///< Replaces its text, and has no effect if it is not kept any more
  };

  session_store() = default;
  session_store(const session_store&) = delete;
  session_store& operator=(const session_store&) = delete;
  virtual ~session_store() = default;

  /// Keeps a session for `ttl`, which is positive.
  virtual void save(std::string_view id, std::string_view text, std::chrono::seconds ttl,
                    save_kind kind) = 0;

  /// The session is not kept any more.
  virtual void forget(std::string_view id) = 0;

  /// Takes a session, once: a second call with this id gets nothing. `done` is called once, on any thread, perhaps within
  /// the call. It may throw std::bad_alloc only, and need not be called after the store has ended. Without a connection it fails at once.
  virtual void take(std::string_view id, taken_handler done) = 0;

  /// A text for all that take a session that is kept now, for `ttl`.
  virtual void revoke(std::string_view text, std::chrono::seconds ttl) = 0;
};

}  // namespace hawser
