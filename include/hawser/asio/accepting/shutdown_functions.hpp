// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <stop_token>
#include <utility>

#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/shutdown_options.hpp"

namespace hawser {

/// How a server ends: a base of both kinds of server.
class shutdown_functions {
 public:
  shutdown_functions(const shutdown_functions&) = delete;
  shutdown_functions& operator=(const shutdown_functions&) = delete;

  /// Closes the listening sockets. Connections continue, and run() does not return before shutdown(). May be
  /// called on any thread. Does not wait.
  void stop_accepting() {
    const auto kept = runtime_;
    kept->stop_accepting();
  }

  /// Stops accepting, answers unfinished handshakes with 503, then closes all connections and ends the server,
  /// as `options` say. run() returns when everything has ended, and with one thread per connection when the
  /// handlers of all connections have returned: join its thread to wait for that. May be called on any thread,
  /// also in a handler, before run(), and again: the Close frame stays, and the rest ends at the earlier time.
  /// Does not wait. Throws std::system_error if the close code or the reason must not be sent.
  void shutdown(const shutdown_options& options = {}) {
    const auto kept = runtime_;
    kept->shutdown(detail::checked_plan(options));
  }

  /// SIGINT and SIGTERM then call shutdown(options). A signal during the shutdown ends all connections at
  /// once. A further call, before the server runs, replaces the options.
  void stop_on_signals(const shutdown_options& options = {}) {
    runtime_->stop_on_signals(detail::checked_plan(options));
  }

 protected:
  explicit shutdown_functions(std::shared_ptr<detail::server_runtime> runtime) noexcept
      : runtime_{std::move(runtime)} {}
  ~shutdown_functions() = default;

  const std::shared_ptr<detail::server_runtime>& runtime() const noexcept { return runtime_; }

  /// While the result exists, a request to stop calls shutdown(options).
  auto shut_down_with(std::stop_token stop, const shutdown_options& options) const {
    return std::stop_callback{
        std::move(stop),
        [runtime = runtime_, plan = detail::checked_plan(options)] { runtime->shutdown(plan); }};
  }

 private:
  // Calls on other threads keep it: run() may return, and the server be destroyed, before they end.
  const std::shared_ptr<detail::server_runtime> runtime_;
};

}  // namespace hawser
