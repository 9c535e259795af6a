// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::cable::detail {

/// The subscriptions of a consumer by identifier: equal identifiers share one subscription of the server. Decides
/// what is sent and which subscription is informed. Has no clock and no lock.
///
/// An unsubscribe waits for the answer to a subscribe: the server may handle the two in another order.
class subscription_table {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using sender = std::function<std::error_code(const std::string&)>;

  subscription_table(unsigned max_subscribes, std::size_t max_queued)
      : max_subscribes_{max_subscribes}, max_queued_{max_queued} {}

  /// What the subscriptions are to be informed of, in this order. The caller takes them.
  std::deque<notice> notices;

  /// When advance() is to be called; max() for never.
  time_point due() const noexcept { return due_; }

  void add(const std::shared_ptr<subscriber>& one, time_point now) {
    auto& [identifier, place] = *entries_.try_emplace(one->identifier).first;
    place.members.push_back(one);
    inform(one, notice::kind::initialized);
    if (place.state == phase::confirmed) return connect(place);
    if (send_ && place.state == phase::none) subscribe(identifier, place, now);
  }

  /// Returns false if it has ended already.
  bool remove(const std::shared_ptr<subscriber>& one, time_point now) {
    if (one->ended) return false;
    end(one, errc::unsubscribed);
    const auto found = entries_.find(one->identifier);
    std::erase(found->second.members, one);
    if (found->second.members.empty()) forget(found, now);
    return true;
  }

  /// Sends a command of a subscription, or queues it until the subscription is connected.
  std::error_code perform(const subscriber& one, std::string text) {
    if (one.ended) return errc::unsubscribed;
    auto& place = entries_.find(one.identifier)->second;
    if (place.state == phase::confirmed && place.queued.empty()) {
      const auto ec = send_(text);
      if (ec != hawser::errc::closed) return ec;
    }
    if (max_queued_ == 0) return errc::not_connected;
    if (text.size() > max_queued_ - queued_) return errc::queue_full;
    queued_ += text.size();
    place.queued.push_back(std::move(text));
    return {};
  }

  /// The server has accepted a connection, on which `send` sends.
  void welcomed(sender send, time_point now) {
    send_ = std::move(send);
    for (auto& [identifier, place] : entries_) subscribe(identifier, place, now);
  }

  /// The connection has ended.
  void closed(const disconnected_info& how) {
    send_ = nullptr;
    due_ = never;
    std::erase_if(entries_, [](const auto& one) { return one.second.members.empty(); });
    for (auto& [identifier, place] : entries_) {
      place.state = phase::none;
      place.due = never;
      place.sent = 0;
      for (const auto& one : place.members) {
        one->is_joined = false;
        if (std::exchange(one->expects_reconnect, how.will_reconnect) == how.will_reconnect)
          continue;
        inform(one, notice::kind::disconnected).disconnected = how;
      }
    }
  }

  void confirmed(std::string_view identifier, time_point now) {
    const auto found = entries_.find(identifier);
    if (found == entries_.end() || found->second.state != phase::pending) return;
    auto& place = found->second;
    place.state = phase::confirmed;
    place.due = never;
    if (place.members.empty()) return forget(found, now);
    flush(place, now);
    connect(place);
  }

  /// The server rejects a subscription, or does not answer.
  void rejected(std::string_view identifier, std::error_code cause) {
    const auto found = entries_.find(identifier);
    if (found == entries_.end() || found->second.state == phase::none) return;
    for (const auto& one : found->second.members) {
      inform(one, notice::kind::rejected).cause = cause;
      end(one, cause);
    }
    drop_queue(found->second);
    entries_.erase(found);
  }

  void received(std::string_view identifier, json message) {
    const auto found = entries_.find(identifier);
    if (found == entries_.end()) return;
    const auto shared = std::make_shared<const json>(std::move(message));
    for (const auto& one : found->second.members) {
      inform(one, notice::kind::received).message = shared;
    }
  }

