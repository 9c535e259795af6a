// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/handshake/extensions.hpp"

namespace hawser {

/// The name of the extension in RFC 7692.
inline constexpr std::string_view deflate_name = "permessage-deflate";

/// The parameters of an element of Sec-WebSocket-Extensions: RFC 7692 §7.1. Offers and answers have
/// the same form, except that client_max_window_bits may have no value in an offer.
struct deflate_parameters {
  static constexpr int no_value = 0;

  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<int> server_max_window_bits = {};  ///< 8 to 15
  std::optional<int> client_max_window_bits = {};  ///< 8 to 15, or no_value

  bool operator==(const deflate_parameters&) const = default;
};

namespace detail {

/// Parses a number of bits without a leading zero.
inline std::optional<int> window_bits_of(std::string_view text) noexcept {
  if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) return text[0] - '0';
  if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
    return 10 + (text[1] - '0');
  }
  return std::nullopt;
}

inline bool read_flag(bool& flag, const extension_parameter& given) noexcept {
  const bool good = !flag && !given.value;
  flag = true;
  return good;
}

inline bool read_bits(std::optional<int>& bits, const extension_parameter& given) noexcept {
  if (bits) return false;
  if (given.value) {
    bits = window_bits_of(*given.value);
    return bits.has_value();
  }
  bits = deflate_parameters::no_value;
  return true;
}

inline bool read_parameter(deflate_parameters& into, const extension_parameter& given) noexcept {
  if (given.name == "server_no_context_takeover") {
    return read_flag(into.server_no_context_takeover, given);
  }
  if (given.name == "client_no_context_takeover") {
    return read_flag(into.client_no_context_takeover, given);
  }
  if (given.name == "server_max_window_bits") return read_bits(into.server_max_window_bits, given);
  if (given.name == "client_max_window_bits") return read_bits(into.client_max_window_bits, given);
  return false;
}

}  // namespace detail

/// Parses an offer. Returns nothing if the element is not permessage-deflate, or has a parameter
/// that is unknown, repeated or malformed.
inline std::optional<deflate_parameters> decode_deflate_offer(const extension_element& element) {
  deflate_parameters result;
  if (element.name != deflate_name) return std::nullopt;
  for (const auto& given : element.parameters) {
    if (!detail::read_parameter(result, given)) return std::nullopt;
  }
  if (result.server_max_window_bits == deflate_parameters::no_value) return std::nullopt;
  return result;
}

/// Parses a server's answer, in which client_max_window_bits must have a value.
inline std::optional<deflate_parameters> decode_deflate_answer(const extension_element& element) {
  auto result = decode_deflate_offer(element);
  if (result && result->client_max_window_bits == deflate_parameters::no_value) return std::nullopt;
  return result;
}

/// The element with these parameters.
inline std::string encode(const deflate_parameters& parameters) {
  std::string text{deflate_name};
  const auto add_bits = [&](std::string_view name, const std::optional<int>& bits) {
    if (!bits) return;
    text.append("; ").append(name);
    if (*bits != deflate_parameters::no_value) text.append("=").append(std::to_string(*bits));
  };
  if (parameters.server_no_context_takeover) text.append("; server_no_context_takeover");
  if (parameters.client_no_context_takeover) text.append("; client_no_context_takeover");
  add_bits("server_max_window_bits", parameters.server_max_window_bits);
  add_bits("client_max_window_bits", parameters.client_max_window_bits);
  return text;
}

}  // namespace hawser
