// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/server.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"
#include "support/heap.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

// Every class of abuse that a WebSocket program must expect, over real sockets and against both kinds of
// server, each with a limit of memory and of time. What a socket cannot show is tested elsewhere too:
//
//   class                       here  and more in
//   slow handshake              yes   transport/opening, asio/opening/server_opening
//   header flood                yes   handshake/http_head, handshake/server, asio/opening/server_opening
//   silent connections          yes   handshake/server, asio/server (max_connections), asio/opening/refusal
//   slow reader                 yes   asio/driver/session_driver (budgets), asio/threaded_server
//   slow writer in a frame      yes   asio/server
//   ping flood, pong flood      yes   rfc6455/10_abuse, asio/server, asio/driver/session_driver
//   data after Close            yes   rfc6455/10_abuse, asio/server
//   empty frames, fragments     yes   rfc6455/10_abuse, frame/assembler
//   message never finished      yes   rfc6455/10_abuse
//   message without progress    yes   protocol/connection, drivers/liveness
//   crowd of unfinished ones    yes   abuse/memory, transport/memory_budget
//   silent TLS connections      no    tls/streams, tls/transport, asio/opening/quiet_opening
//   many small ones queued      no    asio/session/kept_messages, session/session_command, driver/session_driver
//   addresses of one network    no    asio/accepting/endpoint_text
//   inherited sockets           no    asio/accepting/close_on_exec
//   declared length             yes   rfc6455/10_abuse, frame/assembler
//   zip bomb, context flood     no    rfc7692/8_memory (both kinds of server), rfc6455/10_abuse
//   predictable masks           yes   base/system_entropy
//   cross-site hijacking        yes   handshake/server, asio/opening/server_opening
//   DNS rebinding               yes   handshake/policy, handshake/allowed_hosts, asio/opening/server_opening
//   CR and LF injected          yes   handshake/server, handshake/client, handshake/http_tunnel
//   quadratic lists             yes   handshake/http_head
//   slow or unfinished body     yes   asio/http_request, handshake/request_body
//   chunk and trailer floods    yes   handshake/request_body
//   requests without an end     yes   handshake/server, asio/http_request
//   request smuggling           yes   handshake/request_body, handshake/http_conversation
//   many frames in one read     no    rfc6455/10_abuse, asio/server, asio/driver/async_driver (starvation)
//   flood of small bombs        no    rfc7692/8_memory, asio/driver/async_driver (starvation)
//   slow but steady reader      no    drivers/liveness, asio/driver/unacknowledged

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kib = 1024;

/// The most that one kind of abuse may cost the whole program, the abuser included. Sanitizers are slow.
class ceiling {
 public:
  ceiling(std::size_t memory, std::chrono::milliseconds time)
      : memory_{memory}, time_{sanitized ? 5 * time : time} {}
  ~ceiling() {
    const auto took = std::chrono::steady_clock::now() - begin_;
    const auto most = heap_.most();
    CHECK(most <= memory_);
    CHECK(took <= time_);
  }
  ceiling(const ceiling&) = delete;
  ceiling& operator=(const ceiling&) = delete;

 private:
  std::size_t memory_;
  std::chrono::milliseconds time_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  heap_meter heap_;
};

/// Checks that an honest client is served as usual.
template <class Server>
void check_service(Server& server) {
  auto honest = connect(url_of(server));
  CHECK_FALSE(honest.write("Hello"));
  const auto answer = honest.read();
  REQUIRE(answer);
  CHECK(answer->text() == "Hello");
  CHECK_FALSE(honest.close());
  CHECK(server.ends.take() == "closed{1000, clean}");
}

/// Short timeouts, for peers that do not end the connection themselves.
echo_options brief_closing() {
  echo_options options;
  options.connection.close_timeout = 200ms;
  return options;
}

echo_options short_timeouts() {
  auto options = brief_closing();
  options.handshake_timeout = 500ms;
  options.connection.keep_alive_interval = 500ms;
  options.connection.keep_alive_timeout = 500ms;
  options.connection.write_timeout = 500ms;
  return options;
}

/// Sends the same bytes repeatedly until the server accepts no more, at most `most` times.
std::size_t flood(raw_socket& client, const byte_vector& what, std::size_t most) {
  std::size_t times = 0;
  while (times < most && client.send(what)) ++times;
  return times;
}

