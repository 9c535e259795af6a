// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/opening/client_attempt.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"

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

/// Makes an attempt of a client on this strand: by the network of the context, with TLS for wss: URLs if the
/// program has it, or over sockets and `layer`. `options` and `layer` must exist as long as the owner.
template <class Layer, class Owner>
std::shared_ptr<client_attempt> make_attempt(const typename Owner::executor_type& strand,
                                             const connect_options& options, Layer& layer,
                                             std::shared_ptr<Owner> owner) {
  auto& context = asio::query(strand, asio::execution::context);
  if (asio::has_service<client_network<Owner>>(context)) {
    const auto& network = asio::use_service<client_network<Owner>>(context);
    return network.make(strand, options, std::move(owner));
  }
  if constexpr (std::is_same_v<Layer, default_layer>) {
    if (auto* const make = attempt_with_tls<Owner>.load()) {
      return make(strand, options, std::move(owner));
    }
  }
  return std::make_shared<client_opening<Layer, Owner>>(strand, options, layer, std::move(owner));
}

}  // namespace hawser::detail
