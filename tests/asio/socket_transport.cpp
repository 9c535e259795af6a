// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/socket_transport.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/socket_base.hpp>
#include <pthread.h>

#include "hawser/base/error.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

using local = asio::local::stream_protocol;

constexpr auto forever = std::chrono::steady_clock::time_point::max();

template <class Protocol>
struct two_transports {
  using transport = basic_socket_transport<typename Protocol::socket>;
  using sockets = std::pair<typename Protocol::socket, typename Protocol::socket>;

  two_transports() : two_transports{joined_sockets<Protocol>(raw_socket::context())} {}
  explicit two_transports(sockets joined)
      : near{std::move(joined.first)}, far{std::move(joined.second)} {}

  transport near;
  transport far;
};

template <class Transport>
std::string read(Transport& end, std::error_code& ec) {
  byte_vector buffer(100);
  buffer.resize(end.read_some(buffer, ec));
  return text(buffer);
}

TEMPLATE_TEST_CASE("bytes are sent both ways, and the end of the stream is not an error", "", tcp,
                   local) {
  two_transports<TestType> both;
  auto ec = std::make_error_code(std::errc::io_error);
  CHECK(both.near.write_some(as_bytes("ping"), ec) == 4);
  CHECK_FALSE(ec);
  CHECK(both.far.wait_readable(forever, ec));
  CHECK(read(both.far, ec) == "ping");
  CHECK_FALSE(ec);
  both.near.shutdown(ec);
  CHECK_FALSE(ec);
  CHECK(both.far.wait_readable(forever, ec));
  CHECK(read(both.far, ec).empty());
  CHECK_FALSE(ec);
  // The other direction continues.
  CHECK(both.far.write_some(as_bytes("pong"), ec) == 4);
  CHECK(both.near.wait_readable(forever, ec));
  CHECK(read(both.near, ec) == "pong");
  CHECK(both.near.write_some(as_bytes("x"), ec) == 0);
  CHECK(ec == std::errc::broken_pipe);
}

TEMPLATE_TEST_CASE("a read without input would block, and a wait ends at its time", "", tcp,
                   local) {
  two_transports<TestType> both;
  auto ec = std::make_error_code(std::errc::io_error);
  CHECK(read(both.near, ec).empty());
  CHECK(ec == std::errc::operation_would_block);
  const auto until = both.near.now() + 20ms;
  CHECK_FALSE(both.near.wait_readable(until, ec));
  CHECK_FALSE(ec);
  CHECK(both.near.now() >= until);
  CHECK_FALSE(both.near.wait_readable(std::chrono::steady_clock::time_point::min(), ec));
  CHECK(both.near.wait_writable(forever, ec));
}

std::atomic<int> interruptions = 0;

/// While this object exists, SIGUSR1 only interrupts the wait of a thread.
class interrupting_signal {
 public:
  interrupting_signal() {
    struct sigaction quiet {};
    quiet.sa_handler = [](int) { ++interruptions; };
    ::sigaction(SIGUSR1, &quiet, &before_);
  }
  ~interrupting_signal() { ::sigaction(SIGUSR1, &before_, nullptr); }
  interrupting_signal(const interrupting_signal&) = delete;
  interrupting_signal& operator=(const interrupting_signal&) = delete;

 private:
  struct sigaction before_ {};
};

TEMPLATE_TEST_CASE("a signal that interrupts a wait does not end it", "", tcp, local) {
  const interrupting_signal prepared;
  two_transports<TestType> both;
  std::error_code ec;
  bool readable = false;
  std::thread waiting{[&] { readable = both.near.wait_readable(forever, ec); }};
  const int enough = interruptions + 100;
  // A signal just before the wait begins does not interrupt it, so signals are sent repeatedly.
  const auto interrupted = eventually([&] {
    ::pthread_kill(waiting.native_handle(), SIGUSR1);
    return interruptions >= enough;
  });
  std::error_code written;
  both.far.write_some(as_bytes("x"), written);
  waiting.join();
  CHECK(interrupted);
  CHECK(readable);
  CHECK_FALSE(ec);
  CHECK_FALSE(written);
}

TEMPLATE_TEST_CASE("a peer that takes nothing makes a write block until it takes something", "",
                   tcp, local) {
  two_transports<TestType> both;
  const byte_vector much(1'000'000);
  std::error_code ec;
  while (!ec) both.near.write_some(much, ec);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(both.near.wait_writable(both.near.now() + 5ms, ec));
  CHECK_FALSE(ec);
  byte_vector buffer(1'000'000);
  std::thread reader{[&] {
    std::error_code stop;
    while (both.far.wait_readable(forever, stop) && both.far.read_some(buffer, stop) != 0) {
    }
  }};
  CHECK(both.near.wait_writable(forever, ec));
  CHECK(both.near.write_some(as_bytes("x"), ec) == 1);
  both.near.shutdown(ec);
  reader.join();
}

