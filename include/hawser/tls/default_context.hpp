// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/never_destroyed.hpp"
#include "hawser/tls/client_context.hpp"

namespace hawser::detail {

/// The settings of connections to wss: URLs that are made without a context: the authorities of the system. All
/// such connections of a program resume the sessions of each other. Throws std::system_error if the authorities
/// cannot be read; the next call then reads them again.
inline const tls_client_context& default_client_context() {
  static const never_destroyed<tls_client_context> context;
  return context.get();
}

}  // namespace hawser::detail
