// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include "hawser/asio/stream_traits.hpp"
#include "hawser/base/bytes.hpp"
#include "support/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// What a stream suffers: short reads and writes, a peer that takes nothing more, a call that fails,
/// as do all that follow. The sizes are in octets.
struct async_faults {
  static constexpr auto never = static_cast<std::size_t>(-1);

  std::size_t max_read = never;
  std::size_t max_write = never;
  std::size_t capacity = never;
  std::size_t failing_call = never;
  std::error_code error = std::make_error_code(std::errc::io_error);
};

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

/// Both directions of a stream, and what waits at its two ends.
struct async_pipe_state {
  struct end {
    async_faults faults = {};
    octets inbox = {};
    bool over = false;   // the other end sends nothing more
    bool reset = false;  // and all that it has sent is lost
    bool closed = false;
    std::size_t calls = 0;
    std::unique_ptr<async_waiter> reader = nullptr;
    mutable_bytes room = {};
    std::unique_ptr<async_waiter> writer = nullptr;
    bytes_view output = {};
  };
  std::array<end, 2> ends = {};

  bool fails(end& here) { return ++here.calls >= here.faults.failing_call; }

  void move_all() {
    for (auto& here : ends) serve(here, &here == &ends[0] ? ends[1] : ends[0]);
    for (auto& here : ends) serve(here, &here == &ends[0] ? ends[1] : ends[0]);
  }

  static void serve(end& here, end& there) {
    if (here.reset) here.inbox.clear();
    if (here.reader && (!here.inbox.empty() || here.over || here.closed)) {
      const auto size = (std::min)({here.inbox.size(), here.room.size(), here.faults.max_read});
      const auto last = here.inbox.begin() + static_cast<std::ptrdiff_t>(size);
      std::copy(here.inbox.begin(), last, here.room.begin());
      here.inbox.erase(here.inbox.begin(), last);
      std::error_code ec;
      if (size == 0) ec = asio::error::eof;
      if (here.reset) ec = asio::error::connection_reset;
      if (here.closed) ec = asio::error::operation_aborted;
      std::exchange(here.reader, nullptr)->complete(ec, size);
    }
    if (!here.writer) return;
    const auto used = there.inbox.size();
    const auto room = here.faults.capacity > used ? here.faults.capacity - used : 0;
    const auto size = (std::min)({here.output.size(), room, here.faults.max_write});
    if (here.closed || there.closed) {
      const auto writer = std::exchange(here.writer, nullptr);
      writer->complete(here.closed ? asio::error::operation_aborted : asio::error::broken_pipe, 0);
    } else if (size != 0) {
      there.inbox.insert(there.inbox.end(), here.output.begin(),
                         here.output.begin() + static_cast<std::ptrdiff_t>(size));
      std::exchange(here.writer, nullptr)->complete({}, size);
    }
  }
};

/// One end of a stream in memory: an AsyncStream that completes through its executor.
class async_pipe {
 public:
  using executor_type = asio::any_io_executor;

  async_pipe(executor_type executor, std::shared_ptr<async_pipe_state> state, std::size_t side)
      : executor_{std::move(executor)}, state_{std::move(state)}, side_{side} {}
  async_pipe(async_pipe&&) = default;
  async_pipe& operator=(async_pipe&&) = delete;
  ~async_pipe() {
    if (state_) close();
  }

  executor_type get_executor() const noexcept { return executor_; }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    const asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    auto& here = self();
    here.room = {static_cast<std::byte*>(buffer.data()), buffer.size()};
    here.reader = waiter(std::forward<Handler>(handler));
    if (state_->fails(here)) return fail(here.reader);
    state_->move_all();
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const asio::const_buffer buffer = *asio::buffer_sequence_begin(buffers);
    auto& here = self();
    here.output = {static_cast<const std::byte*>(buffer.data()), buffer.size()};
    here.writer = waiter(std::forward<Handler>(handler));
    if (state_->fails(here)) return fail(here.writer);
    state_->move_all();
  }

  void shutdown() {
    if (state_->fails(self())) return;
    peer().over = true;
    state_->move_all();
  }

  void close() {
    self().closed = true;
    peer().over = true;
    state_->move_all();
  }

  /// How often it was read, written or shut down.
  std::size_t calls() const { return state_->ends[side_].calls; }
  bool is_reading() const { return state_->ends[side_].reader != nullptr; }
  bool is_closed() const { return state_->ends[side_].closed; }

 private:
  template <class Handler>
  std::unique_ptr<async_waiter> waiter(Handler&& handler) {
    return std::make_unique<async_waiter_of<std::decay_t<Handler>>>(std::forward<Handler>(handler),
                                                                    executor_);
  }
  void fail(std::unique_ptr<async_waiter>& waits) {
    std::exchange(waits, nullptr)->complete(self().faults.error, 0);
  }
  async_pipe_state::end& self() { return state_->ends[side_]; }
  async_pipe_state::end& peer() { return state_->ends[1 - side_]; }

  executor_type executor_;
  std::shared_ptr<async_pipe_state> state_;
  std::size_t side_;
};

/// The far end of an async_pipe, where a test writes every octet itself and sees every octet that came.
class async_far_end {
 public:
  explicit async_far_end(std::shared_ptr<async_pipe_state> state) : state_{std::move(state)} {}

  void say(const octets& some) {
    auto& inbox = state_->ends[0].inbox;
    inbox.insert(inbox.end(), some.begin(), some.end());
    state_->move_all();
  }
  void say(std::string_view words) { say(bytes(words)); }

  /// All that has arrived so far.
  const octets& seen() {
    auto& inbox = state_->ends[1].inbox;
    seen_.insert(seen_.end(), inbox.begin(), inbox.end());
    inbox.clear();
    state_->move_all();
    return seen_;
  }
  std::vector<std::string> frames() { return frames_shown(seen()); }
  std::string text() { return test::text(seen()); }

  /// Whether the near end has ended its side.
  bool over() const { return state_->ends[1].over; }
  /// What the near end has not read.
  std::size_t unread() const { return state_->ends[0].inbox.size(); }

  void hang_up() {
    state_->ends[0].over = true;
    state_->move_all();
  }

  void reset() {
    state_->ends[0].reset = true;
    hang_up();
  }

  /// Takes nothing more, and says nothing.
  void vanish() {
    state_->ends[1].closed = true;
    state_->move_all();
  }

  async_faults& faults() { return state_->ends[0].faults; }

 private:
  std::shared_ptr<async_pipe_state> state_;
  octets seen_;
};

}  // namespace hawser::test

template <>
struct hawser::stream_traits<hawser::test::async_pipe> {
  using stream = hawser::test::async_pipe;
  static constexpr bool is_direct = false;
  static void open(stream&) {}
  static bool end(stream& pipe) {
    pipe.shutdown();
    return true;
  }
  static void close(stream& pipe) { pipe.close(); }
};
