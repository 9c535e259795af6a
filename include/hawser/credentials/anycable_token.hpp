// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "hawser/handshake/request.hpp"

namespace hawser::credentials {

/// The token of a request of AnyCable's clients: the parameter `jid` of the query, the header X-JID, or an offered
/// subprotocol `anycable-token.TOKEN`, in this order. A server that does not list this subprotocol does not send it
/// back. Nothing if there is none, or if it is empty. Verify it: see `jwt`.
[[nodiscard]] inline std::optional<std::string> find_anycable_token(const request& asked) {
  constexpr std::string_view prefix = "anycable-token.";
  if (auto found = asked.query("jid"); found && !found->empty()) return found;
  if (const auto found = asked.header("X-JID"); found && !found->empty())
    return std::string{*found};
  for (const auto offered : asked.subprotocols()) {
    if (offered.starts_with(prefix) && offered != prefix) {
      return std::string{offered.substr(prefix.size())};
    }
  }
  return std::nullopt;
}

}  // namespace hawser::credentials
