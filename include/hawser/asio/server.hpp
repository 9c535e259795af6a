// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/execution/executor.hpp>
#include <asio/execution_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/strand.hpp>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/accepting/shutdown_functions.hpp"
#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/handler_setters.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/server_options.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/memory_budget.hpp"

#if !defined(HAWSER_COMPILED)
#include "hawser/asio/listen.hpp"
#endif

#if defined(HAWSER_COMPILED)
namespace hawser::detail {
extern template struct server_maker<own_threads, std::size_t>;
extern template struct server_maker<shared_threads, asio::any_io_executor>;
extern template struct server_maker<shared_threads, asio::strand<asio::any_io_executor>>;
extern template struct listener_maker<asio::ip::tcp, own_threads, plain_streams>;
extern template struct listener_maker<asio::ip::tcp, shared_threads, plain_streams>;
extern template struct listener_maker<asio::local::stream_protocol, own_threads, plain_streams>;
extern template struct listener_maker<asio::local::stream_protocol, shared_threads, plain_streams>;
}  // namespace hawser::detail
#endif

namespace hawser {

/// A server whose connections share a few threads. Handlers are called on the thread of their connection,
/// one at a time per connection. A handler that takes long delays the other connections of its thread.
///
/// Set everything up first, then call run() to use the server's own threads, or start() to use an
/// executor of yours. A setter throws std::logic_error while run() runs, and after start().
class server : public handler_setters<server, route>, public diagnosed, public shutdown_functions {
 public:
  // The constructors are templates, so that a unit compiles only the connections that it serves.

  /// Listens, and serves in run(), on `options.threads` threads; each connection stays on one of
  /// them. Throws std::system_error on failure.
  template <std::same_as<detail::own_threads> Threads = detail::own_threads>
  explicit server(server_options options)
      : server{make<Threads>(options.threads, options), std::move(options)} {}

  /// The same on an executor that any number of your threads may run, for example of an io_context
  /// or a thread_pool. `options.threads` is ignored. Each session has its own strand: its handlers,
  /// its coroutine, and functions posted to its get_executor() never run at the same time. Handlers
  /// of different sessions, and the hooks on_upgrade and on_http, do. If `executor` is a strand,
  /// everything runs on it, one at a time.
  template <class Executor>
  requires asio::execution::is_executor<Executor>::value server(const Executor& executor,
                                                                server_options options)
      : server{make<detail::shared_threads>(place_of(executor), options), std::move(options)} {}

  /// The same on the executor of a context.
  template <class Context>
  requires std::is_convertible_v<Context&, asio::execution_context&> server(Context& context,
                                                                            server_options options)
      : server{context.get_executor(), std::move(options)} {}

  /// Ends all connections at once, and calls no handler; see shutdown(). Waits for handlers that
  /// other threads of the given executor run, so do not hold a lock that they need. Called in a
  /// handler, that handler continues and is the last one; if it continues inside the destructor of another
  /// server, which waits for the calling handler, it is not waited for. Called while run() runs, which is only
  /// possible in a handler, it makes run() return after the handlers of other threads. If the
  /// context of the given executor was destroyed before, everything has already ended.
  ~server() { runtime()->end(); }
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Adds a route for the paths of a pattern; see `route`. The first route that matches is used,
  /// before the handlers that are set on the server itself, which are for all other paths. Throws
  /// std::invalid_argument if there is a route for these paths, or if `pattern` is for all paths and the
  /// server itself has handlers: the second one would never be used.
  hawser::route& route(std::string pattern) {
    check_settable("server::route()");
    settings_->check_is_first(pattern);
    auto& routes = settings_->routes;
    return **routes.insert(routes.end() - (has_fallback_ ? 1 : 0), make_route(std::move(pattern)));
  }

  /// The route for all other paths, which has the handlers that are set on the server itself. Throws
  /// std::invalid_argument if another route is for all paths.
  hawser::route& fallback() {
    if (!has_fallback_) {
      check_settable("server::fallback()");
      settings_->check_is_first("/*");
      settings_->routes.push_back(make_route("/*"));
      has_fallback_ = true;
    }
    return *settings_->routes.back();
  }

  /// See route::on_upgrade().
  template <class Handler>
  hawser::route& on_upgrade(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(upgrade&)>,
                  "on_upgrade wants void(upgrade&), or a coroutine: "
                  "asio::awaitable<upgrade_decision>(upgrade)");
    if constexpr (detail::handler_fits<Handler, void(upgrade&)>) {
      fallback().on_upgrade(std::move(handler));
    }
    return fallback();
  }
  template <detail::upgrade_coroutine Coroutine>
  hawser::route& on_upgrade(Coroutine coroutine) {
    return fallback().on_upgrade(std::move(coroutine));
  }

