// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <system_error>

#include "hawser/asio/opening/client_attempt.hpp"

namespace hawser {

/// The layer between a client's sockets and its connections: none for ws: URLs. For wss: URLs, it is TLS with
/// the authorities of the system if a unit of the program includes hawser/tls.hpp. With other settings:
/// tls_client_layer.
struct default_layer {
  static constexpr bool is_secure = false;

  /// Whether a later attempt would fail with the same error.
  static bool is_permanent(std::error_code ec) noexcept {
    auto* const is_permanent = detail::is_permanent_with_tls.load();
    return is_permanent != nullptr && is_permanent(ec);
  }

  /// Whether the TLS handshake has failed with this error.
  static bool is_tls_error(std::error_code ec) noexcept {
    auto* const is_tls_error = detail::is_tls_error_with_tls.load();
    return is_tls_error != nullptr && is_tls_error(ec);
  }
};

}  // namespace hawser
