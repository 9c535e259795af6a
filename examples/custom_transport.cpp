// SPDX-License-Identifier: BSL-1.0
#include <csignal>
#include <exception>
#include <iostream>

#include <hawser/hawser.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.hpp"

constexpr auto help = R"(custom_transport

Connects to a child process over two pipes: a transport of your own in three functions.

Example: custom_transport
)";

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

int main(int argc, char** argv) try {
  const arguments none{argc, argv, help, 0, 0};

  std::signal(SIGPIPE, SIG_IGN);
  int there[2], back[2], status = 0;
  if (::pipe(there) != 0 || ::pipe(back) != 0) return 1;
  if (::fork() == 0) return ::close(there[1]), ::close(back[0]), serve({there[0], back[1]});
  ::close(there[0]), ::close(back[1]);
  const int failed = ask({back[0], there[1]});
  return ::wait(&status), failed || status;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
