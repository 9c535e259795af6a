// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/broadcast_options.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/engine/mailbox.hpp"
#include "hawser/cable/engine/offload.hpp"
#include "hawser/cable/engine/stream_table.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/json.hpp"

namespace hawser::cable::detail {

class connection_core;
class subscription;

/// Reaches a connection from any thread, without owning it: its destructor must not run on the thread of a publisher.
class connection_handle {
 public:
  connection_handle(mailbox::address to, std::weak_ptr<connection_core> one, std::uint64_t id)
      : to_{std::move(to)}, one_{std::move(one)}, id_{id} {}

  std::uint64_t id() const noexcept { return id_; }

  /// Calls `call(connection_core&)` on the executor of the connection, unless it has ended by then. An exception of
  /// the call ends the connection.
  template <class Call>
  void post(Call call) const;

  /// Whether it is not one of those that the publication leaves out.
  bool gets(const publication& published) const {
    return std::ranges::find(published.except, id_) == published.except.end();
  }

 private:
  mailbox::address to_;
  std::weak_ptr<connection_core> one_;
  std::uint64_t id_;
};

/// What the subscriptions of a connection need of it. Call all functions on the session's executor.
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

  /// Broadcasts a JSON text, which is known to be valid. May be called on any thread.
  virtual std::error_code broadcast(std::string_view name, std::string_view json_text,
                                    const broadcast_options& options) const = 0;

  virtual connection_handle handle() = 0;

  /// Calls a function outside of the handlers of the session. An exception ends the connection.
  template <class Call>
  void guard(const Call& call) noexcept {
    try {
      call();
    } catch (...) {
      peer_.close_now();
    }
  }

  /// Runs a function of a channel after the jobs that wait, unless the subscription has ended by then.
  virtual void enqueue(const std::shared_ptr<subscription>& of, std::string_view handler,
                       step call) = 0;

  /// A stream of the subscription has become live.
  virtual void stream_is_live(subscription& of) = 0;

  /// A stream of the subscription has failed.
  virtual void stream_has_failed(const std::shared_ptr<subscription>& of, std::error_code ec) = 0;

  /// Ends the connection as a shutdown does, after that time.
  virtual void close_in(std::chrono::steady_clock::duration delay) = 0;

  /// Calls offload_pool::reserve().
  virtual void reserve_offload() = 0;

  /// After that: runs `work` on a thread of the server's pool, and then completes `waiter` on the executor. Without
  /// the memory for it, the connection ends and the waiter stays until the context ends.
  virtual void offload(std::function<void()> work,
                       std::unique_ptr<offload_waiter> waiter) noexcept = 0;

  virtual void report(const fault& what) = 0;

  /// Whether the client speaks the extended protocol.
  virtual bool is_extended() const = 0;

  /// Whether a stream that is made now waits for a replay of its history or for the welcome.
  virtual bool pauses(const subscription& of, const stream_options& options) const = 0;

  /// Joins the presence of the subscription's stream, or leaves it.
  virtual void join_presence(subscription& of, const std::string& id, const json& info) = 0;
  virtual void leave_presence(subscription& of) = 0;

  /// Whether channel::reject() ends a subscription after `subscribed`.
  virtual bool rejects_late() const = 0;

  std::size_t open_streams = 0;  ///< For subscriptions: how many they have
};

template <class Call>
void connection_handle::post(Call call) const {
  to_.post([weak = one_, call = std::move(call)] {
    if (const auto one = weak.lock()) one->guard([&] { call(*one); });
  });
}

}  // namespace hawser::cable::detail
