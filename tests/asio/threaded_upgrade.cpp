// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/threaded_upgrade.hpp"

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/base/error.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

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
  server.shutdown();
  run.join();
}

TEST_CASE("an upgrade has the facts of TLS that it is given, and its first answer counts") {
  const detail::listener_facts listener{"127.0.0.1:1", {.secure = true}};
  const request none;
  threaded_upgrade asked{none, listener, "127.0.0.1:2",
                         std::make_shared<const tls_facts>(
                             tls_facts{.peer_certificate = certificate_facts{.subject = "CN=a"}})};
  CHECK(asked.peer_certificate()->subject == "CN=a");
  CHECK_FALSE(asked.answered());
  CHECK_FALSE(asked.accept({.subprotocol = "chat"}));
  CHECK(asked.answered());
  CHECK(asked.reject(403) == errc::closed);
  CHECK(asked.accept() == errc::closed);
  CHECK(std::get<acceptance>(*asked.decision()).subprotocol == "chat");
}

TEST_CASE("the hook of a threaded server chooses the subprotocol and adds header fields",
          "[rfc-4.2.2]") {
  threaded_server server{{.handshake = {.subprotocols = {"log", "chat"}}}};
  mailbox<std::string> errors;
  server.on_error([&](const std::exception_ptr& error) { errors.put(exception_text(error)); });
  server.on_upgrade([](threaded_upgrade& asked) {
    if (asked.request().path() == "/wrong") {
      asked.accept({.subprotocol = "not offered"});
    } else {
      asked.accept({.subprotocol = "chat", .headers = {{"X-Seat", "7"}}});
    }
  });
  std::thread run{[&] {
    server.run([](auto& peer) {
      peer.write(peer.subprotocol());
      while (peer.read()) {
      }
    });
  }};
  const std::string offer = "Sec-WebSocket-Protocol: log, chat\r\n";
  raw_socket client{server.port()};
  client.send(upgrade_to("/", offer));
  const auto accepted = client.receive_until("\r\n\r\n");
  CHECK(accepted.starts_with("HTTP/1.1 101 "));
  CHECK(accepted.find("Sec-WebSocket-Protocol: chat\r\n") != accepted.npos);
  CHECK(accepted.find("X-Seat: 7\r\n") != accepted.npos);
  CHECK(client.receive_frames(1) == std::vector<std::string>{"text \"chat\""});
  raw_socket wrong{server.port()};
  wrong.send(upgrade_to("/wrong", offer));
  CHECK(status_of(wrong.receive_until("\r\n")) == 500);
  wrong.close();
  CHECK(errors.take());
  client.close();
  server.shutdown();
  run.join();
}

TEST_CASE("a threaded server that requires a subprotocol rejects clients without one") {
  threaded_server server{{.handshake = {.subprotocols = {"chat"}, .require_subprotocol = true}}};
  std::thread run{[&] {
    server.run([](auto& peer) {
      peer.write(peer.subprotocol());
      while (peer.read()) {
      }
    });
  }};
  raw_socket without{server.port()};
  without.send(upgrade_request);
  CHECK(status_of(without.receive_until("\r\n")) == 400);
  raw_socket client{server.port()};
  client.send(upgrade_to("/", "Sec-WebSocket-Protocol: chat\r\n"));
  CHECK(status_of(client.receive_until("\r\n\r\n")) == 101);
  CHECK(client.receive_frames(1) == std::vector<std::string>{"text \"chat\""});
  without.close();
  client.close();
  server.shutdown();
  run.join();
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
  server.shutdown();
  run.join();
}

}  // namespace
