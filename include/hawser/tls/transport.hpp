// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/ssl/error.hpp>
#include <openssl/ssl.h>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/engine.hpp"
#include "hawser/tls/facts.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/transport_phases.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/lingering_close.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// TLS over another transport, for the blocking driver: a `timed_stream` and, if the transport below
/// can be aborted, an `abortable_stream`. handshake() must be done before reading and writing.
///
/// After operation_would_block, the next write_some() must begin with the same bytes, which may be
/// encrypted already.
template <timed_stream Stream>
class tls_transport {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A client's transport for the server `host`: a name, or an address without brackets. Throws
  /// std::system_error if `host` is neither.
  tls_transport(Stream below, const tls_client_context& context, const std::string& host)
      : tls_transport{std::move(below),
                      checked([&](auto& ec) { return context.make_ssl(host, ec); })} {}

  /// A server's transport.
  tls_transport(Stream below, const tls_server_context& context)
      : tls_transport{std::move(below), checked([&](auto& ec) { return context.make_ssl(ec); })} {}

  /// A server's transport whose SSL handshake() makes, by `make(ec)`, when the client's first byte
  /// has arrived, so that a silent client uses no TLS buffers. Until then native_handle() is null.
  tls_transport(Stream below, std::function<detail::ssl_ptr(std::error_code&)> make)
      : state_{std::make_unique<state>(std::move(below), std::move(make))} {}

  /// For an SSL made by a context's make_ssl().
  tls_transport(Stream below, detail::ssl_ptr ssl)
      : state_{std::make_unique<state>(std::move(below), std::move(ssl))} {}

  /// Performs the TLS handshake, at most until `until`: then `ec` is errc::handshake_timeout. If the peer's
  /// certificate is not valid, `ec` is of certificate_category(). Call it once, before anything else.
  void handshake(time_point until, std::error_code& ec) {
    make_engine(until, ec);
    if (ec) return;
    auto next = step::again;
    while (!ec && next != step::done) {
      next = handshake_step(ec);
      if (ec == asio::ssl::error::stream_truncated) ec = errc::truncated_handshake;
      if (ec || !wait(next, until, ec)) break;
    }
    if (!ec && next != step::done) ec = errc::handshake_timeout;
    if (ec && SSL_is_server(native_handle()) == 1) linger(until);
  }

