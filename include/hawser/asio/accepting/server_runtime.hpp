// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/driver/operation.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/base/handler_function.hpp"

namespace hawser::detail {

// Declarations only, so that a unit that links the compiled form compiles none of what a server consists of.

class connection_places;
class exclusive_strand;
class listener_base;
class own_threads;
struct opening_settings;

template <class Strand>
class basic_shared_threads;
using shared_threads = basic_shared_threads<exclusive_strand>;

/// A wait for the end of a shutdown.
struct shutdown_operation : operation {
 protected:
  ~shutdown_operation() = default;
};

/// What a server runs besides its connections.
class server_runtime {
 public:
  server_runtime() = default;
  virtual ~server_runtime() = default;
  server_runtime(const server_runtime&) = delete;
  server_runtime& operator=(const server_runtime&) = delete;

  /// Must be called before start().
  virtual void add(std::shared_ptr<listener_base> one) = 0;

  /// `hook` is called once, on executor(), when a shutdown begins. It reports its exceptions itself. Must be
  /// called before start().
  virtual void on_shutdown(handler_function<void()> hook) = 0;

  virtual void start() = 0;

  /// Starts, and serves on the server's own threads until shutdown(). The caller must keep this object
  /// alive.
  virtual void run() = 0;

  /// This and the next two may be called on any thread.
  virtual void stop_accepting() = 0;
  virtual void shutdown(shutdown_plan plan) = 0;

  /// Completes `end`, a shutdown_operation, when all connections have ended.
  virtual void shutdown(shutdown_plan plan, operation_ptr end) = 0;

  virtual void stop_on_signals(shutdown_plan plan) = 0;

  /// Called when the server is destroyed: ends everything, and calls no handler.
  virtual void end() = 0;

  /// The number of connections. May be called on any thread.
  virtual std::size_t connections() const = 0;

  virtual const std::shared_ptr<connection_places>& places() const noexcept = 0;

  /// Handles of all open sessions. May be called on any thread.
  virtual std::vector<session> sessions() const = 0;

  /// Whether the server or its context has ended.
  virtual bool has_ended() const noexcept = 0;

  /// Where the server's own handlers run. Must be called only while the context exists.
  virtual asio::any_io_executor executor() const = 0;
};

/// The parts of a new server.
template <class Threads>
struct server_parts {
  std::shared_ptr<Threads> threads;
  std::shared_ptr<opening_settings> settings;
  std::shared_ptr<server_runtime> runtime;
};

/// Makes them. `make` is not inline, so that a program can link a compiled one, and is defined in
/// server_state.hpp. `Place` says where the server runs: a number of threads, an executor, or a strand.
template <class Threads, class Place>
struct server_maker {
  static server_parts<Threads> make(const Place& where, std::size_t max_connections,
                                    std::size_t max_connections_per_address);
};

/// Makes a listener of a server. `make` is not inline, so that a program can link a compiled one, and is
/// defined in listener.hpp.
template <class Protocol, class Threads, class MakeStream>
struct listener_maker {
  using endpoint = typename Protocol::endpoint;

  /// The listener, and where it listens. Throws std::system_error when it cannot listen.
  static std::pair<std::shared_ptr<listener_base>, endpoint> make(
      const endpoint& where, const std::shared_ptr<Threads>& threads,
      std::shared_ptr<const opening_settings> settings, std::shared_ptr<connection_places> places,
      MakeStream make_stream);
};

}  // namespace hawser::detail
