// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <span>
#include <system_error>

namespace hawser {

/// What the blocking driver needs to move bytes over: three functions, called by at most one
/// reading and one writing thread at a time. Each sets `ec` on every call; an error is final.
///
/// - `read_some` waits for at least one byte, or returns 0 without an error when the peer has ended
///   the stream. `in` is never empty.
/// - `write_some` takes at least one byte of `out`, which is never empty. It must not raise a
/// signal.
/// - `shutdown` tells the peer that no more bytes will come; reading goes on.
///
/// Whoever destroys the transport ends the stream. One that is encrypted says so by `bool is_secure()
/// const`: it may carry a connection to a `wss:` URI, and pages of the same origin are `https:` ones.
template <class T>
concept blocking_stream = requires(T& stream, std::span<std::byte> in,
                                   std::span<const std::byte> out, std::error_code& ec) {
  { stream.read_some(in, ec) } -> std::same_as<std::size_t>;
  { stream.write_some(out, ec) } -> std::same_as<std::size_t>;
  { stream.shutdown(ec) } -> std::same_as<void>;
};

/// A stream whose waiting has an end: time-outs and the keep-alive need one. Here `read_some` and
/// `write_some` never wait but fail with `std::errc::operation_would_block`; the driver then waits
/// for true, or for false once `until` (`time_point::max()`: never) has passed.
/// The next write begins with the octets that would have blocked: a stream that encrypts may have
/// taken them in.
///
/// `now` is the clock that `until` is of: the system's, or a test's.
template <class T>
concept timed_stream = blocking_stream<T> &&
    requires(T& stream, std::chrono::steady_clock::time_point until, std::error_code& ec) {
  { stream.wait_readable(until, ec) } -> std::same_as<bool>;
  { stream.wait_writable(until, ec) } -> std::same_as<bool>;
  { stream.now() } -> std::same_as<std::chrono::steady_clock::time_point>;
};

/// A stream that another thread may end: `abort` makes waiting and future calls return soon, with
/// an error or as if the peer had ended the stream.
template <class T>
concept abortable_stream = blocking_stream<T> && requires(T& stream) {
  { stream.abort() } -> std::same_as<void>;
};

namespace detail {

/// Whether a stream says that it is encrypted, by `bool is_secure() const`.
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
