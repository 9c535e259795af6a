// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/percent.hpp"

namespace hawser {

/// A cookie of a request, encoded as it was sent. Other cookies of the same name may belong to other paths or
/// domains.
struct request_cookie {
  std::string_view name;
  std::string_view value;  ///< With its quotation marks, if it has any
};

/// The cookies of a Cookie field, `a=1; b=2`, in their order: RFC 6265 §4.2.1.
class cookie_list {
 public:
  /// `field`, the value of the field, must outlive this object and the cookies.
  constexpr explicit cookie_list(std::string_view field) noexcept : rest_{field} {}

  /// The next cookie, or nothing after the last. Skips what has no name: some browsers send a cookie without
  /// a name as `=value` or `value`.
  constexpr std::optional<request_cookie> next() noexcept {
    while (!rest_.empty()) {
      const auto size = (std::min)(rest_.find(';'), rest_.size());
      const auto pair = trim_whitespace(rest_.substr(0, size));
      rest_.remove_prefix((std::min)(size + 1, rest_.size()));
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || equals == 0) continue;
      return request_cookie{pair.substr(0, equals), pair.substr(equals + 1)};
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// The value of a cookie as the application set it: without the quotation marks around it, and with
/// percent-encoding decoded, as Rails and most servers write it. A `+` stays one, because a cookie is no form.
/// Nothing if a `%` has no two hexadecimal digits behind it. The value may hold any byte.
[[nodiscard]] inline std::optional<std::string> decode_cookie(std::string_view value) {
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
    value = value.substr(1, value.size() - 2);
  }
  return percent_decode(value);
}

/// The value as Set-Cookie can have it: see decode_cookie().
[[nodiscard]] inline std::string encode_cookie(std::string_view value) {
  return percent_encode(value);
}

}  // namespace hawser
