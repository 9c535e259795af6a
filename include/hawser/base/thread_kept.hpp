// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace hawser {

/// An object of type `T` for each thread. Destructors of static objects run when the main thread has
/// destroyed its own, and those of other thread_local objects may: get() is then null.
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
