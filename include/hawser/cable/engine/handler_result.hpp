// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

namespace hawser::cable::detail {

/// What is left to do of a function that was called: nothing, or a coroutine.
using handler_result = std::optional<asio::awaitable<void>>;

/// Whether an lvalue `F` takes these arguments and returns void or asio::awaitable<void>.
template <class F, class... Arguments>
concept plain_or_coroutine = requires(F& f, Arguments&&... arguments) {
  requires std::same_as < std::invoke_result_t<F&, Arguments...>,
  void > || std::same_as<std::invoke_result_t<F&, Arguments...>, asio::awaitable<void>>;
};

template <class F, class... Arguments>
requires plain_or_coroutine<F, Arguments...> handler_result call_handler(F& f,
                                                                         Arguments&&... arguments) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, Arguments...>>) {
    std::invoke(f, std::forward<Arguments>(arguments)...);
    return std::nullopt;
  } else {
    return std::invoke(f, std::forward<Arguments>(arguments)...);
  }
}

using step = std::function<handler_result()>;

/// The rest of some steps, the first of which runs.
inline asio::awaitable<void> run_rest(std::vector<step> steps, std::size_t next,
                                      asio::awaitable<void> running) {
  co_await std::move(running);
  for (; next < steps.size(); ++next) {
    auto more = steps[next]();
    if (more) co_await std::move(*more);
  }
}

/// Runs steps one after the other, until one throws. What they refer to must stay until the end. Without a coroutine
/// among them there is none.
inline handler_result run_steps(std::vector<step> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (auto running = steps[i]()) return run_rest(std::move(steps), i + 1, std::move(*running));
  }
  return std::nullopt;
}

}  // namespace hawser::cable::detail
