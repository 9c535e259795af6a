// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking_driver.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/archetypes.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

// Failing calls

/// A long conversation: whatever fails in it, every call returns, and all of them agree.
void converse(websocket<memory_pipe>& near) {
  (void)near.write("Hello");
  (void)near.ping(as_bytes("?"));
  (void)near.write(bytes_view{octets(70'000)});
  auto fragments = near.begin_message(message_kind::text);
  (void)fragments.write("in ");
  (void)fragments.write("pieces");
  (void)fragments.finish();
  (void)near.read();
  for (bool last = false; !last;) {
    const auto part = near.read_part();
    last = !part || part->last;
  }
  const auto third = near.read();
  if (third) CHECK(third->text() == "in pieces");
}

TEST_CASE("whichever call of the stream fails, a conversation ends once and with that error") {
  const auto self = GENERATE(role::client, role::server);
  const bool far_closes = GENERATE(false, true);
  const auto fault = GENERATE(std::errc::connection_reset, std::errc::operation_would_block);
  std::size_t n = 1;
  for (bool failed = true; failed; ++n) {
    INFO("call " << n << " fails");
    auto [here, there] =
        make_memory_pipe({.first = {.failing_call = n, .call_error = std::make_error_code(fault)}});
    const auto start = here.now();
    automatic_end far{std::move(there), peer_of(self)};
    far.echoes = true;
    websocket<memory_pipe> near{self, std::move(here), {.close_timeout = 5s}};
    near.stream().on_idle([&] { far.step(); });
    converse(near);
    if (far_closes) {
      (void)far.peer().close(close_code::going_away);
      far.step();
      CHECK_FALSE(near.read());
    }
    const auto result = near.close();
    failed = near.stream().calls() >= n;

    const auto end = near.close_reason();
    CHECK(end.error == result);
    CHECK(end.clean == !end.error);
    CHECK(end.clean == (end.code != close_code::abnormal));
    if (fault == std::errc::operation_would_block || !failed) CHECK(end.clean);
    if (!end.clean) CHECK(end.error == fault);
    CHECK_FALSE(near.is_open());
    CHECK_FALSE(near.read());
    CHECK(near.write("x") == condition::closed);
    CHECK(shown(near.close_reason()) == shown(end));
    CHECK(near.stream().now() - start <= 5s);
  }
  CHECK(n > 15);
}

// The end of patience

/// Each read takes a second and gives one octet, so that there is always more to read.
class trickle {
 public:
  using time_point = memory_pipe::time_point;

  trickle(memory_pipe end, std::shared_ptr<virtual_clock> clock)
      : end_{std::move(end)}, clock_{std::move(clock)} {}

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    clock_->advance(1s);
    return end_.read_some(in.first(1), ec);
  }
  std::size_t write_some(bytes_view out, std::error_code& ec) { return end_.write_some(out, ec); }
  void shutdown(std::error_code& ec) { end_.shutdown(ec); }
  bool wait_readable(time_point until, std::error_code& ec) {
    return end_.wait_readable(until, ec);
  }
  bool wait_writable(time_point until, std::error_code& ec) {
    return end_.wait_writable(until, ec);
  }
  time_point now() const { return end_.now(); }

 private:
  memory_pipe end_;
  std::shared_ptr<virtual_clock> clock_;
};

TEST_CASE("a time-out ends a read although octets come without a pause") {
  const auto self = GENERATE(role::client, role::server);
  const auto clock = std::make_shared<virtual_clock>();
  auto [here, there] = make_memory_pipe({.clock = clock});
  scripted_end far{std::move(there)};
  for (int i = 0; i < 10; ++i) far.say(frame_from(peer_of(self), opcode::ping, ""));
  far.say(frame_from(peer_of(self), opcode::text, "a long message"));
  websocket<trickle> near{self, {std::move(here), clock}};
  std::error_code ec;
  const auto start = clock->now();
  CHECK_FALSE(near.read(3s, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(clock->now() == start + 3s);
  CHECK(shown(near.read(10min, ec).value()) == "text \"a long message\"");
}

TEST_CASE("a close ends although octets come without a pause", "[rfc-7.1.1]") {
  const auto self = GENERATE(role::client, role::server);
  const auto clock = std::make_shared<virtual_clock>();
  auto [here, there] = make_memory_pipe({.clock = clock});
  scripted_end far{std::move(there)};
  for (int i = 0; i < 100; ++i) far.say(frame_from(peer_of(self), opcode::ping, ""));
  websocket<trickle> near{self, {std::move(here), clock}, {.close_timeout = 4s}};
  const auto start = clock->now();
  CHECK(near.close() == errc::close_timeout);
  CHECK(clock->now() == start + 4s);
}

TEST_CASE("a slow message does not let the keep-alive ping, however long it takes") {
  const auto self = GENERATE(role::client, role::server);
  const auto clock = std::make_shared<virtual_clock>();
  auto [here, there] = make_memory_pipe({.clock = clock});
  scripted_end far{std::move(there)};
  far.say(frame_from(peer_of(self), opcode::binary, std::string(1000, 'x')));
  websocket<trickle> near{self, {std::move(here), clock}, {.keep_alive_interval = 3s}};
  CHECK(near.read());
  CHECK(far.frames().empty());
}

TEST_CASE("who was busy for long does not take an answer for overdue that has arrived",
          "[rfc-5.5.2]") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.keep_alive_interval = 20s, .keep_alive_timeout = 20s}};
  auto& near = talk.near();
  std::error_code ec;
  CHECK_FALSE(near.read(25s, ec));
  REQUIRE(talk.far().frames() == lines{"ping 0000000000000001"});
  talk.far().say(frame_from(peer_of(self), 10, "00 00 00 00 00 00 00 01"_b));
  talk.advance(1h);
  SECTION("when it reads again") {
    CHECK_FALSE(near.read(1s, ec));
    CHECK(ec == errc::read_timeout);
  }
  SECTION("when it writes") {
    CHECK_FALSE(near.write("back"));
    CHECK_FALSE(near.read(0s, ec));
    CHECK(ec == errc::read_timeout);
  }
  SECTION("when it pings") { CHECK_FALSE(near.ping()); }
  SECTION("when it closes") {
    talk.far().say(close_from(peer_of(self), 1000));
    talk.far().hang_up();
    CHECK_FALSE(near.close());
  }
  SECTION("when it begins to close") { CHECK_FALSE(near.begin_close()); }
}

TEST_CASE("who was busy for long finds a peer dead that did not answer") {
  const auto self = GENERATE(role::client, role::server);
  scripted_talk talk{self, {.keep_alive_interval = 20s, .keep_alive_timeout = 20s}};
  std::error_code ec;
  CHECK_FALSE(talk.near().read(25s, ec));
  talk.advance(1h);
  CHECK_FALSE(talk.near().write("anybody there?"));
  CHECK_FALSE(talk.near().read(1s, ec));
  CHECK(ec == errc::closed);
  CHECK(talk.near().close_reason().error == errc::keep_alive_timeout);
}

// Threads. Their ends have no virtual clock.

using plain_pipe = std::pair<memory_pipe, memory_pipe>;

plain_pipe threaded_pipe(std::size_t far_capacity = pipe_faults::never) {
  return make_memory_pipe({.second = {.capacity = far_capacity}, .clock = nullptr});
}

/// Until some thread is inside a call of the stream: it may be waiting there.
void await_call(websocket<memory_pipe>& peer, std::size_t before = 0) {
  while (peer.stream().calls() <= before) std::this_thread::yield();
}

constexpr connection_options patient{.keep_alive_interval = 0s, .write_timeout = 0s};

/// Three writers, one of which sends fragments; whatever another thread does, each message arrives
/// whole and those of one thread in their order.
void write_from_threads(websocket<memory_pipe>& peer, int count) {
  const auto content = [](int thread, int number) {
    return std::to_string(thread) + ' ' + std::to_string(number) + ' ' +
           std::string(static_cast<std::size_t>(number * 7 % 300), static_cast<char>('a' + thread));
  };
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; ++thread) {
    writers.emplace_back([&, thread] {
      for (int number = 0; number < count; ++number) {
        const auto whole = content(thread, number);
        if (thread == 0 || number % 3 == 0) {
          auto message = peer.begin_message(message_kind::text);
          const auto middle = whole.size() / 2;
          (void)message.write(std::string_view{whole}.substr(0, 2));
          (void)message.write(std::string_view{whole}.substr(2, middle - 2));
          (void)message.finish(std::string_view{whole}.substr(middle));
        } else {
          (void)peer.write(whole);
        }
        if (number % 5 == 0) (void)peer.ping(as_bytes("ping"));
      }
    });
  }
  for (auto& writer : writers) writer.join();
}

