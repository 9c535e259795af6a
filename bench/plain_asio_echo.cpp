// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio.hpp>

// An echo server of plain TCP with callbacks, as Asio's documentation shows one. bench/compile_time.py
// compiles it to compare; it is not part of another benchmark.

namespace {

class connection : public std::enable_shared_from_this<connection> {
 public:
  explicit connection(asio::ip::tcp::socket socket) : socket_{std::move(socket)} {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](std::error_code ec, std::size_t size) {
                              if (!ec) self->write(size);
                            });
  }

 private:
  void write(std::size_t size) {
    asio::async_write(socket_, asio::buffer(buffer_, size),
                      [self = shared_from_this()](std::error_code ec, std::size_t) {
                        if (!ec) self->read();
                      });
  }

  asio::ip::tcp::socket socket_;
  std::array<char, 4096> buffer_;
};

class server {
 public:
  explicit server(asio::io_context& context, unsigned short port)
      : acceptor_{context, {asio::ip::tcp::v4(), port}} {
    accept();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](std::error_code ec, asio::ip::tcp::socket socket) {
      if (!ec) std::make_shared<connection>(std::move(socket))->read();
      accept();
    });
  }

  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace

int main(int argc, char** argv) try {
  asio::io_context context;
  asio::signal_set signals{context, SIGINT, SIGTERM};
  signals.async_wait([&](std::error_code, int) { context.stop(); });
  const server echo{context, static_cast<unsigned short>(argc > 1 ? std::stoi(argv[1]) : 9001)};
  context.run();
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
