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

/// One header line.
struct header_field {
  std::string_view name;
  std::string_view value;
};

/// Header lines in their order, names compared without regard to case, repeated ones kept. It holds
/// one text for all lines, so views of names and values last until a line is added.
class header_fields {
 public:
  header_fields() = default;

  /// As if by add() of each: look at valid() when the texts are not your own.
  header_fields(std::initializer_list<header_field> fields) {
    for (const auto& field : fields) add(field.name, field.value);
  }

  /// Adds a line at the end. If the name is not a token or the value holds CR, LF, NUL or another
  /// control character (RFC 9110 §5.1 and §5.5), nothing is added, and this and valid() are false.
  bool add(std::string_view name, std::string_view value) {
    value = trim_whitespace(value);
    if (!is_token(name) || !std::all_of(value.begin(), value.end(), is_field_value_char)) {
      valid_ = false;
      return false;
    }
    // Name and value may be views of this very container.
    std::string line;
    line.reserve(name.size() + value.size() + 4);
    line.append(name).append(": ").append(value).append("\r\n");
    text_ += line;
    return true;
  }

  /// False once add() has refused a line: no handshake sends any of the lines then.
  bool valid() const noexcept { return valid_; }

  /// Counts the lines.
  std::size_t size() const noexcept {
    return static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
  }
  bool empty() const noexcept { return text_.empty(); }

  /// The value of the first line of this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const auto field : *this) {
      if (iequals(field.name, name)) return field.value;
    }
    return std::nullopt;
  }

  /// The value of the line of this name, if there is exactly one.
  std::optional<std::string_view> find_only(std::string_view name) const noexcept {
    std::optional<std::string_view> found;
    for (const auto field : *this) {
      if (!iequals(field.name, name)) continue;
      if (found) return std::nullopt;
      found = field.value;
    }
    return found;
  }

  /// The values of all lines of this name, in order.
  std::vector<std::string_view> values(std::string_view name) const {
    std::vector<std::string_view> found;
    for (const auto field : *this) {
      if (iequals(field.name, name)) found.push_back(field.value);
    }
    return found;
  }

  /// All lines as they stand in a head, each with its CRLF.
  std::string_view text() const noexcept { return text_; }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = header_field;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = header_field;

    explicit iterator(std::string_view rest) noexcept : rest_{rest} {}

    // A name has no colon, a value no CRLF, and add() has put a space between them.
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

  iterator begin() const noexcept { return iterator{text_}; }
  iterator end() const noexcept { return iterator{std::string_view{}}; }

 private:
  std::string text_;
  bool valid_ = true;
};

}  // namespace hawser
