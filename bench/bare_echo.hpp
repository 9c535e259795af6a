// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hawser/base/bytes.hpp"
#include "hawser/frame/header.hpp"
#include "hawser/frame/mask.hpp"

namespace bench {

/// An echo server without a library: the least that a message costs on this machine. It has no limits, no
/// fragments, no closing handshake and no UTF-8 check, and it answers only one client's key.
class bare_echo {
 public:
  explicit bare_echo(int acceptor) : acceptor_{acceptor} { watch(acceptor); }

  [[noreturn]] void run() {
    std::array<epoll_event, 128> events;
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const int ready = events[static_cast<std::size_t>(i)].data.fd;
        ready == acceptor_ ? accept() : serve(ready);
      }
    }
  }

 private:
  struct peer {
    bool open = false;
    std::vector<std::byte> rest;  // the first bytes of an incomplete frame
  };

  void watch(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  void accept() {
    const int socket = ::accept4(acceptor_, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers_[socket];
    watch(socket);
  }

  void serve(int socket) {
    auto& from = peers_[socket];
    const auto kept = from.rest.size();
    std::memcpy(buffer_.data(), from.rest.data(), kept);
    const auto size = ::recv(socket, buffer_.data() + kept, buffer_.size() - kept, 0);
    if (size <= 0) return leave(socket);
    auto input = hawser::mutable_bytes{buffer_}.first(kept + static_cast<std::size_t>(size));
    from.rest.clear();
    if (!from.open) return welcome(socket, from);
    output_.clear();
    while (take_frame(input)) {
    }
    from.rest.assign(input.begin(), input.end());
    write(socket, output_);
  }

  /// The response to the key of RFC 6455's example.
  void welcome(int socket, peer& to) {
    constexpr std::string_view answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    to.open = true;
    write(socket, hawser::as_bytes(answer));
  }

  bool take_frame(hawser::mutable_bytes& input) {
    hawser::frame_header header;
    const auto read = hawser::decode(input, header);
    if (read.size == 0 || input.size() - read.size < header.length) return false;
    const auto payload = input.subspan(read.size, static_cast<std::size_t>(header.length));
    const auto key = header.mask;
    header.masked = false;
    const auto begin = output_.size();
    output_.resize(begin + hawser::encoded_size(header) + payload.size());
    const auto place = hawser::mutable_bytes{output_}.subspan(begin);
    hawser::copy_masked(payload, &place[hawser::encode(header, place)], key);
    input = input.subspan(read.size + payload.size());
    return true;
  }

  void write(int socket, hawser::bytes_view data) {
    while (!data.empty()) {
      const auto size = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
      if (size < 0 && errno != EAGAIN) return leave(socket);
      if (size > 0) data = data.subspan(static_cast<std::size_t>(size));
    }
  }

  void leave(int socket) {
    ::close(socket);
    peers_.erase(socket);
  }

  int epoll_ = ::epoll_create1(0);
  int acceptor_;
  std::unordered_map<int, peer> peers_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256 * 1024);
  std::vector<std::byte> output_;
};

}  // namespace bench
