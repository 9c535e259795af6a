// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/close_code.hpp"

namespace hawser::detail {

/// What the peer's Close frame says: RFC 6455 §5.5.1.
struct close_payload {
  close_code code = close_code::no_status;
  std::string_view reason = {};
  errc error = {};  ///< The frame is refused
};

/// Decodes the payload of a Close frame. The reason is a view of it.
inline close_payload decode_close(bytes_view payload) noexcept {
  if (payload.empty()) return {};
  if (payload.size() == 1) return {.error = errc::bad_close_payload};
  const auto code = static_cast<close_code>(load_big_endian<std::uint16_t>(payload));
  const auto reason = as_text(payload.subspan(2));
  if (!may_receive(code)) return {.error = errc::bad_close_code};
  if (!is_valid_utf8(reason)) return {.error = errc::invalid_utf8};
  return {code, reason};
}

/// The answer to a Close frame has the same code: RFC 6455 §5.5.1.
inline std::optional<close_code> echo_of(close_code code, role own_role) noexcept {
  if (code == close_code::no_status) return std::nullopt;
  return may_send(code, own_role) ? code : close_code::normal;
}

}  // namespace hawser::detail
