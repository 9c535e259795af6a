// SPDX-License-Identifier: BSL-1.0
// One message of 1 GiB, of which neither side stores more than a piece.
// Prints: 1073741824
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <thread>
#include <vector>

#include <hawser/asio.hpp>

int main() try {
  hawser::server_options options;
  options.connection.max_message_size_in_parts = 0;
  options.connection.max_frames_in_parts = 0;
  hawser::server server{options};
  server.on_part([](hawser::session& peer, hawser::message_part part) {
    if (part.first) peer.data() = std::uint64_t{0};
    const auto size = peer.data<std::uint64_t>() += part.payload.size();
    if (part.last) peer.send(std::to_string(size));
  });
  std::jthread serving{[&](auto stop) { server.run(stop); }};

  auto peer = hawser::connect("ws://127.0.0.1:" + std::to_string(server.port()));
  const std::vector<std::byte> piece(1024 * 1024);
  auto out = peer.begin_message(hawser::message_kind::binary);
  for (int i = 0; i < 1024; ++i) out.write(piece);
  out.finish();
  std::cout << peer.read()->text() << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
