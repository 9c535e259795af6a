// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <sys/socket.h>
#include <sys/time.h>

#include "support/bytes.hpp"
#include "support/eventually.hpp"
#include "support/wire.hpp"

namespace hawser::test {

using asio::ip::tcp;

/// An address of this machine with that port; 0 for any.
inline tcp::endpoint loopback(std::uint16_t port = 0) {
  return {asio::ip::address_v4::loopback(), port};
}

/// The URL of a server on this machine.
inline std::string url_at(std::uint16_t port, std::string_view target = "/") {
  return std::string{"ws://127.0.0.1:"}.append(std::to_string(port)).append(target);
}

/// Two joined sockets.
template <class Protocol>
std::pair<typename Protocol::socket, typename Protocol::socket> joined_sockets(
    asio::io_context& context) {
  typename Protocol::socket first{context};
  typename Protocol::socket second{context};
  if constexpr (std::is_same_v<Protocol, tcp>) {
    tcp::acceptor acceptor{context, loopback()};
    first.connect(acceptor.local_endpoint());
    acceptor.accept(second);
  } else {
    asio::local::connect_pair(first, second);
  }
  return {std::move(first), std::move(second)};
}

/// A TCP socket whose bytes the test writes and reads itself.
class raw_socket {
 public:
  explicit raw_socket(std::uint16_t port) : socket_{context()} {
    socket_.connect(loopback(port));
    give_up_reading();
  }
  explicit raw_socket(tcp::socket socket) : socket_{std::move(socket)} { give_up_reading(); }

  /// A context that is not run.
  static asio::io_context& context() {
    static asio::io_context shared;
    return shared;
  }

  /// False if the other side accepts no more.
  bool send(bytes_view rest) {
    while (!rest.empty()) {
      const auto sent = ::send(handle(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      rest = rest.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool send(std::string_view words) { return send(as_bytes(words)); }

  /// The next bytes; empty at the end of the stream, or if none arrive.
  byte_vector receive() {
    if (!kept_.empty()) return std::exchange(kept_, {});
    byte_vector buffer(64 * 1024);
    const auto size = ::recv(handle(), buffer.data(), buffer.size(), 0);
    error_ = size < 0 ? errno : 0;
    buffer.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return buffer;
  }

  /// All bytes until the end.
  byte_vector receive_all() {
    byte_vector all;
    for (auto some = receive(); !some.empty(); some = receive()) all = std::move(all) + some;
    return all;
  }

  /// That many frames, or fewer if no more arrive.
  std::vector<std::string> receive_frames(std::size_t count) {
    byte_vector all;
    while (frames_in(all).size() < count || frames_in(all).back().op < 0) {
      const auto some = receive();
      if (some.empty()) break;
      all = std::move(all) + some;
    }
    return frames_shown(all);
  }

  /// All bytes up to and including that text, if it arrives. Bytes after it stay for the next call.
  std::string receive_until(std::string_view end) {
    std::string all;
    for (auto some = receive(); !some.empty(); some = receive()) {
      all += text(some);
      const auto found = all.find(end);
      if (found == all.npos) continue;
      kept_ = bytes(std::string_view{all}.substr(found + end.size()));
      all.resize(found + end.size());
      break;
    }
    return all;
  }

  /// `size` bytes, or fewer if no more arrive. Bytes after them stay for the next call.
  std::string receive_bytes(std::size_t size) {
    std::string all;
    while (all.size() < size) {
      const auto some = receive();
      if (some.empty()) break;
      all += text(some);
    }
    if (all.size() > size) kept_ = bytes(std::string_view{all}.substr(size));
    all.resize((std::min)(size, all.size()));
    return all;
  }

  /// Whether the last receive() found the end, not an error.
  bool ended() const { return error_ == 0; }

  void hang_up() {
    std::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  /// Afterwards, a server that shuts down waits for no closing handshake.
  void close() { socket_.close(); }

  tcp::socket& socket() { return socket_; }

 private:
  int handle() { return socket_.native_handle(); }

  void give_up_reading() {
    const timeval timeout{soon.count(), 0};
    ::setsockopt(handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ::setsockopt(handle(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  }

  tcp::socket socket_;
  byte_vector kept_;
  int error_ = 0;
};

/// A port without a listener.
inline std::uint16_t free_port() {
  tcp::acceptor bound{raw_socket::context(), loopback()};
  return bound.local_endpoint().port();
}

/// Passes values from other threads to the test, which waits for each no longer than `soon`.
template <class T>
class mailbox {
 public:
  void put(T value) {
    const std::lock_guard guard{mutex_};
    values_.push_back(std::move(value));
    changed_.notify_all();
  }

  std::optional<T> take() {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, soon, [this] { return !values_.empty(); })) return std::nullopt;
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

/// The number of open descriptors of this process, and of its threads.
inline std::size_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator entries{folder};
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}
inline std::size_t open_files() { return entries_of("/proc/self/fd"); }
inline std::size_t threads() { return entries_of("/proc/self/task"); }

/// Whether the process soon has at most that many threads: the system lists a joined one a little longer.
inline bool threads_fall_to(std::size_t count) {
  return eventually([&] { return threads() <= count; });
}

}  // namespace hawser::test
