// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>

#include <asio/basic_stream_socket.hpp>
#include <asio/socket_base.hpp>

#include "hawser/asio/driver/unacknowledged.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// What the asynchronous drivers use of a stream beyond AsyncStream. Specialise it for a stream
/// type of your own that can do more than this.
///
/// A specialisation may have `static std::size_t unacknowledged(Stream&) noexcept`: the number of
/// accepted bytes that the peer has not acknowledged; 0 if that is not known. While this number
/// falls the peer is alive, even if the stream accepts no output for longer than
/// `connection_options::write_timeout`.
template <class Stream>
struct stream_traits {
  /// Whether read_some and write_some do not wait but fail with would_block, and
  /// async_wait(Stream::wait_read, handler) completes when the stream is readable.
  static constexpr bool is_direct = false;

  /// Prepares a connected stream.
  static void open(Stream&) noexcept {}

  /// Whether the stream is encrypted, by its `bool is_secure() const`, if there is one: it may then
  /// carry a connection to a `wss:` URI, and the same origin means pages of `https:`.
  static bool is_secure(const Stream& stream) { return detail::is_secure(stream); }

  /// What TLS has negotiated, or null.
  static std::shared_ptr<const tls_facts> facts(const Stream&) noexcept { return nullptr; }

  /// Ends the sending side only. Returns false if the stream does not support that; it is then closed.
  static bool end(Stream&) noexcept { return false; }

  /// Ends both sides; pending operations complete.
  static void close(Stream& stream) {
    if constexpr (requires { stream.lowest_layer().close(); }) {
      std::error_code ignored;
      stream.lowest_layer().close(ignored);
    } else {
      stream.close();
    }
  }
};

template <class Protocol, class Executor>
struct stream_traits<asio::basic_stream_socket<Protocol, Executor>> {
  using socket = asio::basic_stream_socket<Protocol, Executor>;

  static constexpr bool is_direct = true;

  static void open(socket& stream) {
    std::error_code ignored;
    stream.non_blocking(true, ignored);
    if constexpr (requires { typename Protocol::no_delay; }) {
      stream.set_option(typename Protocol::no_delay{true}, ignored);
    }
  }

  static bool is_secure(const socket&) noexcept { return false; }
  static std::shared_ptr<const tls_facts> facts(const socket&) noexcept { return nullptr; }

  static bool end(socket& stream) {
    std::error_code ignored;
    stream.shutdown(asio::socket_base::shutdown_send, ignored);
    return true;
  }

  static void close(socket& stream) {
    std::error_code ignored;
    stream.close(ignored);
  }

  static std::size_t unacknowledged(socket& stream) noexcept {
    return detail::unacknowledged(stream.native_handle());
  }
};

namespace detail {

/// Also for traits without is_secure().
template <class Stream>
bool is_secure_stream(const Stream& stream) {
  if constexpr (requires { stream_traits<Stream>::is_secure(stream); }) {
    return stream_traits<Stream>::is_secure(stream);
  } else {
    return is_secure(stream);
  }
}

/// What TLS has negotiated, or null: see tls_stream::facts().
template <class Stream>
std::shared_ptr<const tls_facts> stream_facts(const Stream& stream) {
  if constexpr (requires { stream_traits<Stream>::facts(stream); }) {
    return stream_traits<Stream>::facts(stream);
  } else {
    return nullptr;
  }
}

}  // namespace detail

}  // namespace hawser
