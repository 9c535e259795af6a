// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <asio/associator.hpp>

namespace hawser::detail {

/// A function object that calls a completion handler of the caller, its member `handler`. Everything that is
/// associated with that (executor, allocator, cancellation slot) is associated with this, too.
template <class T>
concept wrapped_handler = requires {
  typename T::wrapped_handler;
};

}  // namespace hawser::detail

template <template <class, class> class Associator, hawser::detail::wrapped_handler Wrapper,
          class Default>
struct asio::associator<Associator, Wrapper, Default>
    : Associator<typename Wrapper::wrapped_handler, Default> {
  using associated = Associator<typename Wrapper::wrapped_handler, Default>;

  static auto get(const Wrapper& one) noexcept { return associated::get(one.handler); }
  static auto get(const Wrapper& one, const Default& otherwise) noexcept {
    return associated::get(one.handler, otherwise);
  }
};
