// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/ascii.hpp"

namespace hawser {

/// One header field. The views last as long as those of header_fields.
struct header_field {
  std::string_view name;
  std::string_view value;
};

/// Header fields in order. Names are compared without case, and a name may occur more than once. All
/// fields are stored in one text, so views of names and values are valid until a field is added.
class header_fields {
 public:
  header_fields() = default;

  /// Same as add() for each field. If the texts come from elsewhere, check valid() afterwards.
  header_fields(std::initializer_list<header_field> fields) {
    for (const auto& field : fields) add(field.name, field.value);
  }

  /// Appends a field. Returns false and makes valid() false if the name is not a token or the value
  /// contains CR, LF, NUL or another control character (RFC 9110 §5.1 and §5.5). From then on the
  /// container has no fields, and none can be added.
  bool add(std::string_view name, std::string_view value) {
    if (!valid_) return false;
    value = trim_whitespace(value);
    if (!is_token(name) || !std::all_of(value.begin(), value.end(), is_field_value_char)) {
      // The name may be a view of this container.
      text_ = std::string{name.begin(), std::find_if_not(name.begin(), name.end(), is_token_char)};
      valid_ = false;
      return false;
    }
    // Name and value may be views of this container.
    std::string line;
    line.reserve(name.size() + value.size() + 4);
    line.append(name).append(": ").append(value).append("\r\n");
    text_ += line;
    return true;
  }

  /// False after add() has refused a field. No handshake sends any field of such a container.
  bool valid() const noexcept { return valid_; }

  /// The name of the field that add() has refused, up to its first character that is not allowed in a
  /// name. Empty if none was refused.
  std::string_view refused() const& noexcept { return valid_ ? std::string_view{} : text_; }

  /// The number of fields.
  std::size_t size() const noexcept {
    return static_cast<std::size_t>(std::count(text().begin(), text().end(), '\n'));
  }
  bool empty() const noexcept { return text().empty(); }

  /// The value of the first field of this name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const& noexcept {
    for (const auto field : *this) {
      if (iequals(field.name, name)) return field.value;
    }
    return std::nullopt;
  }

  /// The value of the field of this name, if there is exactly one.
  [[nodiscard]] std::optional<std::string_view> find_only(std::string_view name) const& noexcept {
    std::optional<std::string_view> found;
    for (const auto field : *this) {
      if (!iequals(field.name, name)) continue;
      if (found) return std::nullopt;
      found = field.value;
    }
    return found;
  }

  /// The values of all fields of this name, in order.
  [[nodiscard]] std::vector<std::string_view> values(std::string_view name) const& {
    std::vector<std::string_view> found;
    for (const auto field : *this) {
      if (iequals(field.name, name)) found.push_back(field.value);
    }
    return found;
  }

  /// All fields as in an HTTP head, each with its CRLF.
  std::string_view text() const& noexcept { return valid_ ? text_ : std::string_view{}; }

  // The views would outlive a temporary container.
  void refused() const&& = delete;
  void find(std::string_view) const&& = delete;
  void find_only(std::string_view) const&& = delete;
  void values(std::string_view) const&& = delete;
  void text() const&& = delete;

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = header_field;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = header_field;

    explicit iterator(std::string_view rest) noexcept : rest_{rest} {}

    // A name has no colon, a value has no CRLF, and add() has put a space between them.
    header_field operator*() const noexcept {
      const auto colon = rest_.find(':');
      return {rest_.substr(0, colon), rest_.substr(colon + 2, line_size() - colon - 4)};
    }
    iterator& operator++() noexcept {
      rest_.remove_prefix(line_size());
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    bool operator==(const iterator& other) const noexcept {
      return rest_.size() == other.rest_.size();
    }

   private:
    std::size_t line_size() const noexcept { return rest_.find('\n') + 1; }

    std::string_view rest_;
  };

  iterator begin() const noexcept { return iterator{text()}; }
  iterator end() const noexcept { return iterator{std::string_view{}}; }

 private:
  std::string text_;  // if not valid, the refused name
  bool valid_ = true;
};

}  // namespace hawser
