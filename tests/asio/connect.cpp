// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/connect.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/address_v6.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/socket_base.hpp>
#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>

#include "hawser/asio/connect_error.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/response.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/heads.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

/// Whether the system's resolver may answer questions for slow.invalid.
std::promise<void> slow_answer;

}  // namespace

/// Replaces the system's function in this program: calls it, except for that one name.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (name != nullptr && std::string_view{name} == "slow.invalid") {
    slow_answer.get_future().wait();
    return EAI_AGAIN;
  }
  static const auto system =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return system(name, service, hints, found);
}

namespace {

/// Serves one client with a function, on a thread.
class one_client_server {
 public:
  explicit one_client_server(std::function<void(raw_socket&)> serve)
      : acceptor_{raw_socket::context(), loopback()}, thread_{[this, serve = std::move(serve)] {
          std::error_code ec;
          raw_socket client{acceptor_.accept(ec)};
          if (!ec) serve(client);
        }} {}

  ~one_client_server() {
    // Otherwise the thread would wait for a client that never connects.
    std::error_code ignored;
    asio::ip::tcp::socket stranger{raw_socket::context()};
    stranger.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string url(const std::string& target = "/", const std::string& user = "") const {
    return "ws://" + user + "127.0.0.1:" + std::to_string(port()) + target;
  }

 private:
  tcp::acceptor acceptor_;
  std::thread thread_;
};

/// Accepts a client and stores the head of its request.
auto accepting_into(std::string& head) {
  return [&head](raw_socket& client) {
    head = client.receive_until("\r\n\r\n");
    client.send(acceptance_of(head));
  };
}

/// Redirects a client.
auto redirecting_to(const std::string& location) {
  return [location](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
  };
}

TEST_CASE("connect sends what its options say, and talks", "[rfc-4.1]") {
  std::string head;
  byte_vector received;
  std::optional<client_websocket> peer;
  {
    one_client_server server{[&](raw_socket& client) {
      head = client.receive_until("\r\n\r\n");
      const auto answer = acceptance_of(head, "Sec-WebSocket-Protocol: chat.v2\r\n");
      client.send(bytes(answer) + frame_from(role::server, opcode::text, "early"));
      while (frames_in(received).size() < 2) received = received + client.receive();
      client.send(close_from(role::server, 1000));
    }};
    connect_options options;
    options.handshake.origin = "http://page.example";
    options.handshake.subprotocols = {"chat.v2", "chat.v1"};
    options.handshake.headers.add("X-Token", "secret");
    options.credentials = uri::user_info::allow;
    peer = connect(server.url("/room?x=y", "anna:p%40ss@"), options);
    CHECK(line_in(head, "Host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(shown(peer->read().value()) == "text \"early\"");
    CHECK_FALSE(peer->write("Hello"));
    CHECK_FALSE(peer->close());
  }
  CHECK(head.starts_with("GET /room?x=y HTTP/1.1\r\n"));
  CHECK(line_in(head, "Origin") == "http://page.example");
  CHECK(line_in(head, "Sec-WebSocket-Protocol") == "chat.v2, chat.v1");
  CHECK(line_in(head, "X-Token") == "secret");
  CHECK(line_in(head, "Authorization") == "Basic YW5uYTpwQHNz");
  CHECK(peer->subprotocol() == "chat.v2");
  CHECK(frames_shown(received) == std::vector<std::string>{"text \"Hello\"", "close 1000"});
}

TEST_CASE("a name is resolved and each of its addresses tried") {
  // On many systems the first address of localhost is ::1, where this server does not listen.
  one_client_server server{
      [](raw_socket& client) { client.send(acceptance_of(client.receive_until("\r\n\r\n"))); }};
  std::error_code ec;
  CHECK(connect("ws://localhost:" + std::to_string(server.port()), ec));
  CHECK_FALSE(ec);
}

TEST_CASE("redirections are followed if the options allow it") {
  std::string head;
  one_client_server there{accepting_into(head)};
  one_client_server here{redirecting_to(there.url("/room"))};
  std::error_code ec;
  CHECK(connect(here.url(), ec, {.cookie = "id=1", .max_redirects = 1}));
  CHECK_FALSE(ec);
  CHECK(head.starts_with("GET /room "));
  CHECK(line_in(head, "Cookie") == "none");
}

TEST_CASE("a redirection sends only safe fields to another server", "[abuse]") {
  std::string head;
  one_client_server there{accepting_into(head)};
  one_client_server here{redirecting_to(there.url())};
  connect_options options{.max_redirects = 1, .safe_headers = {"X-Public"}};
  options.handshake.headers = {
      {"X-Api-Key", "secret"}, {"Proxy-Authorization", "Basic x"}, {"X-Public", "1"}};
  options.handshake.subprotocols = {"token.secret"};
  std::error_code ec;
  CHECK(connect(here.url(), ec, options));
  CHECK(line_in(head, "X-Public") == "1");
  for (const auto* name : {"X-Api-Key", "Proxy-Authorization", "Sec-WebSocket-Protocol"}) {
    CHECK(line_in(head, name) == "none");
  }
}

TEST_CASE("connect() can connect elsewhere, and keeps the URL's name") {
  std::string head;
  one_client_server server{[&](raw_socket& client) {
    head = client.receive_until("\r\n\r\n");
    client.send(acceptance_of(head));
  }};
  connect_options options;
  options.connect_to = "127.0.0.1:" + std::to_string(server.port());
  std::error_code ec;
  CHECK(connect("ws://server.invalid:81/x", ec, options));
  CHECK(line_in(head, "Host") == "server.invalid:81");
}

TEST_CASE("a malformed connect_to is an error") {
  std::error_code ec;
  CHECK_FALSE(connect("ws://127.0.0.1/", ec, {.connect_to = "nowhere:0"}));
  CHECK(ec == errc::bad_connect_to);
}

TEST_CASE("an IPv6 address may have a zone, which the server does not see", "[rfc6874-4]") {
  std::error_code no_ipv6;
  tcp::acceptor acceptor{raw_socket::context()};
  acceptor.open(tcp::v6(), no_ipv6);
  if (!no_ipv6) acceptor.bind({asio::ip::address_v6::loopback(), 0}, no_ipv6);
  if (no_ipv6) return;
  acceptor.listen();
  const auto port = std::to_string(acceptor.local_endpoint().port());
  std::string head;
  std::thread server{[&] {
    raw_socket client{acceptor.accept()};
    head = client.receive_until("\r\n\r\n");
    client.send(acceptance_of(head));
  }};
  std::error_code ec;
  CHECK(connect("ws://[::1%25lo]:" + port + "/", ec));
  server.join();
  CHECK(line_in(head, "Host") == "[::1]:" + port);
}

TEST_CASE("a redirection that is not allowed, or leads to wss:, is an error") {
  const auto [allowed, why] =
      GENERATE(table<unsigned, errc>({{0, errc::upgrade_refused}, {1, errc::unsupported_scheme}}));
  one_client_server here{[&](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.send("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: wss://127.0.0.1/\r\n\r\n");
  }};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(here.url(), ec, {.max_redirects = allowed}, &refusal));
  CHECK(ec == why);
  CHECK(refusal.status == (allowed == 0 ? 301 : 200));
}

connect_options by_proxy(const std::string& scheme, const one_client_server& proxy) {
  connect_options options;
  options.proxy = scheme + "://127.0.0.1:" + std::to_string(proxy.port());
  return options;
}

TEST_CASE("a blocking connection has the response of the opening handshake") {
  const one_client_server here{[](raw_socket& client) {
    client.send(acceptance_of(client.receive_until("\r\n\r\n"), "X-Room: 7\r\n"));
  }};
  const auto peer = connect(here.url());
  CHECK(peer.response().status == 101);
  CHECK(peer.response().header("x-room") == "7");
  CHECK_FALSE(peer.is_secure());
  CHECK_FALSE(peer.peer_certificate());
}

TEST_CASE("connect() goes through an HTTP proxy", "[rfc-9110]") {
  std::string asked;
  one_client_server proxy{[&](raw_socket& client) {
    asked = client.receive_until("\r\n\r\n");
    client.send("HTTP/1.1 200 Yes\r\n\r\n");
    client.send(acceptance_of(client.receive_until("\r\n\r\n")));
  }};
  std::error_code ec;
  auto options = by_proxy("http", proxy);
  if (GENERATE(true, false)) options.connect_to = "backend.example:82";
  CHECK(connect("ws://server.example:81/", ec, options));
  const auto place = options.connect_to.empty() ? "server.example:81" : options.connect_to;
  CHECK(asked.starts_with("CONNECT " + place + " HTTP/1.1\r\n"));
  CHECK(line_in(asked, "User-Agent") == default_user_agent);
}

TEST_CASE("the refusal of an HTTP proxy is reported") {
  one_client_server proxy{[](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
  }};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect("ws://server.example:81/", ec, by_proxy("http", proxy), &refusal));
  CHECK(ec == errc::proxy_authentication);
  CHECK(refusal.status == 407);
}

TEST_CASE("connect() goes through a SOCKS proxy", "[rfc-1928]") {
  byte_vector asked;
  one_client_server proxy{[&](raw_socket& client) {
    asked = client.receive();
    client.send("05 00"_b);
    asked = std::move(asked) + client.receive();
    client.send("05 00 00 01 00000000 0000"_b);
    client.send(acceptance_of(client.receive_until("\r\n\r\n")));
  }};
  std::error_code ec;
  CHECK(connect("ws://192.0.2.1/", ec, by_proxy("socks5", proxy)));
  CHECK(asked == "05 01 00 05 01 00 01 c0000201 0050"_b);
}

TEST_CASE("connect() fails if a proxy sends too much, or nothing") {
  const auto [said, why] = GENERATE(
      table<std::string, errc>({{"HTTP/1.1 200 Yes\r\n\r\nSSH-2.0", errc::bad_proxy_answer},
                                {"", errc::handshake_timeout}}));
  mailbox<bool> over;
  one_client_server proxy{[&, &words = said](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.send(words);
    over.take();
  }};
  auto options = by_proxy("http", proxy);
  options.handshake_timeout = why == errc::handshake_timeout ? 10ms : soon;
  std::error_code ec;
  CHECK_FALSE(connect("ws://192.0.2.1/", ec, options));
  CHECK(ec == why);
  over.put(true);
}

TEST_CASE("connect() does not bypass a proxy that cannot be used") {
  // A connection to this proxy would be refused, so the error shows that none was tried.
  const proxy unusable{proxy_kind::socks5, "127.0.0.1", free_port(), "user", ""};
  connect_options options;
  options.proxy = GENERATE_COPY(proxy_finder{[](const uri&) { return std::nullopt; }},
                                proxy_finder{[=](const uri&) { return unusable; }});
  std::error_code ec;
  CHECK_FALSE(connect("ws://127.0.0.1/", ec, options));
  CHECK(ec == errc::bad_proxy);
}

TEST_CASE("a port without a listener refuses") {
  const auto url = url_at(free_port());
  std::error_code ec;
  CHECK_FALSE(connect(url, ec));
  CHECK(ec == std::errc::connection_refused);
  try {
    connect(url);
    FAIL("connected");
  } catch (const connect_error& error) {
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(std::string{error.what()}.find(url) == 0);
    CHECK(error.answer().headers.begin() == error.answer().headers.end());
  }
}

TEST_CASE("an unknown name is an error of the resolver") {
  std::error_code ec;
  CHECK_FALSE(connect("ws://unknown.invalid/", ec, {.connect_timeout = soon}));
  CHECK(ec);
  CHECK(std::string{ec.category().name()} == "asio.netdb");
}

TEST_CASE("a listener that accepts no connection times out", "[abuse]") {
  // Linux answers no more clients when this many wait to be accepted.
  tcp::acceptor listener{raw_socket::context()};
  listener.open(tcp::v4());
  listener.bind(loopback());
  listener.listen(0);
  std::vector<tcp::socket> waiting;
  for (int i = 0; i < 8; ++i) {
    auto& one = waiting.emplace_back(raw_socket::context());
    one.open(tcp::v4());
    one.non_blocking(true);
    // Asio's connect() would block.
    const auto where = listener.local_endpoint();
    ::connect(one.native_handle(), where.data(), static_cast<socklen_t>(where.size()));
  }
  const auto start = std::chrono::steady_clock::now();
  std::error_code ec;
  CHECK_FALSE(connect("ws://127.0.0.1:" + std::to_string(listener.local_endpoint().port()), ec,
                      {.connect_timeout = 100ms}));
  CHECK(ec == errc::connect_timeout);
  CHECK(ec == condition::timeout);
  CHECK(std::chrono::steady_clock::now() - start >= 100ms);
  CHECK(std::chrono::steady_clock::now() - start < soon);
}

TEST_CASE("a malformed URL is refused before anything is resolved") {
  const auto [url, why] = GENERATE(table<std::string, errc>({
      {"", errc::bad_uri_scheme},
      {"http://127.0.0.1/", errc::bad_uri_scheme},
      {"ws://", errc::bad_uri_host},
      {"ws://127.0.0.1:0/", errc::bad_uri_port},
      {"ws://127.0.0.1/#fragment", errc::bad_uri_fragment},
      {"ws://anna:secret@127.0.0.1/", errc::user_info_refused},
      {"ws://127.0.0.1/a\r\nX: y", errc::bad_uri_character},
      {"wss://127.0.0.1/", errc::unsupported_scheme},
  }));
  std::error_code ec;
  CHECK_FALSE(connect(url, ec));
  CHECK(ec == why);
  CHECK_THROWS_AS(connect(url), connect_error);
}

TEST_CASE("a header that would break the request is refused before anything is sent", "[abuse]") {
  connect_options options;
  options.handshake.headers.add("X", "y\r\nEvil: z");
  std::error_code ec;
  const auto url = url_at(free_port());
  CHECK_FALSE(connect(url, ec, options));
  CHECK(ec == errc::bad_header_value);
  CHECK_THROWS_WITH(connect(url, options), Catch::Matchers::StartsWith(url + " (header \"X\")"));
}

TEST_CASE("a refusal of the server is reported with its status, headers and body") {
  const auto answer = [](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.send(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 12\r\n\r\n"
        "who are you?");
  };
  std::error_code ec;
  response refusal;
  {
    one_client_server server{answer};
    CHECK_FALSE(connect(server.url(), ec, {}, &refusal));
  }
  CHECK(ec == errc::upgrade_refused);
  CHECK(refusal.status == 401);
  CHECK(refusal.header("www-authenticate") == "Basic");
  CHECK(refusal.body == "who are you?");

  one_client_server server{answer};
  try {
    connect(server.url());
    FAIL("connected");
  } catch (const connect_error& error) {
    CHECK(error.code() == errc::upgrade_refused);
    CHECK(error.code() == condition::handshake_rejected);
    CHECK(error.answer().status == 401);
    CHECK(error.answer().body == "who are you?");
    CHECK(std::string{error.what()}.find("(HTTP status 401 Unauthorized)") != std::string::npos);
  }
}

/// A server that sends the answer and then resets the connection.
auto resetting(std::string answer) {
  return [answer = std::move(answer)](raw_socket& client) {
    client.receive_until("\r\n\r\n");
    client.socket().set_option(asio::socket_base::linger{true, 0});
    client.send(answer);
    client.socket().close();
  };
}

TEST_CASE("a refusal cut off by a reset is still a refusal", "[rfc9112-8]") {
  one_client_server server{resetting("HTTP/1.1 401 No\r\nContent-Length: 20\r\n\r\nno")};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect(server.url(), ec, {}, &refusal));
  CHECK(ec == errc::upgrade_refused);
  CHECK(refusal.status == 401);
  CHECK(refusal.body == "no");
}

