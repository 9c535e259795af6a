// SPDX-License-Identifier: BSL-1.0
//
// receive [ROUNDS]: the processor time of a client for each message of a stream that comes as fast as the
// client takes it, compared with a bare client in the same round. For Linux with two processors: a process
// on the first one sends, and this process receives on the second.

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hawser/asio/async_connect.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/base/byte_buffer.hpp"
#include "hawser/frame/writer.hpp"
#include "measuring.hpp"

namespace {

using namespace bench;

constexpr int processor_of_sender = 0;
constexpr int processor_of_client = 1;

/// Sends `frames` for ever.
[[noreturn]] void send_all(int socket, hawser::bytes_view frames) {
  while (true) {
    for (auto left = frames; !left.empty();) {
      const auto size = ::send(socket, left.data(), left.size(), MSG_NOSIGNAL);
      if (size > 0) left = left.subspan(static_cast<std::size_t>(size));
      if (size >= 0) continue;
      if (errno != EAGAIN) std::exit(0);
      pollfd waits{socket, POLLOUT, 0};
      ::poll(&waits, 1, -1);
    }
  }
}

/// A process that accepts one client and sends messages of one size.
class sender_process {
 public:
  explicit sender_process(std::size_t size) {
    asio::ip::tcp::acceptor acceptor{context_, {asio::ip::address_v4::loopback(), 0}};
    port_ = acceptor.local_endpoint().port();
    process_ = ::fork();
    if (process_ == 0) serve(acceptor, size);
  }
  ~sender_process() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  sender_process(const sender_process&) = delete;
  sender_process& operator=(const sender_process&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(port_) + '/'; }

 private:
  [[noreturn]] static void serve(asio::ip::tcp::acceptor& acceptor, std::size_t size) {
    pin_to(processor_of_sender);
    hawser::server_handshake handshake{hawser::default_server_policy{}};
    std::error_code ec;
    auto peer = hawser::accept(hawser::socket_transport{acceptor.accept()}, handshake, ec);
    // The client may read the stream itself after its first message, so nothing is sent before.
    if (!peer || !peer->read()) std::exit(1);
    hawser::byte_buffer frames;
    const std::vector<std::byte> payload(size, std::byte{'x'});
    while (frames.size() < 256 * 1024) {
      hawser::append_frame(frames, {.op = hawser::opcode::binary}, payload);
    }
    send_all(peer->stream().socket().native_handle(), frames.view());
  }

  asio::io_context context_;
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

/// Measures the messages after the first eighth.
class meter {
 public:
  explicit meter(std::size_t messages) : skipped_{messages / 8}, left_{messages} {}

  /// A message has arrived. Returns whether more are wanted.
  bool count() {
    if (skipped_ != 0 && --skipped_ == 0) begin_ = used_by(0);
    if (skipped_ == 0) ++measured_;
    if (--left_ == 0) result_ = (used_by(0) - begin_) / static_cast<double>(measured_);
    return left_ != 0;
  }

  bool is_done() const { return left_ == 0; }
  double result() const { return result_; }

 private:
  std::size_t skipped_;
  std::size_t left_;
  std::size_t measured_ = 0;
  double begin_ = 0;
  double result_ = 0;
};

/// A client without limits, fragments and checks.
void receive_bare(const sender_process& from, meter& messages) {
  auto peer = hawser::connect(from.url());
  peer.write("go");
  const int socket = peer.stream().socket().native_handle();
  std::vector<std::byte> buffer(2 * 1024 * 1024);
  std::size_t kept = 0;
  while (true) {
    pollfd waits{socket, POLLIN, 0};
    auto size = ::recv(socket, buffer.data() + kept, buffer.size() - kept, 0);
    if (size < 0 && errno == EAGAIN) {
      ::poll(&waits, 1, -1);
      continue;
    }
    if (size <= 0) fail("recv");
    hawser::bytes_view input{buffer.data(), kept + static_cast<std::size_t>(size)};
    while (true) {
      hawser::frame_header header;
      const auto head = hawser::decode(input, header);
      if (head.size == 0 || input.size() - head.size < header.length) break;
      input = input.subspan(head.size + static_cast<std::size_t>(header.length));
      if (!messages.count()) return;
    }
    kept = input.size();
    std::memmove(buffer.data(), input.data(), kept);
  }
}

void receive_blocking(const sender_process& from, meter& messages) {
  auto peer = hawser::connect(from.url());
  peer.write("go");
  while (peer.read() && messages.count()) {
  }
}

struct async_reader {
  hawser::async_client_websocket peer;
  meter& messages;
  hawser::message into = {};

  void next() {
    peer.async_read(into, [this](std::error_code ec) {
      if (ec) std::exit(1);
      messages.count() ? next() : peer.close_now();
    });
  }
};

void receive_async(const sender_process& from, meter& messages) {
  asio::io_context context{1};
  std::optional<async_reader> reader;
  hawser::async_connect(context, from.url(),
                        [&](std::error_code ec, hawser::async_client_websocket peer) {
                          if (ec) std::exit(1);
                          reader.emplace(async_reader{std::move(peer), messages});
                          reader->peer.async_write("go", [&](std::error_code) { reader->next(); });
                        });
  context.run();
}

void receive_events(const sender_process& from, meter& messages) {
  asio::io_context context{1};
  hawser::client peer{context, {.url = from.url()}};
  peer.on_message([&](hawser::session&, hawser::message_view) {
    if (!messages.is_done() && !messages.count()) peer.stop();
  });
  peer.on_open([](hawser::session& session) { session.send("go"); });
  peer.start();
  context.run();
}

struct client_kind {
  const char* name;
  void (*receive)(const sender_process&, meter&);
};

constexpr std::array<client_kind, 4> kinds{{{"bare", receive_bare},
                                            {"blocking", receive_blocking},
                                            {"async_websocket", receive_async},
                                            {"client", receive_events}}};

double cost(const client_kind& client, std::size_t size) {
  const sender_process sender{size};
  meter messages{std::max<std::size_t>(200, 100'000'000 / (size + 400))};
  client.receive(sender, messages);
  return messages.result();
}

void compare(std::size_t size, int rounds) {
  std::array<std::vector<double>, kinds.size()> costs;
  std::array<std::vector<double>, kinds.size()> ratios;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      costs[i].push_back(cost(kinds[i], size));
      ratios[i].push_back(costs[i].back() / costs[0].back());
    }
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    std::printf("%8zu bytes  %-16s %9.0f ns  %6.2f x bare\n", size, kinds[i].name, median(costs[i]),
                median(ratios[i]));
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  pin_to(processor_of_client);
  for (const std::size_t size : {100, 1024, 16 * 1024, 1024 * 1024}) compare(size, rounds);
}
