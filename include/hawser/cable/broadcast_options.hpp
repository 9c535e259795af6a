// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

namespace hawser::cable {

struct broadcast_options {
  /// The connection::id() of a connection of this process that does not get the message. 0: all get it.
  std::uint64_t except = 0;

  /// The `sid` of a client of the extended protocol that does not get the message either: what AnyCable's clients send as
  /// the header field X-Socket-ID with requests of their own. With a redis_broker, it may be a client of any process. Empty,
  /// unknown, or longer than 256 bytes: all get it.
  std::string except_sid = {};

  /// The message is not kept in the history of its stream, by any process. A broker of several processes that is not a
  /// redis_broker does not pass that on, unless there is a history_store.
  bool transient = false;
};

}  // namespace hawser::cable
