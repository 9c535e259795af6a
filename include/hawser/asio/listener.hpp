// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "hawser/asio/connection_places.hpp"
#include "hawser/asio/endpoint_text.hpp"
#include "hawser/asio/io_thread.hpp"
#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/refusal.hpp"
#include "hawser/asio/server_opening.hpp"
#include "hawser/base/error.hpp"

namespace hawser::detail {

/// A listener whatever its protocol is. Whoever owns it stops it before anything it was made with ends.
class listener_base {
 public:
  virtual ~listener_base() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
};

/// Turns a connected socket into the stream that a session runs on: the socket itself.
struct plain_stream {
  template <class Socket>
  Socket operator()(Socket socket) const {
    return socket;
  }
};

/// Accepts the connections of one endpoint and gives them to the threads in turn.
template <class Protocol, class MakeStream = plain_stream>
class listener final : public listener_base,
                       public std::enable_shared_from_this<listener<Protocol, MakeStream>> {
 public:
  using socket = asio::basic_stream_socket<Protocol, asio::io_context::executor_type>;
  using endpoint = typename Protocol::endpoint;

  /// Throws std::system_error when it cannot listen.
  listener(const endpoint& where, const std::vector<std::unique_ptr<io_thread>>& threads,
           std::shared_ptr<const opening_settings> settings,
           std::shared_ptr<connection_places> places, MakeStream make_stream = {})
      : threads_{threads},
        settings_{std::move(settings)},
        places_{std::move(places)},
        make_stream_{std::move(make_stream)},
        acceptor_{threads.front()->context(), where},
        pause_{threads.front()->context()} {
    acceptor_.non_blocking(true);
  }

  endpoint local_endpoint() const { return acceptor_.local_endpoint(); }

  void start() override { accept(); }

  void stop() override {
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void accept() {
    with_memory([this] { accept_next(); }, [this] { accept_later(); });
  }

  /// Accepting by async_accept() would throw from run() where there is no memory for the socket.
  void accept_next() {
    acceptor_.async_wait(acceptor::wait_read, [self = this->shared_from_this()](std::error_code) {
      if (!self->acceptor_.is_open()) return;
      // Most of what can go wrong is a lack of descriptors, which only time mends; a context that is
      // used for the first time wants some, too.
      std::error_code ec = asio::error::no_descriptors;
      try {
        self->take(ec);
      } catch (const std::exception&) {
        // Of a client that was accepted, it is that client's alone: a lack of memory, TLS's too.
      }
      const bool failed = ec && ec != asio::error::would_block;
      failed ? self->accept_later() : self->accept();
    });
  }

  void take(std::error_code& ec) {
    auto& target = *threads_[next_ % threads_.size()];
    socket accepted = acceptor_.accept(target.context().get_executor(), ec);
    if (ec) return;
    ++next_;
    admit(target, std::move(accepted));
  }

  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([self = this->shared_from_this()](std::error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  void admit(io_thread& target, socket accepted) {
    std::error_code ec;
    const auto where = accepted.remote_endpoint(ec);
    if (ec) return;  // gone already
    const auto address = address_of(where);
    auto place = places_->take(address);
    if (!place) return turn_away(std::move(accepted));
    auto opening =
        std::make_shared<server_opening<stream>>(make_stream_(std::move(accepted)), text_of(where),
                                                 settings_, target.registries(), std::move(place));
    asio::dispatch(target.context(), [opening = std::move(opening)] { opening->start(); });
  }

  /// Whom there is no room for is told so, if that takes no more than a few octets.
  void turn_away(socket refused) {
    if constexpr (std::is_same_v<MakeStream, plain_stream>) {
      refusals_.refuse(std::move(refused), errc::too_many_connections);
    }
  }

  using acceptor = typename Protocol::acceptor;
  using stream = decltype(std::declval<MakeStream&>()(std::declval<socket>()));

  const std::vector<std::unique_ptr<io_thread>>& threads_;
  std::shared_ptr<const opening_settings> settings_;
  std::shared_ptr<connection_places> places_;
  MakeStream make_stream_;
  typename Protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  refusals<socket> refusals_;
  std::size_t next_ = 0;
};

}  // namespace hawser::detail
