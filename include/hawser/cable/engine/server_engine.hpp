// SPDX-License-Identifier: BSL-1.0
#pragma once

// What a cable::server consists of. cable/server.hpp includes it, except in units that link
// hawser::compiled_cable, which contains it.

#include "hawser/asio/language.hpp"

#include <any>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/cable/broadcast_endpoint.hpp"
#include "hawser/cable/engine/connection_state.hpp"
#include "hawser/cable/engine/pubsub_channel.hpp"
#include "hawser/cable/engine/remote_disconnect.hpp"
#include "hawser/cable/engine/server_calls.hpp"
#include "hawser/cable/engine/server_state.hpp"
#include "hawser/cable/engine/subprotocol.hpp"
#include "hawser/cable/engine/upgrade_answers.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser::cable::detail {

template <class State>
std::shared_ptr<State> server_calls<State>::make(std::unique_ptr<any_broker> to,
                                                 const server_options& options) {
  return std::make_shared<State>(std::move(to), options);
}

template <class State>
server_settings& server_calls<State>::settings(State& of) noexcept {
  return of;
}

template <class State>
channel_type server_calls<State>::pubsub_type(std::string name, pubsub_options options) {
  return detail::pubsub_type(std::move(name), std::move(options));
}

/// Sets what the options of the server say of a route.
inline void set_options(const server_options& chosen, route& at) {
  auto& options = at.options();
  auto& known = options.handshake.subprotocols;
  known.assign(subprotocols.begin(), subprotocols.end());
  if (!chosen.extended.enabled) known.erase(known.begin());
  options.connection.max_message_size = chosen.max_command_size;
  options.budget = chosen.budget;
  if (chosen.answers.hide) {
    options.handshake.allow_missing_origin = false;
    options.handshake.origin_refusal = not_found();
    at.on_http([](const request&) { return not_found(); });
  }
}

template <class State>
void server_calls<State>::mount(const std::shared_ptr<State>& of, route& at) {
  using connection_pointer = std::shared_ptr<connection_state>;
  set_options(of->options, at);
  of->report_thrown = at.error_reporter();
  at.on_upgrade([of](upgrade& asked) { decide(*of, asked); });
  at.on_open([of](session& peer) {
    const auto made = std::make_shared<connection_state>(of, peer);
    peer.data() = made;
    made->open();
  });
  at.on_message([](session& peer, message_view message) {
    const auto kept = peer.data<connection_pointer>();  // a handler may destroy the route's server
    kept->receive(message);
  });
  at.on_close([](session& peer, const closed&) {
    const auto* const one = std::any_cast<connection_pointer>(&peer.data());
    if (one == nullptr) return;
    const auto kept = *one;
    kept->lost();
  });
  if (!of->is_mounted) obey_partial_disconnects(of);
  of->is_mounted = true;
}

template <class State>
void server_calls<State>::mount_health(const std::shared_ptr<State>& of, route& at) {
  at.on_http([of](const request&) {
    response answer{.status = of->has_ended ? 503u : 200u};
    answer.headers.add("Content-Type", "text/html");
    return answer;
  });
}

template <class State>
void server_calls<State>::serve_broadcasts(const std::shared_ptr<State>& of, route& at,
                                           broadcast_endpoint_options options) {
  at.on_http(broadcast_endpoint{
      std::move(options),
      [of](const remote_broadcast& one) {
        return of->broadcast(one.stream, one.json_text,
                             {.except_sid = one.exclude_sid, .transient = one.transient});
      },
      [of](const std::string& identifier, bool reconnect) {
        return disconnect_remotely(*of, identifier, {.reconnect = reconnect});
      }});
}

template <class State>
std::error_code server_calls<State>::broadcast(const State& by, std::string_view name,
                                               const json& message,
                                               const broadcast_options& options) {
  return by.broadcast(name, to_text(message, by.options.answers.escape_html), options);
}

template <class State>
std::error_code server_calls<State>::broadcast_text(const State& by, std::string_view name,
                                                    std::string_view json_text,
                                                    const broadcast_options& options) {
  if (!is_json(json_text, {.max_bytes = json_text.size(), .max_depth = 1'000})) {
    return errc::bad_data;
  }
  return by.broadcast(name, json_text, options);
}

template <class State>
std::error_code server_calls<State>::disconnect(const State& by, const identifier_texts& where,
                                                const disconnect_options& options) {
  return disconnect_remotely(by, where, options);
}

template <class State>
void server_calls<State>::restart(const State& of) {
  for (const auto& one : of.connections.all()) {
    one.post([](connection_core& it) { it.end("server_restart", true, close_code::normal); });
  }
}

template <class State>
void server_calls<State>::shutdown(State& of, const cable_shutdown_options& options) {
  of.has_ended = true;
  const auto all = of.connections.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto share = static_cast<double>(i) / static_cast<double>(all.size());
    const auto delay =
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(options.grace * share);
    all[i].post([delay](connection_core& one) { one.close_in(delay); });
  }
}

template <class State>
void server_calls<State>::end(State& of) noexcept {
  of.remote.reset();
  of.streams->end();
  of.pool.end();
}

template <class State>
server_statistics server_calls<State>::statistics(const State& of) {
  return {of.connections.size(), of.counters.subscriptions.load(), of.streams->size(),
          of.counters.commands.load(), of.counters.faults.load()};
}

}  // namespace hawser::cable::detail
