// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/ip/tcp.hpp>

#include "hawser/asio/socket_transport.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

// Defined in hawser/tls/transport.hpp.
template <timed_stream Stream>
class tls_transport;

namespace detail {

/// TLS over the socket of a blocking client, without the names of OpenSSL.
class secure_transport {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  secure_transport() = default;
  virtual ~secure_transport() = default;
  secure_transport(const secure_transport&) = delete;
  secure_transport& operator=(const secure_transport&) = delete;

  virtual std::size_t read_some(mutable_bytes in, std::error_code& ec) = 0;
  virtual std::size_t write_some(bytes_view out, std::error_code& ec) = 0;
  virtual bool wait_readable(time_point until, std::error_code& ec) = 0;
  virtual bool wait_writable(time_point until, std::error_code& ec) = 0;
  virtual void shutdown(std::error_code& ec) = 0;
  virtual void abort() = 0;
  virtual std::shared_ptr<const tls_facts> facts() const = 0;
  virtual socket_transport& below() noexcept = 0;
  virtual tls_transport<socket_transport>& tls() noexcept = 0;
};

/// Performs the TLS handshake with `host` over a connected socket, at most until the time given. Returns null
/// and sets the error on failure.
using secure_function = std::unique_ptr<secure_transport>(const std::string& host, socket_transport,
                                                          std::chrono::steady_clock::time_point,
                                                          std::error_code&);

/// What hawser/tls/connect.hpp adds to connect() in each program that includes it; otherwise null.
inline constinit std::atomic<secure_function*> secure_by_default{nullptr};

}  // namespace detail

/// The transport of a blocking client: a TCP socket, with TLS for a wss: URL. One type for both, also in units
/// without hawser/tls.hpp.
class client_transport {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Without TLS.
  explicit client_transport(socket_transport plain) noexcept : plain_{std::move(plain)} {}

  /// With TLS, after its handshake.
  explicit client_transport(std::unique_ptr<detail::secure_transport> secure) noexcept
      : secure_{std::move(secure)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    return secure_ ? secure_->read_some(in, ec) : plain_->read_some(in, ec);
  }

  std::size_t write_some(bytes_view out, std::error_code& ec) {
    return secure_ ? secure_->write_some(out, ec) : plain_->write_some(out, ec);
  }

  bool wait_readable(time_point until, std::error_code& ec) {
    return secure_ ? secure_->wait_readable(until, ec) : plain_->wait_readable(until, ec);
  }

  bool wait_writable(time_point until, std::error_code& ec) {
    return secure_ ? secure_->wait_writable(until, ec) : plain_->wait_writable(until, ec);
  }

  void shutdown(std::error_code& ec) { secure_ ? secure_->shutdown(ec) : plain_->shutdown(ec); }

  time_point now() const noexcept { return std::chrono::steady_clock::now(); }

  void abort() { secure_ ? secure_->abort() : plain_->abort(); }

  bool is_secure() const noexcept { return secure_ != nullptr; }

  /// What TLS has negotiated, or null without TLS.
  std::shared_ptr<const tls_facts> facts() const { return secure_ ? secure_->facts() : nullptr; }

  /// The TLS transport, whose native_handle() is OpenSSL's state, or null. Its type is complete with
  /// hawser/tls.hpp.
  tls_transport<socket_transport>* tls() noexcept { return secure_ ? &secure_->tls() : nullptr; }

  /// The transport over the socket, below TLS.
  socket_transport& next_layer() noexcept { return secure_ ? secure_->below() : *plain_; }

  /// For addresses and options.
  asio::ip::tcp::socket& socket() noexcept { return next_layer().socket(); }

 private:
  std::optional<socket_transport> plain_;
  std::unique_ptr<detail::secure_transport> secure_;
};

static_assert(timed_stream<client_transport> && abortable_stream<client_transport>);

}  // namespace hawser
