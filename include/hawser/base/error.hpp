// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string>
#include <system_error>
#include <type_traits>

#include "hawser/base/errc.hpp"
#include "hawser/base/error_category.hpp"
#include "hawser/base/never_destroyed.hpp"

template <>
struct std::is_error_code_enum<hawser::errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<hawser::condition> : std::true_type {};

namespace hawser {

namespace detail {

class error_category final : public enum_category<errc> {
 public:
  using enum_category::enum_category;

  bool equivalent(int value, const std::error_condition& other) const noexcept override;
};

class condition_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "hawser.condition"; }

  std::string message(int value) const override {
    switch (static_cast<condition>(value)) {
      case condition::handshake_rejected: return "the opening handshake failed";
      case condition::protocol_violation: return "the peer broke the protocol";
      case condition::limit_exceeded: return "a limit was exceeded";
      case condition::closed: return "the connection is closed";
      case condition::timeout: return "a timeout expired";
      case condition::bad_uri: return "the URI is not valid";
    }
    return {};
  }
};

}  // namespace detail

// Categories are compared by address. An inline function with default visibility gives the whole
// program one object, shared libraries included.

/// The category of `errc`.
[[gnu::visibility("default")]] inline const std::error_category& error_category() noexcept {
  static const never_destroyed<detail::error_category> category{"hawser"};
  return category.get();
}

/// The category of `condition`.
[[gnu::visibility("default")]] inline const std::error_category& condition_category() noexcept {
  static const never_destroyed<detail::condition_category> category;
  return category.get();
}

/// Makes `std::error_code ec = errc::closed` work.
inline std::error_code make_error_code(errc error) noexcept {
  return {static_cast<int>(error), error_category()};
}

/// Makes `ec == condition::timeout` work.
inline std::error_condition make_error_condition(condition kind) noexcept {
  return {static_cast<int>(kind), condition_category()};
}

inline bool detail::error_category::equivalent(int value,
                                               const std::error_condition& other) const noexcept {
  const auto error = static_cast<errc>(value);
  if (other.category() == hawser::condition_category()) {
    return is(error, static_cast<condition>(other.value()));
  }
  if (other == std::errc::timed_out) return is(error, condition::timeout);
  return std::error_category::equivalent(value, other);
}

}  // namespace hawser
