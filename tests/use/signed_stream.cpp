// SPDX-License-Identifier: BSL-1.0
// A client streams from a name that a page of the application has signed.
// Prints: "hello"
#include <exception>
#include <iostream>
#include <string>

#include <hawser/cable.hpp>
#include <hawser/cable/test_client.hpp>
#include <hawser/credentials.hpp>
#include <hawser/testing.hpp>

namespace cable = hawser::cable;
namespace credentials = hawser::credentials;

int main() try {
  hawser::memory_broker broker;
  cable::server served{broker};
  const credentials::signed_stream_names names{credentials::secret{"ANYCABLE_STREAMS_SECRET"}};
  served.serve_pubsub({.signed_streams = names});
  const auto for_page = names.sign("chat/2023");

  hawser::testing::world world;
  hawser::server server{world.context(), {.listener = hawser::first_listener::none}};
  served.mount(server.route("/cable"));
  world.serve(server);
  cable::test_client client{world};
  client.expect_welcome();
  const auto id = client.subscribe({{"channel", "$pubsub"}, {"signed_stream_name", for_page}});
  client.expect_confirmed(id);
  served.broadcast("chat/2023", "hello");
  std::cout << client.expect_message(id) << std::endl;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
