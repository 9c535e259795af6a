// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/hex.hpp"

namespace hawser {

/// An IPv4 or IPv6 address, in network byte order.
struct ip_address {
  std::array<std::byte, 16> storage{};  ///< IPv4 uses the first four only
  std::size_t size = 4;                 ///< 4 or 16

  constexpr bytes_view bytes() const noexcept { return bytes_view{storage}.first(size); }

  friend constexpr bool operator==(const ip_address&, const ip_address&) = default;
};

/// Parses four decimal numbers as an IPv4 address; returns nothing if malformed. Refuses leading
/// zeros, because some parsers read such a number as octal.
constexpr std::optional<ip_address> decode_ipv4(std::string_view text) noexcept {
  ip_address result{};
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < 3 && digits < text.size() && is_digit(text[digits]); ++digits) {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
    }
    if (digits == 0 || value > 255 || (digits > 1 && text.front() == '0')) return std::nullopt;
    result.storage[i] = static_cast<std::byte>(value);
    text.remove_prefix(digits);
  }
  if (!text.empty()) return std::nullopt;
  return result;
}

namespace detail {

/// A group of an IPv6 address: one to four hexadecimal digits.
constexpr std::optional<std::uint16_t> decode_group(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 4) return std::nullopt;
  unsigned value = 0;
  for (const char c : digits) {
    const auto digit = decode_hex_digit(c);
    if (!digit) return std::nullopt;
    value = value << 4 | *digit;
  }
  return static_cast<std::uint16_t>(value);
}

/// Collects the groups of an IPv6 address and the position of `::`.
class ipv6_bytes {
 public:
  constexpr bool add(bytes_view piece) noexcept {
    if (piece.size() > bytes_.size() - size_) return false;
    for (const auto byte : piece) bytes_[size_++] = byte;
    return true;
  }

  constexpr bool add(std::uint16_t group) noexcept {
    std::array<std::byte, 2> bytes{};
    store_big_endian(bytes, group);
    return add(bytes);
  }

  constexpr bool add_gap() noexcept {
    if (gap_ != none) return false;
    gap_ = size_;
    return true;
  }

  constexpr std::optional<ip_address> finish() const noexcept {
    // A `::` stands for at least one group.
    if (gap_ == none ? size_ != 16 : size_ > 14) return std::nullopt;
    ip_address result{.storage = {}, .size = 16};
    const auto skipped = bytes_.size() - size_;
    for (std::size_t i = 0; i < size_; ++i) {
      result.storage[i < gap_ ? i : i + skipped] = bytes_[i];
    }
    return result;
  }

 private:
  static constexpr auto none = static_cast<std::size_t>(-1);

  std::array<std::byte, 16> bytes_{};
  std::size_t size_ = 0;
  std::size_t gap_ = none;
};

}  // namespace detail

/// Parses an IPv6 address without brackets and zone; returns nothing if malformed: RFC 4291 §2.2.
constexpr std::optional<ip_address> decode_ipv6(std::string_view text) noexcept {
  detail::ipv6_bytes bytes;
  if (text.starts_with("::")) {
    bytes.add_gap();
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const auto end = text.find(':');
    const auto word = text.substr(0, end);
    if (const auto ipv4 = decode_ipv4(word); ipv4 && end == std::string_view::npos) {
      if (!bytes.add(ipv4->bytes())) return std::nullopt;
      break;
    }
    const auto group = detail::decode_group(word);
    if (!group || !bytes.add(*group)) return std::nullopt;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    if (text.empty()) return std::nullopt;
    if (!text.starts_with(':')) continue;
    if (!bytes.add_gap()) return std::nullopt;
    text.remove_prefix(1);
  }
  return bytes.finish();
}

/// Parses an IPv4 address, or an IPv6 address without brackets and zone; returns nothing if malformed.
constexpr std::optional<ip_address> decode_ip_address(std::string_view text) noexcept {
  return text.find(':') == std::string_view::npos ? decode_ipv4(text) : decode_ipv6(text);
}

/// Whether both addresses are IPv4 or both IPv6, and their first `bits` bits are equal.
constexpr bool same_network(const ip_address& left, const ip_address& right,
                            std::size_t bits) noexcept {
  if (left.size != right.size || bits > left.size * 8) return false;
  for (std::size_t i = 0; i < bits; ++i) {
    const auto bit = std::byte{0x80} >> i % 8;
    if (((left.storage[i / 8] ^ right.storage[i / 8]) & bit) != std::byte{}) return false;
  }
  return true;
}

namespace detail {

/// A network: an address, and how many of its first bits count.
struct ip_network {
  ip_address address;
  std::size_t bits;

  constexpr bool contains(const ip_address& one) const noexcept {
    return same_network(address, one, bits);
  }
};

/// Parses a network such as `10.0.0.0/8`, or an address, which is a network of its own; returns nothing if
/// malformed. An IPv6 address may have brackets.
constexpr std::optional<ip_network> decode_network(std::string_view entry) noexcept {
  const auto slash = entry.find('/');
  auto text = entry.substr(0, slash);
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const auto address = decode_ip_address(text);
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return ip_network{*address, address->size * 8};
  const auto digits = entry.substr(slash + 1);
  std::size_t bits = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    bits = bits * 10 + static_cast<std::size_t>(c - '0');
  }
  if (digits.empty() || digits.size() > 3 || bits > address->size * 8) return std::nullopt;
  return ip_network{*address, bits};
}

/// Whether `entry` is a network that contains `address`, or is equal to it.
constexpr bool is_in_network(std::string_view entry, const ip_address& address) noexcept {
  const auto network = decode_network(entry);
  return network && network->contains(address);
}

/// The IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2); any other address is unchanged.
constexpr ip_address unmapped(const ip_address& address) noexcept {
  if (!same_network(address, *decode_ipv6("::ffff:0:0"), 96)) return address;
  ip_address result{};
  for (std::size_t i = 0; i < 4; ++i) result.storage[i] = address.storage[i + 12];
  return result;
}

}  // namespace detail

}  // namespace hawser
