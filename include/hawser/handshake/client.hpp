// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_client_step.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

inline std::array<std::byte, 16> random_key() noexcept {
  std::array<std::byte, 16> bytes{};
  fill_random(bytes);
  return bytes;
}

/// The request, with the spelling and the order of RFC 6455 §1.2.
inline std::string encode_request(const uri& where, std::string_view key,
                                  const handshake_offer& offer) {
  header_fields fields;
  fields.add("Host", where.host_field());
  fields.add("Upgrade", "websocket");
  fields.add("Connection", "Upgrade");
  fields.add("Sec-WebSocket-Key", key);
  if (!offer.origin.empty()) fields.add("Origin", offer.origin);
  std::string names;
  for (const auto& name : offer.subprotocols) names.append(names.empty() ? "" : ", ").append(name);
  if (!names.empty()) fields.add("Sec-WebSocket-Protocol", names);
  fields.add("Sec-WebSocket-Version", "13");
  if (!offer.extensions.empty()) fields.add("Sec-WebSocket-Extensions", offer.extensions);
  if (!where.user().empty()) fields.add("Authorization", where.basic_credentials());
  const bool has_agent = offer.user_agent.empty() || offer.headers.find("User-Agent");
  if (!has_agent) fields.add("User-Agent", offer.user_agent);
  return "GET " + where.target() + " HTTP/1.1\r\n" + std::string{fields.text()} +
         std::string{offer.headers.text()} + "\r\n";
}

/// Whether these subprotocols may be offered: RFC 6455 §4.1 (10).
inline bool are_sendable(const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!is_token(*name) || std::find(names.begin(), name, *name) != name) return false;
  }
  return true;
}

}  // namespace detail

/// The name of the first header field for which the offer is not allowed in a request, or nothing if
/// all of it is allowed. The name is empty if that of the field is not valid from its first character.
/// A view into `offer`.
inline std::optional<std::string_view> find_not_sendable(const handshake_offer& offer) {
  const auto is_value = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), is_field_value_char);
  };
  if (!is_value(offer.origin)) return "Origin";
  const bool lacks_names = offer.require_subprotocol && offer.subprotocols.empty();
  if (lacks_names || !detail::are_sendable(offer.subprotocols)) return "Sec-WebSocket-Protocol";
  if (!decode_extensions(offer.extensions)) return "Sec-WebSocket-Extensions";
  if (!is_value(offer.user_agent)) return "User-Agent";
  return detail::find_not_addable(offer.headers);
}

/// The client's side of an opening handshake: RFC 6455 §4.1. Write output(), and pass received
/// bytes to next().
template <client_policy Policy = default_client_policy>
requires std::is_object_v<Policy>
class client_handshake : public http_client_step {
 public:
  /// Uses a random key of the system's generator. If the policy's offer must not be sent, the
  /// handshake has failed with `bad_header_value` and has no output.
  explicit client_handshake(const uri& where, Policy policy = {}, head_limits limits = {})
      : client_handshake{where, detail::random_key(), std::move(policy), limits} {}

  /// Uses a key of these 16 bytes. They must be new and random for each handshake: RFC 6455 §4.1.
  client_handshake(const uri& where, const std::array<std::byte, 16>& key, Policy policy = {},
                   head_limits limits = {})
      : http_client_step{limits},
        policy_{std::move(policy)},
        key_{encode_key(key)},
        offer_{policy_.make_offer()},
        wants_secure_stream_{where.secure()} {
    if (find_not_sendable(offer_)) {
      fail(errc::bad_header_value);
    } else {
      send(detail::encode_request(where, {key_.data(), key_.size()}, offer_));
    }
  }

  /// Takes bytes of the response from the front of `input`. Bytes after an accepting response are
  /// frames and stay in `input`.
  status next(bytes_view& input) {
    return http_client_step::next(input, [this] { decide(); });
  }

  /// Whether the URI is a `wss:` URI, so that output() may only be sent over an encrypted stream.
  bool wants_secure_stream() const noexcept { return wants_secure_stream_; }

  /// The negotiated subprotocol and extensions, and the response, after `done`.
  const agreement& result() const noexcept { return agreed_; }

  Policy& policy() noexcept { return policy_; }

 private:
  void decide() {
    if (response().status != 101) return refuse(errc::upgrade_refused);
    const auto error = is_http_1_1() ? check_answer() : errc::http_version;
    if (error != errc{}) return static_cast<void>(fail(error));
    agreed_.answer = std::make_shared<const hawser::response>(response());
    complete();
  }

  /// The checks of RFC 6455 §4.1 for the response, in the RFC's order.
  errc check_answer() {
    const auto& headers = response().headers;
    if (!has_token(headers, "Upgrade", "websocket") ||
        !has_token(headers, "Connection", "upgrade")) {
      return errc::bad_upgrade;
    }
    const auto expected = accept_key_for({key_.data(), key_.size()});
    if (headers.find_only("Sec-WebSocket-Accept") !=
        std::string_view{expected.data(), expected.size()}) {
      return errc::bad_accept;
    }
    const auto extensions = decode_extensions(headers);
    const auto offers = decode_extensions(offer_.extensions);
    if (!extensions || !are_offered(*extensions, *offers) ||
        !policy_.accept_extensions(*extensions)) {
      return errc::unexpected_extension;
    }
    agreed_.extensions = *extensions;
    return check_subprotocol();
  }

  errc check_subprotocol() {
    const auto lines = response().headers.values("Sec-WebSocket-Protocol");
    if (lines.empty()) return offer_.require_subprotocol ? errc::no_subprotocol : errc{};
    const auto& names = offer_.subprotocols;
    if (lines.size() > 1 || std::find(names.begin(), names.end(), lines[0]) == names.end()) {
      return errc::unexpected_subprotocol;
    }
    agreed_.subprotocol = lines[0];
    return errc{};
  }

  Policy policy_;
  handshake_key key_;
  handshake_offer offer_;
  agreement agreed_;
  bool wants_secure_stream_;
};

}  // namespace hawser
