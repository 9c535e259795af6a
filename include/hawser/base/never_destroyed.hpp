// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace hawser {

/// A static object that is not destroyed at exit, because destructors of other static objects may
/// use it. It needs no heap memory.
template <class T>
union never_destroyed {
 public:
  template <class... Values>
  explicit never_destroyed(Values&&... values) : object_{std::forward<Values>(values)...} {}
  // NOLINTNEXTLINE(modernize-use-equals-default): that one would be deleted.
  ~never_destroyed() {}
  never_destroyed(const never_destroyed&) = delete;
  never_destroyed& operator=(const never_destroyed&) = delete;

  T& get() noexcept { return object_; }
  const T& get() const noexcept { return object_; }

 private:
  T object_;
};

}  // namespace hawser
