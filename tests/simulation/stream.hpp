// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>

#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "simulation/network.hpp"
#include "support/async_pipe.hpp"

namespace hawser::test {

/// One end of the network, and its pending operations.
struct stream_end {
  stream_end(network& between, std::size_t which) : net{between}, side{which} {}

  network& net;
  std::size_t side;
  std::unique_ptr<async_waiter> reader = nullptr;
  mutable_bytes buffer = {};  // empty: the reader only waits
  std::unique_ptr<async_waiter> writer = nullptr;
  bytes_view output = {};
  bool closed = false;

  std::size_t read_some(mutable_bytes into, std::error_code& ec) const {
    const auto size = net.read_some(side, into, ec);
    if (!ec && size == 0) ec = asio::error::eof;
    if (ec == std::errc::operation_would_block) ec = asio::error::would_block;
    return size;
  }

  std::size_t write_some(bytes_view from, std::error_code& ec) const {
    const auto size = net.write_some(side, from, ec);
    if (ec == std::errc::operation_would_block) ec = asio::error::would_block;
    return size;
  }

  /// Completes the operations that the network allows now.
  void serve() {
    std::error_code ec;
    if (reader && buffer.empty()) {
      if (net.is_readable(side)) std::exchange(reader, nullptr)->complete({}, 0);
    } else if (reader) {
      const auto size = read_some(buffer, ec);
      if (ec != asio::error::would_block) std::exchange(reader, nullptr)->complete(ec, size);
    }
    ec = {};
    if (writer) {
      const auto size = write_some(output, ec);
      if (ec != asio::error::would_block) std::exchange(writer, nullptr)->complete(ec, size);
    }
  }

  void close() {
    if (std::exchange(closed, true)) return;
    net.close(side);
    for (auto* waiter : {&reader, &writer}) {
      if (*waiter) std::exchange(*waiter, nullptr)->complete(asio::error::operation_aborted, 0);
    }
  }
};

/// An AsyncStream over the network. A direct one can also be read and written without waiting, as a socket.
template <calling How>
class simulated_stream {
 public:
  using executor_type = asio::io_context::executor_type;

  simulated_stream(executor_type executor, std::shared_ptr<stream_end> end)
      : executor_{std::move(executor)}, end_{std::move(end)} {}
  simulated_stream(simulated_stream&&) = default;
  simulated_stream& operator=(simulated_stream&&) = delete;
  ~simulated_stream() {
    if (end_) end_->close();
  }

  executor_type get_executor() const noexcept { return executor_; }

  static constexpr int wait_read = 0;

  template <class Handler>
  void async_wait(int, Handler&& handler) {
    end_->buffer = {};
    end_->reader = waiter([handler = std::forward<Handler>(handler)](
                              std::error_code ec, std::size_t) mutable { handler(ec); });
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    const asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    end_->buffer = {static_cast<std::byte*>(buffer.data()), buffer.size()};
    end_->reader = waiter(std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const asio::const_buffer buffer = *asio::buffer_sequence_begin(buffers);
    end_->output = {static_cast<const std::byte*>(buffer.data()), buffer.size()};
    end_->writer = waiter(std::forward<Handler>(handler));
  }

  std::size_t read_some(const asio::mutable_buffer& buffer, std::error_code& ec) {
    return end_->read_some({static_cast<std::byte*>(buffer.data()), buffer.size()}, ec);
  }
  std::size_t write_some(const asio::const_buffer& buffer, std::error_code& ec) {
    return end_->write_some({static_cast<const std::byte*>(buffer.data()), buffer.size()}, ec);
  }

  void end() { end_->net.end(end_->side); }
  void close() { end_->close(); }

 private:
  template <class Handler>
  std::unique_ptr<async_waiter> waiter(Handler&& handler) {
    return std::make_unique<async_waiter_of<std::decay_t<Handler>>>(std::forward<Handler>(handler),
                                                                    executor_);
  }

  executor_type executor_;
  std::shared_ptr<stream_end> end_;
};

}  // namespace hawser::test

template <hawser::test::calling How>
struct hawser::stream_traits<hawser::test::simulated_stream<How>> {
  using stream = hawser::test::simulated_stream<How>;
  static constexpr bool is_direct = How == hawser::test::calling::direct;
  static void open(stream&) {}
  static bool end(stream& ended) {
    ended.end();
    return true;
  }
  static void close(stream& closed) { closed.close(); }
};
