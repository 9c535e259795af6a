// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/incident.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/base/limit.hpp"
#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/engine/any_broker.hpp"
#include "hawser/cable/engine/broker_gate.hpp"
#include "hawser/cable/engine/kept_sessions.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/engine/presence_board.hpp"
#include "hawser/cable/engine/presence_registry.hpp"
#include "hawser/cable/engine/registry.hpp"
#include "hawser/cable/engine/server_settings.hpp"
#include "hawser/cable/engine/shared_presence.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/server_options.hpp"
#include "hawser/pubsub/hub_options.hpp"

namespace hawser::cable::detail {

struct server_counters {
  std::atomic<std::size_t> subscriptions = 0;
  std::atomic<std::uint64_t> commands = 0;
  std::atomic<std::uint64_t> faults = 0;
};

/// What the connections of a server share.
class server_state : public server_settings {
 public:
  using reporter = std::function<void(session&, const incident&)>;

  server_state(std::unique_ptr<any_broker> to, const server_options& chosen)
      : server_settings{chosen},
        streams{std::make_shared<stream_table>(
            std::move(to), hub_options{.max_topics_per_session = 0}, chosen.extended.history,
            chosen.answers.escape_html,
            cable_stores{chosen.extended.store, chosen.extended.session_store,
                         chosen.extended.presence_store})},
        presence{make_presence(chosen.extended, *streams)},
        sessions{chosen.extended.sessions, streams->context()->numbers},
        pool{chosen.offload_threads, chosen.max_offloaded} {}

  /// Forgets what the extended protocol keeps when its time has passed: at most once a second, however often it is
  /// called.
  void expire() {
    const auto now = streams->history().clock().now().time_since_epoch().count();
    auto due = next_expiry_.load();
    constexpr auto second = std::chrono::steady_clock::duration{std::chrono::seconds{1}}.count();
    if (now < due || !next_expiry_.compare_exchange_strong(due, now + second)) return;
    presence->expire();
    sessions.expire(streams->history().clock().now());
    streams->expire();
    if (expiries_.fetch_add(1) % 60 != 0) return;
    streams->history().expire();
    streams->keep_again();
  }

  /// Whether a session_store keeps the sessions.
  bool stores_sessions() const noexcept {
    return streams->gate().has_sessions() && options.extended.sessions.ttl.count() > 0;
  }

  /// Broadcasts a JSON text, which is known to be valid.
  std::error_code broadcast(std::string_view name, std::string_view json_text,
                            const broadcast_options& chosen) const {
    return streams->publish(name, json_text, chosen);
  }

  /// The limits of the JSON of clients.
  json_limits limits() const noexcept {
    return {.max_bytes = limit_of(options.max_command_size),
            .max_depth = limit_of(options.max_json_depth)};
  }

  const std::shared_ptr<stream_table> streams;
  const std::unique_ptr<presence_registry> presence;
  mutable kept_sessions sessions;
  reporter report_thrown;  ///< Of the route
  server_counters counters;
  registry connections;
  offload_pool pool;
  std::unique_ptr<stream_table::link> remote;  ///< The topic of partial remote disconnects
  std::atomic<bool> has_ended = false;

 private:
  static std::unique_ptr<presence_registry> make_presence(const extended_options& chosen,
                                                          stream_table& streams) {
    if (chosen.presence_store == nullptr) {
      return std::make_unique<presence_board>(chosen.presence, streams);
    }
    return std::make_unique<shared_presence>(chosen.presence, streams);
  }

  std::atomic<std::chrono::steady_clock::rep> next_expiry_ = 0;
  std::atomic<unsigned> expiries_ = 0;
};

}  // namespace hawser::cable::detail
