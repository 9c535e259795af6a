// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/http_date.hpp"

namespace hawser {

/// The longest time that a server can make a client wait.
inline constexpr std::chrono::seconds max_retry_after = std::chrono::hours{24};

/// The waiting time from `now` that a Retry-After field asks for, in seconds or as a date: RFC 9110
/// §10.2.3. At least zero and at most max_retry_after; fractions of a second are rounded up.
/// Returns nothing if the value is malformed.
constexpr std::optional<std::chrono::seconds> decode_retry_after(
    std::string_view value, std::chrono::system_clock::time_point now) noexcept {
  using std::chrono::seconds;
  if (value.empty()) return std::nullopt;
  if (!std::all_of(value.begin(), value.end(), is_digit)) {
    const auto second = std::chrono::floor<seconds>(now);
    const auto date = decode_http_date(value, second);
    if (!date) return std::nullopt;
    return std::clamp(*date - second, seconds{0}, max_retry_after);
  }
  seconds wait{0};
  for (const char digit : value) {
    wait = (std::min)(wait * 10 + seconds{digit - '0'}, max_retry_after);
  }
  return wait;
}

}  // namespace hawser
