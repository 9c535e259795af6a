// SPDX-License-Identifier: BSL-1.0
//
// cable PORT PID SUBSCRIBERS BROADCASTS: measures an Action Cable server that runs as the process PID, by subscribers of the
// stream "bench" of its RoomChannel. Prints how many deliveries a second a burst of so many broadcasts reaches, the
// server's processor time for each, and the latencies of 25 broadcasts, 5 of them a second. For Linux.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hawser/base/byte_buffer.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/frame/writer.hpp"
#include "measuring.hpp"

namespace {

using namespace bench;

constexpr std::string_view text =
    "about as long as a line of a chat, so that a message has 130 bytes";
constexpr std::string_view mark = "\"text\":\"about as";

/// Nanoseconds of a clock that all processes share.
std::int64_t now() {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0) fail("socket: raise ulimit -n?");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

/// The escaped text of a JSON string.
std::string quoted(std::string_view plain) {
  std::string out{'"'};
  for (const char one : plain) {
    if (one == '"' || one == '\\') out += '\\';
    out += one;
  }
  return out + '"';
}

std::string command(std::string_view name, const std::string& data = {}) {
  std::string out = R"({"command":")" + std::string{name} + R"(","identifier":)" +
                    quoted(R"({"channel":"RoomChannel","stream":"bench"})");
  if (!data.empty()) out += ",\"data\":" + quoted(data);
  return out + '}';
}

/// A client, and what it has received and not read yet.
struct subscriber {
  int socket = -1;
  std::string unread = {};
  bool open = false;  ///< The handshake has ended

  void send(std::string_view message) const {
    hawser::byte_buffer out;
    const hawser::frame_header header{.op = hawser::opcode::text,
                                      .masked = true,
                                      .mask = {std::byte{1}, std::byte{2}, std::byte{3}}};
    hawser::append_frame(out, header, hawser::as_bytes(message));
    const auto all = out.view();
    if (::send(socket, all.data(), all.size(), MSG_NOSIGNAL) < 0) fail("send");
  }

  /// Calls it with each text that is whole.
  template <class Text>
  void read(Text call) {
    std::string_view rest = unread;
    if (!open) {
      const auto end = rest.find("\r\n\r\n");
      if (end == rest.npos) return;
      if (!rest.starts_with("HTTP/1.1 101 ")) fail("refused");
      open = true;
      rest.remove_prefix(end + 4);
    }
    while (rest.size() >= 2) {
      std::size_t size = static_cast<unsigned char>(rest[1]);
      std::size_t head = 2;
      if (size == 126) {
        if (rest.size() < 4) break;
        size = static_cast<std::size_t>(static_cast<unsigned char>(rest[2])) * 256 +
               static_cast<unsigned char>(rest[3]);
        head = 4;
      }
      if (rest.size() < head + size) break;
      if ((rest[0] & 15) == 8) fail("the server closes");
      call(rest.substr(head, size));
      rest.remove_prefix(head + size);
    }
    unread.erase(0, unread.size() - rest.size());
  }
};

class crowd {
 public:
  crowd(std::uint16_t port, std::size_t count) : all_(count), poll_{::epoll_create1(0)} {
    const std::string request =
        "GET /cable?user=bench HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n";
    for (std::size_t i = 0; i < count; ++i) {
      all_[i].socket = connect_to(port);
      if (::send(all_[i].socket, request.data(), request.size(), 0) < 0) fail("send");
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, all_[i].socket, &event);
    }
    await("\"type\":\"welcome\"", count);
    for (const auto& each : all_) each.send(command("subscribe"));
    await("confirm_subscription", count);
  }

  std::size_t size() const { return all_.size(); }

  /// Performs an action as the first subscriber.
  void perform(const std::string& data) const { all_.front().send(command("message", data)); }

  /// Reads until that many texts with this part have come, each of which is given to `each`.
  template <class Each>
  void await(std::string_view part, std::size_t count, Each each) {
    std::array<epoll_event, 256> ready{};
    while (count != 0) {
      const int found = ::epoll_wait(poll_, ready.data(), ready.size(), 60'000);
      if (found <= 0) fail("the server delivers nothing");
      for (int i = 0; i < found; ++i) {
        auto& from = all_[ready[static_cast<std::size_t>(i)].data.u64];
        const auto size = ::recv(from.socket, buffer_.data(), buffer_.size(), 0);
        if (size <= 0) fail("the server has gone");
        from.unread.append(buffer_.data(), static_cast<std::size_t>(size));
        from.read([&](std::string_view got) {
          if (got.find(part) == got.npos) return;
          each(got);
          --count;
        });
      }
    }
  }
  void await(std::string_view part, std::size_t count) {
    await(part, count, [](std::string_view) {});
  }

 private:
  std::vector<subscriber> all_;
  int poll_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

std::string action(std::string_view name, std::size_t count) {
  return R"({"action":")" + std::string{name} + R"(","count":)" + std::to_string(count) +
         R"(,"t":)" + std::to_string(now()) + R"(,"text":")" + std::string{text} + "\"}";
}

void burst(crowd& with, pid_t server, std::size_t broadcasts) {
  const auto deliveries = broadcasts * with.size();
  const auto cost = used_by(server);
  const auto begin = now();
  with.perform(action("burst", broadcasts));
  with.await(mark, deliveries);
  const auto took = static_cast<double>(now() - begin);
  const auto each = (used_by(server) - cost) / static_cast<double>(deliveries);
  std::printf("deliveries/s %.0f\nserver-ns/delivery %.0f\n",
              static_cast<double>(deliveries) / took * 1e9, each);
}

void pace(crowd& with) {
  constexpr auto gap = std::chrono::milliseconds{200};
  std::vector<double> latencies;
  auto next = std::chrono::steady_clock::now();
  for (int i = 0; i < 25; ++i, next += gap) {
    const timespec pause{
        0, std::max<std::int64_t>(
               0, std::chrono::nanoseconds{next - std::chrono::steady_clock::now()}.count())};
    ::nanosleep(&pause, nullptr);
    with.perform(action("burst", 1));
    with.await(mark, with.size(), [&](std::string_view got) {
      const auto at = got.find("\"t\":");
      latencies.push_back(
          static_cast<double>(now() - std::strtoll(got.data() + at + 4, nullptr, 10)) / 1e6);
    });
  }
  std::sort(latencies.begin(), latencies.end());
  for (const std::size_t percent : {50U, 95U, 99U}) {
    std::printf("p%zu-ms %.3f\n", percent, latencies[latencies.size() * percent / 100]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: cable PORT PID SUBSCRIBERS BROADCASTS\n", stderr);
    return 2;
  }
  const auto process = static_cast<pid_t>(std::atoi(argv[2]));
  crowd with{static_cast<std::uint16_t>(std::atoi(argv[1])), std::strtoul(argv[3], nullptr, 10)};
  const auto broadcasts = std::strtoul(argv[4], nullptr, 10);
  with.perform(action("burst", 10));
  with.await(mark, 10 * with.size());
  burst(with, process, broadcasts);
  pace(with);
}
