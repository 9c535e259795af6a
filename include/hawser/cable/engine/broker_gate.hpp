// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/cable/engine/any_broker.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/presence_store.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/pubsub/session_store.hpp"

namespace hawser::cable::detail {

/// The stores that a server has. Null: it keeps that itself.
struct cable_stores {
  history_store* history = nullptr;
  session_store* sessions = nullptr;
  presence_store* presence = nullptr;
};

/// A broker of any type and its stores, until close(). All functions may be called on any thread.
class broker_gate {
 public:
  explicit broker_gate(std::unique_ptr<any_broker> one, const cable_stores& stores = {})
      : one_{std::move(one)}, stores_{stores} {}

  /// Whether messages may come from other processes, with notes.
  bool is_shared() const noexcept { return one_->is_shared(); }

  bool has_sessions() const noexcept { return stores_.sessions != nullptr; }

  std::error_code publish(publication published) {
    const use here{*this};
    return here ? one_->publish(std::move(published)) : hawser::errc::closed;
  }

  /// With a note on another topic before it, if the broker is shared.
  std::error_code publish_noted(publication published, std::string_view notes,
                                std::string_view note) {
    const use here{*this};
    return here ? one_->publish_noted(std::move(published), notes, note) : hawser::errc::closed;
  }

  std::error_code subscribe(const std::shared_ptr<hawser::subscriber>& to, std::string_view topic,
                            const acknowledgement& live) {
    const use here{*this};
    return here ? one_->subscribe(to, topic, live) : hawser::errc::closed;
  }

  void unsubscribe(const std::shared_ptr<hawser::subscriber>& from) {
    const use here{*this};
    if (here) one_->unsubscribe(from);
  }

  // Only with a history_store.

  std::error_code publish_kept(publication published, std::string_view notes,
                               std::string_view note) {
    const use here{*this};
    return here ? stores_.history->publish(std::move(published), notes, note)
                : hawser::errc::closed;
  }

  void keep(const kept_topic& topic, const history_options& options,
            history_store::kept_handler done) {
    const use here{*this};
    here ? stores_.history->keep(topic, options, std::move(done)) : done(hawser::errc::closed);
  }

  void find(const kept_topic& topic, const history_query& asked, std::string_view mark,
            history_store::found_handler done) {
    const use here{*this};
    here ? stores_.history->find(topic, asked, mark, std::move(done))
         : done(hawser::errc::closed, {});
  }

  // Only with a session_store.

  void save_session(std::string_view id, std::string_view text, std::chrono::seconds ttl,
                    session_store::save_kind kind) {
    const use here{*this};
    if (here) stores_.sessions->save(id, text, ttl, kind);
  }

  void forget_session(std::string_view id) {
    const use here{*this};
    if (here) stores_.sessions->forget(id);
  }

  void take_session(std::string_view id, session_store::taken_handler done) {
    const use here{*this};
    here ? stores_.sessions->take(id, std::move(done)) : done(hawser::errc::closed, std::nullopt);
  }

  void revoke_sessions(std::string_view text, std::chrono::seconds ttl) {
    const use here{*this};
    if (here) stores_.sessions->revoke(text, ttl);
  }

  // Only with a presence_store.

  void join_presence(const presence_topic& on, std::string_view session,
                     const presence_entry& entry, const presence_limits& limits,
                     presence_store::joined_handler done) {
    const use here{*this};
    here ? stores_.presence->join(on, session, entry, limits, std::move(done))
         : done(hawser::errc::closed, presence_status::full);
  }

  void leave_presence(std::string_view stream, std::string_view session) {
    const use here{*this};
    if (here) stores_.presence->leave(stream, session);
  }

  void disconnect_presence(std::string_view session, std::chrono::seconds ttl) {
    const use here{*this};
    if (here) stores_.presence->disconnect(session, ttl);
  }

  void transfer_presence(std::string_view from, std::string_view to) {
    const use here{*this};
    if (here) stores_.presence->transfer(from, to);
  }

  void find_presence(std::string_view stream, presence_scope what,
                     presence_store::found_handler done) {
    const use here{*this};
    here ? stores_.presence->find(stream, what, std::move(done)) : done(hawser::errc::closed, {});
  }

  /// Waits for the calls that other threads make. The broker is not used afterwards.
  void close() noexcept {
    closed_.store(true);
    for (auto now = calls_.load(); now != 0; now = calls_.load()) calls_.wait(now);
  }

 private:
  /// A call of the broker.
  class use {
   public:
    explicit use(broker_gate& gate) noexcept : gate_{gate} {
      gate_.calls_.fetch_add(1);
      open_ = !gate_.closed_.load();
    }
    ~use() {
      if (gate_.calls_.fetch_sub(1) == 1 && gate_.closed_.load()) gate_.calls_.notify_all();
    }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    explicit operator bool() const noexcept { return open_; }

   private:
    broker_gate& gate_;
    bool open_ = false;
  };

  const std::unique_ptr<any_broker> one_;
  const cable_stores stores_;
  std::atomic<std::size_t> calls_ = 0;
  std::atomic<bool> closed_ = false;
};

}  // namespace hawser::cable::detail
