// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/asio/session.hpp"
#include "hawser/cable/engine/stream.hpp"
#include "hawser/cable/engine/stream_pauses.hpp"
#include "hawser/cable/history.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/history_store.hpp"

namespace hawser::cable::detail {

class stream_table;

/// How a subscription wants a stream.
struct stream_request {
  session peer = {};  ///< Gets frames with this identifier, if there is no listener
  std::string identifier = {};
  stream_listener listener = {};  ///< Called for each publication instead
  stream_waiter live = {};        ///< Called if the stream is not live at once
  frame_form form = frame_form::data;
  std::optional<history_options> history = {};  ///< The messages of the stream are kept

  /// Frames are sent only after link::go_live(), link::replay() or link::resume().
  bool is_paused = false;

  /// The client has a session, which broadcast_options::except_sid may name.
  bool has_session = false;
};

/// A stream, and its subscriber.
struct stream_entry {
  stream_entry(const std::string& name, const std::shared_ptr<stream_context>& all)
      : one{name, all} {}
  stream one;
  std::shared_ptr<hawser::subscriber> to;
  std::chrono::steady_clock::time_point expiry;  // of a stream without links
};

/// The interest of one subscription in one stream, until it is destroyed.
class stream_link {
 public:
  inline ~stream_link();
  stream_link(const stream_link&) = delete;
  stream_link& operator=(const stream_link&) = delete;

  /// Whether the stream was live when the link was made.
  bool was_live() const noexcept { return was_live_; }

  // For links with a form that has positions, on the session's executor.

  bool is_paused() const noexcept { return paused_at_.has_value() || is_collecting_; }

  /// Sends frames from now on.
  void go_live() {
    if (is_collecting_) return static_cast<void>(end_pause());
    if (std::exchange(paused_at_, std::nullopt)) subscribe_if_open();
  }

  /// Finds what a client has missed, at least what has come since the pause began. If nothing is missing, the frames
  /// that are sent from now on continue exactly what was found: frames that wait are dropped.
  history_result replay(const history_request& asked) {
    auto found = entry_->one.replay(asked, paused_at_ ? &*paused_at_ : nullptr, [this] {
      all_->sessions.unsubscribe(peer_, topic_);
      subscribe_if_open();
    });
    if (found.status == history_status::found) paused_at_.reset();
    return found;
  }

  /// The same with what has come since the pause began.
  history_result resume() {
    if (is_collecting_) return end_pause();
    const auto since = std::exchange(paused_at_, std::nullopt);
    if (!since) return {};
    auto found = replay(*since);
    if (found.status != history_status::found) subscribe_if_open();
    return found;
  }

  // The same with a history_store.

  /// Stops the frames until resume(), and finds what a client has missed. `done` is called once, on any thread, and must
  /// not use the link.
  inline void search(const history_query& asked, std::function<void()> done);

  bool has_search() const noexcept { return has_search_; }

  /// From now on resume() returns what has come since the pause began, without what was found.
  void drop_search() {
    if (std::exchange(has_search_, false)) entry_->one.drop_search(this);
  }

  /// After the search: what resume() would return.
  search_outcome outcome() const { return entry_->one.outcome_of_search(this); }

 private:
  friend stream_table;
  stream_link(std::shared_ptr<stream_table> table, std::shared_ptr<stream_context> all,
              session peer)
      : table_{std::move(table)}, all_{std::move(all)}, peer_{std::move(peer)} {}

  void subscribe() {
    if (const auto ec = all_->sessions.subscribe(peer_, topic_)) {
      throw std::system_error{ec, entry_->one.name()};
    }
  }

  /// Collects what comes, without frames.
  void pause() {
    if (std::exchange(is_collecting_, true)) return;
    entry_->one.pause(this, [this] { all_->sessions.unsubscribe(peer_, topic_); });
  }

  history_result end_pause() {
    is_collecting_ = has_search_ = false;
    return entry_->one.end_pause(this, [this] { subscribe_if_open(); });
  }

  void subscribe_if_open() {
    if (peer_.is_open()) subscribe();
  }

  const std::shared_ptr<stream_table> table_;
  const std::shared_ptr<stream_context> all_;
  const session peer_;
  std::shared_ptr<stream_entry> entry_;
  std::string member_;                        // the key in the stream
  std::string topic_;                         // of the hub; empty: a listener
  std::optional<history_request> paused_at_;  // without a store
  bool is_collecting_ = false;                // paused, with a store
  bool has_search_ = false;                   // since the pause began
  bool was_live_ = false;
};

}  // namespace hawser::cable::detail
