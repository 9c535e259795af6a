// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hawser::cable::detail {

/// What the form of Rails cannot say of a message: a text on the topic of history_topics, directly before the message.
struct message_note {
  bool is_transient = false;    ///< The message is not kept
  std::string except_sid = {};  ///< The session that does not get it; empty: all get it

  bool operator==(const message_note&) const = default;

  static bool is_note(std::string_view text) noexcept { return text.starts_with('!'); }

  /// Empty if there is nothing to say.
  std::string text() const {
    if (!is_transient && except_sid.empty()) return {};
    return (is_transient ? "!t" : "!k") + except_sid;
  }

  /// Of a text that is_note(). What other versions write has no effect.
  static message_note parse(std::string_view text) {
    const auto kind = text.substr(0, 2);
    if (kind != "!t" && kind != "!k") return {};
    return {kind == "!t", std::string{text.substr(kind.size())}};
  }
};

}  // namespace hawser::cable::detail
