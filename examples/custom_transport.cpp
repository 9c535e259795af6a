// SPDX-License-Identifier: BSL-1.0
// A transport of your own in three functions: a pair of pipes. A child process is the server.
#include <csignal>
#include <iostream>

#include <hawser/hawser.hpp>
#include <sys/wait.h>
#include <unistd.h>

struct pipe_transport {
  int in, out;

  std::size_t read_some(std::span<std::byte> bytes, std::error_code& ec) {
    return checked(::read(in, bytes.data(), bytes.size()), ec);
  }
  std::size_t write_some(std::span<const std::byte> bytes, std::error_code& ec) {
    return checked(::write(out, bytes.data(), bytes.size()), ec);
  }
  void shutdown(std::error_code& ec) { checked(::close(out), ec); }

  static std::size_t checked(ssize_t result, std::error_code& ec) {
    ec = result < 0 ? std::error_code{errno, std::generic_category()} : std::error_code{};
    return result < 0 ? 0 : std::size_t(result);
  }
};

int serve(pipe_transport transport) {
  std::error_code ec;
  hawser::server_handshake handshake;
  auto peer = hawser::accept(transport, handshake, ec);
  if (!peer) return 1;
  while (auto message = peer->read()) peer->write(*message);
  return peer->close_reason().clean ? 0 : 1;
}

int ask(pipe_transport transport) {
  std::error_code ec;
  hawser::client_handshake handshake{*hawser::uri::decode("ws://child/")};
  auto peer = hawser::connect(transport, handshake, ec);
  if (!peer) return 1;
  peer->write("over two pipes");
  if (const auto message = peer->read()) std::cout << message->text() << '\n';
  return peer->close() ? 1 : 0;
}

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  int there[2], back[2], status = 0;
  if (::pipe(there) != 0 || ::pipe(back) != 0) return 1;
  if (::fork() == 0) return ::close(there[1]), ::close(back[0]), serve({there[0], back[1]});
  ::close(there[0]), ::close(back[1]);
  const int failed = ask({back[0], there[1]});
  return ::wait(&status), failed || status;
}