  /// Returns 0 without an error after the peer's close_notify. If the stream below ends without
  /// one, `ec` is asio::ssl::error::stream_truncated: an attacker may have cut it.
  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    const std::lock_guard guard{state_->mutex};
    std::error_code ignored;
    send(ignored);
    ec.clear();
    while (state_->phases.input() != detail::tls_input_phase::over) {
      std::size_t size = 0;
      switch (state_->engine->read(in, size)) {
        case outcome::done: state_->phases.input_arrived(); return size;
        case outcome::ended: state_->phases.end_input(); return 0;
        case outcome::clogged:
          state_->phases.input_starved();
          ec = std::make_error_code(std::errc::operation_would_block);
          return 0;
        case outcome::failed:
          state_->phases.end_input();
          state_->read_error = state_->engine->error();
          send(ignored);
          break;
        case outcome::starved:
          receive(ec);
          if (ec) return 0;
      }
    }
    ec = state_->read_error;
    return 0;
  }

  std::size_t write_some(bytes_view out, std::error_code& ec) {
    const std::lock_guard guard{state_->mutex};
    if (state_->phases.output() != detail::tls_output_phase::open) {
      ec = std::make_error_code(std::errc::broken_pipe);
      return 0;
    }
    send(ec);
    if (ec) return 0;
    if (state_->encrypted == 0) {
      const auto result = state_->engine->write(out, state_->encrypted);
      if (result == outcome::failed) ec = state_->engine->error();
      if (result == outcome::starved) ec = std::make_error_code(std::errc::not_connected);
      if (!ec) send(ec);
      if (ec) return 0;
    }
    return std::exchange(state_->encrypted, 0);
  }

  bool wait_readable(time_point until, std::error_code& ec) {
    ec.clear();
    while (true) {
      {
        const std::lock_guard guard{state_->mutex};
        if (may_have_input()) return true;
        const bool ends = state_->phases.output() != detail::tls_output_phase::open;
        if (!ends || state_->engine->output().empty()) break;
        // The peer may wait for these bytes before it sends anything.
        send(ec);
        if (ec && ec != std::errc::operation_would_block) return false;
        if (!ec) break;
      }
      if (!state_->below.wait_writable(until, ec)) return false;
    }
    return state_->below.wait_readable(until, ec);
  }

  bool wait_writable(time_point until, std::error_code& ec) {
    return state_->below.wait_writable(until, ec);
  }

  /// Ends the sending side, of TLS and then of the stream below. After operation_would_block, later
  /// waits and reads complete it.
  void shutdown(std::error_code& ec) {
    const std::lock_guard guard{state_->mutex};
    if (state_->phases.begin_end()) state_->engine->end();
    send(ec);
  }

  time_point now() const { return state_->below.now(); }

  bool is_secure() const noexcept { return true; }

  /// What TLS has negotiated, on any thread; null before handshake() is done. Each call reads it again.
  std::shared_ptr<const tls_facts> facts() const {
    const std::lock_guard guard{state_->mutex};
    return detail::read_facts(native_handle());
  }

  void abort() requires abortable_stream<Stream> { state_->below.abort(); }

  /// On any thread, if the stream below supports it: reading fails with errc::aborted at once;
  /// writing continues.
  void stop_reading() requires requires(Stream& below) { below.stop_reading(); }
  { state_->below.stop_reading(); }

  /// The stream below, for its address and settings.
  Stream& next_layer() noexcept { return state_->below; }

  /// OpenSSL's state of the connection. Use it only while no other thread uses the transport.
  SSL* native_handle() const noexcept {
    return state_->engine ? state_->engine->native_handle() : nullptr;
  }

 private:
  using outcome = detail::tls_engine::outcome;

  /// The next step of a handshake.
  enum class step : std::uint8_t { done, again, readable, writable };

  struct state {
    state(Stream lower, detail::ssl_ptr ssl) : below{std::move(lower)} {
      engine.emplace(std::move(ssl));
    }
    state(Stream lower, std::function<detail::ssl_ptr(std::error_code&)> make_ssl)
        : below{std::move(lower)}, make{std::move(make_ssl)} {}

    Stream below;
    const std::function<detail::ssl_ptr(std::error_code&)> make = {};
    std::mutex mutex;  // guards all below
    std::optional<detail::tls_engine> engine;
    std::size_t encrypted = 0;  // the caller's bytes that are written when the output is written
    std::error_code read_error;
    detail::tls_transport_phases phases;
  };

  template <class Make>
  static detail::ssl_ptr checked(Make make) {
    std::error_code ec;
    auto made = make(ec);
    if (ec) throw std::system_error{ec, "TLS"};
    return made;
  }

  /// Makes the engine when the first byte has arrived, if there is none yet.
  void make_engine(time_point until, std::error_code& ec) {
    ec.clear();
    if (state_->engine) return;
    if (!state_->below.wait_readable(until, ec)) {
      if (!ec) ec = errc::handshake_timeout;
      return;
    }
    auto ssl = state_->make(ec);
    const std::lock_guard guard{state_->mutex};
    if (!ec) state_->engine.emplace(std::move(ssl));
  }

  /// Whether read_some() may have a result without more bytes from the stream below.
  bool may_have_input() const noexcept {
    switch (state_->phases.input()) {
      case detail::tls_input_phase::ready: return state_->engine->has_input();
      case detail::tls_input_phase::starved: return false;
      case detail::tls_input_phase::over: break;
    }
    return true;
  }

  /// Sends the engine's output to the peer, and after the last of it the end of the stream.
  void send(std::error_code& ec) {
    ec.clear();
    for (auto out = state_->engine->output(); !out.empty(); out = state_->engine->output()) {
      const auto size = state_->below.write_some(out, ec);
      if (ec) return;
      state_->engine->consume_output(size);
    }
    if (state_->phases.output_written()) state_->below.shutdown(ec);
  }

  void receive(std::error_code& ec) {
    const auto size = state_->below.read_some(state_->engine->input_buffer(), ec);
    ec == std::errc::operation_would_block ? state_->phases.input_starved()
                                           : state_->phases.input_arrived();
    if (ec) return;
    if (size == 0) ec = asio::ssl::error::stream_truncated;
    state_->engine->received(size);
  }

  step handshake_step(std::error_code& ec) {
    const std::lock_guard guard{state_->mutex};
    const auto result = state_->engine->handshake();
    send(ec);
    if (result == outcome::failed) ec = state_->engine->error();
    const bool clogged = ec == std::errc::operation_would_block;
    if (ec && !clogged) return step::done;
    ec.clear();
    if (result == outcome::done && (!clogged || may_finish_later())) return step::done;
    if (clogged) return step::writable;
    if (result == outcome::starved) receive(ec);
    if (ec != std::errc::operation_would_block) return step::again;
    ec.clear();
    return step::readable;
  }

  /// After the TLS 1.3 handshake a server sends only tickets, which the client does not wait for:
  /// RFC 8446 §4.6.1.
  bool may_finish_later() const noexcept {
    return SSL_is_server(native_handle()) == 1 && SSL_version(native_handle()) == TLS1_3_VERSION;
  }

  bool wait(step wanted, time_point until, std::error_code& ec) {
    if (wanted == step::readable) return state_->below.wait_readable(until, ec);
    if (wanted == step::writable) return state_->below.wait_writable(until, ec);
    return true;
  }

  /// Discards input: closing a stream with unread input may discard the alert with the reason.
  void linger(time_point until) {
    std::error_code ignored;
    shutdown(ignored);
    detail::discard_input(state_->below, until);
  }

  std::unique_ptr<state> state_;
};

}  // namespace hawser
