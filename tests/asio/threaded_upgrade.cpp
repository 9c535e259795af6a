// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_upgrade.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE(
    "an upgrade of a threaded server reports its client, its listener and that it is not "
    "encrypted") {
  threaded_server server{{}};
  mailbox<std::string> facts;
  server.on_upgrade([&](threaded_upgrade& asked) {
    facts.put(asked.remote_address().substr(0, 10));
    facts.put(asked.listener());
    facts.put(asked.request().query("name").value_or("none"));
    facts.put(asked.is_secure() || asked.tls() || asked.peer_certificate() ? "secure" : "plain");
    asked.accept();
  });
  std::thread run{[&] {
    server.run([&](auto& peer) {
      facts.put(peer.is_secure() || peer.tls() || peer.peer_certificate() ? "secure" : "plain");
    });
  }};
  const auto port = std::to_string(server.port());
  auto client = connect("ws://localhost:" + port + "/?name=Anna+M");
  CHECK(facts.take() == "127.0.0.1:");
  CHECK(facts.take() == "127.0.0.1:" + port);
  CHECK(facts.take() == "Anna M");
  CHECK(facts.take() == "plain");
  CHECK(facts.take() == "plain");
  CHECK_FALSE(client.is_secure());
  CHECK_FALSE(client.tls());
  (void)client.close();
  server.stop();
  run.join();
}

TEST_CASE("an upgrade has the facts of TLS that it is given") {
  const threaded_server_options options;
  const detail::listener_facts listener{"127.0.0.1:1", {.secure = true}};
  threaded_upgrade asked{options, listener, "127.0.0.1:2"};
  CHECK_FALSE(asked.tls());
  asked.set_tls(std::make_shared<const tls_facts>(
      tls_facts{.peer_certificate = certificate_facts{.subject = "CN=a"}}));
  CHECK(asked.peer_certificate()->subject == "CN=a");
}

TEST_CASE("an exception of a hook after its answer does not change the answer") {
  threaded_server server{{}};
  server.on_upgrade([](threaded_upgrade& asked) {
    asked.accept();
    throw std::runtime_error{"too late"};
  });
  mailbox<std::string> errors;
  server.on_error([&](const std::exception_ptr& error) { errors.put(exception_text(error)); });
  std::thread run{[&] {
    server.run([](auto& peer) {
      while (const auto message = peer.read()) peer.write(*message);
    });
  }};
  auto client = connect("ws://localhost:" + std::to_string(server.port()) + "/");
  CHECK(errors.take() == "too late");
  CHECK_FALSE(client.write("ahoy"));
  CHECK(client.read()->text() == "ahoy");
  CHECK_FALSE(client.close());
  server.stop();
  run.join();
}

}  // namespace
