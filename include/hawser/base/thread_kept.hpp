// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser {

/// One object of type `T` per thread, created by the first get(). get() returns null once the
/// thread has destroyed its object: destructors of static objects run after the main thread's, and
/// destructors of other thread_local objects may too.
template <class T>
class thread_kept {
 public:
  static T* get() noexcept(noexcept(T{})) {
    if (destroyed) return nullptr;
    thread_local holder kept;
    return &kept.value;
  }

 private:
  static inline thread_local constinit bool destroyed = false;

  struct holder {
    ~holder() { destroyed = true; }
    T value;
  };
};

}  // namespace hawser
