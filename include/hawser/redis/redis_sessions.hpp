// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/pubsub/session_store.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/history/session_scripts.hpp"
#include "hawser/redis/link/broker_state.hpp"
#include "hawser/redis/link/publisher_link.hpp"
#include "hawser/redis/link/reply.hpp"
#include "hawser/redis/redis_broker.hpp"

namespace hawser {

/// Keeps sessions in Redis, for all processes with a redis_sessions and the same Redis and prefix: then a client that was
/// lost continues its session in any of them.
///
///     hawser::redis_sessions sessions{broker};
///     hawser::cable::server cable{broker, {.extended = {.enabled = true, .session_store = &sessions}}};
///
/// It uses the connection of the broker that publishes. A session is a key `prefix:$session:id`, and revocations are a Redis
/// Stream `prefix:$revoked`. Needs Redis 5 or later, and a server that is no Cluster. A program that may
/// read these keys can continue the sessions.
///
/// What is saved, forgotten and revoked waits for the connection as redis_broker::publish() does, and is dropped where
/// that fails; commands that Redis refuses are reported to redis_broker_options::on_error. take() fails with
/// redis::errc::not_connected, and as redis_history does.
class redis_sessions final : public session_store {
 public:
  explicit redis_sessions(redis_broker& broker) : state_{broker.state_} {}

  void save(std::string_view id, std::string_view text, std::chrono::seconds ttl,
            save_kind kind) override {
    const auto script =
        kind == save_kind::first ? detail::save_first_script : detail::save_again_script;
    ask({"EVAL", script, "1", key_of(id), text, std::to_string(ttl.count())});
  }

  void forget(std::string_view id) override { ask({"DEL", key_of(id)}); }

  void take(std::string_view id, taken_handler done) override {
    state_->ask(command({"EVAL", detail::take_script, "2", key_of(id), revoked()}),
                detail::during_outage::fails,
                [done = std::move(done)](std::error_code ec, const redisReply* reply) {
                  if (ec) return done(ec, std::nullopt);
                  if (reply->type != REDIS_REPLY_ARRAY) {
                    return done(redis::errc::bad_reply, std::nullopt);
                  }
                  done({}, taken(*reply));
                });
  }

  void revoke(std::string_view text, std::chrono::seconds ttl) override {
    ask({"EVAL", detail::revoke_script, "1", revoked(), text, std::to_string(ttl.count())});
  }

 private:
  static std::optional<taken_session> taken(const redisReply& reply) {
    if (reply.elements == 0) return std::nullopt;
    taken_session made{std::string{detail::text_at(reply, 0)}, {}};
    for (std::size_t i = 1; i < reply.elements; ++i) {
      made.revocations.emplace_back(detail::text_at(reply, i));
    }
    return made;
  }

  static std::string command(std::initializer_list<std::string_view> words) {
    std::string made;
    detail::append_command(made, words);
    return made;
  }

  void ask(std::initializer_list<std::string_view> words) {
    state_->ask(command(words), detail::during_outage::waits,
                [](std::error_code, const redisReply*) {});
  }

  std::string key_of(std::string_view id) const { return state_->names().key("$session:", id); }
  std::string revoked() const { return state_->names().key("$revoked", {}); }

  const std::shared_ptr<detail::redis_broker_state> state_;
};

}  // namespace hawser
