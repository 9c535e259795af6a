// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <span>

#if defined(_WIN32)
#include <random>
#else
#include <cerrno>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/random.h>
#endif

#include "hawser/base/bytes.hpp"
#include "hawser/base/entropy.hpp"

namespace hawser {

namespace detail {

#if !defined(_WIN32)

/// For systems without a better way: the random device, or the end of the program.
inline void fill_from_device(mutable_bytes out) noexcept {
  int device = -1;
  do {
    device = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  } while (device < 0 && errno == EINTR);
  if (device < 0) std::abort();
  while (!out.empty()) {
    const auto taken = ::read(device, out.data(), out.size());
    if (taken > 0) {
      out = out.subspan(static_cast<std::size_t>(taken));
    } else if (taken == 0 || errno != EINTR) {
      std::abort();
    }
  }
  ::close(device);
}

/// How many times this process was copied by fork() since the first call: a child must not use up
/// the random octets that its parent has in store.
inline unsigned count_forks() noexcept {
  // Only ever changed in a child that has one thread as yet.
  static constinit unsigned forks = 0;
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  if (registered != 0) std::abort();
  return forks;
}

#else

inline unsigned count_forks() noexcept { return 0; }

#endif

}  // namespace detail

/// Overwrites `out` with octets from the operating system's cryptographic generator. May wait for
/// that generator shortly after boot. Ends the program by std::abort() if it cannot be had at all:
/// keys that can be foreseen would be worse.
inline void fill_random(mutable_bytes out) noexcept {
#if defined(_WIN32)
  // Cryptographic there, as its documentation promises, and nothing has to be linked.
  std::random_device device;
  for (auto& octet : out) octet = static_cast<std::byte>(device());
#elif defined(__linux__)
  while (!out.empty()) {
    const auto taken = ::getrandom(out.data(), out.size(), 0);
    if (taken >= 0) {
      out = out.subspan(static_cast<std::size_t>(taken));
    } else if (errno != EINTR) {
      // An old kernel, or a sandbox that does not know the call.
      return detail::fill_from_device(out);
    }
  }
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__)
  ::arc4random_buf(out.data(), out.size());
#else
  detail::fill_from_device(out);
#endif
}

/// Mask keys from the operating system's cryptographic generator, taken from it many at a time into
/// a store of the calling thread. Each key is given once and forgotten; a child made by fork()
/// starts a store of its own. Objects have no state and may be used from any thread. Needs entropy
/// as fill_random() does.
class system_mask_source {
 public:
  std::array<std::byte, 4> operator()() const noexcept {
    thread_local constinit key_store store;
    return store.take();
  }

 private:
  class key_store {
   public:
    std::array<std::byte, 4> take() noexcept {
      const auto forks = detail::count_forks();
      if (left_ == 0 || forks != forks_) {
        fill_random(std::as_writable_bytes(std::span{keys_}));
        left_ = keys_.size();
        forks_ = forks;
      }
      const auto key = keys_[--left_];
      keys_[left_] = {};
      return key;
    }

   private:
    std::array<std::array<std::byte, 4>, 256> keys_{};
    std::size_t left_ = 0;
    unsigned forks_ = 0;
  };
};

static_assert(mask_source<system_mask_source>);

}  // namespace hawser
