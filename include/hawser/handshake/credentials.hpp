// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"

namespace hawser {

/// User and password of basic authentication: RFC 7617. Compare the password, or better a hash of it,
/// with constant_time_equal().
struct basic_credentials {
  std::string user;
  std::string password;

  friend bool operator==(const basic_credentials&, const basic_credentials&) = default;
};

namespace detail {

/// What follows the name of this scheme in the value of an Authorization field, RFC 9110 §11.4. Nothing
/// for another scheme.
constexpr std::optional<std::string_view> credentials_of(std::string_view value,
                                                         std::string_view scheme) noexcept {
  const auto space = value.find(' ');
  if (space == std::string_view::npos || !iequals(value.substr(0, space), scheme)) {
    return std::nullopt;
  }
  value.remove_prefix(space);
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

}  // namespace detail

/// The token in the value of an Authorization field, RFC 6750 §2.1, as a view into it. Nothing for another
/// scheme, or for a token that is empty or has other characters than letters, digits, `-._~+/` and `=`
/// at its end.
[[nodiscard]] constexpr std::optional<std::string_view> decode_bearer_token(
    std::string_view value) noexcept {
  const auto token = detail::credentials_of(value, "Bearer");
  if (!token) return std::nullopt;
  auto text = *token;
  while (text.ends_with('=')) text.remove_suffix(1);
  const auto allowed = [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view{"-._~+/"}.find(c) != std::string_view::npos;
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
  return token;
}

/// User and password in the value of an Authorization field, decoded: RFC 7617 §2. The first colon divides
/// them. Nothing for another scheme, for what is not base64 with padding, or for text that has no colon
/// or a control character. Text beyond ASCII is as the client has encoded it, usually UTF-8.
[[nodiscard]] inline std::optional<basic_credentials> decode_basic_credentials(
    std::string_view value) {
  const auto encoded = detail::credentials_of(value, "Basic");
  if (!encoded) return std::nullopt;
  std::string text(encoded->size() / 4 * 3, '\0');
  const auto size = base64_decode(*encoded, std::as_writable_bytes(std::span{text}));
  if (!size) return std::nullopt;
  text.resize(*size);
  const auto colon = text.find(':');
  const auto allowed = [](char c) { return c != '\t' && is_field_value_char(c); };
  if (colon == std::string::npos || !std::all_of(text.begin(), text.end(), allowed)) {
    return std::nullopt;
  }
  return basic_credentials{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace hawser
