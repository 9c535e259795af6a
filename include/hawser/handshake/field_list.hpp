// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// Iterates over the elements of a list in a field value: RFC 9110 §5.6.1. Skips empty elements,
/// and removes white space around elements. A comma inside a quoted string does not separate. A
/// quoted string without an end makes the rest of the value one element.
class field_list {
 public:
  /// `value` must outlive this object and the elements.
  constexpr explicit field_list(std::string_view value) noexcept : rest_{value} {}

  /// The next element, or nothing after the last one.
  constexpr std::optional<std::string_view> next() noexcept {
    while (!rest_.empty()) {
      const auto size = element_size();
      const auto element = trim_whitespace(rest_.substr(0, size));
      rest_.remove_prefix(size < rest_.size() ? size + 1 : size);
      if (!element.empty()) return element;
    }
    return std::nullopt;
  }

 private:
  constexpr std::size_t element_size() const noexcept {
    bool quoted = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '"') quoted = !quoted;
      if (rest_[i] == '\\' && quoted) ++i;
      if (i < rest_.size() && rest_[i] == ',' && !quoted) return i;
    }
    return rest_.size();
  }

  std::string_view rest_;
};

/// Calls `visit` with each element of the list, in order. All fields of this name form one list:
/// RFC 9110 §5.3.
template <class Visit>
void for_each_element(const header_fields& fields, std::string_view name, Visit visit) {
  for (const auto field : fields) {
    if (!iequals(field.name, name)) continue;
    field_list list{field.value};
    while (const auto element = list.next()) visit(*element);
  }
}

/// Whether the list in the fields of this name has `token` as an element, with its case ignored.
inline bool has_token(const header_fields& fields, std::string_view name, std::string_view token) {
  bool found = false;
  for_each_element(fields, name,
                   [&](std::string_view element) { found = found || iequals(element, token); });
  return found;
}

}  // namespace hawser
