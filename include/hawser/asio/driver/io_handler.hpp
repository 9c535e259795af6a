// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

namespace hawser::detail {

/// A completion handler of a read or write whose type is erased without memory of its own, so that each operation
/// of a stream costs none. Holds what the drivers use as handlers: a shared_ptr and a little more.
class io_handler {
 public:
  template <class F>
  requires(!std::same_as<F, io_handler>) explicit io_handler(F handler) noexcept
      : kind_{&kind_of<F>} {
    static_assert(sizeof(F) <= size && alignof(F) <= alignof(void*), "the handler is too large");
    static_assert(std::is_nothrow_move_constructible_v<F>);
    new (static_cast<void*>(place_)) F{std::move(handler)};
  }

  io_handler(io_handler&& other) noexcept : kind_{std::exchange(other.kind_, nullptr)} {
    if (kind_ != nullptr) kind_->move(other.place_, place_);
  }
  io_handler& operator=(io_handler&&) = delete;

  ~io_handler() {
    if (kind_ != nullptr) kind_->destroy(place_);
  }

  /// Call it once. The held handler is destroyed before its call returns.
  void operator()(std::error_code ec, std::size_t count = 0) {
    std::exchange(kind_, nullptr)->call(place_, ec, count);
  }

 private:
  static constexpr std::size_t size = 4 * sizeof(void*);

  struct kind {
    void (*call)(void*, std::error_code, std::size_t);
    void (*move)(void*, void*) noexcept;  ///< The source is destroyed
    void (*destroy)(void*) noexcept;
  };

  template <class F>
  static F take(void* from) noexcept {
    auto* const held = std::launder(static_cast<F*>(from));
    F taken{std::move(*held)};
    held->~F();
    return taken;
  }

  template <class F>
  static constexpr kind kind_of{
      [](void* from, std::error_code ec, std::size_t count) {
        auto handler = take<F>(from);
        handler(ec, count);
      },
      [](void* from, void* to) noexcept { new (to) F{take<F>(from)}; },
      [](void* held) noexcept { std::launder(static_cast<F*>(held))->~F(); }};

  const kind* kind_;
  alignas(void*) std::byte place_[size];
};

}  // namespace hawser::detail
