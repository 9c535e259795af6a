// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hawser {

/// A view of bytes that are owned elsewhere.
using bytes_view = std::span<const std::byte>;

/// A view of bytes that are owned elsewhere and may be changed.
using mutable_bytes = std::span<std::byte>;

namespace detail {

template <class Range>
using element_of = std::remove_cvref_t<decltype(*std::data(std::declval<const Range&>()))>;

/// A contiguous range of bytes that is not a text.
template <class Range>
concept byte_range = requires(const Range& range) {
  std::size(range);
  requires std::same_as<element_of<Range>, std::byte> ||
      std::same_as<element_of<Range>, std::uint8_t> || std::same_as < element_of<Range>,
  char > ;
}
&&!std::convertible_to<const Range&, std::string_view>;

}  // namespace detail

/// The parameter of calls that send binary data: a bytes_view that converts from each contiguous range of
/// std::byte, std::uint8_t or char, for example std::vector<std::uint8_t> or std::span<const char>. What
/// converts to std::string_view is a text and does not. Valid as long as the range.
class binary_view : public bytes_view {
 public:
  constexpr binary_view() noexcept = default;
  template <detail::byte_range Range>
  binary_view(const Range& range) noexcept
      : bytes_view{std::as_bytes(std::span{std::data(range), std::size(range)})} {}
};

/// The bytes of a text. Valid as long as the characters of `text`.
inline bytes_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// The bytes as characters, without conversion or check. Valid as long as `bytes`.
inline std::string_view as_text(bytes_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Writes `value` in network byte order to the first sizeof(T) bytes of `out`, which must be that long.
template <std::unsigned_integral T>
constexpr void store_big_endian(mutable_bytes out, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const auto shift = 8 * (sizeof(T) - 1 - i);
    out[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift);
  }
}

/// Reads the first sizeof(T) bytes of `in` in network byte order; `in` must be that long.
template <std::unsigned_integral T>
constexpr T load_big_endian(bytes_view in) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(in[i]);
  }
  return static_cast<T>(value);
}

}  // namespace hawser
