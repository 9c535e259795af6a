// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// How an upgrade is accepted.
struct acceptance {
  /// One of the subprotocols that the client offers, in the same spelling, or an empty text for none. Not set:
  /// the options, or the policy, decide. One that was not offered gives the client 500, which is reported.
  std::optional<std::string> subprotocol = {};
  header_fields headers = {};  ///< Added to the response
};

/// The decision on an upgrade, for example of a coroutine: `co_return acceptance{.subprotocol = "chat"}` or
/// `co_return response{.status = 403}`.
using upgrade_decision = std::variant<acceptance, response>;

}  // namespace hawser
