// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <chrono>
#include <cstddef>

#include "hawser/asio/send_budget.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::cable {

/// What to do with a client that is wrong, where Rails does something else. The defaults are the better answers;
/// server_options::rails() has those of Rails.
struct answers {
  /// A subscription that exists and is confirmed is confirmed again. Otherwise the command is ignored.
  bool reconfirm = true;

  /// A subscription to an identifier that is too long, is no JSON object or names no channel is rejected, and so is
  /// one beyond server_options::max_subscriptions. Otherwise the command is ignored.
  bool reject_unknown = true;

  /// A subscription whose `subscribed` throws ends and is rejected. Otherwise it exists without a confirmation.
  bool reject_failed = true;

  /// channel::reject() in an action ends the subscription. Otherwise it only ends its actions.
  bool reject_late = true;

  /// A connection whose on_connect throws gets `server_error` and is closed with 1011. Otherwise it stays open without
  /// a welcome, and what it sends waits.
  bool close_failed = true;

  /// The first ping of each connection comes at a time of its own, so that not all are sent at once.
  bool spread_pings = true;

  /// A client that chooses among subprotocols gets the one that the server prefers. Otherwise the one that it names
  /// first.
  bool prefer_own_subprotocol = true;

  /// Requests that are not upgrades, upgrades from pages that may not connect, and those without an Origin, get 404.
  /// Otherwise the first get 426, or what the server answers, the second what the route answers, by default 403, and the
  /// third are accepted unless the route says otherwise.
  bool hide = false;

  /// In JSON, <, >, &, U+2028 and U+2029 are escaped.
  bool escape_html = false;
};

/// The options of a cable server. A limit or a time of zero means none.
struct server_options {
  using duration = std::chrono::steady_clock::duration;

  /// The longest command, in bytes. A longer one closes the connection with 1009.
  std::size_t max_command_size = 64 * 1024;

  /// How many arrays and objects may be inside each other in the JSON of clients.
  std::size_t max_json_depth = 100;

  /// The longest identifier of a subscription, in bytes.
  std::size_t max_identifier_size = 4 * 1024;

  /// How many subscriptions a connection may have.
  std::size_t max_subscriptions = 1'000;

  /// How many messages of a connection may be no JSON objects, or binary, before it is closed with 1008.
  std::size_t max_violations = 10;

  /// Whether the first binary message closes the connection with 1003.
  bool refuse_binary = false;

  /// What may wait for on_connect: more commands, or more bytes, close the connection with 1008.
  std::size_t max_early_commands = 100;
  std::size_t max_early_bytes = 64 * 1024;

  /// How many commands may wait for a coroutine before the connection is not read until half of them are done.
  std::size_t max_waiting_commands = 100;

  /// How many messages may wait for the callbacks of a connection's streams. More close it with 1008.
  std::size_t max_waiting_publications = 1'000;

  /// The longest duration of on_connect and of what follows until the welcome. After it, the coroutine is cancelled
  /// (terminal) and the connection closed as if on_connect had thrown.
  duration connect_timeout = std::chrono::seconds{10};

  /// The time between two pings. The clients of Rails reconnect after 6 seconds without a message.
  duration ping_interval = std::chrono::seconds{3};

  /// Of each session. A client that does not read what it gets is closed with 1008.
  send_budget budget = {
      .high = 256 * 1024, .hard = 4 * 1024 * 1024, .when_exceeded = send_budget::policy::close};

  /// Whether an upgrade that offers subprotocols, but none of Action Cable, is refused with 400. Otherwise it is
  /// accepted without one.
  bool require_subprotocol = false;

  /// The number of threads for channel::offload(), at least one, and how many functions may wait for them.
  std::size_t offload_threads = 4;
  std::size_t max_offloaded = 1'000;

  /// The close code of server::shutdown(). That of restart() and of all other ends without an error is 1000.
  close_code shutdown_code = close_code::service_restart;

  cable::answers answers = {};

  /// The extended protocol, which is off by default.
  extended_options extended = {};

  /// The answers of Rails, and its silence.
  static server_options rails() {
    server_options made;
    made.connect_timeout = duration::zero();
    made.shutdown_code = close_code::normal;
    made.answers = {.reconfirm = false,
                    .reject_unknown = false,
                    .reject_failed = false,
                    .reject_late = false,
                    .close_failed = false,
                    .spread_pings = true,
                    .prefer_own_subprotocol = false,
                    .hide = true,
                    .escape_html = true};
    return made;
  }
};

}  // namespace hawser::cable
