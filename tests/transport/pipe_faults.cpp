// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/pipe_faults.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hawser/transport/memory_pipe.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/pipe_text.hpp"

using hawser::make_memory_pipe;
using hawser::memory_pipe;
using namespace hawser::test;
using namespace std::chrono_literals;

namespace {

// The results of successive reads, until one returns nothing.
std::vector<std::string> read_all(memory_pipe& end, std::error_code& ec) {
  std::vector<std::string> pieces;
  for (auto piece = read(end, ec); !piece.empty(); piece = read(end, ec)) pieces.push_back(piece);
  return pieces;
}

using pieces = std::vector<std::string>;

TEST_CASE("an end without faults reads and writes everything") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  CHECK(write(near, "Hello ", ec) == 6);
  CHECK(write(near, "World", ec) == 5);
  CHECK(read_all(far, ec) == pieces{"Hello World"});
}

TEST_CASE("reads can be made short") {
  auto [near, far] = make_memory_pipe({.second = {.max_read = 2}});
  std::error_code ec;
  CHECK(write(near, "Hello", ec) == 5);
  CHECK(read_all(far, ec) == pieces{"He", "ll", "o"});
}

TEST_CASE("writes can be made short") {
  auto [near, far] = make_memory_pipe({.first = {.max_write = 1}});
  std::error_code ec;
  CHECK(write(near, "Hello", ec) == 1);
  CHECK(write(near, "ello", ec) == 1);
  CHECK(write(far, "unhurt", ec) == 6);
  CHECK(read_all(far, ec) == pieces{"He"});
}

TEST_CASE("reads can be cut at given positions of the stream, however it was written") {
  auto [near, far] = make_memory_pipe({.second = {.cuts = {1, 4, 6}}});
  std::error_code ec;
  write(near, "abc", ec);
  write(near, "defgh", ec);
  CHECK(read_all(far, ec) == pieces{"a", "bcd", "ef", "gh"});
  write(near, "ij", ec);
  CHECK(read_all(far, ec) == pieces{"ij"});
}

TEST_CASE("a full end makes the other end's writes block until it is read") {
  auto [near, far] = make_memory_pipe({.second = {.capacity = 3}});
  std::error_code ec;
  CHECK(write(near, "Hello", ec) == 3);
  CHECK(write(near, "lo", ec) == 0);
  CHECK(ec == std::errc::operation_would_block);
  CHECK_FALSE(near.wait_writable(near.now(), ec));
  CHECK_FALSE(ec);

  CHECK(read(far, ec) == "Hel");
  CHECK(near.wait_writable(near.now(), ec));
  CHECK(write(near, "lo", ec) == 2);
  CHECK(read(far, ec) == "lo");
}

TEST_CASE("bytes on their way count for the capacity, like bytes that have arrived") {
  auto [near, far] = make_memory_pipe({.first = {.delay = 1s}, .second = {.capacity = 1}});
  std::error_code ec;
  CHECK(write(near, "a", ec) == 1);
  CHECK(write(near, "b", ec) == 0);
  CHECK(ec == std::errc::operation_would_block);
}

TEST_CASE("written bytes can be delayed, and arrive in order at their time") {
  const auto clock = std::make_shared<hawser::virtual_clock>();
  auto [near, far] = make_memory_pipe({.first = {.delay = 10ms}, .clock = clock});
  std::error_code ec;
  write(near, "a", ec);
  clock->advance(5ms);
  write(near, "b", ec);
  near.shutdown(ec);
  CHECK(read(far, ec).empty());
  CHECK(ec == std::errc::operation_would_block);
  clock->advance(5ms);
  CHECK(read_all(far, ec) == pieces{"a"});
  CHECK(ec == std::errc::operation_would_block);
  clock->advance(5ms);
  CHECK(read_all(far, ec) == pieces{"b"});
  CHECK_FALSE(ec);
}

TEST_CASE("a shorter delay does not let later bytes overtake") {
  const auto clock = std::make_shared<hawser::virtual_clock>();
  auto [near, far] = make_memory_pipe({.first = {.delay = 10ms}, .clock = clock});
  std::error_code ec;
  write(near, "a", ec);
  near.set_faults({});
  write(near, "b", ec);
  CHECK(read(far, ec).empty());
  clock->advance(10ms);
  CHECK(read(far, ec) == "ab");
}

