// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/redis/address.hpp"
#include "hawser/redis/errc.hpp"
#include "hawser/redis/link/reply.hpp"

namespace hawser::detail {

/// The commands at the beginning of a connection to Redis, and their replies.
class redis_login {
 public:
  /// Returns the commands. Throws std::bad_alloc.
  std::string begin(const redis_address& where, std::string_view client_name) {
    std::string commands;
    steps_.clear();
    const auto add = [&](step one, std::initializer_list<std::string_view> words) {
      append_command(commands, words);
      steps_.push_back(one);
    };
    if (!where.password.empty() && where.user.empty()) add(step::auth, {"AUTH", where.password});
    if (!where.user.empty()) add(step::auth, {"AUTH", where.user, where.password});
    if (where.database) add(step::select, {"SELECT", std::to_string(*where.database)});
    add(step::name, {"CLIENT", "SETNAME", client_name});
    add(step::ping, {"PING"});
    return commands;
  }

  bool is_done() const noexcept { return steps_.empty(); }

  /// The reply to the next command. Returns why the connection cannot be used.
  std::error_code take(const redisReply& reply) {
    const auto now = steps_.front();
    steps_.pop_front();
    if (!is_error(reply)) {
      return reply.type == REDIS_REPLY_STATUS ? std::error_code{} : redis::errc::bad_reply;
    }
    if (now == step::auth) return redis::errc::bad_credentials;
    const auto why = meaning_of(text_of(reply));
    // A user that may not name the connection, or ping, can still publish and subscribe.
    return now == step::select || why != redis::errc::refused ? why : std::error_code{};
  }

 private:
  enum class step : std::uint8_t { auth, select, name, ping };

  std::deque<step> steps_;  // whose replies have not come
};

}  // namespace hawser::detail