TEST_CASE("messages of several threads arrive whole and in order, while one reads the echo",
          "[rfc-5.4]") {
  const auto capacity = GENERATE(std::size_t{100}, std::size_t{100'000});
  const int count = 300;
  auto [here, there] = make_memory_pipe(
      {.first = {.capacity = capacity}, .second = {.capacity = capacity}, .clock = nullptr});
  websocket<memory_pipe> near{role::client, std::move(here)};
  websocket<memory_pipe> far{role::server, std::move(there)};
  std::thread echo{[&] {
    while (const auto message = far.read()) (void)far.write(*message);
  }};
  std::array<int, 3> next{};
  int wrong = 0;
  std::thread reader{[&] {
    while (const auto message = near.read()) {
      const auto text = message->text();
      const auto thread = static_cast<std::size_t>(text[0] - '0');
      const auto number = std::to_string(next.at(thread)++);
      const auto fill = static_cast<char>('a' + thread);
      if (text.substr(2, number.size() + 1) != number + ' ' ||
          text.find_first_not_of(fill, 3 + number.size()) != text.npos) {
        ++wrong;
      }
      if (next == std::array<int, 3>{count, count, count}) break;
    }
  }};
  write_from_threads(near, count);
  reader.join();
  CHECK_FALSE(near.close());
  echo.join();
  CHECK(wrong == 0);
  CHECK(next == std::array<int, 3>{count, count, count});
  CHECK(shown(far.close_reason()) == "closed{1000, clean}");
}

TEST_CASE("a close from another thread ends a read and both see the same end", "[rfc-7.1.2]") {
  const bool far_answers = GENERATE(true, false);
  for (int round = 0; round < 50; ++round) {
    auto [here, there] = threaded_pipe();
    websocket<memory_pipe> near{
        role::client, std::move(here), {.keep_alive_interval = 0s, .close_timeout = 1ms}};
    websocket<memory_pipe> far{role::server, std::move(there)};
    std::thread answers;
    if (far_answers) {
      answers = std::thread{[&] {
        while (far.read()) {
        }
      }};
    }
    bool got = false;
    std::thread reader{[&] { got = near.read().has_value(); }};
    if (round % 2 == 0) await_call(near);
    const auto ec = near.close();
    reader.join();
    if (answers.joinable()) answers.join();
    CHECK_FALSE(got);
    CHECK(near.close_reason().error == ec);
    CHECK((!ec || ec == errc::close_timeout));
    if (!far_answers) CHECK(ec == errc::close_timeout);
  }
}

TEST_CASE("close_now wakes a reader, writers and who waits for a turn to write") {
  for (int round = 0; round < 20; ++round) {
    auto [here, there] = threaded_pipe(10);
    websocket<memory_pipe> near{role::client, std::move(here), patient};
    bool read = true;
    std::error_code written;
    std::error_code pinged;
    std::thread reader{[&] { read = near.read().has_value(); }};
    std::thread writer{[&] { written = near.write(std::string(100, 'x')); }};
    std::thread pinger{[&] { pinged = near.ping(octets(100)); }};
    if (round % 2 == 0) await_call(near, 2);
    near.close_now();
    reader.join();
    writer.join();
    pinger.join();
    CHECK_FALSE(read);
    CHECK(written == condition::closed);
    CHECK(pinged == condition::closed);
    CHECK(near.close_reason().error == errc::aborted);
  }
}

TEST_CASE("close_now wakes who waits behind a message that nobody goes on with") {
  for (int round = 0; round < 20; ++round) {
    auto [here, there] = threaded_pipe();
    websocket<memory_pipe> near{role::client, std::move(here), patient};
    auto idle = near.begin_message(message_kind::text);
    CHECK_FALSE(idle.write("to be continued"));
    std::error_code written;
    std::error_code begun;
    std::thread writer{[&] { written = near.write("next"); }};
    std::thread beginner{[&] { begun = near.begin_message(message_kind::binary).finish("next"); }};
    near.close_now();
    writer.join();
    beginner.join();
    CHECK(written == errc::closed);
    CHECK(begun == errc::closed);
    CHECK(idle.finish() == errc::closed);
  }
}

TEST_CASE("a reader that was asleep brings a close that another thread began to its end",
          "[rfc-7.1.1]") {
  for (int round = 0; round < 5; ++round) {
    auto [here, there] = threaded_pipe();
    connection_options options = patient;
    options.close_timeout = 20ms;
    websocket<memory_pipe> near{role::server, std::move(here), options};
    std::thread reader{[&] { (void)near.read(); }};
    await_call(near);
    CHECK_FALSE(near.begin_close());
    reader.join();
    CHECK(near.close_reason().error == errc::close_timeout);
  }
}

TEST_CASE("a close that another thread began ends a write to a peer that takes nothing") {
  const bool reads = GENERATE(true, false);
  auto [here, there] = threaded_pipe(10);
  connection_options options = patient;
  options.close_timeout = 20ms;
  websocket<memory_pipe> near{role::server, std::move(here), options};
  std::error_code written;
  std::thread reader{[&] {
    if (reads) (void)near.read();
  }};
  std::thread writer{[&] { written = near.write(std::string(100, 'x')); }};
  await_call(near, reads ? 2 : 1);
  CHECK_FALSE(near.begin_close());
  reader.join();
  writer.join();
  CHECK(written == condition::closed);
  CHECK(near.close_reason().error == errc::close_timeout);
}

TEST_CASE("an open connection can be destroyed once its threads are gone") {
  auto [here, there] = threaded_pipe();
  {
    websocket<memory_pipe> near{role::client, std::move(here)};
    std::error_code written;
    std::thread writer{[&] { written = near.write("last words"); }};
    writer.join();
    CHECK_FALSE(written);
  }
  scripted_end far{std::move(there)};
  CHECK(far.frames() == lines{"text \"last words\""});
  CHECK(far.over());
}

/// Counts what a client sends, as soon as it is queued.
struct noting_mask_source {
  std::atomic<int>* frames;
  std::array<std::byte, 4> operator()() const noexcept {
    ++*frames;
    return example_key;
  }
};

TEST_CASE("a reader that answers a ping does not get stuck in another thread's message") {
  auto [here, there] = threaded_pipe(1);
  scripted_end far{std::move(there)};
  std::atomic<int> queued = 0;
  websocket<blocking_archetype, no_extension, noting_mask_source> near{
      role::client, blocking_archetype{std::move(here)}, {}, {}, {}, {}, {&queued}};
  std::string heard;
  std::error_code written;
  far.say(frame_from(role::server, opcode::ping, ""));
  std::thread reader{[&] {
    if (const auto message = near.read()) heard = message->text();
  }};
  while (queued < 1) std::this_thread::yield();
  std::thread writer{[&] { written = near.write(std::string(100, 'x')); }};
  while (queued < 2) std::this_thread::yield();
  far.say(frame_from(role::server, opcode::text, "Hello"));
  // The pong has 6 octets. Nothing behind it is taken until the message is read.
  while (far.seen().size() < 6) std::this_thread::yield();
  reader.join();
  while (far.seen().size() < 6 + 106) std::this_thread::yield();
  writer.join();
  CHECK(heard == "Hello");
  CHECK_FALSE(written);
}

}  // namespace
