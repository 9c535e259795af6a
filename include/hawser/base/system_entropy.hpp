// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <optional>
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

/// Reads from the random device; ends the program if that fails. For systems without a better source.
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

/// The number of times that fork() has copied this process since the first call: a child process must
/// not use the random bytes that its parent has stored. Nothing if the system does not report forks, for
/// lack of memory: then no stored byte may be used.
inline std::optional<unsigned> count_forks() noexcept {
  // Changed only in a child process that still has a single thread.
  static constinit unsigned forks = 0;
  static const bool counts = ::pthread_atfork(nullptr, nullptr, [] { ++forks; }) == 0;
  return counts ? std::optional{forks} : std::nullopt;
}

#else

inline std::optional<unsigned> count_forks() noexcept { return 0; }

#endif

}  // namespace detail

/// Fills `out` with bytes from the operating system's cryptographic generator. May wait for that
/// generator shortly after boot. Calls std::abort() if there is no generator, because predictable
/// keys would be worse.
inline void fill_random(mutable_bytes out) noexcept {
#if defined(_WIN32)
  // A cryptographic generator there, by its documentation, and it needs no additional library.
  std::random_device device;
  for (auto& byte : out) byte = static_cast<std::byte>(device());
#elif defined(__linux__)
  while (!out.empty()) {
    const auto taken = ::getrandom(out.data(), out.size(), 0);
    if (taken >= 0) {
      out = out.subspan(static_cast<std::size_t>(taken));
    } else if (errno != EINTR) {
      // An old kernel, or a sandbox that does not allow the call.
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

/// Mask keys from the operating system's cryptographic generator, fetched 256 at a time into a
/// store of the calling thread. Each key is returned once and then erased; a child process made by
/// fork() fetches its own. Objects have no state and may be used on any thread. Ends the program
/// without a generator, as fill_random() does.
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
      if (left_ == 0 || !forks || forks != forks_) {
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
    std::optional<unsigned> forks_;
  };
};

static_assert(mask_source<system_mask_source>);

}  // namespace hawser
