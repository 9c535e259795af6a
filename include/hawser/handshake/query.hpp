// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/percent.hpp"

namespace hawser {

/// A parameter of a query, encoded as it was sent.
struct query_parameter {
  std::string_view name;
  std::string_view value;  ///< Empty also if there is no `=`
};

/// The parameters of a query as forms and URLSearchParams write it, `a=1&b=2`, in their order. The body
/// of a form (`application/x-www-form-urlencoded`) has the same syntax.
class query_list {
 public:
  /// `query`, without its `?`, must outlive this object and the parameters.
  constexpr explicit query_list(std::string_view query) noexcept : rest_{query} {}

  /// The next parameter, or nothing after the last. Skips empty ones, as in `a&&b`.
  constexpr std::optional<query_parameter> next() noexcept {
    while (!rest_.empty()) {
      const auto pair = rest_.substr(0, rest_.find('&'));
      rest_.remove_prefix((std::min)(pair.size() + 1, rest_.size()));
      if (pair.empty()) continue;
      const auto equals = (std::min)(pair.find('='), pair.size());
      return query_parameter{pair.substr(0, equals),
                             pair.substr((std::min)(equals + 1, pair.size()))};
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// The decoded value of the first parameter of this name in a query: percent-encoding, and `+` for a
/// space. `name` is plain text and is compared with the decoded names. Nothing if there is none, or if
/// the value has invalid percent-encoding. The value may hold any byte and need not be UTF-8.
[[nodiscard]] inline std::optional<std::string> find_in_query(std::string_view query,
                                                              std::string_view name) {
  query_list parameters{query};
  while (const auto one = parameters.next()) {
    if (detail::decodes_to(one->name, name, plus_sign::space)) {
      return percent_decode(one->value, plus_sign::space);
    }
  }
  return std::nullopt;
}

/// The same for all parameters of this name, in order. One invalid value makes the result empty: what
/// was meant is not known.
[[nodiscard]] inline std::vector<std::string> find_all_in_query(std::string_view query,
                                                                std::string_view name) {
  std::vector<std::string> found;
  query_list parameters{query};
  while (const auto one = parameters.next()) {
    if (!detail::decodes_to(one->name, name, plus_sign::space)) continue;
    auto value = percent_decode(one->value, plus_sign::space);
    if (!value) return {};
    found.push_back(std::move(*value));
  }
  return found;
}

}  // namespace hawser
