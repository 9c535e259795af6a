// SPDX-License-Identifier: BSL-1.0
// The counterpart of deflate.cpp on Boost.Beast.
#include <cstddef>
#include <string_view>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "deflate_case.hpp"

namespace {

namespace net = boost::asio;
namespace ws = boost::beast::websocket;
using socket_type = net::local::stream_protocol::socket;

net::io_context& context() {
  static net::io_context shared;
  return shared;
}

class beast_pair {
 public:
  explicit beast_pair(const deflate_case& one) : client_{context()}, server_{context()} {
    net::local::connect_pair(client_.next_layer(), server_.next_layer());
    ws::permessage_deflate options;
    options.client_enable = options.server_enable = one.compressed;
    if (one.compressed) {
      options.client_max_window_bits = options.server_max_window_bits = one.window_bits;
      options.client_no_context_takeover = options.server_no_context_takeover = !one.takeover;
      options.compLevel = one.level;
      options.memLevel = one.memory_level;
    }
    client_.set_option(options);
    server_.set_option(options);
    std::thread serving{[&] { server_.accept(); }};
    client_.handshake("localhost", "/");
    serving.join();
    client_.text(true);
    server_.text(true);
  }

  std::size_t echo(std::string_view text) {
    client_.write(net::buffer(text));
    const auto wire = static_cast<std::size_t>(waiting(server_.next_layer().native_handle()));
    server_.read(buffer_);
    server_.write(buffer_.data());
    buffer_.clear();
    client_.read(buffer_);
    buffer_.clear();
    return wire;
  }

 private:
  ws::stream<socket_type> client_;
  ws::stream<socket_type> server_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace

int main() { run_deflate_cases<beast_pair>("Boost.Beast"); }
