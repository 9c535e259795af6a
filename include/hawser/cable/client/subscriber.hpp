// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/error.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence_event.hpp"

namespace hawser::cable::detail {

/// A wait of a coroutine for something of a subscription.
struct subscription_wait : hawser::detail::operation {
  enum class event : std::uint8_t { connected, message };

  explicit subscription_wait(event wanted) : awaited{wanted} {}

  event awaited;

 protected:
  ~subscription_wait() = default;
};

/// One subscription of the application; several may have the same identifier.
class subscriber {
 public:
  subscriber(std::string its_identifier, subscription_handlers its_handlers)
      : identifier{std::move(its_identifier)},
        handlers{std::make_shared<const subscription_handlers>(std::move(its_handlers))} {}

  const std::string identifier;

  // The consumer's lock guards these.
  bool ended = false;
  bool is_joined = false;                 ///< Informed that it is connected, on this connection
  std::optional<bool> expects_reconnect;  ///< Of the last disconnected_info since it was connected
  bool was_connected = false;             ///< On any connection
  std::shared_ptr<const subscription_handlers> handlers;  ///< Null when it has ended

  // What follows is used on the consumer's strand: it is what the application knows, which may be behind.

  bool is_connected() const noexcept { return connected_; }

  /// What on_connected got last.
  const connected_info& connection() const noexcept { return connection_; }

  /// Why there will be no more messages, or none.
  std::error_code end() const noexcept { return end_; }

  void connected(const connected_info& how) {
    connected_ = true;
    connection_ = how;
    end_ = {};
    complete();
  }
  void disconnected(bool will_reconnect) {
    connected_ = false;
    if (!will_reconnect && !end_) stop(errc::disconnected);
  }
  /// There will be no more messages.
  void stop(std::error_code why) {
    connected_ = false;
    end_ = why;
    complete();
  }
  /// The consumer connects again.
  void restart() noexcept {
    if (end_ == errc::disconnected) end_ = {};
  }

  void store(json message) {
    unread_.push_back(std::move(message));
    complete();
  }
  bool has_unread() const noexcept { return !unread_.empty(); }
  json take() {
    auto first = std::move(unread_.front());
    unread_.pop_front();
    return first;
  }
  /// Drops the messages that wait, and returns their number.
  std::size_t drop_unread() noexcept { return std::exchange(unread_, {}).size(); }

  void wait_for(subscription_wait& one) {
    waits_.push(one);
    complete();
  }
  void cancel(hawser::detail::operation& one) {
    waits_.complete_if([&](const auto& each) { return &each == &one; },
                       asio::error::operation_aborted);
  }
  /// The context ends: the handlers of the waits are destroyed and not called.
  void abandon() noexcept { waits_.abandon(); }

 private:
  /// Completes the waits for which there is an answer: one for each message.
  void complete() {
    using event = subscription_wait::event;
    auto messages = unread_.size();
    waits_.complete_if(
        [&](const subscription_wait& one) {
          if (one.awaited == event::message) return messages != 0 && messages-- != 0;
          return connected_;
        },
        {});
    if (end_ && unread_.empty()) waits_.complete_all(end_);
    if (end_) {
      waits_.complete_if([](const auto& one) { return one.awaited == event::connected; }, end_);
    }
  }

  std::deque<json> unread_;
  hawser::detail::operation_queue<subscription_wait> waits_;
  std::error_code end_;
  connected_info connection_;
  bool connected_ = false;
};

/// What a subscription is to be informed of.
struct notice {
  enum class kind : std::uint8_t {
    initialized,
    connected,
    disconnected,
    rejected,
    received,
    presence,
    ended
  };

  std::shared_ptr<subscriber> to;
  kind what = kind::initialized;
  connected_info connected = {};
  disconnected_info disconnected = {};
  std::error_code cause = {};
  std::shared_ptr<const json> message = {};
  std::shared_ptr<const presence_event> presence = {};
};

}  // namespace hawser::cable::detail
