// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <cstddef>
#include <system_error>
#include <type_traits>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>

#include "hawser/asio/driver/standard_error.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/transport/concepts.hpp"

#if defined(_WIN32)
#include <winsock2.h>
#else
#include <poll.h>
#include <sys/socket.h>
#endif

namespace hawser {

namespace detail {

enum class readiness : short { readable = POLLIN, writable = POLLOUT };

/// Waits for one socket: returns true when it is ready or broken, false when `until` has passed.
template <class Handle>
bool wait_for_socket(Handle handle, readiness wanted, std::chrono::steady_clock::time_point until,
                     std::error_code& ec) {
  using namespace std::chrono;
  ec.clear();
  pollfd waiting{};
  waiting.fd = handle;
  waiting.events = static_cast<short>(wanted);
  while (true) {
    int timeout = -1;
    if (until != (steady_clock::time_point::max)()) {
      const auto left = ceil<milliseconds>(until - (std::min)(until, steady_clock::now())).count();
      timeout = static_cast<int>((std::min<milliseconds::rep>)(left, INT_MAX));
    }
#if defined(_WIN32)
    const int ready = ::WSAPoll(&waiting, 1, timeout);
    if (ready < 0) ec.assign(::WSAGetLastError(), std::system_category());
#else
    const int ready = ::poll(&waiting, 1, timeout);
    if (ready < 0) ec.assign(errno, std::system_category());
#endif
    if (ready > 0) return true;
    if (ec == std::errc::interrupted) {
      ec.clear();
    } else if (ec || steady_clock::now() >= until) {
      return false;
    }
  }
}

}  // namespace detail

/// A connected stream socket of Asio as a transport for the blocking driver: a `timed_stream` and
/// an `abortable_stream`. Writing to a closed connection raises no signal. The socket's execution
/// context need not run, and must outlive the transport.
template <class Socket>
class basic_socket_transport {
 public:
  using socket_type = Socket;
  using time_point = std::chrono::steady_clock::time_point;

  /// Takes a connected socket, makes it non-blocking and, for TCP, sets TCP_NODELAY: a driver
  /// writes whole messages, which must not wait for acknowledgements. If the system refuses any of
  /// this, the first read or write fails.
  explicit basic_socket_transport(Socket socket) : socket_{std::move(socket)} {
    std::error_code ignored;
    socket_.non_blocking(true, ignored);
    if constexpr (std::is_same_v<typename Socket::protocol_type, asio::ip::tcp>) {
      socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    }
  }

  basic_socket_transport(basic_socket_transport&& other) noexcept
      : socket_{std::move(other.socket_)}, reading_stopped_{other.reading_stopped_.load()} {}
  basic_socket_transport& operator=(basic_socket_transport&&) = delete;

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    if (reading_stopped_) {
      ec = errc::aborted;
      return 0;
    }
    const auto size = socket_.read_some(asio::buffer(in.data(), in.size()), ec);
    ec = ec == asio::error::eof ? std::error_code{} : detail::standard_error(ec);
    return size;
  }

  std::size_t write_some(bytes_view out, std::error_code& ec) {
    const auto size = socket_.write_some(asio::buffer(out.data(), out.size()), ec);
    ec = detail::standard_error(ec);
    return size;
  }

  bool wait_readable(time_point until, std::error_code& ec) {
    return detail::wait_for_socket(socket_.native_handle(), detail::readiness::readable, until, ec);
  }

  bool wait_writable(time_point until, std::error_code& ec) {
    return detail::wait_for_socket(socket_.native_handle(), detail::readiness::writable, until, ec);
  }

  void shutdown(std::error_code& ec) {
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    ec = detail::standard_error(ec);
  }

  time_point now() const noexcept { return std::chrono::steady_clock::now(); }

  /// May be called on any thread: current and later reads and writes fail soon.
  void abort() noexcept {
    reading_stopped_ = true;
    std::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  }

  /// May be called on any thread: reads fail with errc::aborted at once; writing continues.
  void stop_reading() noexcept {
    reading_stopped_ = true;
    std::error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_receive, ignored);
  }

  /// For addresses and options.
  Socket& socket() noexcept { return socket_; }

 private:
  Socket socket_;
  std::atomic<bool> reading_stopped_ = false;
};

/// Over TCP.
using socket_transport = basic_socket_transport<asio::ip::tcp::socket>;
static_assert(timed_stream<socket_transport> && abortable_stream<socket_transport>);

#if defined(ASIO_HAS_LOCAL_SOCKETS)
/// Over a Unix domain socket.
using local_socket_transport = basic_socket_transport<asio::local::stream_protocol::socket>;
#endif

}  // namespace hawser
