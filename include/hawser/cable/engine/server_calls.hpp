// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/asio/route.hpp"
#include "hawser/cable/broadcast_endpoint.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/cable_shutdown_options.hpp"
#include "hawser/cable/disconnect_options.hpp"
#include "hawser/cable/engine/any_broker.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/server_settings.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/pubsub_options.hpp"
#include "hawser/cable/server_options.hpp"
#include "hawser/cable/server_statistics.hpp"

namespace hawser::cable::detail {

// Declarations only, so that a unit that links the compiled form compiles none of what a server consists of.

class server_state;

/// What cable::server does with its state. The functions are not inline, so that a program can link compiled
/// ones, and are defined in server_engine.hpp.
template <class State>
struct server_calls {
  static std::shared_ptr<State> make(std::unique_ptr<any_broker> to, const server_options& options);

  static server_settings& settings(State& of) noexcept;

  static channel_type pubsub_type(std::string name, pubsub_options options);

  static void mount(const std::shared_ptr<State>& of, route& at);
  static void mount_health(const std::shared_ptr<State>& of, route& at);
  static void serve_broadcasts(const std::shared_ptr<State>& of, route& at,
                               broadcast_endpoint_options options);

  static std::error_code broadcast(const State& by, std::string_view name, const json& message,
                                   const broadcast_options& options);
  static std::error_code broadcast_text(const State& by, std::string_view name,
                                        std::string_view json_text,
                                        const broadcast_options& options);
  static std::error_code disconnect(const State& by, const identifier_texts& where,
                                    const disconnect_options& options);

  static void restart(const State& of);
  static void shutdown(State& of, const cable_shutdown_options& options);

  /// After shutdown(): nothing that the application owns is used afterwards.
  static void end(State& of) noexcept;

  static server_statistics statistics(const State& of);
};

}  // namespace hawser::cable::detail
