// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser::testing {

/// The faults of a stream: short reads and writes, a peer that stops reading, a failing call, after
/// which all calls fail, unless the error was would_block. The sizes are in bytes.
struct stream_faults {
  static constexpr auto never = static_cast<std::size_t>(-1);

  std::size_t max_read = never;
  std::size_t max_write = never;
  std::size_t capacity = never;
  std::size_t wakes_at = 1;            // a waiting writer continues when this much is free
  std::size_t inbox_capacity = never;  // the number of bytes that may wait to be read
  std::size_t failing_call = never;
  std::error_code error = std::make_error_code(std::errc::io_error);
  std::function<void()> before_read = {};

  std::size_t free_capacity(std::size_t used) const {
    return inbox_capacity > used ? inbox_capacity - used : 0;
  }
};

/// How a stream is read and written: only by asynchronous operations, or also directly, as a socket.
enum class calling : bool { waits, direct };

/// A read or write under way.
class async_waiter {
 public:
  virtual ~async_waiter() = default;
  virtual void complete(std::error_code ec, std::size_t size) = 0;
};

template <class Handler>
class async_waiter_of final : public async_waiter {
 public:
  async_waiter_of(Handler handler, const asio::any_io_executor& executor)
      : handler_{std::move(handler)}, work_{asio::get_associated_executor(handler_, executor)} {}

  void complete(std::error_code ec, std::size_t size) override {
    asio::post(work_.get_executor(),
               [handler = std::move(handler_), ec, size]() mutable { handler(ec, size); });
  }

 private:
  Handler handler_;
  asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>> work_;
};

/// Both directions of a stream, and the pending operations at its two ends.
struct stream_state {
  struct end {
    stream_faults faults = {};
    std::vector<std::byte> inbox = {};
    bool over = false;   // the other end has ended its stream
    bool reset = false;  // and all bytes from it are lost
    bool closed = false;
    std::size_t calls = 0;
    std::unique_ptr<async_waiter> reader = nullptr;
    mutable_bytes buffer = {};
    std::unique_ptr<async_waiter> writer = nullptr;
    bytes_view output = {};
  };
  std::array<end, 2> ends = {};
  asio::ip::tcp::endpoint remote = {};  // of both ends

  /// Destroys the pending operations without a call of their handlers, which may own the ends.
  void abandon() {
    for (auto& here : ends) {
      const auto reader = std::exchange(here.reader, nullptr);
      const auto writer = std::exchange(here.writer, nullptr);
    }
  }

  bool fails(end& here) {
    const auto call = ++here.calls;
    const auto failing = here.faults.failing_call;
    return call == failing || (call > failing && here.faults.error != asio::error::would_block);
  }

  void move_all() {
    for (int round = 0; round < 2; ++round) {
      for (auto& here : ends) serve(here, &here == &ends[0] ? ends[1] : ends[0]);
    }
  }

  static bool is_readable(const end& here) {
    return !here.inbox.empty() || here.over || here.closed;
  }

  static std::size_t read(end& here, mutable_bytes into, std::error_code& ec) {
    if (here.faults.before_read) here.faults.before_read();
    const auto size = (std::min)({here.inbox.size(), into.size(), here.faults.max_read});
    const auto last = here.inbox.begin() + static_cast<std::ptrdiff_t>(size);
    std::copy(here.inbox.begin(), last, into.begin());
    here.inbox.erase(here.inbox.begin(), last);
    if (size == 0) ec = asio::error::would_block;
    if (size == 0 && here.over) ec = asio::error::eof;
    if (here.reset) ec = asio::error::connection_reset;
    if (here.closed) ec = asio::error::operation_aborted;
    return size;
  }

  static std::size_t write(const end& here, end& there, bytes_view from, std::error_code& ec) {
    const auto used = there.inbox.size();
    const auto free = here.faults.capacity > used ? here.faults.capacity - used : 0;
    const auto size = (std::min)({from.size(), free, here.faults.max_write});
    if (here.closed || there.closed) {
      ec = here.closed ? asio::error::operation_aborted : asio::error::broken_pipe;
      return 0;
    }
    if (size == 0) ec = asio::error::would_block;
    there.inbox.insert(there.inbox.end(), from.begin(),
                       from.begin() + static_cast<std::ptrdiff_t>(size));
    return size;
  }

  static void serve(end& here, end& there) {
    if (here.reset) here.inbox.clear();
    std::error_code ec;
    if (here.reader && is_readable(here)) {
      const auto size = here.buffer.empty() ? 0 : read(here, here.buffer, ec);
      std::exchange(here.reader, nullptr)->complete(ec, size);
    }
    ec = {};
    const auto free = here.faults.capacity - (std::min)(here.faults.capacity, there.inbox.size());
    if (!here.writer || (free < here.faults.wakes_at && !here.closed && !there.closed)) return;
    const auto size = write(here, there, here.output, ec);
    if (ec != asio::error::would_block) std::exchange(here.writer, nullptr)->complete(ec, size);
  }
};

