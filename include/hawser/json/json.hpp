// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace hawser {

/// A JSON value: RFC 8259.
using json = nlohmann::json;

/// The limits of a JSON text that is parsed. Zero permits nothing.
struct json_limits {
  std::size_t max_bytes = 64 * 1024;  ///< Of the text
  std::size_t max_depth = 100;        ///< Arrays and objects inside each other; a number has none
};

namespace detail {

/// Whether the text is within the limits. It is not parsed, so a text that passes may be no JSON.
constexpr bool is_within(std::string_view text, const json_limits& limits) noexcept {
  if (text.size() > limits.max_bytes) return false;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"': in_string = !in_string; break;
      case '\\': i += in_string ? 1 : 0; break;
      case '[':
      case '{':
        if (!in_string && ++depth > limits.max_depth) return false;
        break;
      case ']':
      case '}': depth -= !in_string && depth > 0 ? 1 : 0; break;
      default: break;
    }
  }
  return true;
}

/// Whether the parser may see the text: it skips a byte order mark and stops at a zero byte, and JSON has
/// neither.
constexpr bool may_be_json(std::string_view text, const json_limits& limits) noexcept {
  return !text.starts_with("\xEF\xBB\xBF") && text.find('\0') == text.npos &&
         is_within(text, limits);
}

/// The value with null for each part that is the result of a failed parse.
inline json without_discarded(json value) {
  if (value.is_discarded()) return nullptr;
  if (value.is_structured()) {
    for (auto& part : value) part = without_discarded(std::move(part));
  }
  return value;
}

/// What Rails escapes in a string besides what JSON requires. Outside of strings JSON has none of it.
inline std::string html_escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto rest = text.substr(i, 3);
    if (rest == "\xE2\x80\xA8" || rest == "\xE2\x80\xA9") {
      escaped += rest.back() == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
      continue;
    }
    switch (text[i]) {
      case '<': escaped += "\\u003c"; break;
      case '>': escaped += "\\u003e"; break;
      case '&': escaped += "\\u0026"; break;
      default: escaped += text[i];
    }
  }
  return escaped;
}

}  // namespace detail

/// Whether the text is one JSON value within the limits, without making it. May throw std::bad_alloc.
[[nodiscard]] inline bool is_json(std::string_view text, const json_limits& limits = {}) {
  return detail::may_be_json(text, limits) && json::accept(text.begin(), text.end());
}

/// The value of a JSON text: RFC 8259. Nothing if the text is not JSON or exceeds a limit, both of which are
/// checked before anything is made. A byte order mark, half of a surrogate pair, invalid UTF-8 and a
/// number beyond a double are no JSON. Integers are exact from -2^63 to 2^64-1; of members with one name the
/// last one counts. Throws only std::bad_alloc.
[[nodiscard]] inline std::optional<json> parse_json(std::string_view text,
                                                    const json_limits& limits = {}) {
  if (!detail::may_be_json(text, limits)) return std::nullopt;
  auto value = json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

/// The JSON text of a value, without spaces. Always JSON: invalid UTF-8 in strings becomes U+FFFD, and a
/// number that is not finite, like a discarded value, becomes null. `escape_html` also escapes <, >, &,
/// U+2028 and U+2029, as Rails does. Throws only std::bad_alloc. Its stack grows with the depth of the value.
[[nodiscard]] inline std::string to_text(const json& value, bool escape_html = false) {
  const auto encode = [](const json& one) {
    return one.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  auto text = encode(value);
  // Either a discarded value, which is not JSON, or the same characters in a string.
  if (text.find("<discarded>") != text.npos) text = encode(detail::without_discarded(value));
  return escape_html ? detail::html_escaped(text) : text;
}

}  // namespace hawser
