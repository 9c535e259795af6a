// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "hawser/base/handler_function.hpp"

namespace hawser::detail {

[[noreturn]] inline void throw_empty_handler(const char* setter) {
  throw std::invalid_argument{"hawser: " + std::string{setter} + " got an empty function"};
}

/// Throws std::logic_error if a setting is changed after the start, when threads may read it.
inline void check_not_running(bool running, const char* setter) {
  if (running) {
    throw std::logic_error{"hawser: " + std::string{setter} + ": too late, it has started"};
  }
}

/// Stores a handler that may be set once. Throws std::logic_error if `place` has one, which stays: two
/// functions cannot answer the same request.
template <class Handler>
void set_once(Handler& place, Handler handler, const char* setter) {
  if (place) throw std::logic_error{"hawser: " + std::string{setter} + " was called before"};
  place = std::move(handler);
}

/// The handler that `setter` got, type-erased. Throws std::invalid_argument if it is empty. If it does not
/// fit, the static_assert of the caller is the only error of the compiler.
template <class Signature, class F>
handler_function<Signature> handler_from(F&& given, const char* setter) {
  if constexpr (handler_fits<F, Signature>) {
    handler_function<Signature> made{std::forward<F>(given)};
    if (!made) throw_empty_handler(setter);
    return made;
  } else {
    return {};
  }
}

}  // namespace hawser::detail
