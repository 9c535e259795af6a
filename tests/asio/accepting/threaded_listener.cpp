// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/accepting/threaded_listener.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>

#include "hawser/transport/memory_budget.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using blocking_listener = detail::threaded_listener<tcp>;

struct listening {
  asio::io_context context;
  detail::io_registries registries{context.get_executor()};
  std::shared_ptr<detail::connection_places> places =
      std::make_shared<detail::connection_places>(1, 0);
  std::shared_ptr<blocking_listener> listener = std::make_shared<blocking_listener>(
      loopback(),
      detail::connection_home<asio::any_io_executor>{context.get_executor(), registries},
      detail::admission{.places = places, .memory = std::make_shared<detail::memory_budget>(0)});

  raw_socket connect() { return raw_socket{listener->local_endpoint().port()}; }
};

TEST_CASE("a connection is passed on with its remote address and its place") {
  listening all;
  std::string from;
  detail::connection_places::place kept;
  all.listener->use(
      [&](blocking_listener::socket, std::string remote, detail::connection_places::place place) {
        from = std::move(remote);
        kept = std::move(place);
        all.context.stop();
      },
      [](const incident&) {}, false);
  all.listener->start();
  auto client = all.connect();
  all.context.run_for(soon);
  CHECK(from == "127.0.0.1:" + std::to_string(client.socket().local_endpoint().port()));
  CHECK(all.places->count() == 1);
  all.listener->stop();
  detail::abandon_all(all.registries);
}

TEST_CASE("the end of a threaded server closes the clients that read no refusal", "[abuse]") {
  listening all;
  const auto taken = all.places->take("");
  auto client = all.connect();
  const auto before = open_files();
  all.listener->use([](auto&&...) {}, [](const incident&) {}, false);
  all.listener->start();
  while (client.socket().available() == 0) all.context.run_one_for(std::chrono::milliseconds{10});
  CHECK(status_of(client.receive_until("\r\n")) == 503);
  all.listener->stop();
  detail::abandon_all(all.registries);
  client.receive_all();
  CHECK(open_files() == before - 1);  // the acceptor is closed, too
}

}  // namespace
