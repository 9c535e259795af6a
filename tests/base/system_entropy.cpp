// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/system_entropy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace {

/// The results of the next system calls, which are replaced.
struct failures {
  int getrandom_error = 0;        ///< Error of every call
  int interruptions = 0;          ///< Number of calls that a signal interrupts first
  bool device_is_empty = false;   ///< Reading the random device reports end of file
  bool device_is_broken = false;  ///< Reading it fails with EIO, a hundred times
  int reads_left = 100;
  int atfork_error = 0;          ///< Error of every call
  int open_error = 0;            ///< Error of opening the random device
  int open_interruptions = 0;    ///< Number of opening calls that a signal interrupts first
  unsigned getrandom_flags = 0;  ///< Flags of all calls, combined
};
failures failing;

bool interrupted(int& interruptions) {
  if (interruptions == 0) return false;
  --interruptions;
  errno = EINTR;
  return true;
}

}  // namespace

// The linker redirects the system calls to these functions: see tests/CMakeLists.txt.
extern "C" {
ssize_t __real_getrandom(void* data, std::size_t size, unsigned flags);
ssize_t __wrap_getrandom(void* data, std::size_t size, unsigned flags);
ssize_t __real_read(int file, void* data, std::size_t size);
ssize_t __wrap_read(int file, void* data, std::size_t size);
int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...);
int __real_pthread_atfork(void (*prepare)(), void (*parent)(), void (*child)());
int __wrap_pthread_atfork(void (*prepare)(), void (*parent)(), void (*child)());
}

// No call here creates a file, so there is no mode argument.
int __wrap_open(const char* path, int flags, ...) {
  if (interrupted(failing.open_interruptions)) return -1;
  if (failing.open_error == 0) return __real_open(path, flags);
  errno = failing.open_error;
  return -1;
}

// The thread sanitizer's runtime calls it before it is ready for instrumented functions.
#if defined(__has_attribute)
#if __has_attribute(disable_sanitizer_instrumentation)
__attribute__((disable_sanitizer_instrumentation))
#endif
#endif
int __wrap_pthread_atfork(void (*prepare)(), void (*parent)(), void (*child)()) {
  if (failing.atfork_error != 0) return failing.atfork_error;
  return __real_pthread_atfork(prepare, parent, child);
}

ssize_t __wrap_getrandom(void* data, std::size_t size, unsigned flags) {
  failing.getrandom_flags |= flags;
  if (interrupted(failing.interruptions)) return -1;
  if (failing.getrandom_error == 0) return __real_getrandom(data, size, flags);
  errno = failing.getrandom_error;
  return -1;
}

ssize_t __wrap_read(int file, void* data, std::size_t size) {
  if (interrupted(failing.interruptions)) return -1;
  if (failing.device_is_broken && failing.reads_left-- > 0) {
    errno = EIO;
    return -1;
  }
  return failing.device_is_empty ? 0 : __real_read(file, data, size);
}

