// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session_message.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>

#include "hawser/asio/connect.hpp"
#include "hawser/asio/session.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/printers.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("a coroutine sends a message of any size, and queues no more than half of the budget") {
  constexpr std::size_t pieces = 40;
  constexpr std::size_t size = 1'000'000;
  mailbox<std::size_t> most_queued;
  mailbox<std::string> results;
  server_options options;
  options.budget = {.high = 100'000, .hard = 200'000};
  live_server server{[&](hawser::server& made) {
                       made.on_session([&](session peer) -> asio::awaitable<void> {
                         auto out = peer.begin_message(message_kind::binary);
                         std::string piece(size, 'x');
                         std::size_t most = 0;
                         for (std::size_t i = 0; i < pieces; ++i) {
                           const auto ec = co_await out.write(piece);
                           if (ec) results.put(ec.message());
                           most = (std::max)(most, peer.buffered_bytes());
                         }
                         results.put(peer.send("x").message());
                         const auto ec = co_await out.finish("end");
                         results.put(ec.message());
                         const auto late = co_await out.write("late");
                         results.put(late.message());
                         most_queued.put(most);
                       });
                     },
                     options};
  connect_options unlimited;
  unlimited.connection.max_message_size = 0;
  auto client = connect(server.url(), unlimited);
  const auto got = client.read();
  REQUIRE(got);
  CHECK(got->payload.size() == pieces * size + 3);
  CHECK(results.take() == make_error_code(errc::message_unfinished).message());
  CHECK(results.take() == std::error_code{}.message());
  CHECK(results.take() == make_error_code(errc::closed).message());
  CHECK(most_queued.take() < 120'000);
  CHECK_FALSE(client.read());
  CHECK(client.close_reason().code == close_code::normal);
}

TEST_CASE("a message that a coroutine does not finish closes its connection with 1011") {
  const bool begun = GENERATE(true, false);
  live_server server{[&](hawser::server& made) {
    made.on_session([begun](session peer) -> asio::awaitable<void> {
      {
        auto out = peer.begin_message(message_kind::text);
        if (begun) co_await out.write("half");
        auto moved = std::move(out);
      }
      const auto next = co_await peer.receive();
      if (next) peer.send("open");
      const auto end = co_await peer.receive();
    });
  }};
  auto client = connect(server.url());
  if (!begun) CHECK_FALSE(client.write("?"));
  if (begun) {
    CHECK_FALSE(client.read());
    CHECK(client.close_reason().code == close_code::internal_error);
  } else {
    const auto got = client.read();
    REQUIRE(got);
    CHECK(got->text() == "open");
    CHECK_FALSE(client.close());
  }
}

TEST_CASE("a coroutine that sends a message is not refused before the connection closes") {
  mailbox<std::string> results;
  live_server server{[&](hawser::server& made) {
    made.on_session([&](session peer) -> asio::awaitable<void> {
      auto out = peer.begin_message(message_kind::text);
      auto ec = co_await out.write("\xff");
      results.put(ec.message());
      ec = co_await out.write("good");
      results.put(ec.message());
      peer.close();
      ec = co_await out.finish();
      results.put(ec.message());
    });
  }};
  auto client = connect(server.url());
  CHECK_FALSE(client.read());
  CHECK(results.take() == make_error_code(errc::invalid_utf8).message());
  CHECK(results.take() == std::error_code{}.message());
  CHECK(results.take() == make_error_code(errc::closed).message());
}

}  // namespace
