// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/memory_pipe.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/pipe_text.hpp"

using hawser::make_memory_pipe;
using hawser::memory_pipe;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

TEST_CASE("an end can be moved and not copied") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<memory_pipe>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<memory_pipe>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<memory_pipe>);
}

TEST_CASE("one end reads what the other writes, in both directions") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  CHECK(write(near, "ping", ec) == 4);
  CHECK(write(far, "pong!", ec) == 5);
  CHECK(read(near, ec) == "pong!");
  CHECK(read(far, ec) == "ping");
  CHECK_FALSE(ec);
}

TEST_CASE("a read with nothing there would block") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  CHECK(read(near, ec).empty());
  CHECK(ec == std::errc::operation_would_block);
}

TEST_CASE("every call sets the error") {
  auto [near, far] = make_memory_pipe();
  const auto stale = std::make_error_code(std::errc::io_error);
  auto ec = stale;
  write(near, "a", ec);
  CHECK_FALSE(ec);
  ec = stale;
  CHECK(far.wait_readable(forever, ec));
  CHECK_FALSE(ec);
  ec = stale;
  read(far, ec);
  CHECK_FALSE(ec);
  ec = stale;
  CHECK(far.wait_writable(forever, ec));
  CHECK_FALSE(ec);
  ec = stale;
  far.shutdown(ec);
  CHECK_FALSE(ec);
}

TEST_CASE("a read takes no more than fits into its buffer") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  write(near, "abc", ec);
  std::array<std::byte, 2> buffer{};
  CHECK(far.read_some(buffer, ec) == 2);
  CHECK(text(buffer) == "ab");
  CHECK(read(far, ec) == "c");
}

TEST_CASE("after a shutdown the other end reads the rest, then the end") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  write(near, "rest", ec);
  near.shutdown(ec);
  CHECK_FALSE(ec);
  near.shutdown(ec);
  CHECK_FALSE(ec);
  CHECK(read(far, ec) == "rest");
  CHECK(far.wait_readable(forever, ec));
  CHECK(read(far, ec).empty());
  CHECK_FALSE(ec);

  SECTION("this end cannot write") {
    CHECK(write(near, "x", ec) == 0);
    CHECK(ec == std::errc::broken_pipe);
    CHECK(near.wait_writable(forever, ec));
  }
  SECTION("this end can read") {
    CHECK(write(far, "answer", ec) == 6);
    CHECK(read(near, ec) == "answer");
  }
}

TEST_CASE("the destructor of an end ends the stream") {
  auto [near, other] = make_memory_pipe();
  std::optional far{std::move(other)};
  std::error_code ec;
  write(*far, "last words", ec);
  far.reset();
  CHECK(read(near, ec) == "last words");
  CHECK(read(near, ec).empty());
  CHECK_FALSE(ec);
  CHECK(near.wait_writable(forever, ec));
  CHECK(write(near, "x", ec) == 0);
  CHECK(ec == std::errc::broken_pipe);
}

TEST_CASE("a write to a full end fails after a shutdown, or when the other end is destroyed") {
  auto [near, other] = make_memory_pipe({.second = {.capacity = 0}});
  std::optional far{std::move(other)};
  std::error_code ec;
  CHECK_FALSE(near.wait_writable(near.now(), ec));
  SECTION("it was shut down") { near.shutdown(ec); }
  SECTION("the other end is destroyed") { far.reset(); }
  CHECK(near.wait_writable(forever, ec));
  CHECK(write(near, "x", ec) == 0);
  CHECK(ec == std::errc::broken_pipe);
}

TEST_CASE("a moved end continues, and assigning to an end ends its stream") {
  auto [near, far] = make_memory_pipe();
  auto [target, watcher] = make_memory_pipe();
  std::error_code ec;
  target = std::move(far);
  CHECK(read(watcher, ec).empty());
  CHECK_FALSE(ec);
  write(near, "moved", ec);
  CHECK(read(target, ec) == "moved");
}

TEST_CASE("after abort both ends fail, and bytes on their way are lost") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  write(near, "lost", ec);
  near.abort();
  CHECK(near.wait_readable(forever, ec) == false);
  CHECK(ec == std::errc::connection_aborted);
  write(near, "x", ec);
  CHECK(ec == std::errc::connection_aborted);
  CHECK(read(far, ec).empty());
  CHECK(ec == std::errc::connection_reset);
  CHECK(write(far, "x", ec) == 0);
  CHECK(ec == std::errc::connection_reset);
}