TEST_CASE("a proxy's refusal cut off by a reset is still a refusal", "[rfc9112-8]") {
  one_client_server proxy{resetting("HTTP/1.1 407 No\r\nContent-Length: 20\r\n\r\nno")};
  std::error_code ec;
  response refusal;
  CHECK_FALSE(connect("ws://server.example:81/", ec, by_proxy("http", proxy), &refusal));
  CHECK(ec == errc::proxy_authentication);
  CHECK(refusal.body == "no");
}

TEST_CASE("a redirection cut off by a reset is followed", "[rfc9112-8]") {
  one_client_server there{
      [](raw_socket& client) { client.send(acceptance_of(client.receive_until("\r\n\r\n"))); }};
  one_client_server here{resetting("HTTP/1.1 302 Found\r\nLocation: " + there.url() +
                                   "\r\nContent-Length: 20\r\n\r\nover")};
  std::error_code ec;
  CHECK(connect(here.url(), ec, {.max_redirects = 1}));
  CHECK_FALSE(ec);
}

TEST_CASE("a silent server fails at the handshake timeout", "[abuse]") {
  mailbox<bool> done;
  one_client_server server{[&](raw_socket&) { done.take(); }};
  std::error_code ec;
  CHECK_FALSE(connect(server.url(), ec, {.handshake_timeout = 50ms}));
  CHECK(ec == errc::handshake_timeout);
  done.put(true);
}

