// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include "hawser/asio/client.hpp"
#include "hawser/asio/connect_options.hpp"
#include "hawser/asio/opening/client_attempt.hpp"
#include "hawser/asio/opening/client_opening.hpp"
#include "hawser/asio/opening/default_layer.hpp"
#include "hawser/asio/reconnecting/client_state.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/tls/client_layer.hpp"
#include "hawser/tls/default_context.hpp"

namespace hawser {

namespace detail {

/// An attempt that uses `layer` for wss: URLs, as long as it calls its owner. Not inline, so that a program can link
/// a compiled one.
template <class Owner>
std::shared_ptr<client_attempt> make_attempt_through(const tls_client_layer& layer,
                                                     const typename Owner::executor_type& executor,
                                                     const connect_options& options,
                                                     std::shared_ptr<Owner> owner) {
  return std::make_shared<client_opening<const tls_client_layer, Owner>>(executor, options, layer,
                                                                         std::move(owner));
}

/// An attempt_function. Throws std::system_error if the authorities of the system cannot be read. Not inline, so
/// that a program can link a compiled one.
template <class Owner>
std::shared_ptr<client_attempt> make_attempt_with_tls(const typename Owner::executor_type& executor,
                                                      const connect_options& options,
                                                      std::shared_ptr<Owner> owner) {
  static const never_destroyed<tls_client_layer> layer{default_client_context()};
  return make_attempt_through(layer.get(), executor, options, std::move(owner));
}

#if defined(HAWSER_COMPILED_TLS)
extern template void client_state<tls_client_layer>::connect();
extern template std::shared_ptr<client_attempt> make_attempt_with_tls(
    const client_executor&, const connect_options&, std::shared_ptr<client_state<default_layer>>);
#endif

inline bool give_tls_to_clients() noexcept {
  attempt_with_tls<client_state<default_layer>> =
      &make_attempt_with_tls<client_state<default_layer>>;
  is_permanent_with_tls = &tls_client_layer::is_permanent;
  is_tls_error_with_tls = &tls_client_layer::is_tls_error;
  return true;
}

// Before the static objects that follow in this unit, so that they may already use it.
inline const bool client_has_tls = give_tls_to_clients();

}  // namespace detail

/// A client whose wss: URLs use a tls_client_context; without one, the authorities of the system, as client
/// does. The TLS handshake is part of the opening handshake and its timeout. If the server's certificate is
/// not valid, the client gives up with an error of certificate_category(); it retries if the
/// certificate is only not yet valid.
using tls_client = basic_client<tls_client_layer>;

}  // namespace hawser
