// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>

#include <asio/execution_context.hpp>

#include "hawser/asio/opening/client_opening.hpp"

namespace hawser::detail {

/// A context that has this service connects its clients with streams of its own, not over sockets. Tests
/// without sockets use it.
template <class Owner>
class client_network final : public asio::execution_context::service {
 public:
  using key_type = client_network;
  static inline asio::execution_context::id id;

  explicit client_network(asio::execution_context& context)
      : asio::execution_context::service{context} {}

  /// Makes an attempt. Must be set before a client of the context starts.
  std::function<attempt_function<Owner>> make;

 private:
  void shutdown() override {}
};

}  // namespace hawser::detail