TEMPLATE_TEST_CASE("writing to a dead peer is an error and no signal", "", tcp, local) {
  auto sockets = joined_sockets<TestType>(raw_socket::context());
  basic_socket_transport<typename TestType::socket> near{std::move(sockets.first)};
  sockets.second.close();
  std::error_code ec;
  for (int i = 0; i < 1000 && !ec; ++i) {
    near.write_some(as_bytes("x"), ec);
    if (!ec) near.wait_readable(near.now() + soon, ec);
  }
  CHECK((ec == std::errc::broken_pipe || ec == std::errc::connection_reset));
}

TEST_CASE("a reset is distinguished from the end of the stream") {
  two_transports<tcp> both;
  both.far.socket().set_option(asio::socket_base::linger{true, 0});
  both.far.socket().close();
  std::error_code ec;
  CHECK(both.near.wait_readable(forever, ec));
  read(both.near, ec);
  CHECK(ec == std::errc::connection_reset);
}

TEMPLATE_TEST_CASE("an abort from another thread ends a wait, and everything after it", "", tcp,
                   local) {
  two_transports<TestType> both;
  std::error_code read_error;
  std::thread reader{[&] {
    if (both.near.wait_readable(forever, read_error)) read(both.near, read_error);
  }};
  both.near.abort();
  reader.join();
  CHECK(read_error == errc::aborted);
  std::error_code ec;
  CHECK(both.near.write_some(as_bytes("x"), ec) == 0);
  CHECK(ec == std::errc::broken_pipe);
  CHECK(both.near.wait_writable(forever, ec));
  CHECK(both.far.wait_readable(forever, ec));
  CHECK(read(both.far, ec).empty());
  both.near.abort();
}

TEMPLATE_TEST_CASE("after stop_reading() writes continue", "", tcp, local) {
  two_transports<TestType> both;
  std::error_code ec;
  both.far.write_some(as_bytes("unread"), ec);
  both.near.stop_reading();
  CHECK(both.near.wait_readable(forever, ec));
  CHECK(read(both.near, ec).empty());
  CHECK(ec == errc::aborted);
  CHECK(both.near.write_some(as_bytes("still"), ec) == 5);
  CHECK(both.far.wait_readable(forever, ec));
  CHECK(read(both.far, ec) == "still");
}

TEST_CASE("a transport moves with its socket, which for TCP does not delay") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<socket_transport>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<socket_transport>);
  two_transports<tcp> both;
  asio::ip::tcp::no_delay option;
  both.near.socket().get_option(option);
  CHECK(option.value());
  both.near.stop_reading();
  auto moved = std::move(both.near);
  std::error_code ec;
  CHECK(moved.write_some(as_bytes("x"), ec) == 1);
  read(moved, ec);
  CHECK(ec == errc::aborted);
}

TEMPLATE_TEST_CASE("a conversation over sockets: several threads write while one reads",
                   "[rfc-5.4]", tcp, local) {
  using transport = typename two_transports<TestType>::transport;
  auto sockets = joined_sockets<TestType>(raw_socket::context());
  websocket<transport> near{role::client, transport{std::move(sockets.first)}};
  websocket<transport> far{role::server, transport{std::move(sockets.second)}};
  std::thread echo{[&] {
    while (const auto message = far.read()) (void)far.write(*message);
  }};
  constexpr std::size_t each = 100;
  std::vector<std::size_t> sizes(2 * each);
  std::thread reader{[&] {
    for (auto& size : sizes) {
      const auto message = near.read();
      if (!message) return;
      size = message->payload.size();
    }
  }};
  std::vector<std::thread> writers;
  for (const std::size_t size : {10u, 100'000u}) {
    writers.emplace_back([&near, size] {
      const std::string text(size, 'x');
      for (std::size_t i = 0; i < each; ++i) {
        if (i % 2 == 0) {
          (void)near.write(text);
        } else {
          auto message = near.begin_message(message_kind::text);
          (void)message.write(std::string_view{text}.substr(0, 5));
          (void)message.finish(std::string_view{text}.substr(5));
        }
      }
    });
  }
  for (auto& writer : writers) writer.join();
  reader.join();
  CHECK(std::count(sizes.begin(), sizes.end(), 10u) == each);
  CHECK(std::count(sizes.begin(), sizes.end(), 100'000u) == each);
  CHECK_FALSE(near.close());
  echo.join();
  CHECK(shown(far.close_reason()) == "closed{1000, clean}");
}

TEMPLATE_TEST_CASE("close_now ends what another thread does with a socket", "", tcp, local) {
  using transport = typename two_transports<TestType>::transport;
  for (int round = 0; round < 20; ++round) {
    auto sockets = joined_sockets<TestType>(raw_socket::context());
    websocket<transport> near{role::client, transport{std::move(sockets.first)}};
    bool read = true;
    std::error_code written;
    std::thread reader{[&] { read = near.read().has_value(); }};
    std::thread writer{[&] { written = near.write(byte_vector(5'000'000)); }};
    near.close_now();
    reader.join();
    writer.join();
    CHECK_FALSE(read);
    CHECK(written);
    CHECK(near.close_reason().error == errc::aborted);
  }
}

}  // namespace
