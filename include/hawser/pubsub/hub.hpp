// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/asio/session.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/pubsub/broker.hpp"
#include "hawser/pubsub/delivery/hub_state.hpp"
#include "hawser/pubsub/hub_options.hpp"
#include "hawser/pubsub/publication.hpp"

namespace hawser {

/// Topics that sessions subscribe to: of one server or of several, and of clients. What is published to a topic is
/// sent to its sessions as one message, which is encoded once, and compressed once, for all of them.
///
/// All functions may be called on any thread, also in handlers of sessions. None of them waits for a peer. A
/// publication of one thread comes after its earlier publications, and all sessions get the publications of a
/// topic in one order. Publishing queues the message on the event loops of the sessions, which are woken once
/// each, and never sends at once: what a handler sends to its own session after it has published arrives
/// before the publication.
///
/// A session's subscriptions end with it, before its on_close. A hub may be destroyed before or after its
/// servers. To publish in several processes, pass what a broker delivers to publish().
class hub {
 public:
  explicit hub(const hub_options& options = {})
      : state_{std::make_shared<detail::hub_state>(options)} {}

  /// Ends all subscriptions. Nothing is sent afterwards, apart from messages that other threads send at this
  /// moment. Waits for hub_options::on_dropped, if another thread runs it.
  ~hub() { state_->end(); }
  hub(const hub&) = delete;
  hub& operator=(const hub&) = delete;

  /// Subscribes a topic or a pattern, see `is_topic_pattern`. The session gets what is published after this call
  /// has returned, each publication once, however many of its patterns match. Has no effect if the session has
  /// subscribed it. Fails with errc::bad_topic, errc::too_many_topics, or errc::closed if the session is
  /// closing, has ended or is an empty handle.
  ///
  /// If there is no error, `live` is called on the session's thread before the first publication is sent, unless
  /// the subscription has ended by then. It must not throw.
  std::error_code subscribe(const session& peer, std::string_view pattern,
                            const acknowledgement& live = {}) {
    return state_->subscribe(peer, pattern, live);
  }

  /// Ends a subscription. On the session's thread, nothing more is sent for it; on another thread, messages that
  /// are being sent at this moment are. Has no effect if there is none.
  void unsubscribe(const session& peer, std::string_view pattern) {
    state_->unsubscribe(peer, pattern);
  }

  /// Ends all subscriptions of a session.
  void unsubscribe(const session& peer) { state_->unsubscribe(peer); }

  /// Sends a message to all sessions that have subscribed the topic or a pattern that matches it, apart from those
  /// in `except`. Fails with errc::bad_topic, or with errc::invalid_utf8 if the message has an error(). No error
  /// means that it is queued; a session that cannot take it is reported to hub_options::on_dropped. The time
  /// that it takes is that of a hash lookup, of one of each pattern in the worst case (see
  /// docs/channels.md), and of one queue entry for each event loop with subscribers. Throws std::bad_alloc;
  /// the message may then have reached some of the loops.
  std::error_code publish(std::string_view topic, const prepared_message& message,
                          std::initializer_list<session> except = {}) {
    publication one{std::string{topic}, message};
    for (const auto& each : except) one.except.push_back(each.id());
    return publish(std::move(one));
  }

  /// The same for a publication, for example of a broker.
  std::error_code publish(publication published) { return state_->publish(std::move(published)); }

  /// The topics and patterns that a session has subscribed, sorted.
  std::vector<std::string> topics(const session& peer) const { return state_->topics(peer); }

  /// The number of sessions that have subscribed exactly this topic or pattern.
  std::size_t subscribers(std::string_view pattern) const { return state_->count(pattern); }

  /// Takes time in proportion to the number of sessions.
  hub_statistics statistics() const { return state_->statistics(); }

 private:
  const std::shared_ptr<detail::hub_state> state_;
};

}  // namespace hawser