TEST_CASE("the stream can be made to end at a given position") {
  auto [near, far] = make_memory_pipe({.second = {.read_limit = 4}});
  std::error_code ec;
  write(near, "Hello", ec);
  CHECK(read_all(far, ec) == pieces{"Hell"});
  CHECK_FALSE(ec);
  CHECK(far.wait_readable(forever, ec));
}

TEST_CASE("the stream can be made to break at a given position") {
  const auto reset = std::make_error_code(std::errc::connection_reset);
  auto [near, far] = make_memory_pipe({.second = {.read_limit = 4, .read_error = reset}});
  std::error_code ec;
  write(near, "He", ec);
  CHECK(read_all(far, ec) == pieces{"He"});
  CHECK(ec == std::errc::operation_would_block);
  write(near, "llo", ec);
  CHECK(read_all(far, ec) == pieces{"ll"});
  CHECK(ec == reset);
  CHECK(far.wait_readable(forever, ec));
}

TEST_CASE("any n-th call can be made to fail, and all calls after it") {
  const auto n = GENERATE(range(1U, 6U));
  const auto timed_out = std::make_error_code(std::errc::timed_out);
  auto [near, far] = make_memory_pipe({.first = {.failing_call = n, .call_error = timed_out}});
  std::error_code ec;
  write(far, "Hello", ec);

  std::vector<std::error_code> results(5);
  near.wait_writable(forever, results[0]);
  write(near, "x", results[1]);
  near.wait_readable(forever, results[2]);
  read(near, results[3]);
  near.shutdown(results[4]);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CAPTURE(n, i);
    CHECK(results[i] == (i + 1 < n ? std::error_code{} : timed_out));
  }
  CHECK(near.calls() == 5);
  CHECK(far.calls() == 1);
}

TEST_CASE("a call that fails has no effect") {
  auto [near, far] = make_memory_pipe({.first = {.failing_call = 2}});
  std::error_code ec;
  CHECK(write(near, "a", ec) == 1);
  CHECK(write(near, "b", ec) == 0);
  CHECK(ec == std::errc::connection_reset);
  near.shutdown(ec);
  CHECK(read_all(far, ec) == pieces{"a"});
  CHECK(ec == std::errc::operation_would_block);
}

TEST_CASE("a call that would block once is not final, and the next one continues") {
  auto [near, far] = make_memory_pipe(
      {.second = {.failing_call = 2,
                  .call_error = std::make_error_code(std::errc::operation_would_block)}});
  std::error_code ec;
  write(near, "Hello", ec);
  CHECK(far.wait_readable(forever, ec));
  CHECK(read(far, ec).empty());
  CHECK(ec == std::errc::operation_would_block);
  CHECK(read(far, ec) == "Hello");
  CHECK_FALSE(ec);
}

TEST_CASE("now() and abort() are not counted as calls") {
  auto [near, far] = make_memory_pipe();
  near.now();
  near.set_faults({});
  near.abort();
  CHECK(near.calls() == 0);
}

TEST_CASE("faults can be changed while the stream is used") {
  auto [near, far] = make_memory_pipe();
  std::error_code ec;
  write(near, "abcd", ec);
  far.set_faults({.max_read = 1});
  CHECK(read(far, ec) == "a");
  far.set_faults({.failing_call = far.calls() + 2});
  CHECK(read(far, ec) == "bcd");
  CHECK(read(far, ec).empty());
  CHECK(ec == std::errc::connection_reset);
}

TEST_CASE("each end has its own faults") {
  auto [near, far] = make_memory_pipe({.first = {.max_read = 1}, .second = {.max_read = 2}});
  std::error_code ec;
  write(near, "abc", ec);
  write(far, "xyz", ec);
  CHECK(read_all(near, ec) == pieces{"x", "y", "z"});
  CHECK(read_all(far, ec) == pieces{"ab", "c"});
}

}  // namespace
