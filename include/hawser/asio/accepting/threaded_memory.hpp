// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/transport/concepts.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// Counts what one connection of a threaded server stores, first for its opening handshake, then for its
/// `Peer`.
template <class Peer>
class threaded_memory final : public memory_holder,
                              public std::enable_shared_from_this<threaded_memory<Peer>> {
 public:
  explicit threaded_memory(std::shared_ptr<memory_budget> budget)
      : memory_holder{std::move(budget)} {}
  ~threaded_memory() override { leave(); }
  threaded_memory(const threaded_memory&) = delete;
  threaded_memory& operator=(const threaded_memory&) = delete;

  /// `size` more bytes of the request were read, whose strings may have grown to twice their size.
  /// Returns false if the budget ends this connection.
  bool count_request(std::size_t size) noexcept {
    received_ += size;
    if (update(2 * received_)) relieve();
    return !is_ending();
  }

  /// While it exists, the peer's memory is counted, and the budget can end the peer. `request`
  /// bytes are stored in addition to the peer's.
  class serving {
   public:
    serving(threaded_memory& memory, Peer& peer, std::size_t request) : memory_{memory} {
      peer.count_memory(memory, request);
      memory_.set_peer(&peer);
      // Another thread may have chosen this connection during the handshake.
      if (memory_.is_ending()) memory_.on_memory_exceeded();
    }
    ~serving() { memory_.set_peer(nullptr); }
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;

   private:
    threaded_memory& memory_;
  };

 private:
  void set_peer(Peer* peer) noexcept {
    const std::lock_guard guard{mutex_};
    peer_ = peer;
  }

  std::shared_ptr<memory_holder> keep() noexcept override { return this->weak_from_this().lock(); }

  // Without a peer, the handshake ends at its next read.
  void on_memory_exceeded() noexcept override {
    const std::lock_guard guard{mutex_};
    if (peer_ == nullptr) return;
    with_memory([this] { peer_->exceed_memory(); }, [this] { peer_->close_now(); });
  }

  std::size_t received_ = 0;
  std::mutex mutex_;
  Peer* peer_ = nullptr;
};

/// The stream of an opening handshake, whose input is counted; a read beyond the budget fails with
/// errc::memory_exceeded, which the handshake answers with 503.
template <timed_stream Stream, class Memory>
class counted_stream {
 public:
  counted_stream(Stream& stream, Memory& memory) : stream_{stream}, memory_{memory} {}

  std::size_t read_some(mutable_bytes buffer, std::error_code& ec) {
    const auto size = stream_.read_some(buffer, ec);
    if (memory_.count_request(size)) return size;
    ec = errc::memory_exceeded;
    return 0;
  }
  std::size_t write_some(bytes_view bytes, std::error_code& ec) {
    return stream_.write_some(bytes, ec);
  }
  void shutdown(std::error_code& ec) { stream_.shutdown(ec); }
  bool wait_readable(std::chrono::steady_clock::time_point until, std::error_code& ec) {
    return stream_.wait_readable(until, ec);
  }
  bool wait_writable(std::chrono::steady_clock::time_point until, std::error_code& ec) {
    return stream_.wait_writable(until, ec);
  }
  std::chrono::steady_clock::time_point now() { return stream_.now(); }
  bool is_secure() const { return detail::is_secure(stream_); }

 private:
  Stream& stream_;
  Memory& memory_;
};

}  // namespace hawser::detail
