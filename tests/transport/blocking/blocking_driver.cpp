// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/blocking/blocking_driver.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/base/buffer_pool.hpp"
#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_budget.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/archetypes.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/far_end.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

// Tests with threads, whose pipes have no virtual clock

using plain_pipe = std::pair<memory_pipe, memory_pipe>;

plain_pipe threaded_pipe(std::size_t far_capacity = pipe_faults::never) {
  return make_memory_pipe({.second = {.capacity = far_capacity}, .clock = nullptr});
}

/// Waits until a thread is inside a call of the stream, where it may be blocked.
void await_call(websocket<memory_pipe>& peer, std::size_t before = 0) {
  CHECK(eventually([&] { return peer.stream().calls() > before; }));
}

constexpr connection_options no_timeouts{.keep_alive_interval = 0s, .write_timeout = 0s};

/// Three writers, one of which sends fragments. Each message must arrive whole, and those of one
/// thread in order.
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
    connection_options options = no_timeouts;
    options.close_timeout = far_answers ? 60s : 1ms;
    websocket<memory_pipe> near{role::client, std::move(here), options};
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
    CHECK(ec == (far_answers ? std::error_code{} : errc::close_timeout));
  }
}

/// A peer and the state of the stream to it. A reader of the stream sleeps until the peer answers or
/// the stream is aborted, whatever the time is; each call of now() advances it by a millisecond.
struct sleepy_peer {
  std::mutex mutex;
  std::condition_variable changed;
  bool answers = true;  ///< A Close frame is answered three milliseconds after it was written
  std::chrono::steady_clock::time_point now{1000h};
  std::chrono::steady_clock::time_point answered = std::chrono::steady_clock::time_point::max();
  byte_vector input;
  std::size_t written = 0;
  bool ended = false;
  bool aborted = false;
  bool asleep = false;

  void await_sleep() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return asleep; });
  }

  void advance(std::chrono::steady_clock::duration time) {
    const std::lock_guard lock{mutex};
    now += time;
  }

  void end() {
    const std::lock_guard lock{mutex};
    ended = true;
    changed.notify_all();
  }

  bool is(bool sleepy_peer::*state) {
    const std::lock_guard lock{mutex};
    return this->*state;
  }
};

class sleepy_stream {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit sleepy_stream(sleepy_peer& peer) : peer_{&peer} {}

  bool wait_readable(time_point, std::error_code& ec) {
    std::unique_lock lock{peer_->mutex};
    peer_->asleep = true;
    peer_->changed.notify_all();
    const auto woken = [this] { return !peer_->input.empty() || peer_->ended || peer_->aborted; };
    ec.clear();
    // The limit ends the test if the driver never wakes its reader.
    if (!peer_->changed.wait_for(lock, 60s, woken)) ec = std::make_error_code(std::errc::timed_out);
    peer_->asleep = false;
    return !ec;
  }

  std::size_t read_some(mutable_bytes in, std::error_code& ec) {
    const std::lock_guard lock{peer_->mutex};
    ec.clear();
    if (peer_->aborted) ec = std::make_error_code(std::errc::connection_aborted);
    const auto size = (std::min)(in.size(), peer_->input.size());
    std::copy_n(peer_->input.begin(), size, in.begin());
    peer_->input.erase(peer_->input.begin(),
                       peer_->input.begin() + static_cast<std::ptrdiff_t>(size));
    if (size == 0 && !peer_->ended && !ec) {
      ec = std::make_error_code(std::errc::operation_would_block);
    }
    return size;
  }

  bool wait_writable(time_point, std::error_code& ec) { return ec.clear(), true; }

  std::size_t write_some(bytes_view out, std::error_code& ec) {
    const std::lock_guard lock{peer_->mutex};
    ec.clear();
    peer_->written += out.size();
    if (peer_->answers) peer_->answered = peer_->now + 3ms;
    return out.size();
  }

  void shutdown(std::error_code& ec) {
    ec.clear();
    peer_->end();
  }

  time_point now() {
    const std::lock_guard lock{peer_->mutex};
    peer_->now += 1ms;
    if (peer_->now >= peer_->answered) {
      peer_->answered = time_point::max();
      peer_->input = close_from(role::server, 1000);
      peer_->ended = true;
      peer_->changed.notify_all();
    }
    return peer_->now;
  }

 protected:
  sleepy_peer* peer_;
};

class abortable_sleepy_stream final : public sleepy_stream {
 public:
  using sleepy_stream::sleepy_stream;

  void abort() {
    const std::lock_guard lock{peer_->mutex};
    peer_->aborted = true;
    peer_->changed.notify_all();
  }
};

