// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/pubsub/history_store.hpp"
#include "hawser/pubsub/publication.hpp"
#include "hawser/redis/history/commands.hpp"
#include "hawser/redis/link/broker_state.hpp"
#include "hawser/redis/redis_broker.hpp"

namespace hawser {

/// Keeps the messages of topics in Redis, for all processes with a redis_history and the same Redis and prefix:
///
///     hawser::redis_broker broker{{.url = "redis://10.0.0.5:6379"}};
///     hawser::redis_history history{broker};
///     hawser::cable::server cable{broker, {.extended = {.enabled = true, .store = &history}}};
///
/// It uses the connection of the broker that publishes. A kept topic is a Redis Stream `prefix:$messages:topic`, and a hash
/// `prefix:$kept:topic` with its epoch and its newest offset, which exists for at least two hours after the last keep(); scripts
/// (EVAL) change both at once with the publication. Needs Redis 5 or later, and a server that is no Cluster.
///
/// It keeps what this class publishes. Publications of redis_broker::publish() and of Rails itself reach all subscribers,
/// but are not kept.
///
/// publish() and keep() wait for the connection as redis_broker::publish() does, find() fails with
/// redis::errc::not_connected. Errors: also redis::errc::refused, redis::errc::bad_reply, redis::errc::queue_full,
/// redis::errc::ended if the connection ends before the reply, and errc::closed after the end of the broker.
class redis_history final : public history_store {
 public:
  explicit redis_history(redis_broker& broker)
      : state_{broker.state_}, commands_{state_->names()} {}

  /// Throws std::bad_alloc, and then nothing is published.
  std::error_code publish(publication published, std::string_view notes,
                          std::string_view note) override {
    auto command = commands_.publish(published, notes, note);
    return state_->publish(std::move(published), std::move(command));
  }

  void keep(const kept_topic& topic, const history_options& options, kept_handler done) override {
    state_->ask(commands_.keep(topic.name, options), detail::during_outage::waits,
                [done = std::move(done)](std::error_code ec, const redisReply*) { done(ec); });
  }

  void find(const kept_topic& topic, const history_query& asked, std::string_view mark,
            found_handler done) override {
    state_->ask(commands_.find(topic, asked, mark), detail::during_outage::fails,
                [done = std::move(done)](std::error_code ec, const redisReply* reply) {
                  if (ec) return done(ec, {});
                  auto found = detail::history_commands::found(*reply);
                  found ? done({}, std::move(*found)) : done(redis::errc::bad_reply, {});
                });
  }

 private:
  const std::shared_ptr<detail::redis_broker_state> state_;
  const detail::history_commands commands_;
};

}  // namespace hawser
