// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/testing/scheduler.hpp"
#include "hawser/testing/stream.hpp"
#include "hawser/testing/wire.hpp"

namespace hawser::testing {

/// The far end of a basic_stream: the code under test has its end 0. May outlive the scheduler.
class stream_wire final : public wire {
 public:
  stream_wire(std::shared_ptr<stream_state> state, std::weak_ptr<scheduler> runs)
      : state_{std::move(state)}, scheduler_{std::move(runs)} {}
  stream_wire(const stream_wire&) = delete;
  stream_wire& operator=(const stream_wire&) = delete;
  /// The code under test finds the stream broken.
  ~stream_wire() override { reset(); }

  void run() override {
    if (const auto runs = scheduler_.lock()) runs->run();
  }

  void on_idle(std::function<bool()> hook) override {
    if (const auto runs = scheduler_.lock()) hook_ = runs->on_idle(std::move(hook));
  }

  void write(bytes_view some) override {
    near().inbox.insert(near().inbox.end(), some.begin(), some.end());
    state_->move_all();
  }

  void take(std::vector<std::byte>& read, std::size_t most) override {
    auto& inbox = far().inbox;
    const auto size = static_cast<std::ptrdiff_t>((std::min)(most, inbox.size()));
    read.insert(read.end(), inbox.begin(), inbox.begin() + size);
    inbox.erase(inbox.begin(), inbox.begin() + size);
    state_->move_all();
  }

  bool has_ended() const override { return state_->ends[1].over; }

  void end() override {
    near().over = true;
    state_->move_all();
  }

  void reset() override {
    far().closed = true;
    near().reset = true;
    end();
  }

  void set_capacity(std::size_t bytes) override {
    near().faults.capacity = bytes;
    state_->move_all();
  }

  void set_piece_size(std::size_t bytes) override { near().faults.max_read = bytes; }

 private:
  stream_state::end& near() { return state_->ends[0]; }
  stream_state::end& far() { return state_->ends[1]; }

  const std::shared_ptr<stream_state> state_;
  const std::weak_ptr<scheduler> scheduler_;
  std::shared_ptr<const void> hook_;
};

}  // namespace hawser::testing
