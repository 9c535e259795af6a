// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include "hawser/asio/driver/io_handler.hpp"
#include "hawser/asio/stream_traits.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

// Defined in hawser/tls/stream.hpp.
template <class Socket>
class tls_stream;

namespace detail {

/// A stream of an asynchronous client that is not a socket: TLS, without the names of OpenSSL, or a stream in memory.
class erased_stream {
 public:
  erased_stream() = default;
  virtual ~erased_stream() = default;
  erased_stream(const erased_stream&) = delete;
  erased_stream& operator=(const erased_stream&) = delete;

  virtual void read_some(asio::mutable_buffer into, io_handler handler) = 0;
  virtual void write_some(asio::const_buffer from, io_handler handler) = 0;
  virtual void end(io_handler handler) = 0;
  virtual void close() = 0;
  virtual std::size_t unacknowledged() noexcept = 0;
  virtual std::shared_ptr<const tls_facts> facts() const = 0;
  /// Null without TLS.
  virtual tls_stream<asio::ip::tcp::socket>* tls() noexcept = 0;
  virtual asio::ip::tcp::socket& socket() noexcept = 0;
};

/// `Stream` is tls_stream<asio::ip::tcp::socket>, which is complete where this is used.
template <class Stream>
class erased_stream_of final : public erased_stream {
  using traits = stream_traits<Stream>;

 public:
  explicit erased_stream_of(Stream stream) : stream_{std::move(stream)} {}

  void read_some(asio::mutable_buffer into, io_handler handler) override {
    stream_.async_read_some(into, std::move(handler));
  }
  void write_some(asio::const_buffer from, io_handler handler) override {
    stream_.async_write_some(from, std::move(handler));
  }
  void end(io_handler handler) override { traits::async_end(stream_, std::move(handler)); }
  void close() override { traits::close(stream_); }
  std::size_t unacknowledged() noexcept override { return traits::unacknowledged(stream_); }
  std::shared_ptr<const tls_facts> facts() const override { return traits::facts(stream_); }
  Stream* tls() noexcept override { return &stream_; }
  asio::ip::tcp::socket& socket() noexcept override { return stream_.next_layer(); }

 private:
  Stream stream_;
};

}  // namespace detail

/// The stream of async_connect(): a TCP socket, with TLS for a wss: URL. One type for both, also in units without
/// hawser/tls.hpp. For addresses and options; do not read or write it.
class client_stream {
 public:
  using executor_type = asio::any_io_executor;
  using lowest_layer_type = asio::ip::tcp::socket;

  /// Without TLS.
  explicit client_stream(asio::ip::tcp::socket plain)
      : executor_{plain.get_executor()}, plain_{std::move(plain)} {}

  /// With TLS, after its handshake, or in memory.
  explicit client_stream(std::unique_ptr<detail::erased_stream> erased)
      : executor_{erased->socket().get_executor()}, erased_{std::move(erased)} {}

  executor_type get_executor() const noexcept { return executor_; }

  /// The socket, below TLS. In a testing::world, it is not open.
  lowest_layer_type& lowest_layer() noexcept { return erased_ ? erased_->socket() : *plain_; }

  bool is_secure() const noexcept { return erased_ && erased_->tls() != nullptr; }

  /// The TLS stream, whose native_handle() is OpenSSL's state, or null. Its type is complete with
  /// hawser/tls.hpp.
  tls_stream<asio::ip::tcp::socket>* tls() noexcept { return erased_ ? erased_->tls() : nullptr; }

  /// For stream_traits; null for a socket without TLS.
  detail::erased_stream* erased() const noexcept { return erased_.get(); }

  /// For the drivers, whose handlers are small: see io_handler.
  template <class Handler>
  void async_read_some(asio::mutable_buffer into, Handler handler) {
    if (!erased_) return plain_->async_read_some(into, std::move(handler));
    erased_->read_some(into, detail::io_handler{std::move(handler)});
  }
  template <class Handler>
  void async_write_some(asio::const_buffer from, Handler handler) {
    if (!erased_) return plain_->async_write_some(from, std::move(handler));
    erased_->write_some(from, detail::io_handler{std::move(handler)});
  }

 private:
  executor_type executor_;
  std::optional<asio::ip::tcp::socket> plain_;
  std::unique_ptr<detail::erased_stream> erased_;
};

template <>
struct stream_traits<client_stream> {
  using plain = stream_traits<asio::ip::tcp::socket>;

  static constexpr bool is_direct = false;

  static void open(client_stream& stream) {
    if (!stream.erased()) plain::open(stream.lowest_layer());
  }

  static bool is_secure(const client_stream& stream) noexcept { return stream.is_secure(); }

  static std::shared_ptr<const tls_facts> facts(const client_stream& stream) {
    return stream.erased() ? stream.erased()->facts() : nullptr;
  }

  template <class Handler>
  static void async_end(client_stream& stream, Handler handler) {
    if (stream.erased()) return stream.erased()->end(detail::io_handler{std::move(handler)});
    plain::end(stream.lowest_layer());
    asio::post(stream.get_executor(),
               [handler = std::move(handler)]() mutable { handler(std::error_code{}, 0); });
  }

  static void close(client_stream& stream) {
    stream.erased() ? stream.erased()->close() : plain::close(stream.lowest_layer());
  }

  static std::size_t unacknowledged(client_stream& stream) noexcept {
    return stream.erased() ? stream.erased()->unacknowledged()
                           : plain::unacknowledged(stream.lowest_layer());
  }
};

}  // namespace hawser
