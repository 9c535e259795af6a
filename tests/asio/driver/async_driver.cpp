// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/async_driver.hpp"

#include <algorithm>
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
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/event.hpp"
#include "hawser/protocol/options.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/run_length.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// A stream whose reads return copies of one frame, as many as fit, almost without end, and which accepts
/// every write.
class endless_stream {
 public:
  using executor_type = asio::io_context::executor_type;
  static constexpr int wait_read = 0;

  endless_stream(asio::io_context& context, byte_vector frame)
      : executor_{context.get_executor()}, frame_{std::move(frame)} {}

  executor_type get_executor() const { return executor_; }

  std::size_t read_some(asio::mutable_buffer buffer, std::error_code& ec) {
    ec = left_ < buffer.size() ? asio::error::would_block : std::error_code{};
    if (ec) return 0;
    left_ -= buffer.size();
    const auto size = buffer.size() / frame_.size() * frame_.size();
    for (std::size_t at = 0; at < size; at += frame_.size()) {
      asio::buffer_copy(buffer + at, asio::buffer(frame_));
    }
    return size;
  }

  template <class Handler>
  void async_wait(int, Handler handler) {
    asio::post(executor_, [handler = std::move(handler)]() mutable { handler(std::error_code{}); });
  }

  std::size_t write_some(asio::const_buffer data, std::error_code&) { return data.size(); }

  template <class Handler>
  void async_write_some(asio::const_buffer data, Handler handler) {
    const auto size = data.size();
    asio::post(executor_, [handler = std::move(handler), size]() mutable { handler({}, size); });
  }

 private:
  executor_type executor_;
  byte_vector frame_;
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

using counted_connection = basic_connection<run_length>;

/// A driver that counts the events it gets.
class counting_driver final
    : public detail::async_driver<counting_driver, endless_stream, counted_connection> {
  using base = detail::async_driver<counting_driver, endless_stream, counted_connection>;

 public:
  counting_driver(asio::io_context& context, byte_vector frame,
                  const connection_options& options = {})
      : base{endless_stream{context, std::move(frame)}, counted_connection{role::server, options}} {
  }

  using base::pause;
  using base::resume;
  using base::start;

  void give_up() {
    base::connection().abort();
    process_later();
  }

  void on_event(const event& happened) {
    ++count;
    if (const auto* whole = std::get_if<message_view>(&happened)) size += whole->payload.size();
    if (const auto* piece = std::get_if<message_part>(&happened)) size += piece->payload.size();
  }
  void on_settled() {}
  void on_over() { is_over = true; }

  std::size_t count = 0;
  std::size_t size = 0;
  bool is_over = false;
};

using unix_socket = asio::local::stream_protocol::socket;

/// A driver that records its events, and answers each message.
class noting_driver final
    : public detail::async_driver<noting_driver, unix_socket, hawser::connection> {
  using base = detail::async_driver<noting_driver, unix_socket, hawser::connection>;

 public:
  explicit noting_driver(unix_socket stream)
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
      received.emplace_back(view->text());
      if (pauses) pause();
      base::connection().send(*view);
    } else if (std::get_if<closed>(&happened) != nullptr) {
      ++ends;
    }
  }
  void on_settled() {}
  void on_over() { is_over = true; }

  std::vector<std::string> received;
  bool pauses = false;
  int ends = 0;
  bool is_over = false;
};

/// A driver at one end of a pair of sockets, and a connection that the test itself drives at the other.
struct pair_of_ends {
  pair_of_ends() {
    unix_socket near{context};
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
  unix_socket far{context};
  std::shared_ptr<noting_driver> driver;
  hawser::connection peer{role::client};
};

TEST_CASE("messages of every size are reported, whatever buffers they are read into") {
  pair_of_ends ends;
  ends.driver->start({});
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 100u, 255u, 256u, 257u, 4'000u, 9'000u, 60'000u}) {
    sent.emplace_back(size, static_cast<char>('a' + sent.size()));
    ends.send(sent.back());
    while (ends.driver->received.size() < sent.size()) ends.context.run_one();
  }
  CHECK(ends.driver->received == sent);
}

TEST_CASE("a driver writes the answers to messages of one read together") {
  pair_of_ends ends;
  ends.driver->start({});
  for (int i = 0; i < 10; ++i) CHECK_FALSE(ends.peer.send("x"));
  ends.flush();
  while (ends.driver->received.size() < 10) ends.context.run_one();
  CHECK(ends.far.available() == 30);
}

