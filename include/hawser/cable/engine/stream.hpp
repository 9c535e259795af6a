// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/hub.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::cable::detail {

/// Called for each publication, on the thread that publishes. Must not throw, wait, or use streams.
using stream_listener = std::function<void(const publication&)>;

/// Called once, on any thread, when a stream is live, or with an error when it has failed.
using stream_waiter = std::function<void(std::error_code)>;

/// What all streams of a server share.
struct stream_context {
  explicit stream_context(hub_options options) : sessions{std::move(options)} {}

  hub sessions;                              ///< A topic for each identifier in each stream
  std::atomic<std::uint64_t> delivered = 0;  ///< Publications that have reached the hub
  std::atomic<std::uint64_t> last_topic = 0;

  std::string next_topic() { return std::to_string(last_topic.fetch_add(1) + 1); }
};

/// The text that this thread publishes and that is known to be JSON.
inline thread_local const std::byte* published_json = nullptr;

/// The subscribers of one stream name in this process. May be used on any thread.
class stream {
  /// The subscribers with one identifier, which get the same frames.
  struct audience {
    std::string topic;
    data_prefix prefix;
    std::size_t members = 0;
  };

 public:
  stream(std::string name, std::shared_ptr<stream_context> all)
      : name_{std::move(name)}, all_{std::move(all)} {}

  const std::string& name() const noexcept { return name_; }

  /// Makes one frame for each identifier, in the order of the calls. Only listeners get a message that is no JSON.
  void deliver(const publication& published) {
    const auto text = as_text(published.message.payload());
    const json_limits any{.max_bytes = text.size(), .max_depth = max_depth};
    const bool is_value =
        published.message.payload().data() == published_json || is_json(text, any);
    const std::lock_guard guard{mutex_};
    for (const auto& [_, one] : audiences_) {
      if (!is_value) break;
      const auto message = one.prefix.message(text);
      const prepared_message frame{message_view{message_kind::text, as_bytes(message)}};
      all_->sessions.publish({one.topic, frame, published.except});
    }
    all_->delivered.fetch_add(1);
    for (const auto& [_, call] : listeners_) call(published);
  }

  /// Adds a subscriber with this identifier, and returns its topic of the hub.
  std::string add_member(const std::string& identifier, bool escape_html) {
    const std::lock_guard guard{mutex_};
    auto known = audiences_.find(identifier);
    if (known == audiences_.end()) {
      known = audiences_
                  .emplace(identifier,
                           audience{all_->next_topic(), data_prefix{identifier, escape_html}})
                  .first;
    }
    ++known->second.members;
    return known->second.topic;
  }

  void remove_member(const std::string& identifier) noexcept {
    const std::lock_guard guard{mutex_};
    const auto known = audiences_.find(identifier);
    if (--known->second.members == 0) audiences_.erase(known);
  }

  void add_listener(const void* key, stream_listener call) {
    const std::lock_guard guard{mutex_};
    listeners_.emplace(key, std::move(call));
  }

  void remove_listener(const void* key) noexcept {
    const std::lock_guard guard{mutex_};
    listeners_.erase(key);
  }

  /// Returns whether the stream is live. If not, the waiter is called.
  bool wait(const void* key, stream_waiter call) {
    const std::lock_guard guard{mutex_};
    if (!is_live_) waiters_.emplace(key, std::move(call));
    return is_live_;
  }

  void forget_waiter(const void* key) noexcept {
    const std::lock_guard guard{mutex_};
    waiters_.erase(key);
  }

  /// The broker has answered.
  void acknowledge(std::error_code ec) {
    std::unordered_map<const void*, stream_waiter> waiting;
    {
      const std::lock_guard guard{mutex_};
      waiting.swap(waiters_);
      is_live_ = !ec;
      has_failed_ = static_cast<bool>(ec);
    }
    for (const auto& [_, call] : waiting) call(ec);
  }

  bool has_failed() const {
    const std::lock_guard guard{mutex_};
    return has_failed_;
  }

  std::size_t links = 0;  ///< Guarded by the lock of the table

 private:
  static constexpr std::size_t max_depth = 1'000;

  const std::string name_;
  const std::shared_ptr<stream_context> all_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, audience> audiences_;
  std::unordered_map<const void*, stream_listener> listeners_;
  std::unordered_map<const void*, stream_waiter> waiters_;
  bool is_live_ = false;
  bool has_failed_ = false;
};

}  // namespace hawser::cable::detail
