// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include <asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "hawser/base/bytes.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/context.hpp"
#include "hawser/tls/pem.hpp"

namespace hawser::detail {

/// One end of a TLS connection, without I/O: bytes from the peer go into input_buffer(), bytes for the peer
/// come out of output(). Used by one thread at a time.
class tls_engine {
 public:
  enum class outcome : std::uint8_t {
    done,
    starved,  ///< More bytes from the peer are needed
    clogged,  ///< output() must be consumed first
    ended,    ///< The peer has ended the stream
    failed,   ///< Permanently: see error()
  };

  /// The largest payload of one record, RFC 8446 §5.1, and of one write().
  static constexpr std::size_t max_record = 16 * 1024;

  explicit tls_engine(ssl_ptr ssl) : ssl_{std::move(ssl)} {
    BIO* inner = nullptr;
    BIO* outer = nullptr;
    if (BIO_new_bio_pair(&inner, buffer_size, &outer, buffer_size) != 1) throw_tls_error("TLS");
    SSL_set_bio(ssl_.get(), inner, inner);
    outer_.reset(outer);
  }

  outcome handshake() noexcept {
    return perform([this] { return SSL_do_handshake(ssl_.get()); });
  }

  /// After `done`, `size` is the number of decrypted bytes. `in` must not be empty.
  outcome read(mutable_bytes in, std::size_t& size) noexcept {
    return perform([&] { return SSL_read_ex(ssl_.get(), in.data(), in.size(), &size); });
  }

  /// After `done`, `size` is the number of encrypted bytes of `out`, which must not be empty.
  outcome write(bytes_view out, std::size_t& size) noexcept {
    const auto record = out.first((std::min)(out.size(), max_record));
    return perform([&] { return SSL_write_ex(ssl_.get(), record.data(), record.size(), &size); });
  }

  /// Ends the sending side with a close_notify alert: RFC 8446 §6.1.
  void end() noexcept {
    if (is_broken_ || SSL_is_init_finished(ssl_.get()) != 1) return;
    perform([this] { return SSL_shutdown(ssl_.get()) < 0 ? -1 : 1; });
  }

  /// Whether a read may succeed without more bytes from the peer.
  bool has_input() const noexcept {
    return SSL_has_pending(ssl_.get()) == 1 || BIO_ctrl_pending(SSL_get_rbio(ssl_.get())) > 0;
  }

  /// The memory for bytes from the peer; not empty after `starved`.
  mutable_bytes input_buffer() noexcept {
    char* first = nullptr;
    const int size = BIO_nwrite0(outer_.get(), &first);
    return as_bytes_at(first, size);
  }

  /// The first `count` bytes of input_buffer() contain bytes from the peer.
  void received(std::size_t count) noexcept {
    char* first = nullptr;
    BIO_nwrite(outer_.get(), &first, static_cast<int>(count));
  }

  /// The bytes to send to the peer next.
  bytes_view output() noexcept {
    char* first = nullptr;
    const int size = BIO_nread0(outer_.get(), &first);
    return as_bytes_at(first, size);
  }

  void consume_output(std::size_t count) noexcept {
    char* first = nullptr;
    BIO_nread(outer_.get(), &first, static_cast<int>(count));
  }

  /// The reason of the last failure.
  std::error_code error() const noexcept { return error_; }

  SSL* native_handle() const noexcept { return ssl_.get(); }

 private:
  // The size of the longest encrypted record.
  static constexpr std::size_t buffer_size = 17 * 1024;

  static mutable_bytes as_bytes_at(char* first, int size) noexcept {
    if (size <= 0) return {};
    return std::as_writable_bytes(std::span{first, static_cast<std::size_t>(size)});
  }

  template <class Operation>
  outcome perform(Operation operation) noexcept {
    ERR_clear_error();
    const int result = operation();
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_NONE: return outcome::done;
      case SSL_ERROR_WANT_READ: return outcome::starved;
      case SSL_ERROR_WANT_WRITE: return outcome::clogged;
      case SSL_ERROR_ZERO_RETURN: return outcome::ended;
      default:
        is_broken_ = true;
        error_ = explain(take_tls_error(), ssl_.get());
        return outcome::failed;
    }
  }

  ssl_ptr ssl_;
  bio_ptr outer_;
  std::error_code error_;
  bool is_broken_ = false;
};

}  // namespace hawser::detail
