// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace hawser {

enum class presence_status : std::uint8_t {
  joined,    ///< The first session of its id: the others of the stream must be informed
  updated,   ///< The id is there already, or again; its info is replaced
  mismatch,  ///< The session is on the stream with another id
  full,      ///< A limit is reached, or the id and its info are too large
};

/// Whether the session is on the stream after that.
constexpr bool is_present(presence_status status) noexcept {
  return status == presence_status::joined || status == presence_status::updated;
}

/// A stream, and the topic to which a presence_store publishes what happens to it.
struct presence_topic {
  std::string stream;
  std::string events;
};

/// An id, and what is published when it joins and when it leaves.
struct presence_entry {
  std::string id;
  std::string joined;  ///< Also what presence_store::find() returns of it
  std::string left;
};

/// What a store accepts. Zero: no limit.
struct presence_limits {
  std::size_t max_ids_per_stream = 0;
  std::size_t max_memberships = 0;  ///< Of sessions on streams, on all streams of all processes
};

enum class presence_scope : std::uint8_t { total, members };

/// The ids of a stream.
struct found_presence {
  std::size_t total = 0;
  std::vector<std::string> joined =
      {};  ///< presence_entry::joined of each, in any order. None with `total`
};

/// Which ids are on which streams, for several processes that share a broker. redis_presence is one. An id is on a stream
/// as long as one of its sessions is, in whichever process. The store publishes presence_entry::joined when the first of
/// them joins, and presence_entry::left when the last one has left, each once, and keeps their order.
///
/// What a process has joined leaves after a time if the process ends without a call of disconnect(). If the store itself
/// loses what it has, each process joins again what it has joined.
///
/// All functions may be called on any thread, and none waits for a peer. The calls of one thread have their effects in
/// their order. A session is named by text that no other has in any process. A handler is called once, on any thread,
/// perhaps within the call. It may throw std::bad_alloc only, and need not be called after the store or its broker has
/// ended. Without a connection, join() and find() fail at once; what else is asked has its effect later.
class presence_store {
 public:
  /// With an error, the session has not joined.
  using joined_handler = std::function<void(std::error_code, presence_status)>;
  using found_handler = std::function<void(std::error_code, const found_presence&)>;

  presence_store() = default;
  presence_store(const presence_store&) = delete;
  presence_store& operator=(const presence_store&) = delete;
  virtual ~presence_store() = default;

  /// A session joins a stream with an id, or replaces what find() returns of its id.
  virtual void join(const presence_topic& on, std::string_view session, const presence_entry& entry,
                    const presence_limits& limits, joined_handler done) = 0;

  /// A session leaves a stream.
  virtual void leave(std::string_view stream, std::string_view session) = 0;

  /// The connection of a session is lost: it leaves after `ttl`, unless transfer() is called before, in any process.
  virtual void disconnect(std::string_view session, std::chrono::seconds ttl) = 0;

  /// What a session has joined, in any process, belongs to another one, of this process, which is its continuation. Has no
  /// effect if that one has joined anything.
  virtual void transfer(std::string_view from, std::string_view to) = 0;

  virtual void find(std::string_view stream, presence_scope what, found_handler done) = 0;
};

}  // namespace hawser
