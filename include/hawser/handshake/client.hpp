// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

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
#include "hawser/handshake/uri.hpp"

namespace hawser {

namespace detail {

inline std::array<std::byte, 16> random_key() noexcept {
  std::array<std::byte, 16> octets{};
  fill_random(octets);
  return octets;
}

/// The request in the spelling and order of RFC 6455 §1.2.
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
  if (!fields.valid()) return {};
  return "GET " + where.target() + " HTTP/1.1\r\n" + std::string{fields.text()} +
         std::string{offer.headers.text()} + "\r\n";
}

/// Whether the application asks for what may be sent: RFC 6455 §4.1 (10) for the subprotocols.
inline bool is_sendable(const handshake_offer& offer) {
  const auto& names = offer.subprotocols;
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!is_token(*name) || std::find(names.begin(), name, *name) != name) return false;
  }
  return are_addable(offer.headers) && decode_extensions(offer.extensions);
}

}  // namespace detail

/// The client's side of one opening handshake: RFC 6455 §4.1. Write output(), give what arrives to
/// next().
template <client_policy Policy = default_client_policy>
requires std::is_object_v<Policy>
class client_handshake : public http_client_step {
 public:
  /// With a key from the system's generator. Failed from the start, with `bad_header_value` and
  /// nothing to write, if the policy offers what must not be sent.
  explicit client_handshake(const uri& where, Policy policy = {}, head_limits limits = {})
      : client_handshake{where, detail::random_key(), std::move(policy), limits} {}

  /// With the key's 16 octets given, which should be fresh and random for each handshake.
  client_handshake(const uri& where, const std::array<std::byte, 16>& key, Policy policy = {},
                   head_limits limits = {})
      : http_client_step{limits},
        policy_{std::move(policy)},
        key_{encode_key(key)},
        offer_{policy_.make_offer()},
        wants_secure_stream_{where.secure()} {
    if (detail::is_sendable(offer_)) {
      send(detail::encode_request(where, {key_.data(), key_.size()}, offer_));
    }
    if (output().empty()) fail(errc::bad_header_value);
  }

  /// Takes the bytes of the answer off the front of `input`. What follows an answer that is accepted
  /// are frames and stays in `input`.
  status next(bytes_view& input) {
    return http_client_step::next(input, [this] { decide(); });
  }

  /// Whether the URI is a `wss:` one, so that output() may go over an encrypted stream only.
  bool wants_secure_stream() const noexcept { return wants_secure_stream_; }

  /// What was agreed, once done.
  const agreement& result() const noexcept { return agreed_; }

  Policy& policy() noexcept { return policy_; }

 private:
  void decide() {
    if (response().status != 101) return refuse(errc::upgrade_refused);
    const auto error = is_http_1_1() ? check_answer() : errc::http_version;
    if (error == errc{}) return complete();
    fail(error);
  }

  /// RFC 6455 §4.1: what a client must find in the answer, in the RFC's order.
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
    if (lines.empty()) return errc{};
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
