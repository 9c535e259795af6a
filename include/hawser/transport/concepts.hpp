// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <system_error>

namespace hawser {

/// A stream for the blocking driver: three functions, called by at most one reading and one writing
/// thread at a time. Each call sets `ec`; an error is final.
///
/// - `read_some`: waits for at least one byte, or returns 0 without an error when the peer has
///   ended the stream. `in` is not empty.
/// - `write_some`: writes at least one byte of `out`, which is not empty. Must not raise a signal.
/// - `shutdown`: ends the sending side of the stream; reading continues.
///
/// The destructor closes the stream. An encrypted stream has `bool is_secure() const`, which returns
/// true: it may carry a connection to a `wss:` URI, and the same origin then means pages of `https:`.
template <class T>
concept blocking_stream = requires(T& stream, std::span<std::byte> in,
                                   std::span<const std::byte> out, std::error_code& ec) {
  { stream.read_some(in, ec) } -> std::same_as<std::size_t>;
  { stream.write_some(out, ec) } -> std::same_as<std::size_t>;
  { stream.shutdown(ec) } -> std::same_as<void>;
};

/// A stream with limited waits, which timeouts and the keep-alive require. Here `read_some` and
/// `write_some` do not wait but fail with `std::errc::operation_would_block`. The driver then calls
/// `wait_readable` or `wait_writable`, which return true when the operation can continue, and false
/// after `until` (`time_point::max()`: no limit). The next write begins with the same bytes,
/// because an encrypting stream may have processed them.
///
/// `now` is the clock of `until`: the system's, or a test's.
template <class T>
concept timed_stream = blocking_stream<T> &&
    requires(T& stream, std::chrono::steady_clock::time_point until, std::error_code& ec) {
  { stream.wait_readable(until, ec) } -> std::same_as<bool>;
  { stream.wait_writable(until, ec) } -> std::same_as<bool>;
  { stream.now() } -> std::same_as<std::chrono::steady_clock::time_point>;
};

/// A stream that another thread may end: after `abort`, waits and calls return soon, with an error
/// or the end of the stream.
template <class T>
concept abortable_stream = blocking_stream<T> && requires(T& stream) {
  { stream.abort() } -> std::same_as<void>;
};

namespace detail {

/// The time of a stream that has its own clock, or the system's.
template <blocking_stream Stream>
std::chrono::steady_clock::time_point now_of(Stream& stream) {
  if constexpr (timed_stream<Stream>) return stream.now();
  return std::chrono::steady_clock::now();
}

/// Whether a stream is encrypted, according to its `bool is_secure() const`.
template <class Stream>
bool is_secure(const Stream& stream) {
  if constexpr (requires {
                  { stream.is_secure() } -> std::same_as<bool>;
                }) {
    return stream.is_secure();
  } else {
    return false;
  }
}

}  // namespace detail

}  // namespace hawser
