// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <any>
#include <concepts>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/names.hpp"

namespace hawser::cable {

/// Names and their values as texts, as broadcast_param() makes them.
using identifier_texts = std::map<std::string, std::string, std::less<>>;

/// The connection identifier of these values, as Rails makes it: sorted, with `:` between them, without the empty
/// ones.
[[nodiscard]] inline std::string joined_identifier(const identifier_texts& texts) {
  std::vector<std::string_view> values;
  for (const auto& [_, text] : texts) {
    if (!text.empty()) values.push_back(text);
  }
  std::ranges::sort(values);
  std::string all;
  for (const auto& one : values) {
    if (!all.empty()) all += ':';
    all += one;
  }
  return all;
}

namespace detail {

/// The topic of remote disconnects of connections with this connection identifier.
inline std::string internal_topic(std::string_view identifier) {
  return std::string{"action_cable/"}.append(identifier);
}

}  // namespace detail

/// Whether `all` has each of these values.
[[nodiscard]] inline bool includes(const identifier_texts& all, const identifier_texts& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& one) {
    const auto found = all.find(one.first);
    return found != all.end() && found->second == one.second;
  });
}

/// By what a connection is identified: values of any type by name.
class identifiers {
 public:
  /// `declared` are the names that may be set.
  explicit identifiers(std::vector<std::string> declared) : declared_{std::move(declared)} {}

  /// Sets a value, whose text is broadcast_param(value), or empty for an empty std::optional. Throws
  /// std::invalid_argument if the name is not declared, std::logic_error after freeze().
  template <class T>
  void set(std::string_view name, T value) {
    if (frozen_) throw std::logic_error{"hawser::cable: identify() after on_connect"};
    if (std::ranges::find(declared_, name) == declared_.end()) {
      throw std::invalid_argument{"hawser::cable: identified_by() does not name " +
                                  std::string{name}};
    }
    texts_[std::string{name}] = text_of(value);
    if constexpr (std::convertible_to<T, std::string_view>) {
      values_[std::string{name}] = std::string{std::string_view{value}};
    } else {
      values_[std::string{name}] = std::move(value);
    }
  }

  /// The value of that name; null if there is none, or of another type. Texts are std::string.
  template <class T>
  const T* find(std::string_view name) const noexcept {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : std::any_cast<T>(&found->second);
  }

  /// Fixes the values and the connection identifier.
  void freeze() {
    joined_ = joined_identifier(texts_);
    frozen_ = true;
  }

  bool is_frozen() const noexcept { return frozen_; }

  /// The connection identifier; empty before freeze().
  const std::string& joined() const noexcept { return joined_; }

  const identifier_texts& texts() const noexcept { return texts_; }

 private:
  template <class T>
  static std::string text_of(const T& value) {
    return broadcast_param(value);
  }
  template <class T>
  static std::string text_of(const std::optional<T>& value) {
    return value ? text_of(*value) : std::string{};
  }

  std::vector<std::string> declared_;
  identifier_texts texts_;
  std::map<std::string, std::any, std::less<>> values_;
  std::string joined_;
  bool frozen_ = false;
};

}  // namespace hawser::cable
