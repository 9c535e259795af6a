// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/wire.hpp"

namespace hawser::test {

using lines = std::vector<std::string>;

/// The far end of a pipe, where a test writes every octet itself and sees every octet that came.
class scripted_end {
 public:
  explicit scripted_end(memory_pipe pipe) : pipe_{std::move(pipe)} {}

  /// All that has arrived so far.
  const octets& seen() {
    std::array<std::byte, 4096> room;
    std::error_code ec;
    while (!over_ && !ec) {
      const auto size = pipe_.read_some(room, ec);
      seen_.insert(seen_.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
      over_ = !ec && size == 0;
    }
    return seen_;
  }

  /// What has arrived as frames, in words.
  lines frames() { return frames_shown(seen()); }

  std::string text() { return test::text(seen()); }

  /// Whether the near end has ended its side.
  bool over() { return seen(), over_; }

  void say(const octets& some) {
    std::error_code ec;
    for (bytes_view rest{some}; !rest.empty() && !ec;) {
      rest = rest.subspan(pipe_.write_some(rest, ec));
    }
    said_error_ = ec;
  }
  void say(std::string_view words) { say(bytes(words)); }

  /// What became of the last say().
  std::error_code said_error() const { return said_error_; }

  void hang_up() {
    std::error_code ec;
    pipe_.shutdown(ec);
  }

  void reset() { pipe_.abort(); }

  memory_pipe& pipe() { return pipe_; }

 private:
  memory_pipe pipe_;
  octets seen_;
  std::error_code said_error_;
  bool over_ = false;
};

/// A websocket and the far end of its stream, in one thread: time passes while the websocket waits,
/// and whenever it does the far end has its turn.
class scripted_talk {
 public:
  using duration = std::chrono::steady_clock::duration;

  explicit scripted_talk(role self, const connection_options& options = {},
                         memory_pipe_options pipe = {}, const octets& received = {})
      : clock_{pipe.clock}, begin_{clock_->now()} {
    auto [here, there] = make_memory_pipe(std::move(pipe));
    far_ = std::make_unique<scripted_end>(std::move(there));
    near_ = std::make_unique<websocket<memory_pipe>>(self, std::move(here), options, received);
  }

  websocket<memory_pipe>& near() { return *near_; }
  scripted_end& far() { return *far_; }

  /// What the far end does whenever the near one waits.
  void when_idle(std::function<void()> turn) { near_->stream().on_idle(std::move(turn)); }

  void advance(duration time) { clock_->advance(time); }

  duration elapsed() const { return clock_->now() - begin_; }

 private:
  std::shared_ptr<virtual_clock> clock_;
  std::chrono::steady_clock::time_point begin_;
  std::unique_ptr<scripted_end> far_;
  std::unique_ptr<websocket<memory_pipe>> near_;
};

/// The far end of a pipe, played by a connection that does what a driver would, a little each time
/// step() is called.
class automatic_end {
 public:
  automatic_end(memory_pipe pipe, role self, connection_options options = {})
      : pipe_{std::move(pipe)}, peer_{self, options} {}

  /// Sends every message back.
  bool echoes = false;
  /// Reads nothing while it has something to write.
  bool writes_before_it_reads = false;

  test_connection<>& peer() { return peer_; }
  memory_pipe& pipe() { return pipe_; }
  const lines& notes() const { return notes_.lines(); }

  void step() {
    peer_.advance(pipe_.now());
    write();
    if (!writes_before_it_reads || !peer_.wants().write) read();
    note({});
    write();
  }

 private:
  void read() {
    octets room(4096);
    std::error_code ec;
    while (!ec && peer_.wants().read) {
      const auto size = pipe_.read_some(room, ec);
      if (ec == std::errc::operation_would_block) return;
      if (ec || size == 0) return peer_.receive_end(ec);
      note(mutable_bytes{room}.first(size));
      write();
      if (writes_before_it_reads && peer_.wants().write) return;
    }
  }

  void note(mutable_bytes input) {
    while (const auto happened = peer_.next(input)) {
      notes_.note(*happened);
      const auto* message = std::get_if<message_view>(&*happened);
      if (message != nullptr && echoes) (void)peer_.send(*message);
    }
  }

  void write() {
    std::error_code ec;
    while (!ec && peer_.wants().write) {
      const auto size = pipe_.write_some(peer_.output(), ec);
      if (!ec) peer_.consume_output(size);
    }
    if (ec && ec != std::errc::operation_would_block) peer_.output_failed(ec);
    if (!peer_.wants().end_stream) return;
    pipe_.shutdown(ec);
    peer_.output_ended();
  }

  memory_pipe pipe_;
  test_connection<> peer_;
  diary notes_;
};

}  // namespace hawser::test