TEST_CASE("while a driver is paused no message is reported, and none is lost") {
  pair_of_ends ends;
  ends.driver->pauses = true;
  ends.driver->start({});
  for (const auto* text : {"one", "two", "three"}) CHECK_FALSE(ends.peer.send(std::string{text}));
  ends.flush();
  while (ends.driver->received.empty()) ends.context.run_one();
  ends.context.poll();
  CHECK(ends.driver->received == std::vector<std::string>{"one"});
  ends.driver->resume();
  CHECK(ends.driver->received == std::vector<std::string>{"one", "two"});
  ends.driver->resume();
  CHECK(ends.driver->received == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("bytes that were read after the handshake come first") {
  pair_of_ends ends;
  CHECK_FALSE(ends.peer.send("early"));
  const auto output = ends.peer.output();
  ends.driver->start(output);
  CHECK(ends.driver->received == std::vector<std::string>{"early"});
}

TEST_CASE(
    "the end of a peer is reported once, and then the stream is closed and the context idle") {
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
  std::vector<std::byte> buffer(100);
  const auto size = ends.far.read_some(asio::buffer(buffer));
  auto input = mutable_bytes{buffer}.first(size);
  while (ends.peer.next(input)) {
  }
  ends.flush();
  ends.far.close();
  ends.context.run();
  CHECK(ends.driver->ends == 1);
  CHECK(ends.driver->is_over);
}

/// The most work of a driver between two turns of the others on its thread.
struct work {
  std::size_t events = 0;
  std::size_t bytes = 0;
};

work most_in_a_turn(asio::io_context& context, const counting_driver& driver, int turns) {
  work most;
  for (int turn = 0; turn < turns; ++turn) {
    const auto events = driver.count;
    const auto bytes = driver.size;
    bool other = false;
    asio::post(context, [&] { other = true; });
    while (!other) context.run_one();
    most.events = (std::max)(most.events, driver.count - events);
    most.bytes = (std::max)(most.bytes, driver.size - bytes);
  }
  return most;
}

constexpr std::size_t mebibyte = 1024 * 1024;

byte_vector compressed_frame(std::size_t size) {
  return frame_from(role::client, 2, run_length_of(byte_vector(size)), fin::yes, 4);
}

TEST_CASE("a stream that always has input does not delay the others of its thread", "[abuse]") {
  asio::io_context context;
  const auto driver =
      std::make_shared<counting_driver>(context, frame_from(role::client, opcode::text, "xy"));
  driver->start({});
  const auto most = most_in_a_turn(context, *driver, 2000);
  CHECK(most.events >= 256);
  // A posted function runs after the pending turn, and one more turn may begin before it.
  CHECK(most.events <= 2 * 256);
  driver->give_up();
  context.run();
  CHECK(driver->is_over);
}

TEST_CASE("a flood of compressed messages does not delay the others of its thread", "[abuse]") {
  const auto how = GENERATE(delivery::messages, delivery::parts);
  asio::io_context context;
  const auto driver = std::make_shared<counting_driver>(context, compressed_frame(mebibyte),
                                                        connection_options{.deliver = how});
  driver->start({});
  const auto most = most_in_a_turn(context, *driver, 50);
  CHECK(driver->size >= 16 * mebibyte);
  CHECK(most.bytes <= 2 * (mebibyte + 4096));
  driver->give_up();
  context.run();
  CHECK(driver->is_over);
}

TEST_CASE("one huge compressed message does not delay the others of its thread", "[abuse]") {
  asio::io_context context;
  const auto driver = std::make_shared<counting_driver>(
      context, compressed_frame(24 * mebibyte),
      connection_options{.max_message_size = 24 * mebibyte, .turn = {.bytes = 64 * 1024}});
  driver->start({});
  int turns = 0;
  for (; driver->count == 0; ++turns) most_in_a_turn(context, *driver, 1);
  CHECK(turns >= static_cast<int>(24 * mebibyte / (64 * 1024 + 4096) / 2));
  CHECK(driver->size == 24 * mebibyte);
  driver->give_up();
  context.run();
}

TEST_CASE("input held back by a pause does not delay the others of the thread", "[abuse]") {
  asio::io_context context;
  // Frames are complete only after a MiB, so that nearly all events come from held input.
  const auto driver =
      std::make_shared<counting_driver>(context, header_from(role::client, 2, mebibyte));
  byte_vector held;
  for (int i = 0; i < 20; ++i) held = std::move(held) + compressed_frame(mebibyte);
  for (int i = 0; i < 5000; ++i) held = std::move(held) + "81 80 00000000"_b;
  driver->pause();
  driver->start(held);
  CHECK(most_in_a_turn(context, *driver, 10).events == 0);
  driver->resume();
  CHECK(driver->size <= mebibyte);
  const auto most = most_in_a_turn(context, *driver, 100);
  CHECK(driver->count >= 5020);
  CHECK(most.bytes <= 2 * (mebibyte + 4096));
  CHECK(most.events <= 2 * 256);
  driver->give_up();
  context.run();
}

TEST_CASE("turns without limits process a whole read") {
  asio::io_context context;
  const auto driver =
      std::make_shared<counting_driver>(context, frame_from(role::client, opcode::text, "xy"),
                                        connection_options{.turn = {.bytes = 0, .events = 0}});
  driver->start({});
  const auto most = most_in_a_turn(context, *driver, 10);
  CHECK(most.events > 1000);
  CHECK(most.events <= 5 * 256 * 1024 / 8);
  driver->give_up();
  context.run();
}

}  // namespace
