// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// A parameter of an extension. The value has no quotes.
struct extension_parameter {
  std::string name;
  std::optional<std::string> value = {};

  bool operator==(const extension_parameter&) const = default;
};

/// An element of Sec-WebSocket-Extensions: RFC 6455 §9.1. Names keep the case in which they were sent.
struct extension_element {
  std::string name;
  std::vector<extension_parameter> parameters = {};

  bool operator==(const extension_element&) const = default;
};

/// A list of extensions, in order.
using extension_list = std::vector<extension_element>;

namespace detail {

/// Parses one element by the grammar of RFC 6455 §9.1, which allows RFC 2616's white space between
/// any two tokens.
class extension_reader {
 public:
  explicit extension_reader(std::string_view text) : rest_{text} {}

  std::optional<extension_element> element() {
    extension_element result{token()};
    bool good = !result.name.empty();
    while (good && skip(';')) {
      extension_parameter parameter{token()};
      good = !parameter.name.empty();
      if (good && skip('=')) {
        parameter.value = value();
        good = is_token(*parameter.value);
      }
      result.parameters.push_back(std::move(parameter));
    }
    if (!good || !rest_.empty()) return std::nullopt;
    return result;
  }

 private:
  std::string token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_char);
    std::string result{rest_.begin(), end};
    rest_ = trim_whitespace(rest_.substr(result.size()));
    return result;
  }

  bool skip(char separator) {
    if (!rest_.starts_with(separator)) return false;
    rest_ = trim_whitespace(rest_.substr(1));
    return true;
  }

  /// The value without quotes; empty, and so not a token, if the closing quote is missing.
  std::string value() {
    if (!rest_.starts_with('"')) return token();
    std::string result;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_ = trim_whitespace(rest_.substr(i + 1));
        return result;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) break;
      result += rest_[i];
    }
    return {};
  }

  std::string_view rest_;
};

inline bool add_extension(std::optional<extension_list>& list, std::string_view text) {
  auto element = extension_reader{text}.element();
  if (!element) list = std::nullopt;
  if (list) list->push_back(*std::move(element));
  return list.has_value();
}

}  // namespace detail

/// Parses a value of Sec-WebSocket-Extensions. Returns nothing if it is malformed, and an empty
/// list for an empty text.
[[nodiscard]] inline std::optional<extension_list> decode_extensions(std::string_view value) {
  std::optional<extension_list> result{std::in_place};
  field_list elements{value};
  while (const auto element = elements.next()) {
    if (!detail::add_extension(result, *element)) break;
  }
  return result;
}

/// Parses all Sec-WebSocket-Extensions fields of a head as one list.
[[nodiscard]] inline std::optional<extension_list> decode_extensions(const header_fields& fields) {
  std::optional<extension_list> result{std::in_place};
  for_each_element(fields, "Sec-WebSocket-Extensions", [&](std::string_view element) {
    if (result) detail::add_extension(result, element);
  });
  return result;
}

/// Whether each extension in `answer` has the name of one in `offers`.
inline bool are_offered(const extension_list& answer, const extension_list& offers) {
  return std::all_of(answer.begin(), answer.end(), [&](const extension_element& chosen) {
    return std::any_of(offers.begin(), offers.end(),
                       [&](const extension_element& offer) { return offer.name == chosen.name; });
  });
}

}  // namespace hawser
