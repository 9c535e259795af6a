// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/testing/wire.hpp"
#include "hawser/transport/memory_pipe.hpp"

namespace hawser::testing {

/// The far end of a memory_pipe with a virtual clock: for blocking code, which runs in its own calls, such as
/// websocket::read(). Needs no Asio.
class pipe_wire final : public wire {
 public:
  explicit pipe_wire(memory_pipe far) : far_{std::move(far)} {}

  void run() override {
    if (hook_) hook_();
  }

  void on_idle(std::function<bool()> hook) override { hook_ = std::move(hook); }

  void write(bytes_view some) override {
    std::error_code ec;
    for (auto rest = some; !rest.empty() && !ec;) rest = rest.subspan(far_.write_some(rest, ec));
  }

  void take(std::vector<std::byte>& read, std::size_t most) override {
    std::error_code ec;
    std::array<std::byte, 4096> buffer;
    while (most != 0) {
      const auto size =
          far_.read_some(mutable_bytes{buffer}.first((std::min)(most, buffer.size())), ec);
      if (size == 0) break;
      read.insert(read.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
      most -= size;
    }
    if (most != 0 && ec != std::errc::operation_would_block) ended_ = true;
  }

  bool has_ended() const override { return ended_; }

  void end() override {
    std::error_code ignored;
    far_.shutdown(ignored);
  }

  void reset() override { far_.abort(); }

  void set_capacity(std::size_t bytes) override {
    faults_.capacity = bytes;
    far_.set_faults(faults_);
  }

  /// Throws std::logic_error: set pipe_faults::max_read of the other end instead.
  void set_piece_size(std::size_t) override {
    throw std::logic_error{
        "hawser::testing::pipe_wire: set pipe_faults::max_read of the other end"};
  }

 private:
  memory_pipe far_;
  pipe_faults faults_;
  std::function<bool()> hook_;
  bool ended_ = false;
};

}  // namespace hawser::testing
