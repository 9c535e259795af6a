// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/asio/route.hpp"
#include "hawser/cable/broadcast_endpoint.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/cable_shutdown_options.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/disconnect_options.hpp"
#include "hawser/cable/engine/any_broker.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/server_calls.hpp"
#include "hawser/cable/engine/server_settings.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/pubsub_options.hpp"
#include "hawser/cable/server_options.hpp"
#include "hawser/cable/server_statistics.hpp"
#include "hawser/pubsub/broker.hpp"

#if !defined(HAWSER_COMPILED_CABLE)
#include "hawser/cable/engine/server_engine.hpp"
#endif

#if defined(HAWSER_COMPILED_CABLE)
namespace hawser::cable::detail {
extern template struct server_calls<server_state>;
}  // namespace hawser::cable::detail
#endif

namespace hawser::cable {

/// The server side of Action Cable, for routes of servers:
///
///     hawser::memory_broker broker;
///     hawser::cable::server cable{broker};
///     cable.add_channel<chat_channel>("ChatChannel");
///     cable.mount(server.route("/cable"));
///
/// Set everything up before mount(): each setter throws std::logic_error afterwards. Handlers are called on the
/// executor of the session, one at a time of one connection, in the order of the commands: a function or a coroutine
/// (asio::awaitable<void>), which the next command waits for. broadcast() and the functions below it may be called on
/// any thread.
class server {
 public:
  /// `broker` must exist longer than this object.
  template <broker Broker>
  explicit server(Broker& to, const server_options& options = {})
      : state_{calls::make(std::make_unique<detail::any_broker_of<Broker>>(to), options)} {}

  /// As shutdown(). Handlers are called until the sessions have ended: destroy the servers of the routes first, unless
  /// what the handlers use still exists. Waits for the functions of channel::offload(), and for calls of the broker
  /// that other threads make; must not be called by a function that the broker calls.
  ~server() {
    shutdown();
    calls::end(*state_);
  }
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// The names that connection::identify() may set.
  server& identified_by(std::vector<std::string> names) {
    settable().identified_by = std::move(names);
    return *this;
  }

  /// Called for each connection before anything else, to identify() it or to reject_unauthorized(): a
  /// `void(connection&)` or a coroutine. Commands wait until it has ended.
  template <class Handler>
  server& on_connect(Handler handler) {
    static_assert(detail::plain_or_coroutine<Handler, connection&>,
                  "on_connect wants void(connection&) or asio::awaitable<void>(connection&)");
    settable().hooks.connect = hook_of(std::move(handler));
    return *this;
  }

  /// Called once for each connection, after all its subscriptions have ended; also if on_connect refused it.
  template <class Handler>
  server& on_disconnect(Handler handler) {
    static_assert(detail::plain_or_coroutine<Handler, connection&>,
                  "on_disconnect wants void(connection&) or asio::awaitable<void>(connection&)");
    settable().hooks.disconnect = hook_of(std::move(handler));
    return *this;
  }

  /// Called for commands that are ignored or rejected, and for exceptions of handlers. Without it, exceptions are
  /// reported to on_error of the route.
  template <class Handler>
  server& on_error(Handler handler) {
    static_assert(hawser::detail::handler_fits<Handler, void(connection&, const fault&)>,
                  "on_error wants void(connection&, const fault&), no coroutine");
    settable().hooks.fault = std::move(handler);
    return *this;
  }

  /// Called before each well-formed command: a `bool(connection&, const command&)`, no coroutine. If it returns false
  /// or throws, the command has no effect.
  template <class Handler>
  server& before_command(Handler handler) {
    static_assert(hawser::detail::handler_fits<Handler, bool(connection&, const command&)>,
                  "before_command wants bool(connection&, const command&), no coroutine");
    settable().hooks.before_command = std::move(handler);
    return *this;
  }

  /// Called after each command for which before_command has returned true, when its functions have ended.
  template <class Handler>
  server& after_command(Handler handler) {
    static_assert(hawser::detail::handler_fits<Handler, void(connection&, const command&)>,
                  "after_command wants void(connection&, const command&), no coroutine");
    settable().hooks.after_command = std::move(handler);
    return *this;
  }

  /// Registers a class of channels under the name that clients use. Throws std::invalid_argument if there is one of
  /// that name.
  template <class Channel>
  server& add_channel(const std::string& name) {
    channel_definition<Channel> definition{name};
    if constexpr (requires { Channel::define(definition); }) Channel::define(definition);
    return add_type(name, definition.take());
  }

