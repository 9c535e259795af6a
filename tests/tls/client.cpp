// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/client.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <asio/io_context.hpp>
#include <openssl/x509_vfy.h>

#include "hawser/asio/client_options.hpp"
#include "hawser/asio/reconnecting_websocket.hpp"
#include "hawser/asio/threaded_server.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/tls/certificate_error.hpp"
#include "hawser/tls/client_context.hpp"
#include "hawser/tls/server_context.hpp"
#include "hawser/tls/threaded_server.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/driven_client.hpp"
#include "support/secure_pair.hpp"
#include "support/system_trust.hpp"
#include "support/wss_server.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;
using driven_tls_client = basic_driven_client<tls_client>;
using echo = running_echo<tls_threaded_server>;

tls_server_context serving(const issued& server) {
  return tls_server_context{{.identities = {server.identity()}}};
}

TEST_CASE("a client connects to a wss: URL, talks, and ends") {
  echo server{threaded_server_options{}, serving(test_server())};
  driven_tls_client client{brisk_client(server.url("wss")), trusting_client()};
  client.start();
  CHECK(client.next() == "open");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
  CHECK_FALSE(client->close());
  CHECK(client.rest() == lines{"close 1000", "stopped", "idle"});
  server.stop();
  CHECK(server.errors().empty());
}

TEST_CASE("a client's session reports what TLS has negotiated", "[rfc5280-4.2.1.6]") {
  echo server{threaded_server_options{}, serving(test_server())};
  std::string seen;
  asio::io_context context{1};
  tls_client client{context, brisk_client(server.url("wss")), trusting_client()};
  client.on_open([&](session& open) {
    seen = open.tls()->version + ' ' + open.peer_certificate()->dns_names.front();
    if (open.is_secure() && open.listener().empty()) seen += " secure";
    client.close();
  });
  client.start();
  context.run();
  CHECK(seen == "TLSv1.3 localhost secure");
}

TEST_CASE("the same client connects to a ws: URL") {
  running_echo<threaded_server> server{threaded_server_options{}};
  driven_tls_client client{brisk_client(server.url("ws", "127.0.0.1")), trusting_client()};
  client.start();
  CHECK(client.next() == "open");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
}

TEST_CASE("a client without a context connects to a wss: URL", "[rfc-11.1.2]") {
  echo server{threaded_server_options{}, serving(test_server())};
  driven_client client{brisk_client(server.url("wss"))};
  client->on_open([&](session& open) {
    client.note(open.is_secure() && open.peer_certificate()->verified ? "secure" : "plain");
  });
  client.start();
  CHECK(client.next() == "secure");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
  CHECK_FALSE(client->close());
  CHECK(client.rest() == lines{"close 1000", "stopped", "idle"});
}

TEST_CASE("a client without a context gives up if the certificate is invalid") {
  echo server{threaded_server_options{}, serving(issue_for("DNS:elsewhere.example"))};
  driven_client client{brisk_client(server.url("wss"))};
  client.start();
  CHECK(client.rest() == lines{"failed: the certificate is not for this host", "stopped", "idle"});
}

TEST_CASE("a client without a context that is stopped inside the TLS handshake ends") {
  stage server;
  auto url = server.url();
  driven_client client{brisk_client(url.replace(0, 2, "wss"))};
  client.start();
  auto peer = server.accept();
  CHECK_FALSE(peer.receive().empty());
  client->stop();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a reconnecting_websocket without a context connects to a wss: URL") {
  echo server{threaded_server_options{}, serving(test_server())};
  reconnecting_websocket peer{brisk_client(server.url("wss"))};
  peer.on_open([](session& open) { open.send("ahoy"); });
  const auto answer = peer.read();
  REQUIRE(answer);
  CHECK(answer->text() == "ahoy");
  CHECK_FALSE(peer.close());
}

TEST_CASE("a client reconnects to a server that stops, with one context for many clients") {
  const auto shared = trusting_client();
  auto server = std::make_unique<echo>(threaded_server_options{}, serving(test_server()));
  const auto port = server->server().port();
  driven_tls_client client{brisk_client(server->url("wss")), shared};
  client.start();
  CHECK(client.next() == "open");
  server.reset();
  CHECK(client.next() == "close 1001");
  server = std::make_unique<echo>(threaded_server_options{.port = port}, serving(test_server()));
  std::string last;
  while ((last = client.next()).starts_with("attempt")) {
  }
  CHECK(last == "open");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
}

TEST_CASE("an invalid certificate ends the client") {
  echo server{threaded_server_options{}, serving(issue_for("DNS:elsewhere.example"))};
  driven_tls_client client{brisk_client(server.url("wss")), trusting_client()};
  client.start();
  CHECK(client.rest() == lines{"failed: the certificate is not for this host", "stopped", "idle"});
}

TEST_CASE("a refusal without a close_notify ends the client", "[rfc9112-8]") {
  const cutting_server far{
      serving(test_server()),
      GENERATE("HTTP/1.1 401 X\r\n\r\nno", "HTTP/1.1 401 X\r\nContent-Length: 20\r\n\r\nno")};
  driven_tls_client client{brisk_client(far.url()), trusting_client()};
  client.start();
  CHECK(client.rest() == lines{"failed: 401", "stopped", "idle"});
}

