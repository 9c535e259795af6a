// SPDX-License-Identifier: BSL-1.0
//
// echo [ROUNDS]: the processor time of an echo by hawser::server, compared with a bare echo on
// epoll, and the memory of an idle connection. For Linux with two processors: each server is a
// process on the first one, and this process is the client on the second. Raise `ulimit -n` above
// 8100 for the idle connections.

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare_echo.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/frame/writer.hpp"
#include "measuring.hpp"

namespace {

using namespace bench;

enum class kind { bare, hawser };

struct load {
  const char* name;
  std::size_t connections;
  std::size_t at_once;  // messages sent before their echoes are read
  std::size_t size;     // of a message, in bytes
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A server in a separate process.
class server_process {
 public:
  explicit server_process(kind which) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) fail("pipe");
    process_ = ::fork();
    if (process_ == 0) serve(which, pipe[1]);
    if (::read(pipe[0], &port_, sizeof port_) != sizeof port_) fail("no server");
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  ~server_process() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

  std::uint16_t port() const { return port_; }

  /// Its processor time so far, in ns.
  double used() const { return used_by(process_); }

  /// Its resident memory in bytes.
  double memory() const {
    std::ifstream file{"/proc/" + std::to_string(process_) + "/statm"};
    double all = 0;
    double resident = 0;
    file >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }

 private:
  [[noreturn]] static void serve(kind which, int report) {
    pin_to(0);
    if (which == kind::bare) {
      const int acceptor = ::socket(AF_INET, SOCK_STREAM, 0);
      auto address = loopback(0);
      socklen_t size = sizeof address;
      ::bind(acceptor, reinterpret_cast<sockaddr*>(&address), size);
      ::listen(acceptor, 4096);
      ::getsockname(acceptor, reinterpret_cast<sockaddr*>(&address), &size);
      tell(report, ntohs(address.sin_port));
      bench::bare_echo{acceptor}.run();
    }
    hawser::server_options options;
    options.threads = 1;
    options.max_connections = 0;
    hawser::server server{options};
    server.on_message([](hawser::session& peer, hawser::message_view view) { peer.send(view); });
    tell(report, server.port());
    server.run();
    std::exit(0);
  }

  static void tell(int report, std::uint16_t port) {
    if (::write(report, &port, sizeof port) != sizeof port) fail("write");
  }

  pid_t process_ = 0;
  std::uint16_t port_ = 0;
};

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (socket < 0) fail("socket: raise ulimit -n?");
  const auto address = loopback(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  constexpr std::string_view request =
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (::send(socket, request.data(), request.size(), 0) < 0) fail("send");
  std::array<char, 1024> answer{};
  if (::recv(socket, answer.data(), answer.size(), 0) <= 0) fail("refused");
  return socket;
}

std::vector<int> connect_all(std::uint16_t port, std::size_t count) {
  std::vector<int> all(count);
  for (auto& socket : all) socket = connect_to(port);
  return all;
}

/// Sends bursts on all connections and reads their echoes until the time has passed. Returns the number of
/// echoes.
double talk(const std::vector<int>& sockets, const load& with, std::chrono::milliseconds time) {
  hawser::byte_buffer burst;
  const std::vector<std::byte> payload(with.size, std::byte{'x'});
  const hawser::frame_header header{.op = hawser::opcode::binary,
                                    .masked = true,
                                    .mask = {std::byte{1}, std::byte{2}, std::byte{3}}};
  for (std::size_t i = 0; i < with.at_once; ++i) hawser::append_frame(burst, header, payload);
  const auto echoed = burst.size() - with.at_once * sizeof(hawser::mask_key);

  std::vector<pollfd> ready;
  std::vector<std::size_t> missing(sockets.size(), 0);
  for (const int socket : sockets) ready.push_back({socket, POLLIN, 0});
  std::vector<std::byte> buffer(256 * 1024);
  double bursts = 0;
  std::size_t waiting = 0;
  const auto until = std::chrono::steady_clock::now() + time;
  const auto send = [&](std::size_t i) {
    const auto data = burst.view();
    if (::send(sockets[i], data.data(), data.size(), 0) < 0) fail("send");
    missing[i] = echoed;
    ++waiting;
  };
  for (std::size_t i = 0; i < sockets.size(); ++i) send(i);
  while (waiting != 0) {
    ::poll(ready.data(), ready.size(), -1);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (ready[i].revents == 0) continue;
      const auto size = ::recv(sockets[i], buffer.data(), buffer.size(), 0);
      if (size <= 0) fail("the server has gone");
      missing[i] -= static_cast<std::size_t>(size);
      if (missing[i] != 0) continue;
      ++bursts;
      --waiting;
      if (std::chrono::steady_clock::now() < until) send(i);
    }
  }
  return bursts * static_cast<double>(with.at_once);
}

/// The server's processor time per echo, in ns.
double cost(kind which, const load& with) {
  const server_process server{which};
  const auto sockets = connect_all(server.port(), with.connections);
  talk(sockets, with, std::chrono::milliseconds{200});
  const auto before = server.used();
  const auto echoes = talk(sockets, with, std::chrono::milliseconds{1000});
  const auto used = server.used() - before;
  for (const int socket : sockets) ::close(socket);
  return used / echoes;
}

void compare(const load& with, int rounds) {
  std::vector<double> ratios;
  std::vector<double> costs;
  for (int round = 0; round < rounds; ++round) {
    const auto bare = cost(kind::bare, with);
    costs.push_back(cost(kind::hawser, with));
    ratios.push_back(costs.back() / bare);
  }
  std::printf("%-44s %8.0f ns  %5.2f x bare\n", with.name, median(costs), median(ratios));
  std::fflush(stdout);
}

void weigh_idle(std::size_t count) {
  const server_process server{kind::hawser};
  const auto first = connect_all(server.port(), 10);
  const auto before = server.memory();
  const auto sockets = connect_all(server.port(), count);
  std::printf("%-44s %8.0f bytes\n", "an idle connection of 8,000 takes",
              (server.memory() - before) / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  pin_to(1);
  compare({"64 bytes, 100 connections, one at a time", 100, 1, 64}, rounds);
  compare({"64 bytes, 100 connections, bursts of 32", 100, 32, 64}, rounds);
  compare({"16 KiB, 10 connections, bursts of 4", 10, 4, 16 * 1024}, rounds);
  weigh_idle(8'000);
}
