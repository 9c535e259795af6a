// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>
#include <sys/ioctl.h>

// The cases that bench/deflate.cpp and its counterparts measure in the same way.

/// The parameters of compression in one case.
struct deflate_case {
  const char* name;
  bool compressed;
  bool takeover;
  int level;
  int memory_level;
  int window_bits;
};

inline constexpr std::array deflate_cases{
    deflate_case{"plain", false, false, 0, 0, 0},
    deflate_case{"takeover-15", true, true, 6, 8, 15},
    deflate_case{"forgetting-15", true, false, 6, 8, 15},
    deflate_case{"takeover-12", true, true, 5, 5, 12},
    deflate_case{"forgetting-12", true, false, 5, 5, 12},
    deflate_case{"fast-12", true, true, 1, 5, 12},
};

/// JSON of `size` bytes, like that of a typical service.
inline std::string json_text(std::mt19937& random, std::size_t size) {
  constexpr std::array symbols{"ACME", "GLOBEX", "INITECH", "HOOLI", "UMBRELLA", "STARK"};
  std::string text{"{\"type\":\"trades\",\"items\":["};
  while (text.size() < size) {
    std::array<char, 200> item;
    std::snprintf(
        item.data(), item.size(),
        "{\"symbol\":\"%s\",\"price\":%u.%02u,\"volume\":%u,\"time\":17%08u,\"id\":\"%08x\"},",
        symbols[random() % symbols.size()], static_cast<unsigned>(random() % 900 + 100),
        static_cast<unsigned>(random() % 100), static_cast<unsigned>(random() % 5000),
        static_cast<unsigned>(random() % 100'000'000), static_cast<unsigned>(random()));
    text += item.data();
  }
  text.resize(size);
  return text;
}

inline double processor_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// The number of bytes that can be read without waiting.
inline int waiting(int handle) {
  int count = 0;
  ioctl(handle, FIONREAD, &count);
  return count;
}

/// Runs all cases. `Pair{one}` makes two connections joined by sockets. Its `echo(text)` echoes a text and
/// returns the number of bytes on the wire in one direction. Prints one line per case:
/// LIBRARY CASE MICROSECONDS_OF_PROCESSOR_PER_ECHO BYTES_ON_THE_WIRE BYTES_OF_MEMORY_PER_CONNECTION
template <class Pair>
void run_deflate_cases(const char* library) {
  std::mt19937 random{1};
  std::vector<std::string> texts;
  for (int i = 0; i < 64; ++i) texts.push_back(json_text(random, 1024));
  for (const auto& one : deflate_cases) {
    constexpr std::size_t pairs = 100;
    std::vector<std::unique_ptr<Pair>> held;
    held.reserve(pairs);
    std::make_unique<Pair>(one)->echo(texts[0]);
    const auto before = mallinfo2();
    for (std::size_t i = 0; i < pairs; ++i) {
      held.push_back(std::make_unique<Pair>(one));
      for (std::size_t n = 0; n < 40; ++n) held.back()->echo(texts[n]);
    }
    const auto after = mallinfo2();
    const auto taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;

    auto& pair = *held.front();
    constexpr int rounds = 20'000;
    std::size_t wire = 0;
    const auto start = processor_seconds();
    for (std::size_t i = 0; i < rounds; ++i) wire += pair.echo(texts[i % texts.size()]);
    const auto spent = processor_seconds() - start;
    std::printf("%s %s %.2f %zu %zu\n", library, one.name, spent * 1e6 / rounds, wire / rounds,
                taken / pairs / 2);
    std::fflush(stdout);
  }
}
