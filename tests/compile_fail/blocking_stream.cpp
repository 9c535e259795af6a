// SPDX-License-Identifier: BSL-1.0
// Refused: blocking_stream
#include "hawser/transport/websocket.hpp"

struct stream {
  std::size_t read_some(std::span<std::byte> in, std::error_code& ec);
  std::size_t write_some(std::span<const std::byte> out, std::error_code& ec);
#ifdef COMPLETE
  void shutdown(std::error_code& ec);
#endif
};

using refused = hawser::websocket<stream>;
