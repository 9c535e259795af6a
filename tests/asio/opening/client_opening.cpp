// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/opening/client_opening.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <asio/socket_base.hpp>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/driven_client.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

std::string moved_to(const std::string& location, int status = 302) {
  return refusal_with(status, "Location: " + location + "\r\n");
}

std::string through(const stage& proxy, const std::string& scheme, const std::string& user = "") {
  return scheme + "://" + user + "127.0.0.1:" + std::to_string(proxy.port());
}

/// Reads exactly that many bytes.
byte_vector receive_exactly(raw_socket& peer, std::size_t size) {
  byte_vector received;
  while (received.size() < size) {
    const auto some = peer.receive();
    if (some.empty()) break;
    received = std::move(received) + some;
  }
  return received;
}

const auto yes = [](raw_socket& peer) { peer.send(acceptance_of(peer.receive_until("\r\n\r\n"))); };

/// Accepts the next client, sends it this answer and resets the connection.
void answer_and_reset(stage& server, const std::string& answer) {
  auto peer = server.accept();
  peer.receive_until("\r\n\r\n");
  peer.socket().set_option(asio::socket_base::linger{true, 0});
  peer.send(answer);
  peer.socket().close();
}

// The request

TEST_CASE("the request has what the options say", "[rfc-4.1]") {
  stage server;
  auto options = brisk_client(server.url("/room?x=y", "anna:p%40ss@"));
  options.credentials = uri::user_info::allow;
  options.cookie = "id=1; lang=en";
  options.handshake.origin = "http://page.example";
  options.handshake.subprotocols = {"chat.v2", "chat.v1"};
  options.handshake.headers.add("X-Token", "secret");
  driven_client client{options};
  client->on_open([&](session& open) {
    client.note("open " + std::string{open.subprotocol()} + " at " +
                std::string{open.remote_address()});
  });
  client.start();
  auto peer = server.accept();
  const auto head = peer.receive_until("\r\n\r\n");
  auto answer = acceptance_of(head);
  peer.send(answer.insert(answer.size() - 2, "Sec-WebSocket-Protocol: chat.v2\r\n"));
  CHECK(client.next() == "open chat.v2 at 127.0.0.1:" + std::to_string(server.port()));
  CHECK(head.starts_with("GET /room?x=y HTTP/1.1\r\n"));
  CHECK(line_in(head, "Host") == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(line_in(head, "Origin") == "http://page.example");
  CHECK(line_in(head, "Sec-WebSocket-Protocol") == "chat.v2, chat.v1");
  CHECK(line_in(head, "X-Token") == "secret");
  CHECK(line_in(head, "Cookie") == "id=1; lang=en");
  CHECK(line_in(head, "Authorization") == "Basic YW5uYTpwQHNz");
}

TEST_CASE("options that must not be sent fail the opening") {
  stage server;
  auto options = brisk_client(server.url());
  options.cookie = "a\r\nb";
  driven_client client{options};
  client.start();
  CHECK(client.rest() ==
        lines{"failed: a header of the application cannot be sent", "stopped", "idle"});
}

TEST_CASE("frames that arrive with the response are not lost") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  auto peer = server.accept();
  peer.send(bytes(acceptance_of(peer.receive_until("\r\n\r\n"))) +
            frame_from(role::server, opcode::text, "early"));
  CHECK(client.next() == "open");
  CHECK(client.next() == "text \"early\"");
}

// Redirections

TEST_CASE("a redirection is followed if the options allow it", "[rfc-9110]") {
  stage server;
  stage elsewhere;
  auto options = brisk_client(server.url("/", "anna:secret@"));
  options.credentials = uri::user_info::allow;
  options.cookie = "id=1";
  options.max_redirects = 2;
  driven_client client{options};
  client.start();
  const auto first = server.refuse(moved_to("/room"));
  CHECK(line_in(first, "Authorization") != "none");
  const auto second =
      server.refuse(moved_to("http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/there"));
  CHECK(second.starts_with("GET /room "));
  CHECK(line_in(second, "Authorization") == line_in(first, "Authorization"));
  CHECK(line_in(second, "Cookie") == "id=1");
  elsewhere.open();
  CHECK(client.next() == "open");
  CHECK(elsewhere.head().starts_with("GET /there "));
  CHECK(line_in(elsewhere.head(), "Authorization") == "none");
  CHECK(line_in(elsewhere.head(), "Cookie") == "none");
}

