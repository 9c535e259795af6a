// SPDX-License-Identifier: BSL-1.0
// Refused: timed_stream
#include "hawser/transport/websocket.hpp"

struct stream {
  std::size_t read_some(std::span<std::byte> in, std::error_code& ec);
  std::size_t write_some(std::span<const std::byte> out, std::error_code& ec);
  void shutdown(std::error_code& ec);
#ifdef COMPLETE
  bool wait_readable(std::chrono::steady_clock::time_point until, std::error_code& ec);
  bool wait_writable(std::chrono::steady_clock::time_point until, std::error_code& ec);
  std::chrono::steady_clock::time_point now();
#endif
};

auto refused(hawser::websocket<stream>& peer, std::error_code& ec) {
  return peer.read(std::chrono::seconds{1}, ec);
}
