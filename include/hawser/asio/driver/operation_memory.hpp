// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace hawser::detail {

/// Memory inside a connection for its wait operation. Asio's own cache keeps blocks of the size of
/// the largest operation that a connection ever started, and thousands of idle connections would
/// hold such blocks.
class operation_memory {
 public:
  operation_memory() = default;
  operation_memory(const operation_memory&) = delete;
  operation_memory& operator=(const operation_memory&) = delete;

  /// Returns this memory if it is free and large enough, otherwise memory from the heap.
  void* take(std::size_t size) {
    if (size > sizeof bytes_ || std::exchange(taken_, true)) return ::operator new(size);
    return bytes_;
  }

  void give(void* taken) noexcept {
    if (taken != bytes_) return ::operator delete(taken);
    taken_ = false;
  }

 private:
  alignas(std::max_align_t) std::byte bytes_[88];
  bool taken_ = false;
};

/// Allocates a handler's operation in this memory. The handler must keep the memory alive.
template <class T>
class operation_allocator {
 public:
  using value_type = T;

  explicit operation_allocator(operation_memory& memory) noexcept : memory_{&memory} {}
  template <class U>
  operation_allocator(const operation_allocator<U>& other) noexcept : memory_{&other.memory()} {}

  operation_memory& memory() const noexcept { return *memory_; }

  T* allocate(std::size_t count) { return static_cast<T*>(memory_->take(count * sizeof(T))); }
  void deallocate(T* taken, std::size_t) noexcept { memory_->give(taken); }

  template <class U>
  bool operator==(const operation_allocator<U>& other) const noexcept {
    return memory_ == &other.memory();
  }

 private:
  operation_memory* memory_;
};

}  // namespace hawser::detail