/// One end of a stream in memory: an AsyncStream that completes through its executor. All ends of a
/// stream are used on one thread.
template <class Executor, calling How = calling::direct>
class basic_stream {
 public:
  using executor_type = Executor;
  using lowest_layer_type = basic_stream;
  static constexpr int wait_read = 0;

  basic_stream(executor_type executor, std::shared_ptr<stream_state> state, std::size_t side)
      : executor_{std::move(executor)}, state_{std::move(state)}, side_{side} {}
  basic_stream(basic_stream&&) noexcept = default;
  basic_stream& operator=(basic_stream&&) = delete;
  ~basic_stream() {
    if (state_) close();
  }

  executor_type get_executor() const noexcept { return executor_; }
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  asio::ip::tcp::endpoint remote_endpoint(std::error_code& ec) const {
    ec.clear();
    return state_->remote;
  }

  template <class Handler>
  void async_wait(int, Handler&& handler) {
    auto& here = local();
    here.buffer = {};  // the reader has its own buffer
    here.reader = waiter([handler = std::forward<Handler>(handler)](
                             std::error_code ec, std::size_t) mutable { handler(ec); });
    begin(here.reader);
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    const asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    auto& here = local();
    here.buffer = {static_cast<std::byte*>(buffer.data()), buffer.size()};
    here.reader = waiter(std::forward<Handler>(handler));
    // Asio's TLS begins reads of zero bytes only to be called later.
    if (buffer.size() == 0) return std::exchange(here.reader, nullptr)->complete({}, 0);
    begin(here.reader);
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const asio::const_buffer buffer = *asio::buffer_sequence_begin(buffers);
    auto& here = local();
    here.output = {static_cast<const std::byte*>(buffer.data()), buffer.size()};
    here.writer = waiter(std::forward<Handler>(handler));
    begin(here.writer);
  }

  std::size_t read_some(const asio::mutable_buffer& buffer,
                        std::error_code& ec) requires(How == calling::direct) {
    if (failed(ec)) return 0;
    const auto size =
        state_->read(local(), {static_cast<std::byte*>(buffer.data()), buffer.size()}, ec);
    if (size != 0) state_->move_all();  // the far end may wait to write
    return size;
  }

  std::size_t write_some(const asio::const_buffer& buffer,
                         std::error_code& ec) requires(How == calling::direct) {
    if (failed(ec)) return 0;
    const auto size = state_->write(
        local(), peer(), {static_cast<const std::byte*>(buffer.data()), buffer.size()}, ec);
    if (size != 0) state_->move_all();  // the far end may wait to read
    return size;
  }

  void shutdown() {
    if (state_->fails(local())) return;
    peer().over = true;
    state_->move_all();
  }

  void close() {
    local().closed = true;
    peer().over = true;
    state_->move_all();
  }
  void close(std::error_code& ec) { close(), ec.clear(); }

  /// The number of written bytes that the far end has not read.
  std::size_t unacknowledged() { return peer().inbox.size(); }

  /// The number of reads, writes and shutdowns.
  std::size_t calls() const { return state_->ends[side_].calls; }
  bool is_reading() const { return state_->ends[side_].reader != nullptr; }
  bool is_closed() const { return state_->ends[side_].closed; }

 private:
  template <class Handler>
  std::unique_ptr<async_waiter> waiter(Handler&& handler) {
    return std::make_unique<async_waiter_of<std::decay_t<Handler>>>(std::forward<Handler>(handler),
                                                                    executor_);
  }

  bool failed(std::error_code& ec) {
    const bool fails = state_->fails(local());
    ec = fails ? local().faults.error : std::error_code{};
    return fails;
  }

  /// A pending operation does not fail because it would block.
  void begin(std::unique_ptr<async_waiter>& waits) {
    std::error_code ec;
    if (failed(ec) && ec != asio::error::would_block) {
      return std::exchange(waits, nullptr)->complete(ec, 0);
    }
    state_->move_all();
  }

  stream_state::end& local() { return state_->ends[side_]; }
  stream_state::end& peer() { return state_->ends[1 - side_]; }

  executor_type executor_;
  std::shared_ptr<stream_state> state_;
  std::size_t side_;
};

/// A stream whose handlers run on an io_context, for async_websocket.
using stream = basic_stream<asio::io_context::executor_type>;

}  // namespace hawser::testing

template <class Executor, hawser::testing::calling How>
struct hawser::stream_traits<hawser::testing::basic_stream<Executor, How>> {
  using stream = hawser::testing::basic_stream<Executor, How>;
  static constexpr bool is_direct = How == hawser::testing::calling::direct;
  static void open(stream&) {}
  static bool end(stream& pipe) {
    pipe.shutdown();
    return true;
  }
  static void close(stream& pipe) { pipe.close(); }
  static std::size_t unacknowledged(stream& pipe) noexcept { return pipe.unacknowledged(); }
};
