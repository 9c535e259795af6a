// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

/// The parameters of a path, as its route names them.
using path_parameters = std::vector<std::pair<std::string, std::string>>;

/// The value of a parameter, or an empty text.
inline std::string_view value_of(std::string_view name, const path_parameters& all) noexcept {
  for (const auto& [key, value] : all) {
    if (key == name) return value;
  }
  return {};
}

/// The properties of a session that are known when it begins.
struct session_facts {
  request asked = {};
  agreement agreed = {};
  std::string remote_address = {};
  path_parameters parameters = {};
  std::shared_ptr<const listener_facts> listener = {};  ///< Null for a client's session
  std::shared_ptr<const tls_facts> tls = {};            ///< Null without TLS
};

}  // namespace hawser::detail