TEST_CASE("a client may connect elsewhere than its URL says") {
  stage server;
  auto options = brisk_client("ws://server.invalid:81/");
  options.connect_to = "127.0.0.1:" + std::to_string(server.port());
  driven_client client{options};
  client.start();
  const auto open = server.open();
  CHECK(client.next() == "open");
  CHECK(line_in(server.head(), "Host") == "server.invalid:81");
}

TEST_CASE("a client with a malformed connect_to gives up") {
  auto options = brisk_client("ws://127.0.0.1/");
  options.connect_to = "::1";
  driven_client client{options};
  client.start();
  CHECK(client.rest() ==
        lines{"failed: connect_to is not a host or a host with a port", "stopped", "idle"});
}

TEST_CASE("a refusal cut off by a reset ends the client", "[rfc9112-8]") {
  stage server;
  driven_client client{brisk_client(server.url())};
  client.start();
  answer_and_reset(server, "HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\nno");
  CHECK(client.rest() == lines{"failed: 401", "stopped", "idle"});
}

TEST_CASE("a client follows a redirection cut off by a reset", "[rfc9112-8]") {
  stage server;
  stage elsewhere;
  auto options = brisk_client(server.url());
  options.max_redirects = 1;
  driven_client client{options};
  client.start();
  answer_and_reset(server, "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() +
                               "\r\nContent-Length: 20\r\n\r\nover");
  const auto open = elsewhere.open();
  CHECK(client.next() == "open");
}

TEST_CASE("a proxy's refusal cut off by a reset ends the client", "[rfc9112-8]") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "http");
  driven_client client{options};
  client.start();
  answer_and_reset(proxy, "HTTP/1.1 407 No\r\nContent-Length: 20\r\n\r\nno");
  CHECK(client.rest() == lines{"failed: 407", "stopped", "idle"});
}

TEST_CASE("each attempt begins with the client's own URL, not with that of a redirection") {
  stage server;
  stage elsewhere;
  auto options = brisk_client(server.url());
  options.max_redirects = 1;
  driven_client client{options};
  client.start();
  server.refuse(moved_to(elsewhere.url()));
  elsewhere.open().hang_up();
  CHECK(client.next() == "open");
  server.open();
}

TEST_CASE("circular redirections end") {
  stage server;
  auto options = brisk_client(server.url());
  options.max_redirects = 1000;
  driven_client client{options};
  client.start();
  for (int i = 0; i < 6; ++i) server.refuse(moved_to("/"));
  CHECK(client.rest() == lines{"failed: 302", "stopped", "idle"});
}

TEST_CASE("a client may end while it follows a redirection") {
  stage server;
  stage elsewhere;
  auto options = brisk_client(server.url());
  options.max_redirects = 1;
  driven_client client{options};
  client.start();
  server.refuse(moved_to(elsewhere.url()));
  auto peer = elsewhere.accept();
  client->stop();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

// HTTP proxies

TEST_CASE("a client connects through an HTTP proxy", "[rfc-9110]") {
  stage proxy;
  auto options = brisk_client("ws://server.example/room");
  options.proxy = through(proxy, "http", "anna:secret@");
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  const auto head = peer.receive_until("\r\n\r\n");
  CHECK(head.starts_with("CONNECT server.example:80 HTTP/1.1\r\n"));
  CHECK(line_in(head, "Proxy-Authorization") == "Basic YW5uYTpzZWNyZXQ=");
  peer.send("HTTP/1.1 200 Yes\r\n\r\n");
  const auto inner = peer.receive_until("\r\n\r\n");
  CHECK(inner.starts_with("GET /room HTTP/1.1\r\nHost: server.example\r\n"));
  CHECK(line_in(inner, "Proxy-Authorization") == "none");
  peer.send(acceptance_of(inner));
  CHECK(client.next() == "open");
}

TEST_CASE("a client tries again after a temporary refusal of its proxy") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "http");
  driven_client client{options};
  client.start();
  proxy.refuse(refusal_with(502));
  CHECK(client.next() == "attempt 1: the proxy refused to connect");
}

