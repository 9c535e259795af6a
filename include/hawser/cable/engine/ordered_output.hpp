// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/cable/engine/stream.hpp"

namespace hawser::cable::detail {

/// What a connection sends itself. What its streams have published before comes first, although a hub never sends at
/// once. Call all functions on the session's executor.
class ordered_output {
 public:
  ordered_output(session peer, std::shared_ptr<stream_context> all)
      : peer_{std::move(peer)}, all_{std::move(all)}, seen_{all_->delivered.load()} {}

  /// With the number of the connection's streams: without streams there is nothing to wait for.
  void send(std::string text, std::size_t streams) {
    if (streams != 0) wait_for_hub();
    if (!waiting_ || waiting_->batches.empty())
      return static_cast<void>(peer_.send(std::move(text)));
    waiting_->batches.back().emplace_back(std::move(text));
  }

  /// Calls a function instead of sending a text, on the session's executor. It is not called if the session ends.
  void call(std::function<void()> function, std::size_t streams) {
    if (streams != 0) wait_for_hub();
    if (!waiting_ || waiting_->batches.empty()) return function();
    waiting_->batches.back().emplace_back(std::move(function));
  }

  /// Sends what waits.
  void flush() {
    while (waiting_ && !waiting_->batches.empty()) waiting_->send_first();
  }

 private:
  /// Each batch is sent when the hub has delivered what was published before.
  struct queue {
    explicit queue(session to) : peer{std::move(to)} {}

    void send_first() {
      const auto all = std::move(batches.front());
      batches.pop_front();
      for (const auto& one : all) {
        if (const auto* const text = std::get_if<std::string>(&one)) {
          peer.send(*text);
        } else {
          std::get<std::function<void()>>(one)();
        }
      }
    }

    const session peer;
    std::deque<std::vector<std::variant<std::string, std::function<void()>>>> batches;
  };

  /// Begins a batch, if anything was published since the last one.
  void wait_for_hub() {
    const auto delivered = all_->delivered.load();
    if (delivered == std::exchange(seen_, delivered)) return;
    if (!waiting_) {
      waiting_ = std::make_shared<queue>(peer_);
      topic_ = all_->next_topic();
    }
    waiting_->batches.emplace_back();
    // The hub calls this behind the publications that wait for the session.
    const auto arrived = [weak = std::weak_ptr{waiting_}](std::error_code) {
      const auto waiting = weak.lock();
      if (!waiting || waiting->batches.empty()) return;
      hawser::detail::with_memory([&] { waiting->send_first(); },
                                  [&] { waiting->peer.close_now(); });
    };
    if (all_->sessions.subscribe(peer_, topic_, arrived)) flush();
  }

  const session peer_;
  const std::shared_ptr<stream_context> all_;
  std::uint64_t seen_;
  std::string topic_;
  std::shared_ptr<queue> waiting_;
};

}  // namespace hawser::cable::detail
