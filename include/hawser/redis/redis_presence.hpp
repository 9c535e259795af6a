// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/pubsub/presence_store.hpp"
#include "hawser/redis/presence/commands.hpp"
#include "hawser/redis/presence/keeper.hpp"
#include "hawser/redis/redis_broker.hpp"

namespace hawser {

struct redis_presence_options {
  /// How long the members of a process that has died, or that has lost its connection to Redis, remain, unless their
  /// sessions continue in another process. Each process renews it after a third of it, and after a second at the latest.
  std::chrono::milliseconds lease{15'000};
};

/// Keeps in Redis which ids are on which streams, for all processes with a redis_presence and the same Redis and prefix:
///
///     hawser::redis_presence presence{broker};
///     hawser::cable::server cable{broker, {.extended = {.enabled = true, .presence_store = &presence}}};
///
/// It uses the connection of the broker that publishes, and its thread: handlers are called on that. Scripts (EVAL) change
/// the keys `prefix:$present:…`, `$joined:…`, `$process:…`, `$leases`, `$lost` and `$memberships` at once with the
/// publication of the event. Each process asks Redis once a second whether a lost session, or a process that has not renewed
/// its lease, has to leave. Needs Redis 5 or later, and a server that is no Cluster.
///
/// join() and find() fail with redis::errc::not_connected at once, and as redis_history does; what else is asked waits for the
/// connection as redis_broker::publish() does. After a failure, and when Redis has lost its data, this process joins again
/// what its sessions have joined, within a second after there is a connection.
class redis_presence final : public presence_store {
 public:
  explicit redis_presence(redis_broker& broker, const redis_presence_options& options = {})
      : state_{broker.state_},
        keeper_{std::make_shared<detail::presence_keeper>(broker.state_, options.lease)} {
    keeper_->post([](detail::presence_keeper&) {});
  }

  void join(const presence_topic& on, std::string_view session, const presence_entry& entry,
            const presence_limits& limits, joined_handler done) override {
    detail::presence_membership made{std::string{session}, on.stream, state_->names().of(on.events),
                                     entry};
    keeper_->post([made = std::move(made), limits, done = std::move(done)](
                      detail::presence_keeper& one) { one.join(made, limits, done); });
  }

  void leave(std::string_view stream, std::string_view session) override {
    keeper_->post([stream = std::string{stream}, session = std::string{session}](
                      detail::presence_keeper& one) { one.leave(stream, session); });
  }

  void disconnect(std::string_view session, std::chrono::seconds ttl) override {
    keeper_->post([session = std::string{session}, ttl](detail::presence_keeper& one) {
      one.disconnect(session, ttl);
    });
  }

  void transfer(std::string_view from, std::string_view to) override {
    keeper_->post([from = std::string{from}, to = std::string{to}](detail::presence_keeper& one) {
      one.transfer(from, to);
    });
  }

  void find(std::string_view stream, presence_scope what, found_handler done) override {
    keeper_->post([stream = std::string{stream}, what, done = std::move(done)](
                      detail::presence_keeper& one) { one.find(stream, what, done); });
  }

 private:
  const std::shared_ptr<detail::redis_broker_state> state_;
  const std::shared_ptr<detail::presence_keeper> keeper_;
};

}  // namespace hawser
