// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/cable/broadcast_endpoint.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/cable_shutdown_options.hpp"
#include "hawser/cable/channel_definition.hpp"
#include "hawser/cable/command.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/disconnect_options.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/connection_state.hpp"
#include "hawser/cable/engine/pubsub_channel.hpp"
#include "hawser/cable/engine/remote_disconnect.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/engine/subprotocol.hpp"
#include "hawser/cable/engine/upgrade_answers.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/pubsub_options.hpp"
#include "hawser/cable/server_options.hpp"
#include "hawser/cable/server_statistics.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/pubsub/broker.hpp"

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
      : state_{std::make_shared<detail::server_state>(to, options)} {}

  /// As shutdown(). Handlers are called until the sessions have ended: destroy the servers of the routes first, unless
  /// what the handlers use still exists. Waits for the functions of channel::offload(), and for calls of the broker
  /// that other threads make; must not be called by a function that the broker calls.
  ~server() {
    shutdown();
    state_->remote.reset();
    state_->streams->end();
    state_->pool.end();
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
    return add_type(name, detail::pubsub_type(name, std::move(options)));
  }

  /// Serves a route: its options say which pages may connect (handshake.origin, handshake.allowed_origins). Sets its
  /// subprotocols, its budget, its limit of messages and its handlers. May be called for
  /// several routes.
  void mount(route& at) {
    auto& options = at.options();
    auto& subprotocols = options.handshake.subprotocols;
    subprotocols.assign(detail::subprotocols.begin(), detail::subprotocols.end());
    if (!state_->options.extended.enabled) subprotocols.erase(subprotocols.begin());
    options.connection.max_message_size = state_->options.max_command_size;
    options.budget = state_->options.budget;
    if (state_->options.answers.hide) {
      options.handshake.allow_missing_origin = false;
      options.handshake.origin_refusal = detail::not_found();
      at.on_http([](const request&) { return detail::not_found(); });
    }
    state_->report_thrown = at.error_reporter();
    at.on_upgrade([state = state_](upgrade& asked) { detail::decide(*state, asked); });
    at.on_open([state = state_](session& peer) {
      const auto made = std::make_shared<detail::connection_state>(state, peer);
      peer.data() = made;
      made->open();
    });
    at.on_message([](session& peer, message_view message) {
      const auto kept =
          peer.data<connection_pointer>();  // a handler may destroy the route's server
      kept->receive(message);
    });
    at.on_close([](session& peer, const closed&) {
      const auto* const one = std::any_cast<connection_pointer>(&peer.data());
      if (one == nullptr) return;
      const auto kept = *one;
      kept->lost();
    });
    if (!state_->is_mounted) detail::obey_partial_disconnects(state_);
    state_->is_mounted = true;
  }

  /// Answers requests for this route with 200 and an empty page, and with 503 after shutdown().
  void mount_health(route& at) const {
    at.on_http([state = state_](const request&) {
      response answer{.status = state->has_ended ? 503u : 200u};
      answer.headers.add("Content-Type", "text/html");
      return answer;
    });
  }

  /// Lets programs in any language broadcast and disconnect by `POST` requests for this route, in the format of AnyCable
  /// with a bearer token. `exclude_socket`, or else the header field X-Socket-ID, is broadcast_options::except_sid. The
  /// response is 201 if all is accepted, 401 without the token, 422 for another method and for a malformed body, 503
  /// after the end of this server or if the broker fails. May be called for several routes. Throws
  /// std::invalid_argument without a token, unless any client is allowed.
  void serve_broadcasts(route& at, broadcast_endpoint_options options) const {
    at.on_http(broadcast_endpoint{
        std::move(options),
        [state = state_](const remote_broadcast& one) {
          return state->broadcast(one.stream, one.json_text,
                                  {.except_sid = one.exclude_sid, .transient = one.transient});
        },
        [state = state_](const std::string& identifier, bool reconnect) {
          return detail::disconnect_remotely(*state, identifier, {.reconnect = reconnect});
        }});
  }

  /// Sends a message to all subscriptions that stream from that name, in all processes of the broker. Fails with
  /// errc::bad_topic, or as the broker does.
  std::error_code broadcast(std::string_view name, const json& message,
                            const broadcast_options& options = {}) const {
    return state_->broadcast(name, to_text(message, state_->options.answers.escape_html), options);
  }

  /// The same with a JSON text. Fails with cable::errc::bad_data if it is none.
  std::error_code broadcast_text(std::string_view name, std::string_view json_text,
                                 const broadcast_options& options = {}) const {
    if (!is_json(json_text, {.max_bytes = json_text.size(), .max_depth = 1'000})) {
      return errc::bad_data;
    }
    return state_->broadcast(name, json_text, options);
  }

  /// Ends all connections with `server_restart`. Clients connect again.
  void restart() const {
    for (const auto& one : state_->connections.all()) {
      one.post(
          [](detail::connection_core& it) { it.end("server_restart", true, close_code::normal); });
    }
  }

  /// Ends the connections that have these values of identify(), as texts, in all processes of the broker. With values
  /// for all names of identified_by() it is the remote disconnect of Rails, across which it works; an empty value
  /// stands for none. With some of the names it reaches only processes with this library. Throws
  /// std::invalid_argument for other names, and without any. Fails as the broker does.
  std::error_code disconnect(const identifier_texts& where,
                             const disconnect_options& options = {}) const {
    return detail::disconnect_remotely(*state_, where, options);
  }

  /// Refuses new clients with 503, and ends all connections with `server_restart`, spread over the time of grace, so
  /// that not all clients come back at once. Does not wait: shut down the servers of the routes afterwards.
  void shutdown(const cable_shutdown_options& options = {}) const {
    state_->has_ended = true;
    const auto all = state_->connections.all();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto share = static_cast<double>(i) / static_cast<double>(all.size());
      const auto delay =
          std::chrono::duration_cast<std::chrono::steady_clock::duration>(options.grace * share);
      all[i].post([delay](detail::connection_core& one) { one.close_in(delay); });
    }
  }

  server_statistics statistics() const {
    return {state_->connections.size(), state_->counters.subscriptions.load(),
            state_->streams->size(), state_->counters.commands.load(),
            state_->counters.faults.load()};
  }

 private:
  using connection_pointer = std::shared_ptr<detail::connection_state>;

  detail::server_state& settable() const {
    if (state_->is_mounted)
      throw std::logic_error{"hawser::cable::server: too late, it is mounted"};
    return *state_;
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