  /// Lets clients subscribe to streams without a channel of yours, in the form of AnyCable: `stream_name` or
  /// `signed_stream_name` beside the `channel` $pubsub, or another name, such as that of Turbo. They perform no actions.
  /// Throws std::invalid_argument if the options permit neither, and if there is a channel of that name.
  server& serve_pubsub(pubsub_options options, const std::string& name = "$pubsub") {
    if (!options.public_streams && !options.signed_streams) {
      throw std::invalid_argument{"hawser::cable: serve_pubsub() permits no streams"};
    }
    return add_type(name, calls::pubsub_type(name, std::move(options)));
  }

  /// Serves a route: its options say which pages may connect (handshake.origin, handshake.allowed_origins). Sets its
  /// subprotocols, its budget, its limit of messages and its handlers. May be called for
  /// several routes.
  void mount(route& at) { calls::mount(state_, at); }

  /// Answers requests for this route with 200 and an empty page, and with 503 after shutdown().
  void mount_health(route& at) const { calls::mount_health(state_, at); }

  /// Lets programs in any language broadcast and disconnect by `POST` requests for this route, in the format of AnyCable
  /// with a bearer token. `exclude_socket`, or else the header field X-Socket-ID, is broadcast_options::except_sid. The
  /// response is 201 if all is accepted, 401 without the token, 422 for another method and for a malformed body, 503
  /// after the end of this server or if the broker fails. May be called for several routes. Throws
  /// std::invalid_argument without a token, unless any client is allowed.
  void serve_broadcasts(route& at, broadcast_endpoint_options options) const {
    calls::serve_broadcasts(state_, at, std::move(options));
  }

  /// Sends a message to all subscriptions that stream from that name, in all processes of the broker. Fails with
  /// errc::bad_topic, or as the broker does.
  std::error_code broadcast(std::string_view name, const json& message,
                            const broadcast_options& options = {}) const {
    return calls::broadcast(*state_, name, message, options);
  }

  /// The same with a JSON text. Fails with cable::errc::bad_data if it is none.
  std::error_code broadcast_text(std::string_view name, std::string_view json_text,
                                 const broadcast_options& options = {}) const {
    return calls::broadcast_text(*state_, name, json_text, options);
  }

  /// Ends all connections with `server_restart`. Clients connect again.
  void restart() const { calls::restart(*state_); }

  /// Ends the connections that have these values of identify(), as texts, in all processes of the broker. With values
  /// for all names of identified_by() it is the remote disconnect of Rails, across which it works; an empty value
  /// stands for none. With some of the names it reaches only processes with this library. Throws
  /// std::invalid_argument for other names, and without any. Fails as the broker does.
  std::error_code disconnect(const identifier_texts& where,
                             const disconnect_options& options = {}) const {
    return calls::disconnect(*state_, where, options);
  }

  /// Refuses new clients with 503, and ends all connections with `server_restart`, spread over the time of grace, so
  /// that not all clients come back at once. Does not wait: shut down the servers of the routes afterwards.
  void shutdown(const cable_shutdown_options& options = {}) const {
    calls::shutdown(*state_, options);
  }

  server_statistics statistics() const { return calls::statistics(*state_); }

 private:
  using calls = detail::server_calls<detail::server_state>;

  detail::server_settings& settable() const {
    auto& settings = calls::settings(*state_);
    if (settings.is_mounted)
      throw std::logic_error{"hawser::cable::server: too late, it is mounted"};
    return settings;
  }

  server& add_type(const std::string& name, detail::channel_type one) {
    auto type = std::make_shared<const detail::channel_type>(std::move(one));
    if (!settable().types.emplace(name, std::move(type)).second) {
      throw std::invalid_argument{"hawser::cable: there is a channel of this name: " + name};
    }
    return *this;
  }

  template <class Handler>
  static std::function<detail::handler_result(connection&)> hook_of(Handler handler) {
    if constexpr (detail::plain_or_coroutine<Handler, connection&>) {
      return [handler = std::move(handler)](connection& one) mutable {
        return detail::call_handler(handler, one);
      };
    } else {
      return {};
    }
  }

  const std::shared_ptr<detail::server_state> state_;
};

}  // namespace hawser::cable