namespace {

using key_list = std::array<std::array<std::byte, 4>, 8>;

key_list draw_some() {
  hawser::system_mask_source source;
  key_list keys;
  for (auto& key : keys) key = source();
  return keys;
}

std::uint32_t as_number(const std::array<std::byte, 4>& key) {
  return std::bit_cast<std::uint32_t>(key);
}

bool have_a_key_in_common(const key_list& left, const key_list& right) {
  return std::find_first_of(left.begin(), left.end(), right.begin(), right.end()) != left.end();
}

TEST_CASE("a source of mask keys has no state") {
  STATIC_REQUIRE(std::is_empty_v<hawser::system_mask_source>);
  STATIC_REQUIRE(std::is_trivially_copyable_v<hawser::system_mask_source>);
}

TEST_CASE("mask keys repeat no more often than by chance", "[rfc-5.3]") {
  constexpr std::size_t drawn = 100'000;
  hawser::system_mask_source source;
  std::vector<std::uint32_t> keys(drawn);
  std::generate(keys.begin(), keys.end(), [&] { return as_number(source()); });
  std::sort(keys.begin(), keys.end());
  const auto distinct = std::unique(keys.begin(), keys.end()) - keys.begin();
  // About 1.16 pairs of equal keys are expected. The probability of 12 or more is below 1 in 10^8.
  CHECK(drawn - static_cast<std::size_t>(distinct) < 12);
}

TEST_CASE("each bit of a mask key is set half of the time", "[rfc-5.3]") {
  constexpr int drawn = 100'000;
  hawser::system_mask_source source;
  std::array<int, 32> set{};
  for (int i = 0; i < drawn; ++i) {
    const auto key = as_number(source());
    for (unsigned bit = 0; bit < 32; ++bit) set[bit] += static_cast<int>(key >> bit & 1);
  }
  // The standard deviation is 158. The probability that any bit deviates by seven of them is below
  // 1 in 10^10.
  for (const int count : set) {
    CHECK(count > drawn / 2 - 1'107);
    CHECK(count < drawn / 2 + 1'107);
  }
}

TEST_CASE("two sources give different keys") {
  CHECK_FALSE(have_a_key_in_common(draw_some(), draw_some()));
}

TEST_CASE("threads draw different keys") {
  key_list theirs;
  std::thread{[&] { theirs = draw_some(); }}.join();
  CHECK_FALSE(have_a_key_in_common(draw_some(), theirs));
}

/// The keys that a child process draws.
key_list drawn_in_a_child() {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto keys = draw_some();
    const auto written = ::write(pipe[1], &keys, sizeof keys);
    ::_exit(written == sizeof keys ? 0 : 1);
  }
  key_list theirs{};
  const auto taken = ::read(pipe[0], &theirs, sizeof theirs);
  int status = -1;
  ::waitpid(child, &status, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
  REQUIRE(status == 0);
  REQUIRE(taken == sizeof theirs);
  return theirs;
}

void check_keys_after_fork() {
  // From here on, all three processes hold the same prepared keys.
  draw_some();
  const auto first = drawn_in_a_child();
  const auto second = drawn_in_a_child();
  const auto ours = draw_some();
  CHECK_FALSE(have_a_key_in_common(ours, first));
  CHECK_FALSE(have_a_key_in_common(ours, second));
  CHECK_FALSE(have_a_key_in_common(first, second));
}

TEST_CASE("after a fork the parent and each child get different keys", "[rfc-5.3]") {
  check_keys_after_fork();
}

// In its own process: the system is called only once.
TEST_CASE("where forks are not reported", "[.]") {
  failing.atfork_error = ENOMEM;
  check_keys_after_fork();
}

TEST_CASE("a system that does not report forks has no influence on mask keys", "[rfc-5.3]") {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl("/proc/self/exe", "base_tests", "where forks are not reported", nullptr);
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("fill_random() fills all of the given memory and nothing more") {
  const auto fill = GENERATE(&hawser::fill_random, &hawser::detail::fill_from_device);
  const int interruptions = GENERATE(0, 3);
  failing.getrandom_error = GENERATE(0, ENOSYS, EPERM);
  for (const std::size_t size : std::array<std::size_t, 7>{0, 1, 16, 255, 256, 257, 5'000}) {
    std::vector<std::byte> ever_set(size);
    // The probability that a byte is zero in all ten rounds is 1 in 10^24.
    for (int round = 0; round < 10; ++round) {
      std::vector<std::byte> memory(size + 16);
      if (size > 0) failing.interruptions = interruptions;
      fill(hawser::mutable_bytes{memory}.first(size));
      for (std::size_t i = 0; i < size; ++i) ever_set[i] |= memory[i];
      CHECK(std::count(memory.begin() + static_cast<std::ptrdiff_t>(size), memory.end(),
                       std::byte{0}) == 16);
    }
    CHECK(std::count(ever_set.begin(), ever_set.end(), std::byte{0}) == 0);
    CHECK(failing.interruptions == 0);
  }
  failing = {};
}

TEST_CASE("without a random source the program ends") {
  const auto without = GENERATE(failures{.device_is_empty = true},
                                failures{.device_is_broken = true}, failures{.open_error = ENOENT});
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    failing = without;
    failing.getrandom_error = ENOSYS;
    std::array<std::byte, 16> memory{};
    hawser::fill_random(memory);
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("a signal while the random device is opened has no effect") {
  failing.open_interruptions = 3;
  std::array<std::byte, 16> memory{};
  hawser::detail::fill_from_device(memory);
  CHECK(memory != std::array<std::byte, 16>{});
  CHECK(failing.open_interruptions == 0);
  failing = {};
}

TEST_CASE("fill_random() waits for the random bytes of the system after boot") {
  std::array<std::byte, 16> memory{};
  hawser::fill_random(memory);
  // GRND_NONBLOCK would fail with EAGAIN shortly after boot, and GRND_RANDOM would wait without need.
  CHECK(failing.getrandom_flags == 0);
  failing = {};
}

TEST_CASE("the random device may have descriptor 0") {
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::close(0);
    std::array<std::byte, 16> memory{};
    hawser::detail::fill_from_device(memory);
    ::_exit(memory == std::array<std::byte, 16>{} ? 1 : 0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

}  // namespace
