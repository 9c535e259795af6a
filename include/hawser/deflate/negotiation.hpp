// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "hawser/deflate/options.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/frame/opcode.hpp"

namespace hawser {

/// The largest window, used if none was negotiated: RFC 7692 §7.1.2.
inline constexpr int max_window_bits = 15;

/// The smallest window with which zlib can deflate. It can inflate with 8 bits.
inline constexpr int min_window_bits = 9;

/// The offers of a client, the preferred one first. If nothing is requested from the server, there
/// is only the most compatible one; otherwise that comes last, as a fallback.
inline std::vector<deflate_parameters> deflate_offers(const deflate_options& options) {
  deflate_parameters offer;
  offer.client_no_context_takeover = !options.own_context_takeover;
  // Without a value: the server may choose one, but need not.
  offer.client_max_window_bits = deflate_parameters::no_value;
  deflate_parameters wanted = offer;
  wanted.server_no_context_takeover = !options.peer_context_takeover;
  if (options.peer_window_bits.value_or(max_window_bits) < max_window_bits) {
    wanted.server_max_window_bits = (std::max)(*options.peer_window_bits, min_window_bits);
  }
  if (wanted == offer) return {offer};
  return {wanted, offer};
}

/// A server's answer to one offer, or nothing if it cannot fulfil the offer: a window of 8 bits.
inline std::optional<deflate_parameters> deflate_answer(const deflate_parameters& offer,
                                                        const deflate_options& options) {
  deflate_parameters answer;
  answer.server_no_context_takeover =
      offer.server_no_context_takeover || !options.own_context_takeover;
  answer.client_no_context_takeover =
      offer.client_no_context_takeover || !options.peer_context_takeover;
  if (offer.server_max_window_bits) {
    if (*offer.server_max_window_bits < min_window_bits) return std::nullopt;
    const auto own = std::clamp(options.own_window_bits, min_window_bits, max_window_bits);
    answer.server_max_window_bits = (std::min)(*offer.server_max_window_bits, own);
  }
  // Must not be sent to a client that has not offered it: RFC 7692 §7.1.2.2.
  if (offer.client_max_window_bits) {
    const auto least = *offer.client_max_window_bits == deflate_parameters::no_value
                           ? max_window_bits
                           : *offer.client_max_window_bits;
    const auto asked = (std::max)(options.peer_window_bits.value_or(12), min_window_bits);
    const auto bits = (std::min)(least, asked);
    if (bits < max_window_bits) answer.client_max_window_bits = bits;
  }
  return answer;
}

/// Whether the answer of a server is valid for an offer: RFC 7692 §7.1.
inline bool is_deflate_answer_to(const deflate_parameters& offer,
                                 const deflate_parameters& answer) noexcept {
  if (offer.server_no_context_takeover && !answer.server_no_context_takeover) return false;
  if (offer.server_max_window_bits &&
      (!answer.server_max_window_bits ||
       *answer.server_max_window_bits > *offer.server_max_window_bits)) {
    return false;
  }
  if (!answer.client_max_window_bits) return true;
  if (!offer.client_max_window_bits) return false;
  return *offer.client_max_window_bits == deflate_parameters::no_value ||
         *answer.client_max_window_bits <= *offer.client_max_window_bits;
}

/// The negotiated parameters for the messages of one direction.
struct deflate_direction {
  int window_bits = max_window_bits;
  bool context_takeover = true;

  bool operator==(const deflate_direction&) const = default;
};

/// The parameters in `answer` for the messages that `sender` sends.
inline deflate_direction deflate_direction_of(const deflate_parameters& answer, role sender) {
  const bool server = sender == role::server;
  const auto bits = server ? answer.server_max_window_bits : answer.client_max_window_bits;
  const bool reset = server ? answer.server_no_context_takeover : answer.client_no_context_takeover;
  return {bits.value_or(max_window_bits), !reset};
}

}  // namespace hawser
