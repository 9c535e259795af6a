// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <exception>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/asio/incident.hpp"

namespace hawser::cable {

/// What was wrong with a command, or what a function of the application has thrown. The views are valid until the
/// hook returns.
struct fault {
  /// Why a command was ignored or a subscription rejected: a cable::errc. Why a stream failed: an error of its broker.
  std::error_code error = {};

  /// What the function has thrown, or null.
  std::exception_ptr exception = {};

  /// The function: the name of an action, or `connect`, `subscribed`, `receive`, … Empty for a command.
  std::string_view handler = {};

  /// Of the subscription; empty if there is none.
  std::string_view identifier = {};

  /// All of it in one line, with `?` for control characters.
  std::string describe() const {
    std::string line;
    hawser::detail::append_visible(line, handler.empty() ? "command" : handler);
    line += ": ";
    auto why = hawser::detail::what_of(exception);
    if (why.empty() && error) why = error.message();
    hawser::detail::append_visible(line, why);
    if (identifier.empty()) return line;
    line += " (";
    hawser::detail::append_visible(line, identifier);
    return line += ')';
  }
};

}  // namespace hawser::cable
