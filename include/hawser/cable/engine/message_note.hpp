// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/cable/server_message.hpp"

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

/// The position of the next message of a stream, by a text of another form: the epoch, a space, the offset. Nothing if it has
/// not that form.
inline std::optional<stream_position> position_of_note(const std::string& stream,
                                                       std::string_view text) {
  const auto space = (std::min)(text.find(' '), text.size());
  const auto digits = text.substr((std::min)(space + 1, text.size()));
  const auto* const end = digits.data() + digits.size();
  std::uint64_t offset = 0;
  const auto read = std::from_chars(digits.data(), end, offset);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return stream_position{stream, std::string{text.substr(0, space)}, offset};
}

}  // namespace hawser::cable::detail
