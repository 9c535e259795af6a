// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/cable/server_options.hpp"

namespace hawser::cable::detail {

inline constexpr std::string_view extended_subprotocol = "actioncable-v1-ext-json";

/// In the order of the server's preference, the one of the extended protocol first.
inline constexpr std::array<std::string_view, 3> subprotocols{
    extended_subprotocol, "actioncable-v1-json", "actioncable-unsupported"};

/// The subprotocol for a client that offers these, an empty text for none, or nothing if the client is refused.
template <class Offered>
std::optional<std::string> choose_subprotocol(const server_options& options,
                                              const Offered& offered) {
  const auto find = [](const auto& in, const auto& wanted) {
    const auto found = std::ranges::find_first_of(in, wanted);
    return found == in.end() ? std::string{} : std::string{*found};
  };
  const auto own = std::span{subprotocols}.subspan(options.extended.enabled ? 0 : 1);
  auto chosen = options.answers.prefer_own_subprotocol ? find(own, offered) : find(offered, own);
  if (chosen.empty() && !offered.empty() && options.require_subprotocol) return std::nullopt;
  return chosen;
}

}  // namespace hawser::cable::detail
