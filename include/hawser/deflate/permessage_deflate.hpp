// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/parameters.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/any_extension.hpp"

namespace hawser {

/// Compression of messages (RFC 7692) as an option of servers and clients: an extension_negotiator.
/// Cheap to copy; any number of connections, on any threads, may use one object.
///
/// zlib cannot deflate with a window of 8 bits: a server declines such an offer, and a client whose
/// server requires it sends its messages uncompressed. Bytes of a message that is sent in fragments
/// may be kept back until there are enough of them, or the message ends.
class permessage_deflate {
 public:
  /// With the options of a preset.
  permessage_deflate(deflate_preset preset = deflate_preset::balanced)
      : permessage_deflate{options_of(preset)} {}

  permessage_deflate(deflate_options options)
      : options_{std::make_shared<const deflate_options>(std::move(options))} {}

  const deflate_options& options() const noexcept { return *options_; }

  /// A client's offers: the value of Sec-WebSocket-Extensions.
  std::string offer() const {
    std::string text;
    for (const auto& one : deflate_offers(*options_)) {
      if (!text.empty()) text.append(", ");
      text.append(encode(one));
    }
    return text;
  }

  /// A server's answer: to the first offer that it can fulfil, or an empty text. Offers with
  /// unknown parameters are skipped: RFC 7692 §7.
  std::string answer(const extension_list& offers) const {
    for (const auto& element : offers) {
      const auto offer = decode_deflate_offer(element);
      const auto given = offer ? deflate_answer(*offer, *options_) : std::nullopt;
      if (given) return encode(*given);
    }
    return {};
  }

  /// Whether this answer of a server to offer() is valid. An answer without extensions is.
  bool accepts(const extension_list& answer) const {
    if (answer.empty()) return true;
    const auto given = decode_deflate_answer(answer.front());
    if (answer.size() > 1 || !given) return false;
    const auto offers = deflate_offers(*options_);
    return std::any_of(offers.begin(), offers.end(),
                       [&](const auto& offer) { return is_deflate_answer_to(offer, *given); });
  }

  /// The extension object for a connection with this answer, or none.
  any_extension make(role own_role, const extension_list& answer) const {
    for (const auto& element : answer) {
      if (const auto given = decode_deflate_answer(element)) return extension(own_role, *given);
    }
    return {};
  }

  /// The extension object itself, for a connection of its own type:
  /// basic_connection<deflate_extension>.
  deflate_extension extension(role own_role, const deflate_parameters& answer) const {
    const auto other = own_role == role::server ? role::client : role::server;
    return {deflate_direction_of(answer, own_role), deflate_direction_of(answer, other), options_};
  }

 private:
  std::shared_ptr<const deflate_options> options_;
};

static_assert(extension_negotiator<permessage_deflate>);

}  // namespace hawser
