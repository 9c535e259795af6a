// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/basic_waitable_timer.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/basic_resolver.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/wait_traits.hpp>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/asio/executor/owned_deadline.hpp"
#include "hawser/base/error.hpp"
#include "hawser/protocol/deadline.hpp"

namespace hawser::detail {

/// The addresses in the order in which to try them: alternating between the families, beginning
/// with the first address, and in their own order within each family. RFC 8305 §4.
template <class Endpoint>
std::vector<Endpoint> interleave(const std::vector<Endpoint>& found) {
  std::vector<Endpoint> first;
  std::vector<Endpoint> second;
  for (const auto& one : found) {
    (one.protocol() == found.front().protocol() ? first : second).push_back(one);
  }
  std::vector<Endpoint> order;
  for (std::size_t i = 0; i < first.size() || i < second.size(); ++i) {
    if (i < first.size()) order.push_back(first[i]);
    if (i < second.size()) order.push_back(second[i]);
  }
  return order;
}

/// A timer whose handlers run on an executor of any type.
template <class Executor>
using steady_timer_on =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// The timeouts of a dialer.
struct dial_timeouts {
  std::chrono::steady_clock::duration all = std::chrono::seconds{10};

  /// After this time without an answer, the next address is tried in parallel: RFC 8305 §5.
  std::chrono::steady_clock::duration one = std::chrono::milliseconds{250};
};

/// Resolves a host and connects to the first of its addresses that answers. Calls `done(ec,
/// socket)` once, on the executor, unless cancel() is called before. The system's resolver cannot
/// be interrupted: until it answers, it keeps the context busy.
template <class Socket>
class dialer final : public std::enable_shared_from_this<dialer<Socket>> {
 public:
  using executor_type = typename Socket::executor_type;
  using endpoint = asio::ip::tcp::endpoint;
  using callback = std::function<void(std::error_code, Socket)>;

  dialer(const executor_type& executor, dial_timeouts timeouts, callback done)
      : executor_{executor},
        timeouts_{timeouts},
        done_{std::move(done)},
        resolver_{executor},
        company_{executor},
        deadline_{*this, executor} {}

  const executor_type& get_executor() const noexcept { return executor_; }

  void dial(const std::string& host, std::uint16_t port) {
    wait_at_most();
    std::error_code ec;
    if (const auto address = asio::ip::make_address(host, ec); !ec) return reach({{address, port}});
    resolver_.async_resolve(host, std::to_string(port),
                            [self = this->shared_from_this()](std::error_code error, auto results) {
                              self->unless_over([&] { self->on_resolved(error, results); });
                            });
  }

  /// Connects to one of these addresses, which are in the order of preference.
  void reach(const std::vector<endpoint>& addresses) {
    addresses_ = interleave(addresses);
    if (addresses_.empty()) return finish(std::make_error_code(std::errc::address_not_available));
    try_next();
  }

  void cancel() {
    done_ = nullptr;
    give_up();
  }

 private:
  using resolver = asio::ip::basic_resolver<asio::ip::tcp, executor_type>;

  void on_resolved(std::error_code ec, const typename resolver::results_type& results) {
    if (ec) return finish(standard_error(ec));
    std::vector<endpoint> found;
    for (const auto& result : results) found.push_back(result.endpoint());
    reach(found);
  }

  void try_next() {
    auto& socket = sockets_.emplace_back(executor_);
    // If that fails, async_connect() tries it again and reports the reason.
    std::error_code ignored;
    open_close_on_exec(socket, addresses_[next_].protocol(), ignored);
    ++pending_;
    socket.async_connect(addresses_[next_++],
                         [self = this->shared_from_this(), &socket](std::error_code ec) {
                           --self->pending_;
                           self->unless_over([&] { self->on_connect(socket, ec); });
                         });
    if (next_ == addresses_.size()) return;
    company_.expires_after(timeouts_.one);
    company_.async_wait([self = this->shared_from_this(), waits_for = next_](std::error_code ec) {
      self->unless_over([&] {
        if (!ec && self->next_ == waits_for) self->try_next();
      });
    });
  }

  void on_connect(Socket& socket, std::error_code ec) {
    if (!ec && is_echo(socket)) ec = std::make_error_code(std::errc::connection_refused);
    if (!ec) return succeed(std::move(socket));
    std::error_code ignored;
    socket.close(ignored);
    if (next_ < addresses_.size()) return try_next();
    if (pending_ == 0) finish(standard_error(ec));
  }

  /// A connection to an unused local port can get that port as its own, and so be connected to itself.
  static bool is_echo(const Socket& socket) {
    std::error_code ec;
    const auto here = socket.local_endpoint(ec);
    return !ec && here == socket.remote_endpoint(ec);
  }

  /// Runs `step`, unless the attempt has ended; if memory allocation fails, the attempt ends.
  template <class Step>
  void unless_over(Step step) {
    if (!done_) return;
    with_memory(step, [this] {
      if (done_) finish(errc::out_of_memory);
    });
  }

  void finish(std::error_code ec) {
    // A temporary socket makes g++ 12 warn about uninitialised memory.
    auto& none = sockets_.emplace_back(executor_);
    const auto done = std::exchange(done_, nullptr);
    give_up();
    if (done) done(ec, std::move(none));
  }

  void succeed(Socket socket) {
    const auto done = std::exchange(done_, nullptr);
    give_up();
    if (done) done({}, std::move(socket));
  }

  void give_up() {
    deadline_.cancel();
    // Needs memory. Without it, the answer arrives and is ignored.
    with_memory([this] { resolver_.cancel(); }, [] {});
    company_.cancel();
    std::error_code ignored;
    for (auto& one : sockets_) one.close(ignored);
  }

  void on_deadline() {
    unless_over([this] { finish(errc::connect_timeout); });
  }

  void wait_at_most() { deadline_.set(time_limit(deadline_.now(), timeouts_.all)); }

  const executor_type executor_;
  const dial_timeouts timeouts_;
  callback done_;
  resolver resolver_;
  steady_timer_on<executor_type> company_;
  owned_deadline<dialer, &dialer::on_deadline> deadline_;
  std::vector<endpoint> addresses_;
  std::list<Socket> sockets_;
  std::size_t next_ = 0;
  std::size_t pending_ = 0;
};

}  // namespace hawser::detail