TEST_CASE("a wait for bytes that have arrived takes no time") {
  auto [near, far] = make_memory_pipe();
  const auto start = near.now();
  std::error_code ec;
  write(near, "a", ec);
  CHECK(far.wait_readable(start + 1h, ec));
  CHECK(near.wait_writable(start + 1h, ec));
  CHECK(near.now() == start);
}

TEST_CASE("a wait without result advances virtual time exactly to its limit") {
  auto [near, far] = make_memory_pipe({.second = {.capacity = 0}});
  const auto start = near.now();
  std::error_code ec;
  CHECK_FALSE(near.wait_readable(start + 20s, ec));
  CHECK_FALSE(ec);
  CHECK(near.now() == start + 20s);
  CHECK(far.now() == start + 20s);
  CHECK_FALSE(near.wait_writable(start + 30s, ec));
  CHECK(near.now() == start + 30s);
  CHECK_FALSE(near.wait_readable(start, ec));
  CHECK(near.now() == start + 30s);
}

TEST_CASE("a wait ends when delayed bytes arrive, at the last moment too") {
  auto [near, far] = make_memory_pipe({.first = {.delay = 5s}});
  const auto start = near.now();
  std::error_code ec;
  write(near, "a", ec);
  CHECK_FALSE(far.wait_readable(start + 4s, ec));
  CHECK(far.wait_readable(start + 5s, ec));
  CHECK(far.now() == start + 5s);
  read(far, ec);

  write(near, "b", ec);
  near.shutdown(ec);
  CHECK(far.wait_readable(forever, ec));
  CHECK(far.now() == start + 10s);
  CHECK(read(far, ec) == "b");
  CHECK(far.wait_readable(forever, ec));
  CHECK(read(far, ec).empty());
  CHECK_FALSE(ec);
}

TEST_CASE("a wait that can never end fails instead of blocking") {
  auto [near, far] = make_memory_pipe({.second = {.capacity = 0}});
  std::error_code ec;
  CHECK_FALSE(near.wait_readable(forever, ec));
  CHECK(ec == std::errc::resource_deadlock_would_occur);
  CHECK_FALSE(near.wait_writable(forever, ec));
  CHECK(ec == std::errc::resource_deadlock_would_occur);
}

TEST_CASE("an idle end serves the other one in its hook") {
  auto [near, far] = make_memory_pipe();
  std::error_code hook_error;
  near.on_idle([&peer = far, &hook_error] {
    const auto question = read(peer, hook_error);
    if (!question.empty()) write(peer, "re: " + question, hook_error);
  });
  std::error_code ec;
  write(near, "ping", ec);
  const auto start = near.now();
  CHECK(near.wait_readable(forever, ec));
  CHECK(near.now() == start);
  CHECK(read(near, ec) == "re: ping");
  CHECK_FALSE(near.wait_readable(forever, ec));
  CHECK(ec == std::errc::resource_deadlock_would_occur);
}

TEST_CASE("the hook is called again when written bytes reach the other end") {
  auto [near, far] = make_memory_pipe({.first = {.delay = 2s}, .second = {.delay = 3s}});
  std::error_code hook_error;
  near.on_idle([&peer = far, &hook_error] {
    if (!read(peer, hook_error).empty()) write(peer, "pong", hook_error);
  });
  const auto start = near.now();
  std::error_code ec;
  write(near, "ping", ec);
  CHECK(near.wait_readable(start + 1min, ec));
  CHECK(near.now() == start + 5s);
  CHECK(read(near, ec) == "pong");
}

TEST_CASE("a hook that frees capacity ends a wait to write") {
  auto [near, far] = make_memory_pipe({.second = {.capacity = 1}});
  std::string taken;
  near.on_idle([&peer = far, &taken] {
    std::error_code ec;
    taken += read(peer, ec);
  });
  std::error_code ec;
  for (const char letter : std::string_view{"Hello"}) {
    REQUIRE(near.wait_writable(forever, ec));
    REQUIRE(write(near, {&letter, 1}, ec) == 1);
  }
  CHECK(taken == "Hell");
}

