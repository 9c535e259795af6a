// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/handler_function.hpp"
#include "hawser/transport/backoff.hpp"

namespace hawser {

/// What publish() does while there is no connection to Redis.
enum class redis_outage : std::uint8_t {
  queue,   ///< The publication waits for the connection
  refuse,  ///< publish() fails with redis::errc::not_connected, and what waits when a connection ends is dropped
};

struct redis_broker_options {
  /// `redis://[[user]:password@]host[:port][/database]`, `rediss:` for the same with TLS, or
  /// `unix:/path/of/socket[?db=database]`, see redis_address.
  std::string url = "redis://localhost:6379";

  /// The Redis channel of a topic is `prefix:topic`, or with an empty prefix the topic itself. The same as
  /// `channel_prefix` of Rails' config/cable.yml.
  std::string channel_prefix = {};

  /// For CLIENT SETNAME. Empty: `ActionCable-PID-` and the number of this process, as Rails sets it. Must be ASCII without
  /// spaces.
  std::string client_name = {};

  /// When to connect again. It is tried for ever: max_attempts must be zero.
  backoff reconnect = {.base = std::chrono::milliseconds{200},
                       .cap = std::chrono::seconds{10},
                       .healthy_after = std::chrono::seconds{10}};

  redis_outage during_outage = redis_outage::queue;

  /// How many bytes of commands may wait for Redis, or for its reply. Beyond that publish() fails with
  /// redis::errc::queue_full. Zero: no limit.
  std::size_t max_queued_bytes = 16 * 1024 * 1024;

  /// How many bytes of publications may wait for one executor of subscribers; beyond that they are dropped and
  /// counted. Zero: no limit.
  std::size_t max_delivery_bytes = 64 * 1024 * 1024;

  /// The largest publication, in bytes, that is taken from Redis. A larger one ends the connection, which is then
  /// made again. Zero: no limit.
  std::size_t max_reply_bytes = 64 * 1024 * 1024;

  /// The time for a connection with its log-in. Zero: no limit.
  std::chrono::milliseconds connect_timeout{10'000};

  /// How often both connections are tested with PING. Zero: never.
  std::chrono::milliseconds ping_interval{5'000};

  /// A connection on which nothing arrives for this time after a PING has ended. Zero: no limit.
  std::chrono::milliseconds ping_timeout{10'000};

  /// How long shutdown() and the destructor let publications leave. Zero: what is not written is dropped.
  std::chrono::milliseconds flush_timeout{1'000};

  /// A connection could not be made or has ended, or Redis has refused a command; `detail` is its error text, or
  /// empty. Called on the broker's thread, and must not throw. It may call the broker.
  handler_function<void(std::error_code why, std::string_view detail)> on_error = {};

  /// The connection for subscriptions was lost, so publications may have been lost. There is one again, and all
  /// subscriptions are live. Subscribers have an on_gap of their own. As on_error.
  handler_function<void()> on_gap = {};
};

/// The counters of a redis_broker.
struct redis_statistics {
  bool is_connected = false;      ///< Both connections exist and have logged in
  std::uint64_t connections = 0;  ///< That have logged in, of both kinds
  std::uint64_t gaps = 0;         ///< Calls of redis_broker_options::on_gap
  std::uint64_t published = 0;    ///< Publications that publish() has accepted
  std::uint64_t confirmed = 0;    ///< Of these, those that Redis has passed on
  std::uint64_t refused = 0;      ///< Of these, those that Redis has refused with an error
  std::uint64_t lost =
      0;  ///< Of these, those without a reply when the connection ended, or dropped
  std::uint64_t received = 0;    ///< Publications that have come from Redis to subscribers
  std::uint64_t dropped = 0;     ///< Deliveries that max_delivery_bytes has prevented
  std::size_t queued_bytes = 0;  ///< Bytes of commands that wait for Redis, or for its reply
  std::size_t upstream =
      0;  ///< Topics and patterns that are subscribed, or waiting for it, at Redis
};

}  // namespace hawser