  /// Answers plain HTTP requests of routes without an on_http of their own, and `OPTIONS *`; see
  /// route::on_http(). Called on any of the server's threads. Without a hook the response is 426 to
  /// GET and HEAD, 405 to other methods, and 404 if no route matches. A second hook is a
  /// std::logic_error.
  template <class Handler>
  void on_http(Handler handler) {
    static_assert(detail::answers_http<Handler>,
                  "on_http wants void(http_request&) or response(const request&), no coroutine");
    set_http(detail::http_hook_from(std::move(handler), "server::on_http()"));
  }

  /// Listens for ws: on another endpoint, TCP or Unix socket, and returns the actual endpoint: a
  /// port of 0 is replaced by the chosen one. Throws std::system_error on failure, and
  /// std::logic_error if this is a tls_server, whose own listen() has another default.
  template <class Endpoint>
  Endpoint listen(const Endpoint& where) {
    if (secure_by_default_) throw std::logic_error{"hawser::server::listen(): name the streams"};
    return listen(where, plain_streams{});
  }

  /// The same with another stream than the socket: `make_stream(socket)` makes it, as tls_streams
  /// does for wss:. If `MakeStream::client_speaks_first` is a true constant, the stream is made
  /// when the client's first byte has arrived, on any of the server's threads, by a const call.
  /// A unit that links hawser::compiled includes hawser/asio/listen.hpp for this.
  template <class Endpoint, class MakeStream>
  Endpoint listen(const Endpoint& where, MakeStream make_stream) {
    // Known at run time only.
    if (own_threads_) return add_listener(own_threads_, where, std::move(make_stream));
    return add_listener(shared_threads_, where, std::move(make_stream));
  }

  /// The port of the first TCP listener, or 0 if there is none.
  std::uint16_t port() const noexcept { return port_; }

  /// How many bytes the connections store, as `server_options::memory_budget` counts them; less than 1 KiB
  /// too few for each. From any thread.
  std::size_t buffered_bytes() const noexcept { return settings_->memory->bytes(); }

  std::size_t connections() const { return runtime()->connections(); }

  /// Begins to accept on the given executor. Does not wait. Throws std::logic_error if nothing is set: no handler,
  /// no route and no on_http, so that every client would get 404. A server that only sends calls fallback().
  void start() {
    settings_->check_has_work("server::start()");
    detail::freeze(*settings_, *frozen_, true);
    runtime()->start();
  }

  /// Serves until shutdown(), on `options.threads` threads including the calling one. Throws
  /// std::logic_error for a server on an executor of yours, which your own threads run, and if nothing is set:
  /// see start().
  void run() {
    if (!own_threads_)
      throw std::logic_error{"hawser::server::run(): it has no threads of its own"};
    settings_->check_has_work("server::run()");
    // A handler may destroy this object.
    const auto kept = runtime();
    const detail::frozen_settings now{settings_, frozen_};
    kept->run();
  }

  /// run(), with shutdown(options) when `stop` is requested, also before this call. A std::jthread requests it in its
  /// destructor: `std::jthread serving{[&](std::stop_token stop) { server.run(stop); }};`
  void run(std::stop_token stop, const shutdown_options& options = {}) {
    const auto stopping = shut_down_with(std::move(stop), options);
    run();
  }

  /// Called once, when a shutdown begins: new clients are refused from here on, and no Close frame has been sent
  /// yet, so that the hook may send a last message, or close some sessions before the others. Called on
  /// get_executor(). An exception is passed to on_error of the server itself, with an empty session. A second
  /// hook is a std::logic_error.
  template <class Handler>
  void on_shutdown(Handler handler) {
    static_assert(detail::handler_fits<Handler, void()>, "on_shutdown wants void(), no coroutine");
    check_settable("server::on_shutdown()");
    runtime()->on_shutdown(
        [settings = settings_, to = diagnostics(),
         hook = detail::handler_from<void()>(std::move(handler), "on_shutdown()")] {
          try {
            hook();
          } catch (...) {
            const auto thrown = std::current_exception();
            to->threw(detail::thrown_by("on_shutdown", thrown), settings->report(thrown));
          }
        });
  }

  /// As shutdown(), and completes with void(std::error_code), without an error, when all connections have ended.
  /// The completion handler runs on its own associated executor; it is destroyed without being called if the
  /// server is destroyed first. It needs threads that run the server, and cannot be cancelled: `drain` and
  /// `grace` limit the wait.
  template <class CompletionToken>
  auto async_shutdown(const shutdown_options& options, CompletionToken&& token) {
    return asio::async_initiate<CompletionToken, void(std::error_code)>(
        [runtime = runtime()](auto handler, detail::shutdown_plan given) {
          if (runtime->has_ended()) throw std::system_error{errc::closed, "async_shutdown"};
          auto& one =
              detail::pending_operation<detail::shutdown_operation, decltype(handler),
                                        asio::any_io_executor>::make(handler, runtime->executor());
          runtime->shutdown(std::move(given), detail::operation_ptr{&one});
        },
        token, detail::checked_plan(options));
  }

