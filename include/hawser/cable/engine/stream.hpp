// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/cable/engine/message_note.hpp"
#include "hawser/cable/engine/stream_context.hpp"
#include "hawser/cable/engine/stream_liveness.hpp"
#include "hawser/cable/engine/stream_pauses.hpp"
#include "hawser/cable/history_options.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser::cable::detail {

/// Called for each publication, on the thread that publishes. Must not throw, wait, or use streams.
using stream_listener = std::function<void(const publication&)>;

/// The subscribers of one stream name in this process. May be used on any thread.
class stream {
  /// The subscribers with one identifier and form, which get the same frames.
  struct audience {
    std::string topic;
    data_prefix prefix;
    bool has_positions = false;
    std::size_t members = 0;
  };

 public:
  stream(std::string name, std::shared_ptr<stream_context> all)
      : name_{std::move(name)}, all_{std::move(all)} {}

  const std::string& name() const noexcept { return name_; }

  /// Makes one frame for each identifier, in the order of the calls. Only listeners get a message that is no JSON.
  void deliver(const publication& published) {
    const auto text = hawser::as_text(published.message.payload());
    const json_limits any{.max_bytes = text.size(), .max_depth = max_depth};
    const bool is_value =
        published.message.payload().data() == published_json || is_json(text, any);
    const std::lock_guard guard{mutex_};
    const auto note = std::exchange(note_, {});
    auto position = std::exchange(noted_, std::nullopt);
    if (!is_value) position.reset();
    if (is_value && !all_->has_store) position = keep(published, note.is_transient);
    const auto number = note.except_sid.empty() ? 0 : all_->numbers.find(note.except_sid);
    if (number == 0) return deliver(published, is_value, position);
    auto limited = published;
    limited.except.push_back(number);
    deliver(limited, is_value, position);
  }

  /// A text on the topic of history_topics: a mark, what is said of the next message, or its position.
  void take_note(std::string_view text) {
    const std::lock_guard guard{mutex_};
    if (text.starts_with('-')) return pauses_.mark(text);
    if (message_note::is_note(text)) return static_cast<void>(note_ = message_note::parse(text));
    noted_ = position_of_note(name_, text);
  }

  static std::string key_of(const std::string& identifier, frame_form form) {
    return identifier + static_cast<char>(form);
  }

  /// From now on, the messages are kept.
  void keep_history(const history_options& options) {
    const std::lock_guard guard{mutex_};
    kept_ = options;
  }

  std::optional<history_options> kept() const {
    const std::lock_guard guard{mutex_};
    return kept_;
  }

  /// Returns true in the first call. Then the stream is not live before is_ready() has been called, too.
  bool begin_notes() {
    const std::lock_guard guard{mutex_};
    if (std::exchange(has_notes_, true)) return false;
    liveness_.await_more();
    return true;
  }

  /// The same with a store, and with notes.
  bool begin_keeping() {
    const std::lock_guard guard{mutex_};
    has_notes_ = true;
    if (std::exchange(is_stored_, true)) return false;
    liveness_.await_more();
    return true;
  }

  void is_ready() {
    call({}, [this] { return liveness_.is_ready(); });
  }

  /// How long messages are kept: zero if they are not, max() without a limit.
  std::chrono::seconds kept_for() const {
    const std::lock_guard guard{mutex_};
    if (!kept_) return {};
    return kept_->ttl.count() == 0 ? (std::chrono::seconds::max)() : kept_->ttl;
  }

  /// Messages may have been lost.
  void break_history() {
    const std::lock_guard guard{mutex_};
    pauses_.report_gap();
    noted_.reset();
    note_ = {};
    if (kept_ && !all_->has_store) all_->history.break_epoch(name_, *kept_);
  }

  /// Finds what the request asks for, and all that `at_least` asks for, which may be null. If nothing is missing,
  /// `go_live` is called, and then what it subscribes gets exactly what comes after the result.
  template <class Subscribe>
  history_result replay(const history_request& asked, const history_request* at_least,
                        Subscribe go_live) {
    const std::lock_guard guard{mutex_};
    auto found = all_->history.find(name_, asked);
    if (found.status != history_status::found) return found;
    if (at_least != nullptr) {
      auto other = all_->history.find(name_, *at_least);
      if (other.messages.size() > found.messages.size()) found = std::move(other);
    }
    go_live();
    return found;
  }

  /// Collects what comes for a link, which `stop` ends the frames of.
  template <class Stop>
  void pause(const void* link, Stop stop) {
    const std::lock_guard guard{mutex_};
    pauses_.begin(link);
    stop();
  }

