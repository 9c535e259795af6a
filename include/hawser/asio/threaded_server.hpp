// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/signal_set.hpp>

#include "hawser/asio/accepting/accept_loop.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/threaded_handlers.hpp"
#include "hawser/asio/accepting/threaded_incidents.hpp"
#include "hawser/asio/accepting/threaded_listener.hpp"
#include "hawser/asio/accepting/threaded_memory.hpp"
#include "hawser/asio/accepting/threaded_workers.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/asio/threaded_upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/tls_facts.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A server with one thread per connection. The handshakes run on that thread too, so no client
/// delays another.
template <class Protocol, class Layer = no_layer>
class basic_threaded_server : public threaded_handlers {
  using socket_stream = basic_socket_transport<typename Protocol::socket>;
  using transport = decltype(std::declval<const Layer&>().wrap(std::declval<socket_stream>()));

 public:
  using endpoint_type = typename Protocol::endpoint;
  using peer = websocket<transport>;
  using upgrade = threaded_upgrade;

  /// Listens. Throws std::system_error on failure.
  basic_threaded_server(const endpoint_type& where, threaded_server_options options,
                        Layer layer = {})
      : options_{std::move(options)},
        layer_{std::move(layer)},
        listener_{std::make_shared<listener>(where, context_.get_executor(), rules())},
        facts_{detail::facts_of_listener(listener_->local_endpoint())} {}

  /// Listens on the address and port of the options. Throws std::system_error on failure.
  explicit basic_threaded_server(const threaded_server_options& options,
                                 Layer layer = {}) requires std::is_same_v<Protocol, asio::ip::tcp>
      : basic_threaded_server{detail::listen_endpoint(options.address, options.port), options,
                              std::move(layer)} {}

  basic_threaded_server(const basic_threaded_server&) = delete;
  basic_threaded_server& operator=(const basic_threaded_server&) = delete;

  endpoint_type local_endpoint() const { return listener_->local_endpoint(); }

  std::uint16_t port() const requires std::is_same_v<Protocol, asio::ip::tcp> {
    return local_endpoint().port();
  }

  /// SIGINT and SIGTERM then end run(), like stop().
  void stop_on_signals() {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    signals_.async_wait([this](std::error_code ec, int) {
      if (!ec) context_.stop();
    });
  }

  /// Accepts connections and calls `handler(peer)` or `handler(peer, request)` on a thread per
  /// connection, until stop(). Call it once. When the handler returns, its connection is closed; if
  /// it throws, with 1011. Returns when all these threads have ended. Throws std::bad_alloc if
  /// there is no memory to accept connections.
  template <class Handler>
  void run(Handler handler) {
    constexpr bool fits = detail::serves<Handler, peer>();
    static_assert(fits, "run wants void(peer&) or void(peer&, const request&), no coroutine");
    if constexpr (fits) run_with(handler);
  }

  /// Ends run(): accepts no more connections, answers unfinished handshakes with 503, and closes the
  /// other connections with 1001 and, after the close timeout, without waiting. May be called on any
  /// thread. Returns when run() is about to return, except on one of the server's own threads, where it
  /// returns at once. run() waits for the handler and the hooks, so these must not wait for a thread
  /// that calls stop(). After run() has returned, this object may be destroyed.
  void stop() {
    workers_.stop([this] { context_.stop(); });
  }

  /// The number of connections, including handshakes.
  std::size_t connections() const { return places_->count(); }

  /// How many bytes the connections store, as `threaded_server_options::memory_budget` counts them; less
  /// than 1 KiB too few for each. From any thread.
  std::size_t buffered_bytes() const noexcept { return budget_->bytes(); }

 private:
  using workers = detail::threaded_workers<transport, peer>;
  using worker = typename workers::worker;
  using memory = detail::threaded_memory<peer>;
  using listener = detail::threaded_listener<Protocol>;
  using place = detail::connection_places::place;

  detail::admission rules() const {
    return {.places = places_,
            .memory = budget_,
            .response =
                Layer::is_plain ? detail::refusal_response::sent : detail::refusal_response::none,
            .close_timeout = options_.connection.close_timeout};
  }

  template <class Handler>
  void run_with(Handler& handler) {
    freeze();
    workers_.begin();
    try {
      accept(handler);
      context_.run();
    } catch (...) {
      end();
      throw;
    }
    end();
  }

  template <class Handler>
  void accept(Handler& handler) {
    const auto admit = [this, &handler](typename Protocol::socket accepted, std::string from,
                                        place held) {
      workers_.start([this, &handler, stream = socket_stream{std::move(accepted)},
                      from = std::move(from), held = std::move(held)](worker& entry) mutable {
        serve(entry, std::move(stream), std::move(from), handler);
      });
    };
    const auto failed = [this](const incident& what) {
      if (what.kind == incident_kind::accept_failed) threaded_handlers::report(what.exception);
      diagnostics()->report(what);
    };
    listener_->start(admit, failed, diagnostics()->is_wanted());
  }

