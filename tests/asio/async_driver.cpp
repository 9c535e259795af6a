// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/async_driver.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/write.hpp>

#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using socket = asio::local::stream_protocol::socket;

/// A driver that keeps what it hears, and answers each message.
class noting_driver final : public detail::async_driver<noting_driver, socket, hawser::connection> {
  using base = detail::async_driver<noting_driver, socket, hawser::connection>;

 public:
  explicit noting_driver(socket stream)
      : base{std::move(stream), hawser::connection{role::server}} {}

  using base::pause;
  using base::resume;
  using base::start;

  void close() {
    base::connection().close();
    process_pending();
  }

  void on_event(const event& happened) {
    if (const auto* view = std::get_if<message_view>(&happened)) {
      heard.emplace_back(view->text());
      if (pauses) pause();
      base::connection().send(*view);
    } else if (std::get_if<closed>(&happened) != nullptr) {
      ++ends;
    }
  }
  void on_settled() {}
  void on_over() { is_over = true; }

  std::vector<std::string> heard;
  bool pauses = false;
  int ends = 0;
  bool is_over = false;
};

/// The driver at one end of a pair of sockets, and a connection by hand at the other.
struct pair_of_ends {
  pair_of_ends() {
    socket near{context};
    asio::local::connect_pair(near, far);
    driver = std::make_shared<noting_driver>(std::move(near));
  }

  void send(const std::string& text) {
    CHECK_FALSE(peer.send(text));
    flush();
  }

  void flush() {
    while (!peer.output().empty()) {
      const auto output = peer.output();
      peer.consume_output(asio::write(far, asio::buffer(output.data(), output.size())));
    }
  }

  asio::io_context context;
  socket far{context};
  std::shared_ptr<noting_driver> driver;
  hawser::connection peer{role::client};
};

TEST_CASE("messages of every size are handed over, whatever rooms they are read into") {
  pair_of_ends ends;
  ends.driver->start({});
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 100u, 255u, 256u, 257u, 4'000u, 9'000u, 60'000u}) {
    sent.emplace_back(size, static_cast<char>('a' + sent.size()));
    ends.send(sent.back());
    while (ends.driver->heard.size() < sent.size()) ends.context.run_one();
  }
  CHECK(ends.driver->heard == sent);
}

TEST_CASE("the answers to what came at once leave at once") {
  pair_of_ends ends;
  ends.driver->start({});
  for (int i = 0; i < 10; ++i) CHECK_FALSE(ends.peer.send("x"));
  ends.flush();
  while (ends.driver->heard.size() < 10) ends.context.run_one();
  CHECK(ends.far.available() == 30);
}

TEST_CASE("while paused nothing is handed over, and nothing is lost") {
  pair_of_ends ends;
  ends.driver->pauses = true;
  ends.driver->start({});
  for (const auto* text : {"one", "two", "three"}) CHECK_FALSE(ends.peer.send(std::string{text}));
  ends.flush();
  while (ends.driver->heard.empty()) ends.context.run_one();
  ends.context.poll();
  CHECK(ends.driver->heard == std::vector<std::string>{"one"});
  ends.driver->resume();
  CHECK(ends.driver->heard == std::vector<std::string>{"one", "two"});
  ends.driver->resume();
  CHECK(ends.driver->heard == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("what the handshake read too much comes first") {
  pair_of_ends ends;
  CHECK_FALSE(ends.peer.send("early"));
  const auto output = ends.peer.output();
  ends.driver->start(output);
  CHECK(ends.driver->heard == std::vector<std::string>{"early"});
}

TEST_CASE("a peer that is gone is told once, and then the stream is over and the context idle") {
  pair_of_ends ends;
  ends.driver->start({});
  ends.far.close();
  ends.context.run();
  CHECK(ends.driver->ends == 1);
  CHECK(ends.driver->is_over);
}

TEST_CASE("closing brings both sides to their ends") {
  pair_of_ends ends;
  ends.driver->start({});
  ends.driver->close();
  std::vector<std::byte> room(100);
  const auto size = ends.far.read_some(asio::buffer(room));
  auto input = mutable_bytes{room}.first(size);
  while (ends.peer.next(input)) {
  }
  ends.flush();
  ends.far.close();
  ends.context.run();
  CHECK(ends.driver->ends == 1);
  CHECK(ends.driver->is_over);
}

}  // namespace