TEMPLATE_TEST_CASE(
    "a close while another thread sleeps in a read is written, and waits for the answer",
    "[rfc-7.1.2]", sleepy_stream, abortable_sleepy_stream) {
  sleepy_peer peer;
  connection_options options = no_timeouts;
  options.close_timeout = 1h;
  websocket<TestType> near{role::client, TestType{peer}, options};
  std::thread reader{[&] { (void)near.read(); }};
  peer.await_sleep();
  CHECK_FALSE(near.close());
  reader.join();
  CHECK(shown(near.close_reason()) == "closed{1000, clean}");
  CHECK_FALSE(peer.aborted);
}

TEST_CASE("a close without an answer wakes the thread that sleeps in a read", "[rfc-7.1.2]") {
  sleepy_peer peer;
  peer.answers = false;
  connection_options options = no_timeouts;
  options.close_timeout = 10ms;
  websocket<abortable_sleepy_stream> near{role::client, abortable_sleepy_stream{peer}, options};
  std::thread reader{[&] { (void)near.read(); }};
  peer.await_sleep();
  CHECK(near.close() == errc::close_timeout);
  CHECK(peer.is(&sleepy_peer::aborted));
  reader.join();
  CHECK(near.close_reason().error == errc::close_timeout);
  CHECK(peer.written != 0);
}

TEST_CASE("a close without an answer returns although a reader cannot be woken", "[rfc-7.1.2]") {
  sleepy_peer peer;
  peer.answers = false;
  connection_options options = no_timeouts;
  options.close_timeout = 10ms;
  websocket<sleepy_stream> near{role::client, sleepy_stream{peer}, options};
  std::thread reader{[&] { (void)near.read(); }};
  peer.await_sleep();
  CHECK(near.close() == errc::close_timeout);
  CHECK(peer.is(&sleepy_peer::asleep));
  peer.end();
  reader.join();
  CHECK(near.close_reason().error == errc::close_timeout);
  CHECK(peer.written != 0);
}

TEMPLATE_TEST_CASE(
    "a close whose timeout has passed does not wait for a thread that sleeps in a read",
    "[rfc-7.1.2]", sleepy_stream, abortable_sleepy_stream) {
  sleepy_peer peer;
  peer.answers = false;
  connection_options options = no_timeouts;
  options.close_timeout = 10s;
  websocket<TestType> near{role::client, TestType{peer}, options};
  std::thread reader{[&] { (void)near.read(); }};
  peer.await_sleep();
  CHECK_FALSE(near.begin_close());
  peer.advance(11s);
  SECTION("in close()") {}
  SECTION("in a write") { CHECK(near.write("x") == errc::closed); }
  CHECK(near.close() == errc::close_timeout);
  CHECK(peer.is(&sleepy_peer::aborted) == abortable_stream<TestType>);
  peer.end();
  reader.join();
  CHECK(near.close_reason().error == errc::close_timeout);
}