  /// Calls `visit(session&)` for each session that is open at this moment, on the calling thread. May be
  /// called on any thread, also in a handler; a handle may be kept, and its session may end at any time.
  template <class Visitor>
  void for_each(Visitor visit) const {
    static_assert(std::is_same_v<std::invoke_result_t<Visitor&, session&>, void>,
                  "for_each wants void(session&), no coroutine");
    for (auto& one : runtime()->sessions()) visit(one);
  }

  /// Sends a message to each open session for which `filter(const session&)` is true, and returns how many
  /// have queued it. The message is encoded, and compressed, once. If it has an error(), it is sent to none.
  /// May be called on any thread; the filter is called there.
  template <class Filter>
  std::size_t broadcast(const prepared_message& message, Filter filter) const {
    static_assert(std::is_invocable_r_v<bool, Filter&, const session&>,
                  "the filter of broadcast wants bool(const session&)");
    std::size_t queued = 0;
    for (const auto& one : runtime()->sessions()) {
      if (filter(one) && !one.send(message)) ++queued;
    }
    return queued;
  }

  /// The same to all open sessions.
  std::size_t broadcast(const prepared_message& message) const {
    return broadcast(message, [](const session&) { return true; });
  }

  /// Where the server itself runs, one handler at a time: timers of the application may use it. Must not be
  /// called after the context of the given executor was destroyed.
  asio::any_io_executor get_executor() const { return runtime()->executor(); }

 protected:
  /// From now on no listener uses cleartext without plain_streams, also through a `server&`.
  void set_secure_by_default() noexcept { secure_by_default_ = true; }

 private:
  std::unique_ptr<hawser::route> make_route(std::string pattern) const {
    auto made =
        std::make_unique<hawser::route>(std::move(pattern), detail::route_options_of(options_));
    made->hooks().diagnostics = diagnostics();
    return made;
  }

  /// Where a server runs on an executor of the caller.
  static asio::any_io_executor place_of(const asio::any_io_executor& executor) { return executor; }

  template <class Executor>
  static asio::strand<asio::any_io_executor> place_of(const asio::strand<Executor>& strand) {
    return strand;
  }

  template <class Threads, class Place>
  static detail::server_parts<Threads> make(const Place& where, const server_options& options) {
    return detail::server_maker<Threads, Place>::make(where, options.max_connections,
                                                      options.max_connections_per_address);
  }

  template <class Threads>
  server(detail::server_parts<Threads> parts, server_options options)
      : server{std::move(parts.settings), std::move(parts.runtime), std::move(options)} {
    if constexpr (std::is_same_v<Threads, detail::own_threads>) {
      own_threads_ = parts.threads;
    } else {
      shared_threads_ = parts.threads;
    }
    if (options_.listener == first_listener::none) return;
    add_listener(parts.threads, detail::listen_endpoint(options_.address, options_.port),
                 plain_streams{});
  }

  server(std::shared_ptr<detail::opening_settings> settings,
         std::shared_ptr<detail::server_runtime> runtime, server_options options)
      : shutdown_functions{std::move(runtime)},
        options_{std::move(options)},
        settings_{std::move(settings)} {
    settings_->limits = options_.limits;
    settings_->handshake_timeout = options_.handshake_timeout;
    settings_->close_timeout = options_.connection.close_timeout;
    settings_->handshake = options_.handshake;
    settings_->trusted_proxies = detail::checked_proxies(options_.trusted_proxies);
    settings_->http = options_.http;
    settings_->memory = std::make_shared<detail::memory_budget>(options_.memory_budget);
    settings_->diagnostics = diagnostics();
  }

  void check_settable(const char* setter) const { detail::check_not_running(*frozen_, setter); }

  void set_http(http_hook hook) {
    check_settable("server::on_http()");
    detail::set_once(settings_->on_http, std::move(hook), "server::on_http()");
  }

  template <class Threads, class Endpoint, class MakeStream>
  Endpoint add_listener(const std::shared_ptr<Threads>& threads, const Endpoint& where,
                        MakeStream make_stream) {
    check_settable("server::listen()");
    using maker = detail::listener_maker<typename Endpoint::protocol_type, Threads, MakeStream>;
    auto made = maker::make(where, threads, settings_, runtime()->places(), std::move(make_stream));
    runtime()->add(std::move(made.first));
    Endpoint listening = made.second;
    if constexpr (requires { listening.port(); }) {
      if (port_ == 0) port_ = listening.port();
    }
    return listening;
  }

  const server_options options_;
  std::shared_ptr<detail::opening_settings> settings_;
  std::shared_ptr<detail::own_threads> own_threads_;  // one of these two is set
  std::shared_ptr<detail::shared_threads> shared_threads_;
  std::uint16_t port_ = 0;
  const std::shared_ptr<std::atomic<bool>> frozen_ = std::make_shared<std::atomic<bool>>(false);
  bool has_fallback_ = false;
  bool secure_by_default_ = false;
};

}  // namespace hawser
