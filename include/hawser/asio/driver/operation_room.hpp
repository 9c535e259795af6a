// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace hawser::detail {

/// Memory inside a connection for its wait operation. Asio's own cache keeps blocks of the size of
/// the largest operation that a connection ever started, and thousands of idle connections would
/// hold such blocks.
class operation_room {
 public:
  operation_room() = default;
  operation_room(const operation_room&) = delete;
  operation_room& operator=(const operation_room&) = delete;

  /// Returns this memory if it is free and large enough, otherwise memory from the heap.
  void* take(std::size_t size) {
    if (size > sizeof octets_ || std::exchange(taken_, true)) return ::operator new(size);
    return octets_;
  }

  void give(void* taken) noexcept {
    if (taken != octets_) return ::operator delete(taken);
    taken_ = false;
  }

 private:
  alignas(std::max_align_t) std::byte octets_[88];
  bool taken_ = false;
};

/// Allocates a handler's operation in this memory. The handler must keep the memory alive.
template <class T>
class room_allocator {
 public:
  using value_type = T;

  explicit room_allocator(operation_room& room) noexcept : room_{&room} {}
  template <class U>
  room_allocator(const room_allocator<U>& other) noexcept : room_{&other.room()} {}

  operation_room& room() const noexcept { return *room_; }

  T* allocate(std::size_t count) { return static_cast<T*>(room_->take(count * sizeof(T))); }
  void deallocate(T* taken, std::size_t) noexcept { room_->give(taken); }

  template <class U>
  bool operator==(const room_allocator<U>& other) const noexcept {
    return room_ == &other.room();
  }

 private:
  operation_room* room_;
};

}  // namespace hawser::detail
