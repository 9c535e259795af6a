// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/client/table_calls.hpp"
#include "hawser/cable/client/table_entry.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/presence_event.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::cable::detail {

/// The subscriptions of a consumer by identifier: equal identifiers share one subscription of the server. Decides
/// what is sent and which subscription is informed. Has no clock and no lock.
///
/// An unsubscribe waits for the answer to a subscribe: the server may handle the two in another order.
///
/// A subscription that was connected before asks for the messages that it has missed, if the protocol can. It is
/// connected after the answer, so that what was missed comes first.
class subscription_table : public table_calls {
 public:
  subscription_table(unsigned max_subscribes, std::size_t max_queued)
      : table_calls{max_queued}, max_subscribes_{max_subscribes} {}

  void add(const std::shared_ptr<subscriber>& one, time_point now) {
    auto& [identifier, place] = *entries_.try_emplace(one->identifier).first;
    place.members.push_back(one);
    inform(one, notice::kind::initialized);
    if (place.state == phase::confirmed) return inform_connected(place, missed::nothing);
    if (send_ && place.state == phase::none) subscribe(identifier, place, now);
  }

  /// Returns false if it has ended already.
  bool remove(const std::shared_ptr<subscriber>& one, time_point now) {
    if (one->ended) return false;
    end(one, errc::unsubscribed);
    const auto found = entries_.find(one->identifier);
    auto& place = found->second;
    std::erase(place.members, one);
    if (place.presence.is_of(*one)) leave(place, one->identifier);
    if (place.members.empty()) forget(found, now);
    return true;
  }

  /// The server has accepted a connection, on which `send` sends.
  void welcomed(sender send, time_point now, const welcome_info& how = {}) {
    send_ = std::move(send);
    is_extended_ = how.is_extended;
    for (auto& one : entries_) {
      auto& [identifier, place] = one;
      // The messages of other protocols have no positions, so it is not known which were received.
      if (!is_extended_) place.received.clear();
      const bool is_restored = std::ranges::find(how.restored, identifier) != how.restored.end();
      is_restored ? recover(one, now) : subscribe(identifier, place, now);
    }
    for (const auto& identifier : how.restored) {
      if (!entries_.contains(identifier)) send_(unsubscribe_command(identifier));
    }
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
      inform_disconnected(place, how);
    }
  }

  void confirmed(std::string_view identifier, time_point now) {
    const auto found = entries_.find(identifier);
    if (found == entries_.end() || found->second.state != phase::pending) return;
    auto& place = found->second;
    place.state = phase::confirmed;
    place.due = never;
    if (place.members.empty()) return forget(found, now);
    if (place.has_asked) return wait_for_history(place, now);
    complete(*found, unless_new(place), now);
  }

  /// The server has sent all that was missed, or refuses to.
  void history_answered(std::string_view identifier, bool has_succeeded, time_point now) {
    const auto found = entries_.find(identifier);
    if (found == entries_.end() || found->second.state != phase::recovering) return;
    auto& place = found->second;
    if (place.members.empty()) return;
    complete(*found, has_succeeded && place.is_complete_then ? missed::nothing : missed::anything,
             now);
  }

  /// The server has sent a ping at this time, in seconds since 1970.
  void pinged(std::int64_t time) {
    for (auto& [_, place] : entries_) {
      if (place.state == phase::confirmed) place.received.complete_at(time);
    }
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

  void received(server_message& got) {
    const auto found = entries_.find(got.identifier);
    if (found == entries_.end()) return;
    auto& place = found->second;
    const bool is_kept = is_extended_ && got.position;
    if (is_kept && !place.received.advance(*got.position)) return;
    const bool was_missed = is_kept && place.state == phase::recovering;
    inform_received(place, std::move(got.message), was_missed);
  }

  /// An event of the ids that are present.
  void presence_changed(const server_message& got) {
    const auto found = entries_.find(got.identifier);
    auto event = parse_presence_event(got.message);
    if (found != entries_.end() && event) inform_presence(found->second, std::move(*event));
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
      } else if (place.state == phase::recovering) {
        complete(*one, missed::anything, now);
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
  static constexpr auto history_timeout = std::chrono::seconds{10};

  /// Nothing that was missed comes any more.
  void complete(table::value_type& one, missed what, time_point now) {
    auto& [identifier, place] = one;
    place.state = phase::confirmed;
    if (what == missed::anything) place.received.invalidate();
    renew_presence(place, identifier);
    flush(place, now);
    inform_connected(place, what);
  }

  static missed unless_new(const entry& place) {
    return place.was_connected() ? missed::anything : missed::nothing;
  }

  void subscribe(const std::string& identifier, entry& place, time_point now) {
    using std::chrono::milliseconds;
    const auto wait = milliseconds{place.sent < 4 ? 500 << place.sent : 5000};
    ++place.sent;
    place.state = phase::pending;
    const auto asked = history_request_of(place);
    place.has_asked = !asked.is_null();
    place.is_complete_then = place.received.can_be_completed(false);
    // One that cannot be sent is repeated like one that is not answered.
    send_(place.has_asked ? subscribe_command(identifier, asked) : subscribe_command(identifier));
    set_due(place, hawser::deadline_after(now, wait));
  }

  /// The server has continued the subscription.
  void recover(table::value_type& one, time_point now) {
    auto& [identifier, place] = one;
    const auto asked = history_request_of(place);
    place.is_complete_then = place.received.can_be_completed(true);
    // Without any request, the server would hold the messages of the restored streams for a while.
    const auto ec = send_(history_command(identifier, asked.is_null() ? json::object() : asked));
    if (asked.is_null() || ec) return complete(one, unless_new(place), now);
    wait_for_history(place, now);
  }

  /// The member `history` of a command; null if nothing is missed or nothing can be asked for.
  json history_request_of(const entry& place) const {
    return is_extended_ && place.was_connected() ? place.received.request() : json{};
  }

  void wait_for_history(entry& place, time_point now) {
    place.state = phase::recovering;
    set_due(place, hawser::deadline_after(now, history_timeout));
  }

  static bool has_subscription(const entry& of) noexcept {
    return of.state == phase::confirmed || of.state == phase::recovering;
  }

  /// The last member has left.
  void forget(table::iterator which, time_point now) {
    drop_queue(which->second);
    if (which->second.state == phase::pending) return;
    if (has_subscription(which->second) && send_(unsubscribe_command(which->first))) {
      return set_due(which->second, hawser::deadline_after(now, std::chrono::milliseconds{500}));
    }
    entries_.erase(which);
  }

  const unsigned max_subscribes_;
};

}  // namespace hawser::cable::detail
