// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hawser/base/error.hpp"
#include "hawser/base/utf8.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// Why a connection closed: RFC 6455 §7.4.1 and its IANA registry. Applications may use any value
/// from 3000 to 4999: `static_cast<close_code>(4000)`.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  ///< Never sent: the Close frame had no code
  abnormal = 1006,   ///< Never sent: the stream ended without a Close frame
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  mandatory_extension = 1010,  ///< Sent by clients only
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
  tls_handshake = 1015,  ///< Never sent: TLS failed
};

/// What a close code means, in a few words: RFC 6455 §7.4.1 and the IANA registry. Empty for the codes of
/// applications and for others that are not registered.
constexpr std::string_view describe(close_code code) noexcept {
  switch (code) {
    case close_code::normal: return "normal closure";
    case close_code::going_away: return "going away";
    case close_code::protocol_error: return "protocol error";
    case close_code::unsupported_data: return "unsupported data";
    case close_code::no_status: return "no code";
    case close_code::abnormal: return "no closing handshake";
    case close_code::invalid_payload: return "invalid payload";
    case close_code::policy_violation: return "policy violation";
    case close_code::message_too_big: return "message too big";
    case close_code::mandatory_extension: return "mandatory extension missing";
    case close_code::internal_error: return "internal error";
    case close_code::service_restart: return "service restart";
    case close_code::try_again_later: return "try again later";
    case close_code::bad_gateway: return "bad gateway";
    case close_code::tls_handshake: return "TLS handshake failed";
  }
  return {};
}

/// Whether `code` is valid in a Close frame that arrives. RFC 6455 §7.4.1 ends at 1011; the IANA
/// registry adds 1012–1014.
constexpr bool may_receive(close_code code) noexcept {
  const auto value = static_cast<std::uint16_t>(code);
  return (value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014) ||
         (value >= 3000 && value <= 4999);
}

/// Whether `own_role` may send `code` in a Close frame. 1010 is for clients only: RFC 6455 §7.4.1.
constexpr bool may_send(close_code code, role own_role) noexcept {
  return may_receive(code) &&
         !(code == close_code::mandatory_extension && own_role == role::server);
}

/// Checks a Close frame that `own_role` is to send. Returns bad_close_code for a code that must not be sent
/// or a reason without a code, close_reason_too_long, invalid_utf8, or no error (RFC 6455 §5.5.1).
constexpr errc check_close(std::optional<close_code> code, std::string_view reason,
                           role own_role) noexcept {
  if (code ? !may_send(*code, own_role) : !reason.empty()) return errc::bad_close_code;
  if (reason.size() > 123) return errc::close_reason_too_long;
  return is_valid_utf8(reason) ? errc{} : errc::invalid_utf8;
}

/// The code of the Close frame that a connection sends when it fails with `error`. Every mapping
/// from an error to a code is here. Returns no code for an error that cannot occur in an open
/// connection, or after which no Close frame can be sent; if an extension nevertheless fails with
/// such an error, 1011 is sent.
constexpr std::optional<close_code> close_code_for(errc error) noexcept {
  switch (error) {
    case errc::invalid_utf8:
    case errc::bad_extension_data: return close_code::invalid_payload;
    case errc::message_too_big:
    case errc::too_many_fragments: return close_code::message_too_big;
    case errc::message_timeout: return close_code::policy_violation;
    case errc::memory_exceeded: return close_code::try_again_later;
    case errc::out_of_memory: return close_code::internal_error;
    default: break;
  }
  if (is(error, condition::protocol_violation)) return close_code::protocol_error;
  return std::nullopt;
}

}  // namespace hawser