TEST_CASE("close_now wakes a reader, writers and a thread that waits to write") {
  for (int round = 0; round < 20; ++round) {
    auto [here, there] = threaded_pipe(10);
    websocket<memory_pipe> near{role::client, std::move(here), no_timeouts};
    bool read = true;
    std::error_code written;
    std::error_code pinged;
    std::thread reader{[&] { read = near.read().has_value(); }};
    std::thread writer{[&] { written = near.write(std::string(100, 'x')); }};
    std::thread pinger{[&] { pinged = near.ping(byte_vector(100)); }};
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

TEST_CASE("close_now wakes a thread that waits for another thread's unfinished message") {
  for (int round = 0; round < 20; ++round) {
    auto [here, there] = threaded_pipe();
    websocket<memory_pipe> near{role::client, std::move(here), no_timeouts};
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

TEST_CASE("a waiting reader completes a close that another thread began", "[rfc-7.1.1]") {
  for (int round = 0; round < 5; ++round) {
    auto [here, there] = threaded_pipe();
    connection_options options = no_timeouts;
    options.close_timeout = 20ms;
    websocket<memory_pipe> near{role::server, std::move(here), options};
    std::thread reader{[&] { (void)near.read(); }};
    await_call(near);
    CHECK_FALSE(near.begin_close());
    reader.join();
    CHECK(near.close_reason().error == errc::close_timeout);
  }
}

TEST_CASE("a close that another thread began ends a write to a peer that reads nothing") {
  const bool reads = GENERATE(true, false);
  auto [here, there] = threaded_pipe(10);
  connection_options options = no_timeouts;
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

TEST_CASE("an open connection can be destroyed after its threads have ended") {
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

/// Counts the frames of a client as they are queued.
struct noting_mask_source {
  std::atomic<int>* frames;
  std::array<std::byte, 4> operator()() const noexcept {
    ++*frames;
    return example_key;
  }
};

TEST_CASE("a reader that answers a ping does not block on another thread's message") {
  auto [here, there] = threaded_pipe(1);
  scripted_end far{std::move(there)};
  std::atomic<int> queued = 0;
  websocket<blocking_archetype, no_extension, noting_mask_source> near{
      role::client, blocking_archetype{std::move(here)}, {}, {}, {}, {}, {&queued}};
  std::string received;
  std::error_code written;
  far.send(frame_from(role::server, opcode::ping, ""));
  std::thread reader{[&] {
    if (const auto message = near.read()) received = message->text();
  }};
  CHECK(eventually([&] { return queued >= 1; }));
  std::thread writer{[&] { written = near.write(std::string(100, 'x')); }};
  CHECK(eventually([&] { return queued >= 2; }));
  far.send(frame_from(role::server, opcode::text, "Hello"));
  // The pong has 6 bytes. No byte after it is read until the message is read.
  CHECK(eventually([&] { return far.seen().size() >= 6; }));
  reader.join();
  CHECK(eventually([&] { return far.seen().size() >= 6 + 106; }));
  writer.join();
  CHECK(received == "Hello");
  CHECK_FALSE(written);
}

TEST_CASE(
    "a stream that brings more than the buffer holds is read in larger pieces, without a wait "
    "before each") {
  auto [here, there] = make_memory_pipe();
  websocket<memory_pipe> near{role::client, std::move(here), no_timeouts};
  const std::string large(1'000'000, 'x');
  std::error_code ec;
  const auto frame = frame_from(role::server, opcode::binary, large);
  CHECK(there.write_some(frame, ec) == frame.size());
  const auto before = near.stream().calls();
  const auto got = near.read();
  REQUIRE(got);
  CHECK(got->payload.size() == large.size());
  // 16 KiB at a time, each after a wait, would be 122 calls.
  CHECK(near.stream().calls() - before <= 12);
}

/// Ends a connection that stores too much, as a server does.
class counted final : public detail::memory_holder, public std::enable_shared_from_this<counted> {
 public:
  explicit counted(std::shared_ptr<detail::memory_budget> budget)
      : memory_holder{std::move(budget)} {}
  ~counted() override { leave(); }

  websocket<memory_pipe>* peer = nullptr;

 private:
  std::shared_ptr<memory_holder> keep() noexcept override { return weak_from_this().lock(); }
  void on_memory_exceeded() noexcept override { peer->exceed_memory(); }
};

TEST_CASE("a connection counts what it stores, and one that stores too much fails with 1013",
          "[abuse]") {
  const auto budget = std::make_shared<detail::memory_budget>(300'000);
  const auto count = std::make_shared<counted>(budget);
  auto pipe = make_memory_pipe();
  auto& there = pipe.second;
  websocket<memory_pipe> near{role::server, std::move(pipe.first), no_timeouts};
  count->peer = &near;
  near.count_memory(*count, 2048);
  std::error_code ec;
  const auto send = [&](opcode op, std::size_t size) {
    const auto frame = frame_from(role::client, op, std::string(size, 'x'), fin::no);
    CHECK(there.write_some(frame, ec) == frame.size());
  };
  send(opcode::text, 40'000);
  CHECK_FALSE(near.read(1ms, ec));
  CHECK(ec == errc::read_timeout);
  CHECK(budget->bytes() >= 41'000);
  CHECK(budget->bytes() <= 290'000);
  send(opcode::continuation, 300'000);
  CHECK_FALSE(near.read(1ms, ec));
  CHECK(shown(near.close_reason()) == "closed{1013, the server stores too much}");
  CHECK(budget->bytes() <= 8192);
  byte_vector buffer(1000);
  buffer.resize(there.read_some(buffer, ec));
  CHECK(frames_shown(buffer) ==
        std::vector<std::string>{"close 1013 \"the server stores too much\""});
}

TEST_CASE("a connection whose peer reads nothing is aborted when it stores too much", "[abuse]") {
  const auto budget = std::make_shared<detail::memory_budget>(900'000);
  buffer_pool::clear();  // a buffer from it may be larger than needed
  const auto large = std::make_shared<counted>(budget);
  const auto small = std::make_shared<counted>(budget);
  auto [here, there] = threaded_pipe(100);
  auto [other_here, other_there] = make_memory_pipe();
  websocket<memory_pipe> near{role::server, std::move(here), no_timeouts};
  websocket<memory_pipe> other{role::server, std::move(other_here), no_timeouts};
  large->peer = &near;
  small->peer = &other;
  near.count_memory(*large, 0);
  other.count_memory(*small, 0);
  std::error_code written;
  std::thread writer{[&] { written = near.write(std::string(700'000, 'x')); }};
  CHECK(eventually([&] { return budget->bytes() >= 690'000; }));
  std::error_code ec;
  const auto frame = frame_from(role::client, opcode::text, std::string(140'000, 'x'), fin::no);
  CHECK(other_there.write_some(frame, ec) == frame.size());
  CHECK_FALSE(other.read(1ms, ec));
  writer.join();
  CHECK(written == errc::memory_exceeded);
  CHECK(other.is_open());
}

}  // namespace
