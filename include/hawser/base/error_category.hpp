// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string>
#include <system_error>

namespace hawser::detail {

/// The category of an enumeration, whose namespace has `describe(Errc)`. `name` is a literal.
template <class Errc>
class enum_category : public std::error_category {
 public:
  explicit enum_category(const char* name) noexcept : name_{name} {}

  const char* name() const noexcept override { return name_; }

  std::string message(int value) const override {
    return std::string{describe(static_cast<Errc>(value))};
  }

 private:
  const char* const name_;
};

}  // namespace hawser::detail
