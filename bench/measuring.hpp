// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include <sched.h>
#include <sys/types.h>

// What the benchmarks for Linux share.

namespace bench {

/// Ends the program with the text and that of errno.
[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// From now on the calling thread, and those that it starts, run on this processor only.
inline void pin_to(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  ::sched_setaffinity(0, sizeof one, &one);
}

/// The processor time of a process so far, in ns. 0 is the calling process.
inline double used_by(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0) fail("clock_getcpuclockid");
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// There must be at least one value.
inline double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace bench
