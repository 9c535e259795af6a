// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_peer.hpp"

#include <any>
#include <string>
#include <thread>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("what the upgrade hook stores arrives in the handler of a threaded server") {
  struct user {
    std::string name;
  };
  threaded_server server{{}};
  server.on_upgrade([](threaded_upgrade& asked) {
    if (const auto name = asked.request().query("name")) asked.data() = user{*name};
    asked.accept();
  });
  std::thread run{[&] {
    server.run([](threaded_server::peer& peer) {
      if (!peer.data().has_value()) {
        CHECK_THROWS_AS(peer.data<user>(), bad_session_data);
        peer.write("anybody");
      } else {
        CHECK_THROWS_AS(peer.data<int>(), bad_session_data);
        peer.write(peer.data<user>().name);
      }
    });
  }};
  auto named = connect(url_at(server.port(), "/?name=Anna"));
  CHECK(named.read()->text() == "Anna");
  CHECK_FALSE(named.close());
  auto other = connect(url_at(server.port()));
  CHECK(other.read()->text() == "anybody");
  CHECK_FALSE(other.close());
  server.shutdown();
  run.join();
}

}  // namespace