  /// The search of a paused link, see stream_pauses.
  void begin_search(const void* link, std::string mark, std::function<void()> done) {
    const std::lock_guard guard{mutex_};
    pauses_.search(link, std::move(mark), std::move(done));
  }
  void answer_search(std::string_view mark, std::error_code ec, const found_history& found) {
    history_result made{found.status, found.epoch};
    for (const auto& [offset, text] : found.messages) {
      made.messages.push_back({offset, prepared_message{text}, {}, 0});
    }
    const std::lock_guard guard{mutex_};
    pauses_.answer(mark, ec, std::move(made));
  }
  search_outcome outcome_of_search(const void* link) const {
    const std::lock_guard guard{mutex_};
    return pauses_.outcome(link);
  }

  void drop_search(const void* link) {
    const std::lock_guard guard{mutex_};
    pauses_.drop_search(link);
  }

  /// Ends the pause of a link: `go_live` is called, and then it gets exactly what comes after the result.
  template <class Subscribe>
  history_result end_pause(const void* link, Subscribe go_live) {
    const std::lock_guard guard{mutex_};
    auto made = pauses_.end(link);
    go_live();
    return made;
  }

  void forget_pause(const void* link) noexcept {
    const std::lock_guard guard{mutex_};
    pauses_.remove(link);
  }

  /// Adds a subscriber with this identifier, and returns its topic of the hub.
  std::string add_member(const std::string& identifier, frame_form form, bool escape_html) {
    auto key = key_of(identifier, form);
    const std::lock_guard guard{mutex_};
    auto known = audiences_.find(key);
    if (known == audiences_.end()) {
      audience made{all_->next_topic(),
                    form == frame_form::presence ? data_prefix::presence(identifier, escape_html)
                                                 : data_prefix{identifier, escape_html},
                    form == frame_form::positioned_data};
      known = audiences_.emplace(std::move(key), std::move(made)).first;
    }
    ++known->second.members;
    return known->second.topic;
  }

  /// `key` is key_of() what was added.
  void remove_member(const std::string& key) noexcept {
    const std::lock_guard guard{mutex_};
    const auto known = audiences_.find(key);
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
    return liveness_.wait(key, std::move(call));
  }

  void forget_waiter(const void* key) noexcept {
    const std::lock_guard guard{mutex_};
    liveness_.forget(key);
  }

  /// The broker has answered.
  void acknowledge(std::error_code ec) {
    call(ec, [&] { return liveness_.acknowledge(ec); });
  }

  bool has_failed() const {
    const std::lock_guard guard{mutex_};
    return liveness_.has_failed();
  }

  std::size_t links = 0;  ///< Guarded by the lock of the table

 private:
  static constexpr std::size_t max_depth = 1'000;

  /// Calls the waiters that `take` returns.
  template <class Take>
  void call(std::error_code ec, Take take) {
    stream_liveness::waiters waiting;
    {
      const std::lock_guard guard{mutex_};
      waiting = take();
    }
    for (const auto& [_, one] : waiting) one(ec);
  }

  /// With the lock.
  void deliver(const publication& published, bool is_value,
               const std::optional<stream_position>& position) {
    const auto text = hawser::as_text(published.message.payload());
    for (const auto& [_, one] : audiences_) {
      if (!is_value) break;
      const auto message = one.has_positions && position ? one.prefix.message(text, *position)
                                                         : one.prefix.message(text);
      const prepared_message frame{message_view{message_kind::text, as_bytes(message)}};
      all_->sessions.publish({one.topic, frame, published.except});
    }
    if (is_value) pauses_.collect(published.message, position);
    all_->delivered.fetch_add(1);
    for (const auto& [_, call] : listeners_) call(published);
  }

  /// The place of a message that is kept.
  std::optional<stream_position> keep(const publication& published, bool is_transient) {
    if (!kept_ || is_transient || published_is_transient) return std::nullopt;
    auto made = all_->history.append(name_, published.message, *kept_);
    return stream_position{name_, std::move(made.epoch), made.offset};
  }

  const std::string name_;
  const std::shared_ptr<stream_context> all_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, audience> audiences_;
  std::unordered_map<const void*, stream_listener> listeners_;
  stream_liveness liveness_;
  std::optional<history_options> kept_;
  stream_pauses pauses_;
  std::optional<stream_position> noted_;  // of the next message
  message_note note_;                     // the same
  bool has_notes_ = false;
  bool is_stored_ = false;
};

}  // namespace hawser::cable::detail
