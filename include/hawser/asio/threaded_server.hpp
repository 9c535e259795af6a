// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <any>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>

#include "hawser/asio/accepting/accept_loop.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/accepting/server_state.hpp"
#include "hawser/asio/accepting/shutdown_functions.hpp"
#include "hawser/asio/accepting/threaded_handlers.hpp"
#include "hawser/asio/accepting/threaded_incidents.hpp"
#include "hawser/asio/accepting/threaded_listener.hpp"
#include "hawser/asio/accepting/threaded_memory.hpp"
#include "hawser/asio/accepting/threaded_opening.hpp"
#include "hawser/asio/accepting/threaded_workers.hpp"
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session/occupied.hpp"
#include "hawser/asio/shutdown_options.hpp"
#include "hawser/asio/socket_transport.hpp"
#include "hawser/asio/threaded_peer.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/asio/threaded_upgrade.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/protocol/deadline.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/tls_facts.hpp"
#include "hawser/transport/websocket.hpp"

namespace hawser {

/// A server with one thread per connection. The handshakes run on that thread too, so no client
/// delays another.
template <class Protocol, class Layer = no_layer>
class basic_threaded_server : public threaded_handlers, public shutdown_functions {
  using socket_stream = basic_socket_transport<typename Protocol::socket>;
  using transport = decltype(std::declval<const Layer&>().wrap(std::declval<socket_stream>()));

 public:
  using endpoint_type = typename Protocol::endpoint;
  using peer = threaded_peer<transport>;
  using upgrade = threaded_upgrade;

  /// Listens. Throws std::system_error on failure.
  basic_threaded_server(const endpoint_type& where, const threaded_server_options& options,
                        Layer layer = {})
      : basic_threaded_server{where, std::make_shared<workers>(),
                              std::make_shared<detail::connection_places>(
                                  options.max_connections, options.max_connections_per_address),
                              options, std::move(layer)} {}

  /// Listens on the address and port of the options. Throws std::system_error on failure.
  explicit basic_threaded_server(const threaded_server_options& options,
                                 Layer layer = {}) requires std::is_same_v<Protocol, asio::ip::tcp>
      : basic_threaded_server{detail::listen_endpoint(options.address, options.port), options,
                              std::move(layer)} {}

  /// Must not be called before run() has returned.
  ~basic_threaded_server() { runtime()->end(); }
  basic_threaded_server(const basic_threaded_server&) = delete;
  basic_threaded_server& operator=(const basic_threaded_server&) = delete;

  /// Where the server listens, or has listened: a port of 0 is replaced by the chosen one.
  endpoint_type local_endpoint() const { return local_endpoint_; }

  std::uint16_t port() const requires std::is_same_v<Protocol, asio::ip::tcp> {
    return local_endpoint().port();
  }

  /// Accepts connections and calls `handler(peer)` or `handler(peer, request)` on a thread per
  /// connection, until shutdown(). Call it once. When the handler returns, its connection is closed; if
  /// it throws, with 1011. Returns when all these threads have ended; this object may be destroyed then. Throws
  /// std::bad_alloc if there is no memory to accept connections.
  template <class Handler>
  void run(Handler handler) {
    constexpr bool fits = detail::serves<Handler, peer>();
    static_assert(fits, "run wants void(peer&) or void(peer&, const request&), no coroutine");
    if constexpr (fits) run_with(handler);
  }

  /// run(handler), with shutdown(options) when `stop` is requested, also before this call. A std::jthread requests it
  /// in its destructor: `std::jthread serving{[&](std::stop_token stop) { server.run(serve, stop); }};`
  template <class Handler>
  void run(Handler handler, std::stop_token stop, const shutdown_options& options = {}) {
    const auto stopping = shut_down_with(std::move(stop), options);
    run(std::move(handler));
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
  using policy = negotiating_server_policy<const default_server_policy&>;
  using handshake = server_handshake<policy>;

  basic_threaded_server(const endpoint_type& where, std::shared_ptr<workers> all,
                        std::shared_ptr<detail::connection_places> places,
                        threaded_server_options options, Layer layer)
      : shutdown_functions{std::make_shared<detail::server_state>(all, places)},
        options_{checked(std::move(options))},
        layer_{std::move(layer)},
        places_{std::move(places)},
        workers_{std::move(all)},
        listener_{std::make_shared<listener>(where, workers_->home(), rules())},
        local_endpoint_{listener_->local_endpoint()},
        facts_{detail::facts_of_listener(local_endpoint_)} {
    runtime()->add(listener_);
    runtime()->on_shutdown([this] { call_shutdown_hook(); });
  }

  static threaded_server_options checked(threaded_server_options options) {
    options.trusted_proxies = detail::checked_proxies(std::move(options.trusted_proxies));
    return options;
  }

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
    const auto admit = [this, &handler](typename Protocol::socket accepted, std::string from,
                                        place held) {
      workers_->start([this, &handler, stream = socket_stream{std::move(accepted)},
                       from = std::move(from), held = std::move(held)](worker& entry) mutable {
        serve(entry, std::move(stream), std::move(from), handler);
      });
    };
    const auto failed = [this](const incident& what) {
      if (what.kind == incident_kind::accept_failed) threaded_handlers::report(what.exception);
      diagnostics()->report(what);
    };
    listener_->use(admit, failed, diagnostics()->is_wanted());
    try {
      runtime()->run();
    } catch (...) {
      runtime()->end();
      throw;
    }
  }