TEMPLATE_TEST_CASE("slow handshakes of one byte at a time end at the timeout", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server{short_timeouts()};
  {
    const ceiling limit{1024 * kib, 5s};
    std::vector<raw_socket> slow;
    for (int i = 0; i < 20; ++i) slow.emplace_back(server.port());
    // Each byte arrives in time, but all of them together take too long.
    const auto end = std::chrono::steady_clock::now() + 1s;
    for (std::size_t at = 0; std::chrono::steady_clock::now() < end; ++at) {
      for (auto& one : slow) one.send(upgrade_request.substr(at % 20, 1));
      std::this_thread::yield();
    }
    for (auto& one : slow) {
      const auto answer = one.receive_all();
      CHECK((answer.empty() || status_of(answer) >= 400));
    }
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("header floods use no more memory than the limit", "[abuse]", event_echo,
                   threaded_echo) {
  const bool by_count = GENERATE(true, false);
  TestType server{brief_closing()};
  const auto line = bytes(by_count ? std::string{"a: b\r\n"} : std::string(1000, 'x'));
  {
    const ceiling limit{512 * kib, 5s};
    raw_socket client{server.port()};
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    std::thread flooder{[&] { flood(client, line, 100'000); }};
    const auto answer = client.receive_all();
    CHECK(status_of(answer) == 431);
    client.hang_up();
    flooder.join();
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("silent connections use little memory, and end at the timeout", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server{short_timeouts()};
  constexpr std::size_t count = 50;
  {
    // With a thread for each, a few KiB more. Stacks are not on the heap.
    const ceiling limit{count * 16 * kib + 256 * kib, 5s};
    std::vector<raw_socket> silent;
    for (std::size_t i = 0; i < count; ++i) silent.emplace_back(server.port());
    for (auto& one : silent) CHECK(status_of(one.receive_all()) == 408);
  }
  await_connections(server, 0);
  check_service(server);
}

TEMPLATE_TEST_CASE("a client that opens a connection and then is silent is detected as dead",
                   "[abuse]", event_echo, threaded_echo) {
  TestType server{short_timeouts()};
  {
    const ceiling limit{256 * kib, 5s};
    auto client = opened(server.port());
    CHECK(server.ends.take() == "closed{1006, the peer did not answer the keep-alive ping}");
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a reader that reads nothing times out, and its queued output is bounded",
                   "[abuse]", event_echo, threaded_echo) {
  TestType server{short_timeouts()};
  const auto message = frame_from(role::client, opcode::binary, std::string(60'000, 'm'));
  {
    // An event server queues what its budget allows, 16 MiB at most; the kernel buffers the rest.
    const ceiling limit{24 * 1024 * kib, 10s};
    auto client = opened(server.port());
    // The client does not read the echoes of its own messages.
    flood(client, message, 2000);
    const auto end = server.ends.take().value_or("nothing");
    CHECK(end.starts_with("closed{1006"));
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a writer that stops inside a frame is detected as dead", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{short_timeouts()};
  const auto header = header_from(role::client, 2, 500'000);
  {
    // The arrived bytes, the unused capacity of their buffer, and the buffer of the thread.
    const ceiling limit{1536 * kib, 5s};
    auto client = opened(server.port());
    client.send(header);
    // A slow peer is not dead: each byte counts as a sign of life.
    const auto begin = std::chrono::steady_clock::now();
    for (auto next = begin; next < begin + 1500ms; next += 1ms) {
      while (std::chrono::steady_clock::now() < next) std::this_thread::yield();
      client.send(std::string_view{"x"});
    }
    CHECK(server.ends.take() == "closed{1006, the peer did not answer the keep-alive ping}");
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a flood of pings from a client that reads no pongs ends", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{short_timeouts()};
  byte_vector pings;
  for (int i = 0; i < 500; ++i) {
    pings = std::move(pings) + frame_from(role::client, opcode::ping, std::string(125, 'p'));
  }
  {
    const ceiling limit{2 * 1024 * kib, 10s};
    auto client = opened(server.port());
    std::thread flooder{[&] { flood(client, pings, 100'000); }};
    const auto end = server.ends.take().value_or("nothing");
    flooder.join();
    CHECK(end.starts_with("closed{1006"));
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a flood of pongs takes proportional time and little memory", "[abuse]",
                   event_echo, threaded_echo) {
  TestType server{brief_closing()};
  byte_vector pongs;
  for (int i = 0; i < 500; ++i) {
    pongs = std::move(pongs) + frame_from(role::client, opcode::pong, std::string(125, 'p'));
  }
  const auto bye = close_from(role::client, 1000);
  {
    const ceiling limit{512 * kib, 10s};
    auto client = opened(server.port());
    CHECK(flood(client, pongs, 100) == 100);
    CHECK(client.send(bye));
    CHECK(server.ends.take() == "closed{1000, clean}");
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("data after a Close is dropped, for a limited time", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{brief_closing()};
  const auto bye = close_from(role::client, 1000);
  const auto data = frame_from(role::client, opcode::binary, std::string(60'000, 'x'));
  {
    const ceiling limit{512 * kib, 10s};
    auto client = opened(server.port());
    client.send(bye);
    std::thread flooder{[&] { flood(client, data, 1'000'000); }};
    CHECK(server.ends.take() == "closed{1000, clean}");
    flooder.join();
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("floods of empty frames and of fragments end at their limit", "[abuse]",
                   event_echo, threaded_echo) {
  const bool empty = GENERATE(true, false);
  auto options = brief_closing();
  options.connection.max_frames = 5000;
  TestType server{options};
  const auto first = frame_from(role::client, opcode::binary, "", fin::no);
  byte_vector some;
  for (int i = 0; i < 100; ++i) {
    some =
        std::move(some) + frame_from(role::client, opcode::continuation, empty ? "" : "x", fin::no);
  }
  {
    const ceiling limit{512 * kib, 10s};
    auto client = opened(server.port());
    client.send(first);
    std::thread flooder{[&] { flood(client, some, 1'000'000); }};
    const auto end = server.ends.take().value_or("nothing");
    flooder.join();
    CHECK(end == "closed{" + shown(*close_code_for(errc::too_many_fragments)) + ", " +
                     shown(errc::too_many_fragments) + '}');
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a message that is never finished uses at most its limit", "[abuse]", event_echo,
                   threaded_echo) {
  auto options = brief_closing();
  options.connection.max_message_size = 256 * kib;
  TestType server{options};
  const auto first = frame_from(role::client, opcode::binary, std::string(1000, 'x'), fin::no);
  const auto more = frame_from(role::client, opcode::continuation, std::string(1000, 'x'), fin::no);
  {
    const ceiling limit{1024 * kib, 10s};
    auto client = opened(server.port());
    client.send(first);
    std::thread flooder{[&] { flood(client, more, 1'000'000); }};
    const auto end = server.ends.take().value_or("nothing");
    flooder.join();
    CHECK(end == "closed{1009, " + shown(errc::message_too_big) + '}');
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a message without progress ends at its timeout, although pongs arrive",
                   "[abuse]", event_echo, threaded_echo) {
  auto options = brief_closing();
  options.connection.message_timeout = 500ms;
  options.connection.max_frames = 1'000'000'000;
  TestType server{options};
  const auto begin = frame_from(role::client, opcode::binary, std::string(1000, 'x'), fin::no);
  const auto pong = frame_from(role::client, opcode::pong, "alive");
  const auto empty = frame_from(role::client, opcode::continuation, "", fin::no);
  {
    const ceiling limit{512 * kib, 10s};
    auto client = opened(server.port());
    client.send(begin);
    std::thread flooder{[&] {
      while (client.send(pong) && client.send(empty)) std::this_thread::yield();
    }};
    const auto end = server.ends.take().value_or("nothing");
    flooder.join();
    CHECK(end == "closed{1008, " + shown(errc::message_timeout) + '}');
  }
  check_service(server);
}

TEMPLATE_TEST_CASE(
    "a crowd whose messages are never finished stays within the budget of the server", "[abuse]",
    event_echo, threaded_echo) {
  constexpr std::size_t budget = 8 * 1024 * kib;
  auto options = brief_closing();
  options.memory_budget = budget;
  TestType server{options};
  const auto most_of_it =
      frame_from(role::client, opcode::binary, std::string(1000 * kib, 'x'), fin::no);
  {
    // Of 40 MiB. In addition to 9/8 of the budget, each running thread may hold what it has just read, in
    // a buffer that grows by copying: two threads of the event server, more of the other server.
    const bool few_threads = std::is_same_v<TestType, event_echo>;
    const ceiling limit{few_threads ? 2 * budget : 3 * budget, 30s};
    std::vector<raw_socket> crowd;
    for (int i = 0; i < 40; ++i) crowd.push_back(opened(server.port()));
    for (auto& one : crowd) one.send(most_of_it);
    // At least that many do not fit into the budget.
    for (int i = 0; i < 31; ++i) {
      CHECK(server.ends.take() == "closed{1013, " + shown(errc::memory_exceeded) + '}');
    }
    CHECK(eventually([&] { return server.buffered_bytes() <= budget; }));
  }
  for (int i = 31; i < 40; ++i) CHECK(server.ends.take());
  check_service(server);
}

TEMPLATE_TEST_CASE("a declared length that is not sent uses no memory", "[abuse]", event_echo,
                   threaded_echo) {
  auto options = short_timeouts();
  options.connection.max_message_size = std::uint64_t{1} << 40;
  TestType server{options};
  const auto bomb = header_from(role::client, 2, std::uint64_t{1} << 39) + byte_vector(kib);
  {
    const ceiling limit{20 * 48 * kib + 256 * kib, 10s};
    std::vector<raw_socket> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(opened(server.port()));
    for (auto& one : clients) CHECK(one.send(bomb));
    for (std::size_t i = 0; i < clients.size(); ++i) {
      CHECK(server.ends.take() == "closed{1006, the peer did not answer the keep-alive ping}");
    }
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a page of another site gets no connection", "[abuse][rfc-10.2]", event_echo,
                   threaded_echo) {
  TestType server{brief_closing()};
  {
    const ceiling limit{256 * kib, 5s};
    const auto asked = upgrade_to("/", "Origin: https://evil.example\r\n");
    CHECK(status_for(server.port(), asked) == 403);
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("a host name that resolves to this machine gets no connection",
                   "[abuse][rfc9110-15.5.20]", event_echo, threaded_echo) {
  TestType server{brief_closing()};
  {
    // DNS rebinding: for the browser, the page and this server have the same origin.
    const ceiling limit{256 * kib, 5s};
    auto asked = upgrade_to("/", "Origin: http://evil.example\r\n");
    asked.replace(asked.find("localhost"), 9, "evil.example");
    CHECK(status_for(server.port(), asked) == 421);
  }
  check_service(server);
}

TEMPLATE_TEST_CASE("no part of a request appears as a line of the response", "[abuse]", event_echo,
                   threaded_echo) {
  TestType server{brief_closing()};
  const std::string_view injected = GENERATE("X: a\nSet-Cookie: b\r\n", "X: a\rSet-Cookie: b\r\n",
                                             "Sec-WebSocket-Protocol: a\r\n Set-Cookie: b\r\n");
  {
    const ceiling limit{256 * kib, 5s};
    raw_socket client{server.port()};
    client.send(upgrade_to("/", injected));
    const auto answer = text(client.receive_all());
    CHECK(status_of(answer) == 400);
    CHECK(answer.find("Set-Cookie") == answer.npos);
    client.hang_up();
  }
  check_service(server);
}

/// An echo server that also answers plain HTTP with the body of the request. Only the event server can.
class http_echo {
 public:
  explicit http_echo(const http_options& http = {})
      : server_{[this](server& made) {
                  made.on_http([](const request& asked) {
                    return response{.body = std::string{asked.body()}};
                  });
                  made.on_message([](auto& peer, auto message) { peer.send(message); });
                  made.on_close([this](auto&, const auto& end) { ends.put(shown(end)); });
                },
                options(http)} {}

  std::uint16_t port() { return server_->port(); }

  mailbox<std::string> ends;

 private:
  static server_options options(const http_options& http) {
    server_options options;
    options.handshake_timeout = 500ms;
    options.http = http;
    return options;
  }

  live_server server_;
};

std::string posting(const std::string& length_line) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\n" + length_line + "\r\n\r\n";
}

TEST_CASE(
    "bodies that arrive slowly, or never completely, end at the timeout and use memory for what "
    "arrived only",
    "[abuse]") {
  http_echo server;
  {
    const ceiling limit{4 * 1024 * kib, 10s};
    std::vector<raw_socket> slow;
    for (int i = 0; i < 20; ++i) {
      slow.emplace_back(server.port());
      const bool chunked = i % 2 == 0;
      slow.back().send(posting(chunked ? "Transfer-Encoding: chunked" : "Content-Length: 65536"));
      slow.back().send((chunked ? "FFFF\r\n" : "") + std::string(60'000, 'x'));
    }
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < end) {
      for (auto& one : slow) one.send("x");
      std::this_thread::yield();
    }
    for (auto& one : slow) {
      const auto answer = one.receive_all();
      CHECK((answer.empty() || status_of(answer) >= 200));
    }
  }
  check_service(server);
}

TEST_CASE("endless chunks, extensions and trailers are refused", "[abuse]") {
  const std::string what =
      GENERATE("1\r\nx\r\n", "1;extension=value\r\nx\r\n", "0\r\nA: b\r\n", "000000000000000", ";");
  http_echo server;
  {
    const ceiling limit{1024 * kib, 10s};
    raw_socket client{server.port()};
    client.send(posting("Transfer-Encoding: chunked"));
    client.send(what);
    const auto more = bytes(what == "0\r\nA: b\r\n" ? std::string{"A: b\r\n"} : what);
    std::thread flooder{[&] { flood(client, more, 1'000'000); }};
    const auto status = status_of(client.receive_all());
    CHECK((status == 400 || status == 413));
    client.hang_up();
    flooder.join();
  }
  check_service(server);
}

TEST_CASE("requests without an end delay no other client and use no more memory than one",
          "[abuse]") {
  const bool reads = GENERATE(true, false);
  http_echo server{{.limits = {.requests = 0}}};
  {
    const ceiling limit{2048 * kib, 20s};
    raw_socket client{server.port()};
    std::string many;
    for (int i = 0; i < 100; ++i) many += posting("Content-Length: 5") + "Hello";
    std::atomic<bool> enough = false;
    std::thread flooder{[&] {
      const auto wire = bytes(many);
      while (!enough && client.send(wire)) {
      }
    }};
    std::thread reader{[&] {
      while (reads && !client.receive().empty()) {
      }
    }};
    for (int i = 0; i < 3; ++i) check_service(server);
    enough = true;
    std::error_code ignored;
    client.socket().shutdown(client.socket().shutdown_both, ignored);
    flooder.join();
    reader.join();
  }
  check_service(server);
}

TEST_CASE("a request smuggled in the body of another one is never served", "[abuse]") {
  http_echo server;
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string lines = GENERATE(
      "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 0\r\nContent-Length: 44",
      "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "Transfer-Encoding:\vchunked", "Transfer-Encoding : chunked", "Content-Length: +44");
  const ceiling limit{512 * kib, 5s};
  raw_socket client{server.port()};
  client.send(posting(lines) + "0\r\n\r\n" + hidden);
  const auto answers = text(client.receive_all());
  CHECK(status_of(answers) == 400);
  CHECK(answers.find("HTTP/1.1", 1) == answers.npos);
}

TEST_CASE("masks do not repeat, and no bit of them is likelier than another", "[abuse][rfc-10.3]") {
  constexpr std::size_t count = 1 << 14;
  const ceiling limit{4 * 1024 * kib, 5s};
  system_mask_source masks;
  std::map<std::uint32_t, std::size_t> seen;
  std::vector<std::size_t> ones(32);
  for (std::size_t i = 0; i < count; ++i) {
    const auto key = load_big_endian<std::uint32_t>(bytes_view{masks()});
    ++seen[key];
    for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += key >> bit & 1;
  }
  // By chance, one pair in 32 runs is equal. Five in one run are practically impossible.
  CHECK(seen.size() + 5 > count);
  // Eight standard deviations.
  for (const auto number : ones) CHECK((number > count / 2 - 512 && number < count / 2 + 512));
}

/// The least processor time, of several attempts, for a request with one list of `elements` elements.
std::clock_t time_for(std::size_t elements) {
  std::string list = "Connection: ";
  for (std::size_t i = 0; i < elements; ++i) list += i % 2 == 0 ? "a, " : ",,";
  std::string request{upgrade_request};
  request.insert(request.size() - 2, list + "\r\n");
  auto least = std::clock_t{1} << 40;
  for (int tries = 0; tries < 5; ++tries) {
    const auto begin = std::clock();
    server_handshake<> server{default_server_policy{}, {.size = 64 * 1024 * kib}};
    auto input = as_bytes(request);
    CHECK(server.next(input) == server_handshake<>::status::request);
    least = (std::min)(least, std::clock() - begin);
  }
  return least;
}

TEST_CASE("a list twice as long takes twice the time", "[abuse]") {
  const ceiling limit{16 * 1024 * kib, 20s};
  const auto once = time_for(100'000);
  const auto twice = time_for(200'000);
  CHECK(twice <= 3 * once + CLOCKS_PER_SEC / 100);
}

}  // namespace
