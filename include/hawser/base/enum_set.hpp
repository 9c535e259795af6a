// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <initializer_list>

namespace hawser {

/// A set of enumerators in one byte. Their values are 0 to 7. Members are named as in std::set.
template <class Enum>
class enum_set {
 public:
  constexpr enum_set() noexcept = default;
  constexpr enum_set(std::initializer_list<Enum> all) noexcept {
    for (const auto one : all) insert(one);
  }

  /// Returns true if it was not in the set before.
  constexpr bool insert(Enum one) noexcept {
    if (contains(one)) return false;
    bits_ = static_cast<std::uint8_t>(bits_ | bit(one));
    return true;
  }

  /// Returns true if it was in the set before.
  constexpr bool erase(Enum one) noexcept {
    if (!contains(one)) return false;
    bits_ = static_cast<std::uint8_t>(bits_ & ~bit(one));
    return true;
  }

  constexpr void clear() noexcept { bits_ = 0; }

  constexpr bool contains(Enum one) const noexcept { return (bits_ & bit(one)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }

  friend constexpr bool operator==(enum_set, enum_set) noexcept = default;

 private:
  static constexpr unsigned bit(Enum one) noexcept { return 1U << static_cast<unsigned>(one); }

  std::uint8_t bits_ = 0;
};

}  // namespace hawser
