// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include <asio/io_context.hpp>

#include "hawser/base/bytes.hpp"
#include "hawser/testing/stream.hpp"
#include "support/wire.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

using testing::calling;
using async_faults = testing::stream_faults;
using async_pipe_state = testing::stream_state;
using testing::async_waiter;
using testing::async_waiter_of;

template <calling How>
using basic_async_pipe = testing::basic_stream<asio::io_context::executor_type, How>;

using async_pipe = basic_async_pipe<calling::waits>;

/// The far end of an async_pipe.
class async_far_end final : public wire_end {
 public:
  explicit async_far_end(std::shared_ptr<async_pipe_state> state) : state_{std::move(state)} {}

  bool over() override { return there().over; }
  /// The number of bytes that the near end has not read.
  std::size_t unread() const { return state_->ends[0].inbox.size(); }

  void reset() override {
    here().reset = true;
    end();
  }

  void vanish() override {
    there().closed = true;
    end();
  }

  /// Reads nothing more, and does not end the stream.
  void refuse() {
    there().closed = true;
    state_->move_all();
  }

 private:
  // The state of the near end, and of this one.
  async_pipe_state::end& here() { return state_->ends[0]; }
  async_pipe_state::end& there() { return state_->ends[1]; }

  std::size_t put(bytes_view some) override {
    const auto size = (std::min)(here().faults.free_capacity(here().inbox.size()), some.size());
    here().inbox.insert(here().inbox.end(), some.begin(),
                        some.begin() + static_cast<std::ptrdiff_t>(size));
    state_->move_all();
    return size;
  }

  void end() override {
    here().over = true;
    state_->move_all();
  }

  void take(byte_vector& seen, std::size_t most) override {
    auto& inbox = there().inbox;
    const auto size = static_cast<std::ptrdiff_t>((std::min)(most, inbox.size()));
    seen.insert(seen.end(), inbox.begin(), inbox.begin() + size);
    inbox.erase(inbox.begin(), inbox.begin() + size);
    state_->move_all();
  }

  std::shared_ptr<async_pipe_state> state_;
};

}  // namespace hawser::test