  /// Repeats what the server has not answered, or what could not be sent.
  void advance(time_point now) {
    due_ = never;
    std::vector<std::string> unanswered;
    for (auto at = entries_.begin(); at != entries_.end();) {
      const auto one = at++;
      auto& [identifier, place] = *one;
      if (place.due > now) {
        due_ = (std::min)(due_, place.due);
      } else if (place.state == phase::pending) {
        const bool last = max_subscribes_ != 0 && place.sent >= max_subscribes_;
        last ? unanswered.push_back(identifier) : subscribe(identifier, place, now);
      } else if (place.members.empty()) {
        forget(one, now);
      } else {
        flush(place, now);
      }
    }
    for (const auto& identifier : unanswered) {
      // If the server answers later, it would keep a subscription that is forgotten here.
      send_(unsubscribe_command(identifier));
      rejected(identifier, errc::unconfirmed);
    }
  }

  /// Ends all subscriptions.
  void end_all() {
    for (auto& [identifier, place] : entries_) {
      for (const auto& one : place.members) end(one, errc::unsubscribed);
    }
    entries_.clear();
    send_ = nullptr;
    due_ = never;
    queued_ = 0;
  }

  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& [identifier, place] : entries_) {
      for (const auto& one : place.members) visit(*one);
    }
  }

 private:
  static constexpr auto never = (time_point::max)();

  enum class phase : std::uint8_t {
    none,       ///< The server has no subscription
    pending,    ///< A subscribe is not answered
    confirmed,  ///< The server has the subscription
  };

  struct entry {
    std::vector<std::shared_ptr<subscriber>>
        members;  ///< Empty: the server's subscription is to end
    std::deque<std::string> queued;
    time_point due = never;  ///< When the last command is repeated
    unsigned sent = 0;       ///< Subscribes on this connection
    phase state = phase::none;
  };

  using table = std::map<std::string, entry, std::less<>>;

  notice& inform(const std::shared_ptr<subscriber>& one, notice::kind what) {
    return notices.emplace_back(notice{.to = one, .what = what});
  }

  void end(const std::shared_ptr<subscriber>& one, std::error_code why) {
    one->ended = true;
    inform(one, notice::kind::ended).cause = why;
  }

  void connect(const entry& place) {
    for (const auto& one : place.members) {
      if (std::exchange(one->is_joined, true)) continue;
      one->expects_reconnect.reset();
      const bool again = std::exchange(one->was_connected, true);
      inform(one, notice::kind::connected).connected = {.reconnected = again, .gap = again};
    }
  }

  void set_due(entry& place, time_point when) noexcept {
    place.due = when;
    due_ = (std::min)(due_, when);
  }

  void subscribe(const std::string& identifier, entry& place, time_point now) {
    using std::chrono::milliseconds;
    const auto wait = milliseconds{place.sent < 4 ? 500 << place.sent : 5000};
    ++place.sent;
    place.state = phase::pending;
    // One that cannot be sent is repeated like one that is not answered.
    send_(subscribe_command(identifier));
    set_due(place, hawser::deadline_after(now, wait));
  }

  void flush(entry& place, time_point now) {
    while (!place.queued.empty()) {
      if (send_(place.queued.front())) {
        return set_due(place, hawser::deadline_after(now, std::chrono::milliseconds{500}));
      }
      queued_ -= place.queued.front().size();
      place.queued.pop_front();
    }
    place.due = never;
  }

  void drop_queue(entry& place) noexcept {
    for (const auto& text : place.queued) queued_ -= text.size();
    place.queued.clear();
  }

  /// The last member has left.
  void forget(table::iterator which, time_point now) {
    drop_queue(which->second);
    if (which->second.state == phase::pending) return;
    if (which->second.state == phase::confirmed && send_(unsubscribe_command(which->first))) {
      return set_due(which->second, hawser::deadline_after(now, std::chrono::milliseconds{500}));
    }
    entries_.erase(which);
  }

  const unsigned max_subscribes_;
  const std::size_t max_queued_;
  table entries_;
  sender send_;  // empty: no connection
  std::size_t queued_ = 0;
  time_point due_ = never;
};

}  // namespace hawser::cable::detail