  template <class Handler>
  void serve(worker& entry, socket_stream socket, std::string from, Handler& handler) {
    std::optional<transport> stream;  // Outlives an exception, because stop() may still use it.
    detail::threaded_incidents incidents{*diagnostics(), from};
    bool opened = false;
    try {
      std::optional<upgrade> handshake{std::in_place, options_, facts_, std::move(from)};
      stream.emplace(layer_.wrap(std::move(socket)));
      const auto stored = std::make_shared<memory>(budget_);
      std::error_code ec;
      workers_.set_opening(entry, &*stream);
      const auto rest = open(entry, *stream, *handshake, *stored, incidents, ec);
      workers_.set_opening(entry, nullptr);
      if (ec) return report(ec);
      opened = true;
      peer connected{role::server, std::move(*stream),  options_.connection,
                     rest,         handshake->result(), detail::extension_of(*handshake)};
      const request asked = handshake->request();
      handshake.reset();  // it contains the larger buffer of the request
      serve_open(entry, connected, asked, handler, *stored, incidents);
    } catch (...) {
      workers_.set_opening(entry, nullptr);
      const auto thrown = std::current_exception();
      const auto passed = threaded_handlers::report(thrown);
      opened ? incidents.threw({}, "extension", thrown, passed) : incidents.failed(thrown);
    }
  }

  void report(std::error_code ec) const {
    threaded_handlers::report(std::make_exception_ptr(
        std::system_error{detail::standard_error(ec), "opening handshake"}));
  }

  /// Both handshakes, of the layer and of HTTP, with one deadline.
  std::vector<std::byte> open(worker& entry, transport& stream, upgrade& handshake, memory& stored,
                              detail::threaded_incidents& incidents, std::error_code& ec) {
    const auto until = time_limit(stream.now(), options_.handshake_timeout);
    layer_.open(stream, until, ec);
    if (ec) {
      incidents.not_ready(ec);
      return {};
    }
    handshake.set_tls(detail::tls_facts_of(stream));
    const auto decide = [this, &entry, &incidents, &asked = handshake](auto&) {
      // The request has been read: from here on stop() closes the open connection.
      workers_.set_opening(entry, nullptr);
      ask(asked, incidents);
    };
    const opening_options opening{time_left(until, stream.now()), options_.connection};
    detail::counted_stream counted{stream, stored};
    try {
      auto rest = perform(counted, handshake, decide, ec, opening);
      if (ec) incidents.not_opened(handshake, ec);
      return rest;
    } catch (...) {
      // The policy threw: the client first gets a response. Before the request it was a failed allocation.
      handshake.refuse({.status = 500});
      const auto thrown = std::current_exception();
      const bool failed = handshake.state() == upgrade::status::failed;
      if (failed)
        incidents.threw(handshake.request(), "handshake policy", thrown, has_on_error(), 500);
      if (failed) perform(stream, handshake, decide, ec, opening);
      throw;
    }
  }

  /// An exception of the hook is reported; it does not withdraw an answer.
  void ask(upgrade& asked, detail::threaded_incidents& incidents) {
    try {
      upgrade_hook() ? upgrade_hook()(asked) : static_cast<void>(asked.accept());
    } catch (...) {
      asked.refuse({.status = 500});
      const auto thrown = std::current_exception();
      const auto passed = threaded_handlers::report(thrown);
      incidents.threw(asked.request(), "on_upgrade", thrown, passed, asked.response_status());
    }
  }

  template <class Handler>
  void serve_open(worker& entry, peer& connected, const request& asked, Handler& handler,
                  memory& stored, detail::threaded_incidents& incidents) {
    const typename memory::serving counted{stored, connected, detail::occupied_by(asked)};
    const typename workers::registration registered{workers_, entry, connected};
    try {
      if constexpr (std::is_invocable_v<Handler&, peer&, const request&>) {
        handler(connected, asked);
      } else {
        handler(connected);
      }
      connected.close();
    } catch (...) {
      connected.close(close_code::internal_error);
      const auto thrown = std::current_exception();
      const auto passed = threaded_handlers::report(thrown);
      incidents.threw(asked, "handler", thrown, passed);
    }
    incidents.ended(asked, connected.close_reason().error);
  }

  void end() {
    listener_->end();
    workers_.end(options_.connection.close_timeout);
  }

  const threaded_server_options options_;
  const Layer layer_;
  const std::shared_ptr<detail::memory_budget> budget_ =
      std::make_shared<detail::memory_budget>(options_.memory_budget);
  const std::shared_ptr<detail::connection_places> places_ =
      std::make_shared<detail::connection_places>(options_.max_connections,
                                                  options_.max_connections_per_address);
  asio::io_context context_{1};
  const std::shared_ptr<listener> listener_;
  const detail::listener_facts facts_;
  asio::signal_set signals_{context_};
  workers workers_;
};

/// Over TCP.
using threaded_server = basic_threaded_server<asio::ip::tcp>;

}  // namespace hawser
