// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/cable/client/consumer_core.hpp"
#include "hawser/cable/consumer_options.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/subscription.hpp"

#if !defined(HAWSER_COMPILED_CABLE)
#include "hawser/cable/client/consumer_state.hpp"
#endif

#if defined(HAWSER_COMPILED_CABLE)
namespace hawser::cable::detail {
extern template struct consumer_maker<consumer_core>;
}  // namespace hawser::cable::detail
#endif

namespace hawser::cable {

/// A client of Action Cable, which stays connected as hawser::client does, and subscribes again after each
/// reconnection.
///
///     hawser::cable::consumer consumer{io, {.client = {.url = "https://example.com/cable"}}};
///     auto room = consumer.subscribe({{"channel", "ChatChannel"}, {"room_id", 1}},
///                                    {.on_received = [](const json& message) { … }});
///     consumer.connect();
///     room.perform("speak", {{"text", "hi"}});
///
/// connect(), disconnect() and subscribe() may be called on any thread. The handlers are called one at a time, on
/// get_executor(). For wss: include hawser/tls.hpp.
class consumer {
 public:
  /// The consumer may outlive the context. After the context's end it is disconnected, and calls no handler.
  explicit consumer(asio::io_context& context, consumer_options options,
                    consumer_handlers handlers = {})
      : state_{detail::consumer_maker<detail::consumer_core>::make(context, std::move(options),
                                                                   std::move(handlers))} {}

  /// Ends everything at once, and calls no handler afterwards. Destroy the consumer only where none of its handlers
  /// can be running on another thread: see hawser::client.
  ~consumer() { state_->abandon(); }
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;

  /// Begins to connect. Has no effect while the consumer is connected or connects. After disconnect(), or after the
  /// consumer has given up, it connects again, and subscribes what is subscribed.
  void connect() { state_->connect(); }

  /// Closes the connection, and does not connect again before connect(). The subscriptions stay.
  void disconnect() { state_->disconnect(); }

  /// Subscribes to a channel: its name, or an object with its name as the member `channel` and with its
  /// parameters. It may be called before connect(). Subscriptions with equal parameters share one of the
  /// server. Without `on_received`, messages wait for subscription::receive().
  subscription subscribe(const json& channel, subscription_handlers handlers = {}) {
    auto identifier = to_text(channel.is_string() ? json{{"channel", channel}} : channel);
    return {state_, state_->subscribe(std::move(identifier), std::move(handlers))};
  }

  /// Where the handlers run, and where coroutines belong that use subscriptions. Must be called only while the
  /// context exists.
  client::executor_type get_executor() const noexcept { return state_->get_executor(); }

 private:
  const std::shared_ptr<detail::consumer_core> state_;
};

}  // namespace hawser::cable
