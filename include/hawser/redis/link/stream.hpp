// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>

#include "hawser/redis/errc.hpp"

namespace hawser::detail {

using redis_socket =
    asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

/// The stream of one connection to Redis: a socket, or TLS on one. It exists until its last operation has ended.
class redis_stream {
 public:
  redis_stream() = default;
  virtual ~redis_stream() = default;
  redis_stream(const redis_stream&) = delete;
  redis_stream& operator=(const redis_stream&) = delete;

  /// The handshake of TLS. Without TLS, calls the handler at once.
  virtual void async_handshake(std::function<void(std::error_code)> done) = 0;

  /// The handler gets bytes that are valid during its call. At the end of the stream, the error is redis::errc::ended.
  virtual void async_read_some(std::function<void(std::error_code, std::string_view)> done) = 0;

  /// Writes all bytes. One write at a time.
  virtual void async_write(std::string bytes, std::function<void(std::error_code)> done) = 0;

  /// Ends all operations.
  virtual void close() noexcept = 0;
};

/// The stream of a layer.
template <class Layer>
class redis_layer_stream final : public redis_stream,
                                 public std::enable_shared_from_this<redis_layer_stream<Layer>> {
 public:
  using below = typename Layer::template stream<redis_socket>;

  explicit redis_layer_stream(std::unique_ptr<below> made) : below_{std::move(made)} {}

  void async_handshake(std::function<void(std::error_code)> done) override {
    auto handler = [self = this->shared_from_this(), done = std::move(done)](std::error_code ec) {
      done(meaning_of(ec));
    };
    if constexpr (requires { below_->async_handshake(std::move(handler)); }) {
      below_->async_handshake(std::move(handler));
    } else {
      handler({});
    }
  }

  void async_read_some(std::function<void(std::error_code, std::string_view)> done) override {
    below_->async_read_some(asio::buffer(in_),
                            [self = this->shared_from_this(), done = std::move(done)](
                                std::error_code ec, std::size_t size) {
                              done(meaning_of(ec), {self->in_.data(), size});
                            });
  }

  void async_write(std::string bytes, std::function<void(std::error_code)> done) override {
    out_ = std::move(bytes);
    asio::async_write(*below_, asio::buffer(out_),
                      [self = this->shared_from_this(), done = std::move(done)](
                          std::error_code ec, std::size_t) { done(ec); });
  }

  void close() noexcept override {
    std::error_code ignored;
    below_->lowest_layer().close(ignored);
  }

 private:
  static std::error_code meaning_of(std::error_code ec) noexcept {
    return Layer::is_end(ec) ? make_error_code(redis::errc::ended) : ec;
  }

  const std::unique_ptr<below> below_;
  std::array<char, 64 * 1024> in_;
  std::string out_;
};

/// The layer of URLs without TLS.
struct redis_plain_layer {
  template <class Socket>
  using stream = Socket;

  static std::unique_ptr<redis_socket> wrap_without_alpn(redis_socket socket,
                                                         const std::string& /*host*/,
                                                         std::error_code& /*ec*/) {
    return std::make_unique<redis_socket>(std::move(socket));
  }
  static bool is_end(std::error_code ec) noexcept { return ec == asio::error::eof; }
};

/// Makes the stream of a connected socket to this host. Returns null with an error.
using redis_wrapper = std::function<std::shared_ptr<redis_stream>(redis_socket, const std::string&,
                                                                  std::error_code&)>;

template <class Layer>
redis_wrapper redis_wrapper_of(Layer layer) {
  return [layer = std::move(layer)](redis_socket socket, const std::string& host,
                                    std::error_code& ec) -> std::shared_ptr<redis_stream> {
    auto made = layer.wrap_without_alpn(std::move(socket), host, ec);
    if (!made) return nullptr;
    return std::make_shared<redis_layer_stream<Layer>>(std::move(made));
  };
}

}  // namespace hawser::detail
