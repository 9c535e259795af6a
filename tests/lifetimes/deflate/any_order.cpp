// SPDX-License-Identifier: BSL-1.0

// Objects are destroyed in any order, with compression.

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "lifetimes/order.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

things compressing_scene() {
  things all;
  const auto compression = all.make<permessage_deflate>(deflate_preset::balanced);
  const auto options = all.make<connect_options>();
  options->extension = *compression;
  threaded_server_options serving;
  serving.extension = *compression;
  serving.connection.close_timeout = std::chrono::milliseconds{1};
  threaded_server server{serving};
  std::thread runner{[&] {
    server.run([](auto& peer) {
      while (const auto got = peer.read()) peer.write(*got);
    });
  }};
  const auto url = url_at(server.port());
  const auto peer = all.make<client_websocket>(connect(url, *options));
  const auto prepared = all.make<prepared_message>(std::string(10'000, 'x'));
  peer->write(*prepared);
  peer->write(std::string(10'000, 'y'));
  CHECK(peer->read());
  server.shutdown();
  runner.join();
  return all;
}

std::vector<named_scene> compressed_scenes() {
  return {{"a blocking client", [] { return compressing_scene(); }}};
}

TEST_CASE("with compression, handles and options may be destroyed in any order") {
  destroy_in_each_order(compressed_scenes());
}

TEST_CASE(
    "with compression, objects made by a thread may be destroyed after it has ended, or last") {
  destroy_with_threads(compressed_scenes());
}

std::vector<things> compressed_late;

TEST_CASE("with compression, static objects may be destroyed after those of the library") {
  for (const auto& one : compressed_scenes()) compressed_late.push_back(one.make());
}

}  // namespace
