// SPDX-License-Identifier: BSL-1.0
// Echoes 1 KiB of JSON between two blocking connections of hawser on one thread: see deflate_case.hpp.
// bench/deflate.py runs it together with its counterparts.
#include <string_view>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <hawser/asio.hpp>
#include <hawser/deflate.hpp>

#include "deflate_case.hpp"

namespace {

using transport = hawser::basic_socket_transport<asio::local::stream_protocol::socket>;
using peer = hawser::websocket<transport>;

class hawser_pair {
 public:
  explicit hawser_pair(const deflate_case& one) : hawser_pair{one, joined()} {}

  std::size_t echo(std::string_view text) {
    client_.write(text);
    const auto wire = static_cast<std::size_t>(waiting(handle_));
    server_.write(*server_.read());
    client_.read();
    return wire;
  }

 private:
  using sockets =
      std::pair<asio::local::stream_protocol::socket, asio::local::stream_protocol::socket>;

  static sockets joined() {
    static asio::io_context context;
    sockets made{context, context};
    asio::local::connect_pair(made.first, made.second);
    return made;
  }

  hawser_pair(const deflate_case& one, sockets joined)
      : handle_{joined.second.native_handle()},
        client_{make(hawser::role::client, one, std::move(joined.first))},
        server_{make(hawser::role::server, one, std::move(joined.second))} {}

  static peer make(hawser::role own_role, const deflate_case& one,
                   asio::local::stream_protocol::socket socket) {
    hawser::any_extension extension;
    if (one.compressed) {
      const hawser::deflate_parameters agreed{!one.takeover, !one.takeover, one.window_bits,
                                              one.window_bits};
      extension = hawser::permessage_deflate{
          {.level = one.level,
           .memory_level = one.memory_level,
           .own_window_bits = one.window_bits,
           .threshold =
               0}}.extension(own_role, agreed);
    }
    return {own_role, transport{std::move(socket)}, {}, {}, {}, std::move(extension)};
  }

  int handle_;
  peer client_;
  peer server_;
};

}  // namespace

int main() { run_deflate_cases<hawser_pair>("hawser"); }