TEST_CASE("several pipes can share a clock") {
  const auto clock = std::make_shared<hawser::virtual_clock>();
  auto [near, far] = make_memory_pipe({.clock = clock});
  auto [other_near, other_far] = make_memory_pipe({.clock = clock});
  clock->advance(1s);
  CHECK(near.now() == clock->now());
  std::error_code ec;
  near.wait_readable(clock->now() + 1min, ec);
  CHECK(other_far.now() == near.now());
}

TEST_CASE("without a virtual clock a wait takes the system's time") {
  auto [near, far] = make_memory_pipe({.clock = nullptr});
  const auto before = std::chrono::steady_clock::now();
  CHECK(near.now() >= before);
  std::error_code ec;
  CHECK_FALSE(near.wait_readable(before + 2ms, ec));
  CHECK_FALSE(ec);
  CHECK(std::chrono::steady_clock::now() >= before + 2ms);
  CHECK_FALSE(near.wait_readable(before, ec));
}

TEST_CASE("delayed bytes end a wait in system time") {
  auto [near, far] = make_memory_pipe({.first = {.delay = 1ms}, .clock = nullptr});
  std::error_code ec;
  const auto before = std::chrono::steady_clock::now();
  write(near, "a", ec);
  CHECK(far.wait_readable(forever, ec));
  CHECK(std::chrono::steady_clock::now() >= before + 1ms);
  CHECK(read(far, ec) == "a");
}

// Moves all of `words` through the pipe in small pieces, as a driver does.
void write_all(memory_pipe& end, std::string_view words) {
  std::error_code ec;
  while (!words.empty() && end.wait_writable(forever, ec))
    words.remove_prefix(write(end, words, ec));
  end.shutdown(ec);
}

std::string read_to_end(memory_pipe& end) {
  std::string words;
  std::error_code ec;
  while (end.wait_readable(forever, ec)) {
    const auto piece = read(end, ec);
    if (piece.empty() && ec != std::errc::operation_would_block) break;
    words += piece;
  }
  return words;
}

TEST_CASE("two threads per side may read and write at the same time") {
  auto [near, far] = make_memory_pipe({.first = {.max_read = 7, .max_write = 5, .capacity = 11},
                                       .second = {.max_read = 3, .capacity = 2},
                                       .clock = nullptr});
  std::string there;
  std::string back;
  for (int i = 0; i < 500; ++i) {
    there += std::to_string(i);
    back += std::to_string(i * i);
  }
  std::string at_far;
  {
    std::jthread far_reader{[&end = far, &at_far] { at_far = read_to_end(end); }};
    std::jthread far_writer{[&end = far, &back] { write_all(end, back); }};
    std::jthread near_writer{[&end = near, &there] { write_all(end, there); }};
    CHECK(read_to_end(near) == back);
  }
  CHECK(at_far == there);
}

TEST_CASE("another thread ends a wait by abort, of either end") {
  auto [near, far] = make_memory_pipe({.clock = nullptr});
  const bool own = GENERATE(true, false);
  std::jthread killer{[&end = own ? near : far] { end.abort(); }};
  std::error_code ec;
  const bool ready = near.wait_readable(forever, ec);
  if (ready) read(near, ec);
  CHECK(ec == (own ? std::errc::connection_aborted : std::errc::connection_reset));
}

TEST_CASE("another thread ends a wait by destroying its end") {
  auto [near, other] = make_memory_pipe({.clock = nullptr});
  std::jthread leaver{[far = std::move(other)]() mutable { auto last = std::move(far); }};
  std::error_code ec;
  CHECK(near.wait_readable(forever, ec));
  CHECK(read(near, ec).empty());
  CHECK_FALSE(ec);
}

TEST_CASE("another thread ends a wait to write by reading") {
  auto [near, far] = make_memory_pipe({.second = {.capacity = 1}, .clock = nullptr});
  std::error_code ec;
  write(near, "a", ec);
  std::jthread reader{[&end = far] {
    std::error_code error;
    read(end, error);
  }};
  CHECK(near.wait_writable(forever, ec));
  CHECK(write(near, "b", ec) == 1);
}

}  // namespace
