// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

class subscription;

/// What the subscriptions of a connection need of it. Call all functions on the session's executor, apart from post().
class connection_core : public connection, public std::enable_shared_from_this<connection_core> {
 public:
  connection_core(session peer, std::vector<std::string> declared)
      : connection{std::move(peer), std::move(declared)} {}
  connection_core(const connection_core&) = delete;
  connection_core& operator=(const connection_core&) = delete;
  virtual ~connection_core() = default;

  using connection::encode;
  using connection::end;
  using connection::send;

  virtual stream_table& streams() = 0;

  /// Runs a function on the executor, on any thread. Without an effect when the connection has ended.
  virtual void post(std::function<void()> call) = 0;

  /// Runs a function of a channel after the jobs that wait, unless the subscription has ended by then.
  virtual void enqueue(const std::shared_ptr<subscription>& of, std::string_view handler,
                       step call) = 0;

  /// A stream of the subscription has become live.
  virtual void stream_is_live(subscription& of) = 0;

  /// A stream of the subscription has failed.
  virtual void stream_has_failed(const std::shared_ptr<subscription>& of, std::error_code ec) = 0;

  virtual void report(const fault& what) = 0;

  /// Whether channel::reject() ends a subscription after `subscribed`.
  virtual bool rejects_late() const = 0;

  /// Whether the connection is not one of those that the publication leaves out. On any thread.
  bool accepts(const publication& published) const {
    return std::ranges::find(published.except, id()) == published.except.end();
  }

  std::size_t open_streams = 0;  ///< For subscriptions: how many they have
};

}  // namespace hawser::cable::detail
