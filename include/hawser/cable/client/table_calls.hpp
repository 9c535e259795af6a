// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/client/table_entry.hpp"
#include "hawser/cable/client/table_notices.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::cable::detail {

/// The part of a table that sends what its subscriptions send.
class table_calls : public table_notices {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using sender = std::function<std::error_code(const std::string&)>;

  /// When advance() is to be called; max() for never.
  time_point due() const noexcept { return due_; }

  /// Sends a command of a subscription, or queues it until the subscription is connected.
  std::error_code perform(const subscriber& one, std::string text) {
    if (one.ended) return errc::unsubscribed;
    auto& place = entry_of(one);
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

  /// Sends a command of the extended protocol, which is not queued.
  std::error_code send_extended(const subscriber& one, const std::string& text) {
    if (one.ended) return errc::unsubscribed;
    if (entry_of(one).state != phase::confirmed) return errc::not_connected;
    if (!is_extended_) return errc::not_supported;
    const auto ec = send_(text);
    return ec == hawser::errc::closed ? make_error_code(errc::not_connected) : ec;
  }

  /// Is present with this id, now and on later connections.
  std::error_code join(const subscriber& one, std::string_view id, json info) {
    if (one.ended) return errc::unsubscribed;
    auto& place = entry_of(one);
    const auto commands = place.presence.join(one, one.identifier, id, std::move(info));
    if (place.state != phase::confirmed) return {};
    return is_extended_ ? send_all(commands) : errc::not_supported;
  }

  void leave(const subscriber& one) {
    if (!one.ended) leave(entry_of(one), one.identifier);
  }

 protected:
  static constexpr auto never = (time_point::max)();

  using phase = subscription_phase;
  using entry = table_entry;
  using table = std::map<std::string, entry, std::less<>>;

  explicit table_calls(std::size_t max_queued) : max_queued_{max_queued} {}

  void set_due(entry& place, time_point when) noexcept {
    place.due = when;
    due_ = (std::min)(due_, when);
  }

  void leave(entry& place, std::string_view identifier) {
    const bool is_connected = place.state == phase::confirmed && is_extended_;
    const auto commands = place.presence.leave(identifier, is_connected);
    if (is_connected) send_all(commands);
  }

  void renew_presence(entry& place, std::string_view identifier) {
    if (is_extended_) send_all(place.presence.renew(identifier));
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

  table entries_;
  sender send_;  // empty: no connection
  time_point due_ = never;
  std::size_t queued_ = 0;
  bool is_extended_ = false;

 private:
  entry& entry_of(const subscriber& one) { return entries_.find(one.identifier)->second; }

  std::error_code send_all(const std::vector<std::string>& commands) {
    for (const auto& text : commands) {
      const auto ec = send_(text);
      // Without a connection, they are repeated on the next one.
      if (ec) return ec == hawser::errc::closed ? std::error_code{} : ec;
    }
    return {};
  }

  const std::size_t max_queued_;
};

}  // namespace hawser::cable::detail
