// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/wire.hpp"
#include "support/wire_end.hpp"

namespace hawser::test {

/// The far end of a memory_pipe.
class scripted_end final : public wire_end {
 public:
  explicit scripted_end(memory_pipe pipe) : pipe_{std::move(pipe)} {}

  bool over() override { return seen(), over_; }

  void reset() override { pipe_->abort(); }

  void vanish() override {
    pipe_.reset();
    over_ = true;
  }

  memory_pipe& pipe() { return *pipe_; }

 private:
  std::size_t put(bytes_view some) override {
    std::error_code ec;
    auto rest = some;
    while (!rest.empty() && !ec) rest = rest.subspan(pipe_->write_some(rest, ec));
    return some.size() - rest.size();
  }

  void take(byte_vector& seen, std::size_t most) override {
    std::array<std::byte, 4096> buffer;
    std::error_code ec;
    while (!over_ && !ec && most != 0) {
      const auto size =
          pipe_->read_some(mutable_bytes{buffer}.first((std::min)(most, buffer.size())), ec);
      most -= size;
      seen.insert(seen.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
      over_ = !ec && size == 0;
    }
  }

  void end() override {
    std::error_code ec;
    if (pipe_) pipe_->shutdown(ec);
  }

  std::optional<memory_pipe> pipe_;
  bool over_ = false;
};

/// A websocket and the far end of its stream, in one thread. While the websocket waits, the far end acts
/// and the time passes.
class scripted_talk {
 public:
  using duration = std::chrono::steady_clock::duration;

  explicit scripted_talk(role own_role, const connection_options& options = {},
                         memory_pipe_options pipe = {}, const byte_vector& received = {})
      : clock_{pipe.clock}, begin_{clock_->now()} {
    auto [here, there] = make_memory_pipe(std::move(pipe));
    far_ = std::make_unique<scripted_end>(std::move(there));
    near_ = std::make_unique<websocket<memory_pipe>>(own_role, std::move(here), options, received);
  }

  websocket<memory_pipe>& near() { return *near_; }
  scripted_end& far() { return *far_; }

  /// Sets what the far end does whenever the near end waits.
  void when_idle(std::function<void()> turn) { near_->stream().on_idle(std::move(turn)); }

  void advance(duration time) { clock_->advance(time); }

  duration elapsed() const { return clock_->now() - begin_; }

 private:
  std::shared_ptr<virtual_clock> clock_;
  std::chrono::steady_clock::time_point begin_;
  std::unique_ptr<scripted_end> far_;
  std::unique_ptr<websocket<memory_pipe>> near_;
};

}  // namespace hawser::test