TEST_CASE("a redirection without a close_notify is followed", "[rfc9112-8]") {
  echo there{threaded_server_options{}, serving(test_server())};
  const cutting_server here{serving(test_server()),
                            "HTTP/1.1 302 X\r\nLocation: " + there.url("wss") + "\r\n\r\nthere"};
  auto options = brisk_client(here.url());
  options.max_redirects = 1;
  driven_tls_client client{options, trusting_client()};
  client.start();
  CHECK(client.next() == "open");
}

TEST_CASE("a client tries again if the certificate is not yet valid") {
  const auto early = issue({.issuer = &test_authority(), .from_days = 1, .to_days = 2});
  echo server{threaded_server_options{}, serving(early)};
  driven_tls_client client{brisk_client(server.url("wss")), trusting_client()};
  client.start();
  CHECK(client.next() == "attempt 1: the certificate is not valid yet");
  CHECK(client.next() == "attempt 2: the certificate is not valid yet");
}

TEST_CASE("a tls_client verifies the URL's name when it connects elsewhere") {
  threaded_server_options named;
  named.handshake.allowed_hosts = {"server.example"};
  echo server{named, serving(issue_for("DNS:server.example"))};
  auto options = brisk_client("wss://server.example/");
  options.connect_to = "127.0.0.1:" + std::to_string(server.server().port());
  driven_tls_client client{options, trusting_client()};
  client.start();
  CHECK(client.next() == "open");
}

TEST_CASE("a client ends inside the TLS handshake") {
  stage server;
  driven_tls_client client{brisk_client("wss://127.0.0.1:" + std::to_string(server.port()) + "/"),
                           trusting_client()};
  client.start();
  auto peer = server.accept();
  CHECK_FALSE(peer.receive().empty());
  client->stop();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

TEST_CASE("a TLS handshake that takes too long is tried again") {
  stage server;
  auto options = brisk_client("wss://127.0.0.1:" + std::to_string(server.port()) + "/");
  options.handshake_timeout = 1ms;
  driven_tls_client client{options, trusting_client()};
  client.start();
  auto peer = server.accept();
  CHECK(client.next() == "attempt 1: the opening handshake took too long");
}

TEST_CASE("an opening handshake inside TLS that takes too long is tried again") {
  tls_threaded_server server{threaded_server_options{}, serving(test_server())};
  mailbox<bool> over;
  server.on_upgrade([&](auto&) { over.take(); });
  std::thread run{[&] { server.run([](auto&) {}); }};
  auto options = brisk_client("wss://127.0.0.1:" + std::to_string(server.port()) + "/");
  options.handshake_timeout = 200ms;
  {
    driven_tls_client client{options, trusting_client()};
    client.start();
    CHECK(client.next() == "attempt 1: the opening handshake took too long");
    client->stop();
  }
  for (int i = 0; i < 100; ++i) over.put(true);
  server.shutdown();
  run.join();
}

TEST_CASE("a redirection from wss: to ws: is not followed") {
  stage elsewhere;
  tls_threaded_server server{threaded_server_options{}, serving(test_server())};
  server.on_upgrade([&](auto& asked) {
    response there{.status = 302};
    there.headers.add("Location", elsewhere.url());
    asked.reject(there);
  });
  std::thread run{[&] { server.run([](auto&) {}); }};
  auto options = brisk_client("wss://localhost:" + std::to_string(server.port()) + "/");
  options.max_redirects = 5;
  {
    driven_tls_client client{options, trusting_client()};
    client.start();
    CHECK(client.rest() == lines{"failed: 302", "stopped", "idle"});
  }
  server.shutdown();
  run.join();
}

TEST_CASE("a redirection from ws: to wss: is followed") {
  echo there{threaded_server_options{}, serving(test_server())};
  stage server;
  auto options = brisk_client(server.url());
  options.max_redirects = 1;
  driven_tls_client client{options, trusting_client()};
  client.start();
  server.refuse(refusal_with(301, "Location: " + there.url("https") + "\r\n"));
  CHECK(client.next() == "open");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
}

TEST_CASE("TLS goes through a proxy's tunnel") {
  echo there{threaded_server_options{}, serving(test_server())};
  stage proxy;
  auto options = brisk_client(there.url("wss"));
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  driven_tls_client client{options, trusting_client()};
  client.start();
  auto near = proxy.accept();
  CHECK(near.receive_until("\r\n\r\n").starts_with("CONNECT localhost:"));
  raw_socket far{there.server().port()};
  near.send("HTTP/1.1 200 Yes\r\n\r\n");
  const relay between{near, far};
  CHECK(client.next() == "open");
  CHECK_FALSE(client->send("ahoy"));
  CHECK(client.next() == "text \"ahoy\"");
  client->stop();
  CHECK(client.next() == "close 1006");
}

}  // namespace
