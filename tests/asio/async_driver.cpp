// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/async_driver.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include "hawser/asio/stream_traits.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// A stream that has as many small messages as one reads at a time, almost without an end, and takes
/// whatever is written.
class endless_stream {
 public:
  using executor_type = asio::io_context::executor_type;
  static constexpr int wait_read = 0;

  explicit endless_stream(asio::io_context& context) : executor_{context.get_executor()} {}

  executor_type get_executor() const { return executor_; }

  std::size_t read_some(asio::mutable_buffer room, std::error_code& ec) {
    static constexpr std::array<unsigned char, 8> frame{0x81, 0x82, 0, 0, 0, 0, 'x', 'y'};
    ec = left_ < room.size() ? asio::error::would_block : std::error_code{};
    if (ec) return 0;
    left_ -= room.size();
    for (std::size_t at = 0; at < room.size(); at += frame.size()) {
      asio::buffer_copy(room + at, asio::buffer(frame));
    }
    return room.size();
  }

  template <class Handler>
  void async_wait(int, Handler handler) {
    asio::post(executor_, [handler = std::move(handler)]() mutable { handler(std::error_code{}); });
  }

  std::size_t write_some(asio::const_buffer octets, std::error_code&) { return octets.size(); }

  template <class Handler>
  void async_write_some(asio::const_buffer octets, Handler handler) {
    const auto size = octets.size();
    asio::post(executor_, [handler = std::move(handler), size]() mutable { handler({}, size); });
  }

 private:
  executor_type executor_;
  std::size_t left_ = 64 * 1024 * 1024;
};

}  // namespace

template <>
struct hawser::stream_traits<endless_stream> {
  static constexpr bool is_direct = true;
  static void open(endless_stream&) {}
  static bool end(endless_stream&) { return true; }
  static void close(endless_stream&) {}
};

namespace {

/// A driver that counts messages.
class counting_driver final
    : public detail::async_driver<counting_driver, endless_stream, hawser::connection> {
  using base = detail::async_driver<counting_driver, endless_stream, hawser::connection>;

 public:
  explicit counting_driver(asio::io_context& context)
      : base{endless_stream{context}, hawser::connection{role::server}} {}

  using base::start;

  void give_up() {
    base::connection().abort();
    process_later();
  }

  void on_event(const event&) { ++count; }
  void on_settled() {}
  void on_over() { is_over = true; }

  std::size_t count = 0;
  bool is_over = false;
};

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

TEST_CASE("a stream that always has more gives the others of its thread their turns", "[abuse]") {
  asio::io_context context;
  const auto driver = std::make_shared<counting_driver>(context);
  driver->start({});
  std::size_t most = 0;
  for (int turn = 0; turn < 10; ++turn) {
    // What is posted comes behind the read that is under way, and before the next one.
    const auto before = driver->count;
    bool other = false;
    asio::post(context, [&] { other = true; });
    while (!other) context.run_one();
    most = (std::max)(most, driver->count - before);
  }
  CHECK(most > 1000);
  CHECK(most <= 5 * 256 * 1024 / 8);
  driver->give_up();
  context.run();
  CHECK(driver->is_over);
}

}  // namespace
