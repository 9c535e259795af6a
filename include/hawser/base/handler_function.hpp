// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

namespace hawser {

namespace detail {

/// Whether a call of an lvalue `F` has the result of `Signature`: exactly that result, or, for a class, one
/// that converts to it. A result that would be ignored does not fit `void`: among these are an awaitable,
/// whose coroutine would never run, and a future. `F` must be copyable, because std::function copies it.
template <class F, class Signature, class = void>
inline constexpr bool fits = false;

template <class F, class Result, class... Arguments>
inline constexpr bool
    fits<F, Result(Arguments...), std::void_t<std::invoke_result_t<F&, Arguments...>>> =
        std::is_copy_constructible_v<F> &&
        (std::is_same_v<std::invoke_result_t<F&, Arguments...>, Result> ||
         (std::is_class_v<Result> &&
          std::is_convertible_v<std::invoke_result_t<F&, Arguments...>, Result>));

template <class F, class Signature>
inline constexpr bool handler_fits = fits<std::decay_t<F>, Signature>;

}  // namespace detail

/// A std::function that refuses at compile time what std::function accepts and what is a mistake: a
/// function whose result would be ignored, for example a coroutine where no coroutine is awaited.
template <class Signature>
class handler_function;

template <class Result, class... Arguments>
class handler_function<Result(Arguments...)> : public std::function<Result(Arguments...)> {
  using base = std::function<Result(Arguments...)>;
  using signature = Result(Arguments...);

  template <class F>
  requires detail::handler_fits<F, signature>
  static base made_of(F&& f) { return base{std::forward<F>(f)}; }

  /// Not defined: the static_assert is the only error.
  template <class F>
  static base made_of(F&& f);

 public:
  handler_function() = default;
  handler_function(std::nullptr_t) noexcept {
  }  // NOLINT(google-explicit-constructor): as std::function

  /// Any callable that can be copied and has exactly this result. An empty std::function makes an empty one.
  template <class F>
  requires(!std::derived_from<std::remove_cvref_t<F>, handler_function>)
      // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload): as std::function
      handler_function(F&& f)
      : base{made_of(std::forward<F>(f))} {
    static_assert(
        detail::handler_fits<F, signature>,
        "this handler must be copyable, take these arguments and have exactly this result: "
        "a coroutine would never run, another result would be ignored");
  }
};

}  // namespace hawser