TEST_CASE("a server that hangs up, resets or speaks another protocol is no WebSocket server") {
  std::error_code ec;
  SECTION("hangs up") {
    one_client_server server{[](raw_socket& client) { client.receive_until("\r\n\r\n"); }};
    CHECK_FALSE(connect(server.url(), ec));
    CHECK(ec == errc::truncated_handshake);
  }
  SECTION("resets") {
    one_client_server server{[](raw_socket& client) {
      client.socket().set_option(asio::socket_base::linger{true, 0});
      client.receive_until("\r\n\r\n");
      client.socket().close();
    }};
    CHECK_FALSE(connect(server.url(), ec));
    CHECK(ec == std::errc::connection_reset);
  }
  SECTION("another protocol") {
    one_client_server server{[](raw_socket& client) { client.send("220 mail ready\r\n"); }};
    CHECK_FALSE(connect(server.url(), ec));
    CHECK(ec == errc::bad_start_line);
  }
}

TEST_CASE("many threads connect at once") {
  tcp::acceptor acceptor{raw_socket::context(), loopback()};
  const auto port = acceptor.local_endpoint().port();
  constexpr int count = 16;
  std::thread server{[&] {
    for (int i = 0; i < count; ++i) {
      raw_socket client{acceptor.accept()};
      client.send(acceptance_of(client.receive_until("\r\n\r\n")));
    }
  }};
  std::vector<std::error_code> errors(count);
  std::vector<std::thread> clients;
  for (auto& ec : errors) {
    clients.emplace_back([&] { (void)connect("ws://127.0.0.1:" + std::to_string(port), ec); });
  }
  for (auto& client : clients) client.join();
  server.join();
  CHECK(errors == std::vector<std::error_code>(count));
}

TEST_CASE("a resolver that does not answer is waited for until the timeout at most") {
  std::error_code ec;
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(connect("ws://slow.invalid/", ec, {.connect_timeout = 50ms}));
  CHECK(ec == errc::connect_timeout);
  CHECK(std::chrono::steady_clock::now() - begin < soon / 2);
  // The thread of the resolver ends when it gets an answer.
  const auto before = threads();
  slow_answer.set_value();
  CHECK(threads_fall_to(before - 2));
}

}  // namespace
