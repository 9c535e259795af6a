// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/base/hex.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser::testing {

/// What a peer has received: a whole message, whatever its fragments were, or a control frame.
struct received {
  opcode kind = opcode::text;  ///< Never `continuation`
  std::vector<std::byte> payload = {};

  std::string_view text() const noexcept { return as_text(payload); }

  /// The code of a Close frame; nothing if it has none, or if this is no Close frame.
  std::optional<close_code> code() const noexcept {
    if (kind != opcode::close || payload.size() < 2) return std::nullopt;
    return static_cast<close_code>(load_big_endian<std::uint16_t>(payload));
  }

  /// The reason of a Close frame.
  std::string_view reason() const noexcept {
    return kind != opcode::close || payload.size() < 2 ? std::string_view{} : text().substr(2);
  }

  friend bool operator==(const received&, const received&) = default;
};

namespace detail {

/// The beginning of a text in quotation marks; bytes that are not printable ASCII as `\x..`.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t most = 200;
  std::string out{'"'};
  for (const char one : text.substr(0, most)) {
    const bool printable = one >= ' ' && one <= '~' && one != '"' && one != '\\';
    if (printable) {
      out += one;
    } else {
      out += "\\x";
      hawser::detail::append_hex(out, static_cast<std::byte>(one));
    }
  }
  out += '"';
  return text.size() <= most ? out : out + "... (" + std::to_string(text.size()) + " bytes)";
}

/// The beginning of some bytes as hexadecimal digits.
inline std::string hex(bytes_view bytes) {
  constexpr std::size_t most = 32;
  std::string out = std::to_string(bytes.size()) + " bytes";
  const auto shown = bytes.first(bytes.size() < most ? bytes.size() : most);
  if (!shown.empty()) out += ':';
  for (const auto byte : shown) {
    out += ' ';
    hawser::detail::append_hex(out, byte);
  }
  return bytes.size() <= most ? out : out + " ...";
}

inline std::string shown_close(std::optional<close_code> code, std::string_view reason) {
  if (!code) return "close without a code";
  auto out = "close " + std::to_string(static_cast<unsigned>(*code));
  return reason.empty() ? out : out + ' ' + quoted(reason);
}

}  // namespace detail

/// For the messages of failures: `text "hi"`, `binary, 2 bytes: 01 ff`, `ping ""`, `close 1000 "bye"`.
inline std::string describe(const received& what) {
  switch (what.kind) {
    case opcode::text: return "text " + detail::quoted(what.text());
    case opcode::binary: return "binary, " + detail::hex(what.payload);
    case opcode::ping: return "ping " + detail::quoted(what.text());
    case opcode::pong: return "pong " + detail::quoted(what.text());
    case opcode::close: return detail::shown_close(what.code(), what.reason());
    case opcode::continuation: break;
  }
  return "a frame of an unknown type";
}

}  // namespace hawser::testing
