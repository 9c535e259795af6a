// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
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
#include "hawser/asio/driver/error_of.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/opening/refusal.hpp"
#include "hawser/base/error.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// Whether a client over a limit gets a response.
enum class refusal_response : std::uint8_t {
  sent,  ///< 503
  none,  ///< A handshake would have to come first
};

/// Which connections a server accepts, and what the others get.
struct admission {
  std::shared_ptr<connection_places> places;
  std::shared_ptr<const memory_budget> memory;
  refusal_response response = refusal_response::sent;
  std::chrono::steady_clock::duration close_timeout = {};  ///< To read the response
};

/// Listens on one endpoint, and accepts connections until stop(), for every kind of server. A `Home` is
/// where a connection runs: its `executor`, and the openings() of that executor. All functions run on the
/// executor of the constructor, one at a time.
template <class Protocol, class Home>
class accept_loop : public std::enable_shared_from_this<accept_loop<Protocol, Home>> {
 public:
  using executor_type = decltype(Home::executor);
  using socket = asio::basic_stream_socket<Protocol, executor_type>;
  using endpoint = typename Protocol::endpoint;

  /// Throws std::system_error if it cannot listen.
  accept_loop(const endpoint& where, const executor_type& executor, admission rules)
      : rules_{std::move(rules)},
        protocol_{where.protocol()},
        acceptor_{listen_on(acceptor{executor}, where)},
        pause_{executor},
        refusals_{rules_.close_timeout} {}
  accept_loop(const accept_loop&) = delete;
  accept_loop& operator=(const accept_loop&) = delete;
  virtual ~accept_loop() = default;

  endpoint local_endpoint() const { return acceptor_.local_endpoint(); }

  /// May be called on any thread.
  void start() {
    asio::dispatch(acceptor_.get_executor(), [self = this->shared_from_this()] {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  void stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 protected:
  /// Where the next connection runs; nothing if the server has ended.
  virtual std::optional<Home> next_home() = 0;

  /// Serves a client whose place is within the limits.
  virtual void admit(socket accepted, const endpoint& from, Home at,
                     connection_places::place place) = 0;

  /// An error of accepting, the exception of admit() for one client, or a client that is over a limit.
  virtual void report(const incident& what) = 0;

  /// Whether clients over a limit are reported.
  virtual bool reports_refusals() const noexcept = 0;

 private:
  void accept() {
    with_memory([this] { accept_next(); }, [this] { accept_later(); });
  }

  /// async_accept() would throw from the caller's run() if there is no memory for the socket.
  void accept_next() {
    acceptor_.async_wait(acceptor::wait_read, [self = this->shared_from_this()](std::error_code) {
      if (!self->acceptor_.is_open()) return;
      const auto ec = self->take();
      if (!self->acceptor_.is_open()) return;
      ec&& ec != asio::error::would_block ? self->accept_later() : self->accept();
    });
  }

  /// Accepts one connection. An exception for a client that is accepted ends only this client.
  std::error_code take() {
    // Most errors are a lack of descriptors; a context that is used for the first time needs some, too.
    std::error_code ec = asio::error::no_descriptors;
    try {
      const auto at = next_home();
      if (!at) return ec;
      socket accepted{at->executor};
      accept_close_on_exec(acceptor_, protocol_, accepted, ec);
      if (!ec) {
        decide(std::move(accepted), *at);
      } else if (ec != asio::error::would_block) {
        throw std::system_error{standard_error(ec), "accept"};
      }
    } catch (...) {
      const auto thrown = std::current_exception();
      report({.kind = incident_kind::accept_failed,
              .error = error_of(thrown, errc{}),
              .exception = thrown});
    }
    return ec;
  }

  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds{100});
    pause_.async_wait([self = this->shared_from_this()](std::error_code) {
      if (self->acceptor_.is_open()) self->accept();
    });
  }

  void decide(socket accepted, const Home& at) {
    std::error_code gone;
    const auto from = accepted.remote_endpoint(gone);
    if (gone) return;
    if (rules_.memory->is_exceeded()) {
      return refuse(std::move(accepted), from, at, errc::memory_exceeded);
    }
    auto place = rules_.places->take(counted_address(from));
    if (!place) return refuse(std::move(accepted), from, at, errc::too_many_connections);
    admit(std::move(accepted), from, at, std::move(place));
  }

  void refuse(socket accepted, const endpoint& from, const Home& at, errc why) {
    const bool responds = rules_.response == refusal_response::sent;
    if (responds) refusals_.refuse(std::move(accepted), why, at.openings());
    if (!reports_refusals()) return;
    const auto address = text_of(from);
    report({.kind = kind_of(why),
            .error = why,
            .status = responds ? 503U : 0U,
            .remote_address = address});
  }

  using acceptor = asio::basic_socket_acceptor<Protocol, executor_type>;
  using timer =
      asio::basic_waitable_timer<std::chrono::steady_clock,
                                 asio::wait_traits<std::chrono::steady_clock>, executor_type>;

  const admission rules_;
  const Protocol protocol_;
  acceptor acceptor_;
  timer pause_;
  refusals<socket> refusals_;
};

}  // namespace hawser::detail