TEST_CASE("a proxy that rejects the credentials ends the client") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "http");
  driven_client client{options};
  client.start();
  proxy.refuse(refusal_with(407));
  CHECK(client.rest() == lines{"failed: 407", "stopped", "idle"});
}

TEST_CASE("bytes through a proxy before the request are an error") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "http");
  driven_client client{options};
  client.start();
  proxy.refuse("HTTP/1.1 200 Yes\r\n\r\nSSH-2.0");
  CHECK(client.rest() == lines{"failed: the proxy's answer is malformed", "stopped", "idle"});
}

TEST_CASE("a proxy that cannot be used is an error, and is not bypassed") {
  auto options = brisk_client("ws://server.example/");
  options.proxy = [](const uri&) { return hawser::proxy::decode("ftp://h/"); };
  driven_client client{options};
  client.start();
  CHECK(client.rest() ==
        lines{"failed: the proxy settings are not valid or not usable for this host", "stopped",
              "idle"});
}

TEST_CASE("the proxy is chosen for each server") {
  stage server;
  stage proxy;
  auto options = brisk_client(server.url());
  options.max_redirects = 1;
  options.proxy = [&](const uri& where) -> std::optional<hawser::proxy> {
    if (where.host() == "127.0.0.1") return hawser::proxy{};
    return hawser::proxy::decode(through(proxy, "http"));
  };
  driven_client client{options};
  client.start();
  server.refuse(moved_to("ws://server.example:81/"));
  auto peer = proxy.accept();
  CHECK(peer.receive_until("\r\n\r\n").starts_with("CONNECT server.example:81 "));
  peer.send("HTTP/1.1 200 Yes\r\n\r\n");
  yes(peer);
  CHECK(client.next() == "open");
}

// SOCKS proxies

TEST_CASE("a client connects through a SOCKS proxy", "[rfc-1928]") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "socks5");
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  CHECK(receive_exactly(peer, 3) == "05 01 00"_b);
  peer.send("05 00"_b);
  CHECK(receive_exactly(peer, 21) == "05 01 00 03 0e"_b + bytes("server.example") + "0050"_b);
  peer.send("05 00 00 01 00000000 0000"_b);
  yes(peer);
  CHECK(client.next() == "open");
}

TEST_CASE("a SOCKS proxy gets user and password when it requests them", "[rfc-1929]") {
  stage proxy;
  auto options = brisk_client("ws://192.0.2.1:81/");
  options.proxy = through(proxy, "socks5", "anna:key@");
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  CHECK(receive_exactly(peer, 4) == "05 02 00 02"_b);
  peer.send("05 02"_b);
  CHECK(receive_exactly(peer, 10) == "01 04"_b + bytes("anna") + "03"_b + bytes("key"));
  peer.send("01 00"_b);
  CHECK(receive_exactly(peer, 10) == "05 01 00 01 c0000201 0051"_b);
  peer.send("05 00 00 01 00000000 0000"_b);
  yes(peer);
  CHECK(client.next() == "open");
}

TEST_CASE("a client tries again if its SOCKS proxy cannot reach the server", "[rfc-1928]") {
  stage proxy;
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, "socks5");
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  receive_exactly(peer, 3);
  peer.send("05 00"_b);
  receive_exactly(peer, 21);
  peer.send("05 04 00 01 00000000 0000"_b);
  CHECK(client.next() == "attempt 1: the proxy cannot reach the host");
}

TEST_CASE("a silent proxy fails at the handshake timeout") {
  stage proxy;
  const auto scheme = GENERATE(as<std::string>{}, "http", "socks5");
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, scheme);
  options.handshake_timeout = 1ms;
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  CHECK(client.next() == "attempt 1: the opening handshake took too long");
}

TEST_CASE("a client may end while it waits for a proxy") {
  stage proxy;
  const auto scheme = GENERATE(as<std::string>{}, "http", "socks5");
  auto options = brisk_client("ws://server.example/");
  options.proxy = through(proxy, scheme);
  driven_client client{options};
  client.start();
  auto peer = proxy.accept();
  peer.receive();
  client->stop();
  CHECK(client.rest() == lines{"stopped", "idle"});
}

}  // namespace
