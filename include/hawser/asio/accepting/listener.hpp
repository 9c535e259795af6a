// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/wait_traits.hpp>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/accepting/server_runtime.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/opening/quiet_opening.hpp"
#include "hawser/asio/opening/refusal.hpp"
#include "hawser/asio/opening/server_opening.hpp"
#include "hawser/asio/plain_streams.hpp"
#include "hawser/base/error.hpp"

namespace hawser::detail {

/// A listener for any protocol. Its owner must stop it before the objects it was made with are destroyed.
class listener_base {
 public:
  virtual ~listener_base() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
};

/// Accepts the connections of one endpoint and assigns each to a thread of `Threads`.
template <class Protocol, class Threads, class MakeStream = plain_streams>
class listener final
    : public listener_base,
      public std::enable_shared_from_this<listener<Protocol, Threads, MakeStream>> {
 public:
  using executor_type = typename Threads::executor_type;
  using socket = asio::basic_stream_socket<Protocol, executor_type>;
  using endpoint = typename Protocol::endpoint;

  /// Throws std::system_error if it cannot listen.
  listener(const endpoint& where, const std::shared_ptr<Threads>& threads,
           std::shared_ptr<const opening_settings> settings,
           std::shared_ptr<connection_places> places, MakeStream make_stream = {})
      : threads_{threads},
        settings_{std::move(settings)},
        places_{std::move(places)},
        make_stream_{std::make_shared<MakeStream>(std::move(make_stream))},
        protocol_{where.protocol()},
        acceptor_{listen_on(acceptor{threads->own_executor()}, where)},
        pause_{threads->own_executor()},
        facts_{
            std::make_shared<const listener_facts>(facts_of_listener(acceptor_.local_endpoint()))} {
  }

  endpoint local_endpoint() const { return acceptor_.local_endpoint(); }

  void start() override {
    asio::dispatch(acceptor_.get_executor(), [self = this->shared_from_this()] {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  void stop() override {
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void accept() {
    with_memory([this] { accept_next(); }, [this] { accept_later(); });
  }

  /// async_accept() would throw from run() if there is no memory for the socket.
  void accept_next() {
    acceptor_.async_wait(acceptor::wait_read, [self = this->shared_from_this()](std::error_code) {
      if (!self->acceptor_.is_open()) return;
      // Most errors are a lack of descriptors, so try again later; a context that is used for the
      // first time needs some, too.
      std::error_code ec = asio::error::no_descriptors;
      try {
        self->take(ec);
      } catch (const std::exception&) {
        // An error of an accepted client ends only this client: a failed allocation, also of TLS.
      }
      const bool failed = ec && ec != asio::error::would_block;
      failed ? self->accept_later() : self->accept();
    });
  }

  void take(std::error_code& ec) {
    const auto threads = threads_.lock();
    if (!threads) return;
    const auto target = threads->next();
    socket accepted{target.executor};
    accept_close_on_exec(acceptor_, protocol_, accepted, ec);
    if (!ec) admit(target.registries, std::move(accepted));
  }

  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([self = this->shared_from_this()](std::error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  void admit(const io_registries& target, socket accepted) {
    std::error_code ec;
    const auto where = accepted.remote_endpoint(ec);
    if (ec) return;  // it has gone
    if (settings_->memory->is_exceeded()) {
      return turn_away(std::move(accepted), errc::memory_exceeded);
    }
    auto place = places_->take(counted_address(where));
    if (!place) return turn_away(std::move(accepted), errc::too_many_connections);
    make_opening(std::move(accepted), text_of(where), target, std::move(place))->start();
  }

  auto make_opening(socket accepted, std::string from, const io_registries& registries,
                    connection_places::place place) {
    if constexpr (client_speaks_first<MakeStream>) {
      return std::make_shared<quiet_opening<socket, MakeStream>>(std::move(accepted), make_stream_,
                                                                 std::move(from), facts_, settings_,
                                                                 registries, std::move(place));
    } else {
      session_facts facts{.remote_address = std::move(from), .listener = facts_};
      return std::make_shared<server_opening<stream>>((*make_stream_)(std::move(accepted)),
                                                      std::move(facts), settings_, registries,
                                                      std::move(place));
    }
  }

  /// Sends a response to a client over the limit, if that needs no handshake.
  void turn_away(socket refused, errc why) {
    if constexpr (std::is_same_v<MakeStream, plain_streams>) {
      refusals_.refuse(std::move(refused), why);
    }
  }

  using acceptor = asio::basic_socket_acceptor<Protocol, executor_type>;
  using timer =
      asio::basic_waitable_timer<std::chrono::steady_clock,
                                 asio::wait_traits<std::chrono::steady_clock>, executor_type>;
  using stream = decltype(std::declval<MakeStream&>()(std::declval<socket>()));

  const std::weak_ptr<Threads> threads_;  // keeps the pending operations, and so this object
  std::shared_ptr<const opening_settings> settings_;
  std::shared_ptr<connection_places> places_;
  const std::shared_ptr<MakeStream> make_stream_;
  const Protocol protocol_;
  acceptor acceptor_;
  timer pause_;
  const std::shared_ptr<const listener_facts> facts_;
  refusals<socket> refusals_;
};

// Declared in server_runtime.hpp.
template <class Protocol, class Threads, class MakeStream>
std::pair<std::shared_ptr<listener_base>, typename Protocol::endpoint>
listener_maker<Protocol, Threads, MakeStream>::make(
    const endpoint& where, const std::shared_ptr<Threads>& threads,
    std::shared_ptr<const opening_settings> settings, std::shared_ptr<connection_places> places,
    MakeStream make_stream) {
  auto made = std::make_shared<listener<Protocol, Threads, MakeStream>>(
      where, threads, std::move(settings), std::move(places), std::move(make_stream));
  const auto listening = made->local_endpoint();
  return {std::move(made), listening};
}

}  // namespace hawser::detail