  template <class Handler>
  void serve(worker& entry, socket_stream socket, const std::string& from, Handler& handler) {
    std::optional<transport> stream;  // Outlives an exception, because a shutdown may still use it.
    detail::threaded_incidents incidents{*diagnostics(), from};
    bool opened = false;
    try {
      std::optional<handshake> talk{std::in_place, policy{options_.handshake, options_.extension},
                                    options_.limits,
                                    detail::arrival_from(from, facts_, options_.trusted_proxies)};
      stream.emplace(layer_.wrap(std::move(socket)));
      const auto stored = std::make_shared<memory>(budget_);
      std::error_code ec;
      std::any data;
      workers_->set_opening(entry, &*stream);
      const auto decide = [&](auto&) {
        // The request has been read: from here on a shutdown closes the open connection.
        workers_->set_opening(entry, nullptr);
        upgrade asked{talk->request(), facts_, from, detail::tls_facts_of(*stream)};
        answer(*talk, asked, incidents);
        data = std::move(asked.data());
      };
      detail::threaded_opening opening{*stream, layer_, *talk, options_, incidents};
      const auto rest = opening.perform(*stored, decide, has_on_error(), ec);
      workers_->set_opening(entry, nullptr);
      if (ec) return report(ec);
      opened = true;
      peer connected{{role::server, std::move(*stream), options_.connection, rest, talk->result(),
                      detail::extension_of(*talk)},
                     std::move(data)};
      const request asked = talk->request();
      talk.reset();  // it contains the larger buffer of the request
      serve_open(entry, connected, asked, handler, *stored, incidents);
    } catch (...) {
      workers_->set_opening(entry, nullptr);
      const auto thrown = std::current_exception();
      const auto passed = threaded_handlers::report(thrown);
      opened ? incidents.threw({}, "extension", thrown, passed) : incidents.failed(thrown);
    }
  }

  void report(std::error_code ec) const {
    threaded_handlers::report(std::make_exception_ptr(
        std::system_error{detail::standard_error(ec), "opening handshake"}));
  }

  /// Answers a client, unless the server is stopping.
  void answer(handshake& talk, upgrade& asked, detail::threaded_incidents& incidents) {
    if (!workers_->refuses()) ask(asked, incidents);
    if (workers_->refuses()) {
      talk.fail(errc::closed);
    } else if (asked.decision()) {
      talk.decide(*asked.decision());
    }
  }

  /// An exception of the hook is reported; it does not withdraw an answer.
  void ask(upgrade& asked, detail::threaded_incidents& incidents) {
    try {
      upgrade_hook() ? upgrade_hook()(asked) : static_cast<void>(asked.accept());
    } catch (...) {
      asked.reject(500);
      const auto thrown = std::current_exception();
      const auto passed = threaded_handlers::report(thrown);
      const auto* const refusal = std::get_if<response>(&*asked.decision());
      incidents.threw(asked.request(), "on_upgrade", thrown, passed,
                      refusal != nullptr ? refusal->status : 0);
    }
  }

  template <class Handler>
  void serve_open(worker& entry, peer& connected, const request& asked, Handler& handler,
                  memory& stored, detail::threaded_incidents& incidents) {
    const typename memory::serving counted{stored, connected, detail::occupied_by(asked)};
    const typename workers::registration registered{*workers_, entry, connected};
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

  const threaded_server_options options_;
  const Layer layer_;
  const std::shared_ptr<detail::memory_budget> budget_ =
      std::make_shared<detail::memory_budget>(options_.memory_budget);
  const std::shared_ptr<detail::connection_places> places_;
  const std::shared_ptr<workers> workers_;
  const std::shared_ptr<listener> listener_;
  const endpoint_type local_endpoint_;
  const detail::listener_facts facts_;
};

/// Over TCP.
using threaded_server = basic_threaded_server<asio::ip::tcp>;

}  // namespace hawser
