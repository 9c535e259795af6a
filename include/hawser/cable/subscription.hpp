// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/cable/client/consumer_core.hpp"
#include "hawser/cable/client/subscriber.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/presence_event.hpp"

namespace hawser::cable {

/// A subscription of a consumer. A handle: cheap to copy, and safe to use after the subscription or its consumer
/// has ended. The subscription stays without handles, until unsubscribe() or a rejection.
///
/// The functions that send and unsubscribe() may be called on any thread. The other functions, and the cancellation of a
/// wait, belong on the consumer's executor.
class subscription {
  template <class CompletionToken>
  auto wait(detail::subscription_wait::event awaited, CompletionToken&& token) const {
    return asio::async_initiate<CompletionToken, void(std::error_code)>(
        [self = *this, awaited](auto handler) {
          const auto consumer = self.consumer_.lock();
          if (!consumer) throw std::system_error{errc::unsubscribed};
          const auto cancel = [weak = std::weak_ptr{self.state_}](asio::cancellation_type_t,
                                                                  auto& one) {
            if (const auto alive = weak.lock()) alive->cancel(one);
          };
          self.state_->wait_for(hawser::detail::begin_operation<detail::subscription_wait>(
              std::move(handler), consumer->get_executor(), cancel, awaited));
        },
        token);
  }

 public:
  /// A handle without a subscription.
  subscription() = default;
  subscription(std::weak_ptr<detail::consumer_core> consumer,
               std::shared_ptr<detail::subscriber> state)
      : consumer_{std::move(consumer)}, state_{std::move(state)} {}

  /// The JSON text that names the subscription.
  std::string_view identifier() const noexcept {
    return state_ ? std::string_view{state_->identifier} : std::string_view{};
  }

  /// Performs an action of the channel, with this object as its data. While the subscription is not connected, the
  /// call is queued: see consumer_options::max_queued. Fails with not_connected, queue_full, unsubscribed or
  /// bad_data (no object), and with send_budget_exceeded. No error means that it is queued or sent;
  /// it is lost if the connection breaks before the server has it.
  std::error_code perform(std::string_view action, json data = json::object()) const {
    if (!data.is_object()) return errc::bad_data;
    data["action"] = action;
    return send(data);
  }

  /// Sends an object without an action, which the channel receives in `receive`.
  std::error_code send(const json& data) const {
    const auto consumer = consumer_.lock();
    if (!consumer) return errc::unsubscribed;
    if (!data.is_object()) return errc::bad_data;
    return consumer->perform(*state_, message_command(state_->identifier, data));
  }

  // The extended protocol: see consumer_options::extended. On a connection without it, these fail with not_supported.
  // What the server does not offer for the stream, it ignores, or answers with presence_change::refused.

  /// Sends a value to the other subscribers of the channel's stream, for example that the user types. It passes no
  /// channel and is not kept. It is not queued: fails with not_connected, unsubscribed and send_budget_exceeded.
  std::error_code whisper(const json& data) const {
    const auto consumer = consumer_.lock();
    if (!consumer) return errc::unsubscribed;
    return consumer->send_extended(*state_, whisper_command(state_->identifier, data));
  }

  /// Is present on the channel's stream with this id, from now on or from the next connection on, and again after each
  /// reconnection, until leave() or unsubscribe(). With the same id again, it replaces the info. Subscriptions with
  /// equal parameters share one id: the last one counts. Fails with unsubscribed and send_budget_exceeded.
  std::error_code join(std::string_view id, json info = {}) const {
    const auto consumer = consumer_.lock();
    if (!consumer) return errc::unsubscribed;
    return consumer->join(*state_, id, std::move(info));
  }

  /// Is no longer present.
  void leave() const {
    if (const auto consumer = consumer_.lock()) consumer->leave(*state_);
  }

  /// Asks which ids are present, or only how many; on_presence gets the answer. Fails as whisper().
  std::error_code request_presence(presence_request what = presence_request::records) const {
    const auto consumer = consumer_.lock();
    if (!consumer) return errc::unsubscribed;
    json data = json::object();
    if (what == presence_request::total) data["return_records"] = false;
    return consumer->send_extended(*state_, presence_command(state_->identifier, data));
  }

  /// Ends the subscription. Queued calls and messages are dropped. The server is informed when its last
  /// subscription with this identifier ends.
  void unsubscribe() const {
    if (const auto consumer = consumer_.lock()) consumer->unsubscribe(state_);
  }

  /// Whether the server has confirmed the subscription on the current connection.
  bool is_connected() const noexcept { return state_ && state_->is_connected(); }

  /// What subscription_handlers::on_connected got last, for coroutines: whether messages may have been missed.
  connected_info connection() const noexcept {
    return state_ ? state_->connection() : connected_info{};
  }

  /// Waits until the subscription is connected. Completes with void(std::error_code): rejected, unconfirmed,
  /// unsubscribed, or disconnected if the consumer has given up.
  template <class CompletionToken>
  auto async_connected(CompletionToken&& token) const {
    return wait(detail::subscription_wait::event::connected, std::forward<CompletionToken>(token));
  }

  /// Waits for a message that take() returns. Completes as async_connected(), when there are no more.
  template <class CompletionToken>
  auto async_wait(CompletionToken&& token) const {
    return wait(detail::subscription_wait::event::message, std::forward<CompletionToken>(token));
  }

  /// The next message, if one waits. Only without subscription_handlers::on_received.
  std::optional<json> take() const {
    const auto consumer = consumer_.lock();
    return consumer ? consumer->take(*state_) : std::nullopt;
  }

  // Templates, so that only units that call them compile coroutines.

  /// async_connected() for coroutines.
  template <class Token = asio::use_awaitable_t<>>
  asio::awaitable<std::error_code> connected() const {
    if (consumer_.expired()) co_return errc::unsubscribed;
    std::error_code ec;
    co_await async_connected(asio::redirect_error(Token{}, ec));
    co_return ec;
  }

  /// The next message, for coroutines. Nothing if there are no more: see async_connected(). A wait that is cancelled
  /// throws operation_aborted, and takes no message.
  template <class Token = asio::use_awaitable_t<>>
  asio::awaitable<std::optional<json>> receive() const {
    while (true) {
      if (auto message = take()) co_return message;
      if (consumer_.expired()) co_return std::nullopt;
      std::error_code ec;
      co_await async_wait(asio::redirect_error(Token{}, ec));
      if (ec == asio::error::operation_aborted) throw std::system_error{ec};
      if (ec) co_return std::nullopt;
    }
  }

  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Whether two handles refer to the same subscription.
  friend bool operator==(const subscription& a, const subscription& b) noexcept {
    return a.state_ == b.state_;
  }

 private:
  std::weak_ptr<detail::consumer_core> consumer_;
  std::shared_ptr<detail::subscriber> state_;
};

}  // namespace hawser::cable
