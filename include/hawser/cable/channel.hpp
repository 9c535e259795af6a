// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/channel_link.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/names.hpp"

namespace hawser::cable {

/// Of channel::stream_from(): the callback gets the text of a message instead of its value.
struct as_text_t {};
inline constexpr as_text_t as_text{};

/// The base of channels. The server makes one for each subscription; it is destroyed when that has ended, after
/// `unsubscribed`. A derived class has a default constructor, in which none of these functions may be called, and, as
/// far as it needs them, these public members, each a function or a coroutine (asio::awaitable<void>):
///
///     static void define(channel_definition<chat_channel>& it);  // registers the actions
///     void subscribed();
///     void unsubscribed();
///     void receive(const json& data);  // messages without an action
///
/// All functions are called on the executor of the session, one at a time of one connection, and so must these be,
/// apart from broadcast() and broadcast_to(). An exception is reported to server::on_error.
class channel {
 public:
  channel() = default;
  virtual ~channel() = default;
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// The members of the identifier, among them `channel`.
  const json& params() const { return of_->params(); }

  /// The text that the client chose.
  const std::string& identifier() const { return of_->identifier(); }

  cable::connection& connection() const { return of_->connection(); }

  /// Sends a message to this subscription.
  void transmit(const json& message) { of_->transmit(message); }

  /// Refuses the subscription. Its streams end at once. When the function that calls this has ended, `unsubscribed` is
  /// called, and the client gets `reject_subscription`.
  void reject() { of_->reject(); }

  bool is_rejected() const noexcept { return of_->has_been_rejected(); }

  /// Sends what is broadcast to that name. Has no effect if it does so already, or after the end of the subscription.
  /// In `subscribed`: the subscription is confirmed when the stream is live. Throws std::system_error, with
  /// errc::bad_topic for a name that is none: see hawser/pubsub/topic.hpp. A `*` is never a wildcard here.
  void stream_from(const std::string& name) { of_->stream_from(name); }

  /// The same with more for clients of the extended protocol: history, whispers, presence. A subscription has one stream
  /// for whispers and one for presence, the last that it was given.
  void stream_from(const std::string& name, const stream_options& options) {
    of_->stream_from(name, options);
  }

  /// Adds the client to those that are present on the stream with stream_options::presence, or replaces its info. Has no
  /// effect without such a stream, for clients of the other protocols, and with another id than before. With a presence_store, which
  /// decides later, the client gets the event of an error if it has not joined.
  void join_presence(const std::string& id, const json& info = {}) { of_->join_presence(id, info); }

  void leave_presence() { of_->leave_presence(); }

  /// Calls `callback(const json&)` instead, a function or a coroutine, in the order of all handlers of the
  /// connection. Replaces an earlier stream of that name. A message that is no JSON is ignored.
  template <class Callback>
  void stream_from(const std::string& name, Callback callback) {
    static_assert(detail::plain_or_coroutine<Callback, const json&>,
                  "the callback of stream_from wants void(const json&), or a coroutine");
    if constexpr (detail::plain_or_coroutine<Callback, const json&>) {
      of_->listen(
          name, [call = std::make_shared<Callback>(std::move(callback))](std::string_view text) {
            auto value = parse_json(text, {.max_bytes = text.size(), .max_depth = 1'000});
            if (!value) return detail::step{};
            return detail::step{[call, value = std::make_shared<const json>(std::move(*value))] {
              return detail::call_handler(*call, *value);
            }};
          });
    }
  }

  /// The same with the text: `callback(const std::string&)`.
  template <class Callback>
  void stream_from(const std::string& name, Callback callback, as_text_t) {
    static_assert(detail::plain_or_coroutine<Callback, const std::string&>,
                  "the callback of stream_from wants void(const std::string&), or a coroutine");
    if constexpr (detail::plain_or_coroutine<Callback, const std::string&>) {
      of_->listen(name,
                  [call = std::make_shared<Callback>(std::move(callback))](std::string_view text) {
                    return detail::step{[call, copy = std::make_shared<const std::string>(text)] {
                      return detail::call_handler(*call, *copy);
                    }};
                  });
    }
  }

  /// Streams from what broadcast_to() of these objects publishes to.
  template <class... Objects>
  void stream_for(const Objects&... objects) {
    stream_from(broadcasting(objects...));
  }

  void stop_stream_from(const std::string& name) { of_->stop_stream(name); }

  template <class... Objects>
  void stop_stream_for(const Objects&... objects) {
    stop_stream_from(broadcasting(objects...));
  }

  void stop_all_streams() { of_->stop_streams(); }

  /// The name of the broadcasts of this class of channels to these objects: see broadcasting_for().
  template <class... Objects>
  std::string broadcasting(const Objects&... objects) const {
    return broadcasting_for(of_->type().broadcast_name, objects...);
  }

  /// Sends a message to all subscriptions that stream from that name, in all processes. Fails with errc::bad_topic, or
  /// as the broker does. May be called on any thread.
  std::error_code broadcast(std::string_view name, const json& message,
                            const broadcast_options& options = {}) const {
    return of_->broadcast(name, message, options);
  }

  template <class Object>
  std::error_code broadcast_to(const Object& object, const json& message,
                               const broadcast_options& options = {}) const {
    return broadcast(broadcasting(object), message, options);
  }

  /// Runs `function()` on a thread of the server's pool, for work that blocks, and returns its result or throws its
  /// exception: `const auto rows = co_await offload([=] { return query(…); })`. The function must not use the channel,
  /// and what it refers to must exist until its end, also if the connection ends meanwhile. Throws std::system_error
  /// if too many functions wait: server_options::max_offloaded.
  template <class Function>
  asio::awaitable<std::invoke_result_t<Function&>> offload(Function function) const {
    using result = std::invoke_result_t<Function&>;
    const auto kept = std::make_shared<Function>(std::move(function));
    return run_offloaded(
        std::make_shared<detail::offloaded<result>>([kept]() -> result { return (*kept)(); }));
  }

  /// For the server.
  virtual void attach(detail::channel_link& of) noexcept { of_ = &of; }

 private:
  // A template of the result alone: a function of one file must not name the frame of a coroutine.
  template <class Result>
  asio::awaitable<Result> run_offloaded(std::shared_ptr<detail::offloaded<Result>> call) const {
    auto& link = *of_;
    link.reserve_offload();
    const auto begin = [&link, call](auto handler) {
      using waiter = detail::offload_handler<decltype(handler)>;
      link.offload([call] { call->run(); }, std::make_unique<waiter>(std::move(handler)));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(begin,
                                                                         asio::use_awaitable);
    co_return call->take();
  }

  detail::channel_link* of_ = nullptr;
};

}  // namespace hawser::cable
