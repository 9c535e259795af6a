// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <system_error>

#include <asio/error.hpp>
#include <asio/socket_base.hpp>

#include "hawser/asio/accepting/endpoint_text.hpp"

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

// Sockets that child processes do not inherit: a child would keep connections open after this
// process has closed them, and could read them. Asio's own calls leave sockets inheritable. If the
// system cannot create a socket with the flag set, a fork() of another thread in between still
// inherits the socket. On Windows, a child inherits only handles that are passed to it.

namespace hawser::detail {

/// The mode for std::fopen() to read a file that child processes do not inherit.
#if defined(_WIN32)
inline constexpr const char* read_mode = "rbN";
#else
inline constexpr const char* read_mode = "rbe";

#if defined(SOCK_CLOEXEC)
inline int open_descriptor(int family, int type, int protocol) noexcept {
  return ::socket(family, type | SOCK_CLOEXEC, protocol);
}
inline int accept_descriptor(int listening) noexcept {
  return ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
}
#else
inline int closed_on_exec(int descriptor) noexcept {
  if (descriptor >= 0) ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
}
inline int open_descriptor(int family, int type, int protocol) noexcept {
  return closed_on_exec(::socket(family, type, protocol));
}
inline int accept_descriptor(int listening) noexcept {
  return closed_on_exec(::accept(listening, nullptr, nullptr));
}
#endif

inline std::error_code last_socket_error() noexcept {
  return {errno, asio::error::get_system_category()};
}

template <class Socket>
void adopt(Socket& socket, const typename Socket::protocol_type& protocol, int descriptor,
           std::error_code& ec) {
  try {
    socket.assign(protocol, descriptor, ec);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  if (ec) ::close(descriptor);
}

#endif

/// Like socket.open(protocol, ec). Also for acceptors.
template <class Socket>
void open_close_on_exec(Socket& socket, const typename Socket::protocol_type& protocol,
                        std::error_code& ec) {
#if defined(_WIN32)
  socket.open(protocol, ec);
#else
  const int opened = open_descriptor(protocol.family(), protocol.type(), protocol.protocol());
  if (opened < 0) {
    ec = last_socket_error();
    return;
  }
  adopt(socket, protocol, opened, ec);
#endif
}

/// Like acceptor.accept(into, ec), for a non-blocking acceptor. A connection that ended before it
/// was accepted is reported as asio::error::would_block, as if it did not exist.
template <class Acceptor, class Socket>
void accept_close_on_exec(Acceptor& acceptor, const typename Socket::protocol_type& protocol,
                          Socket& into, std::error_code& ec) {
#if defined(_WIN32)
  (void)protocol;
  acceptor.accept(into, ec);
  if (ec == asio::error::connection_aborted) ec = asio::error::would_block;
#else
  int accepted = -1;
  do {
    accepted = accept_descriptor(acceptor.native_handle());
  } while (accepted < 0 && errno == EINTR);
  if (accepted >= 0) return adopt(into, protocol, accepted, ec);
  const bool gone = errno == ECONNABORTED || errno == EPROTO || errno == EAGAIN;
  ec = gone ? asio::error::make_error_code(asio::error::would_block) : last_socket_error();
#endif
}

/// Makes `acceptor` listen, without blocking in accept_close_on_exec(). Throws std::system_error, which
/// names the endpoint, on failure.
template <class Acceptor>
Acceptor listen_on(Acceptor acceptor, const typename Acceptor::endpoint_type& where) {
  std::error_code ec;
  open_close_on_exec(acceptor, where.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address{true}, ec);
  if (!ec) acceptor.bind(where, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) throw std::system_error{ec, "listen on " + text_of(where)};
  return acceptor;
}

}  // namespace hawser::detail
