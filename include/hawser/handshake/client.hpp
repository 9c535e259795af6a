// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
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
/// next(). No clock: the driver ends a slow one by fail().
template <client_policy Policy = default_client_policy>
requires std::is_object_v<Policy>
class client_handshake {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< The answer has not arrived in full
    done,       ///< Frames follow in both directions
    failed,     ///< error() says why; end the stream
  };

  /// With a key from the system's generator. Failed from the start, with `bad_header_value` and
  /// nothing to write, if the policy offers what must not be sent.
  explicit client_handshake(const uri& where, Policy policy = {}, head_limits limits = {})
      : client_handshake{where, detail::random_key(), std::move(policy), limits} {}

  /// With the key's 16 octets given, which should be fresh and random for each handshake.
  client_handshake(const uri& where, const std::array<std::byte, 16>& key, Policy policy = {},
                   head_limits limits = {})
      : policy_{std::move(policy)},
        key_{encode_key(key)},
        limits_{limits},
        head_{http_head::kind::response, limits},
        offer_{policy_.make_offer()},
        wants_secure_stream_{where.secure()} {
    if (detail::is_sendable(offer_)) {
      output_ = detail::encode_request(where, {key_.data(), key_.size()}, offer_);
    }
    if (output_.empty()) fail(errc::bad_header_value);
  }

  /// Takes the answer's octets off the front of `input`. What follows an answer that is accepted
  /// are frames and stays in `input`. A refusal is read with its body, as far as it is kept.
  status next(bytes_view& input) {
    while (state_ == status::need_more && !input.empty()) {
      if (refused()) {
        if (body_.next(input, response_.body)) state_ = status::failed;
        continue;
      }
      const auto progress = head_.next(input);
      if (progress == http_head::status::failed) return fail(head_.error());
      if (progress == http_head::status::done) finish_head();
    }
    return state_;
  }

  /// The server has ended the stream, which may be the end of a refusal's body.
  status receive_end() { return fail(errc::truncated_handshake); }

  /// Ends the handshake, by `handshake_timeout` for example. A refusal whose body has not arrived
  /// in full stays one. Does nothing once it is done or failed.
  status fail(errc error) noexcept {
    if (state_ != status::need_more) return state_;
    if (!refused()) error_ = error;
    state_ = status::failed;
    return state_;
  }

  status state() const noexcept { return state_; }

  /// Octets to write next.
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// That many octets of output() have been written.
  void consume_output(std::size_t size) noexcept { written_ += size; }

  /// Why it failed.
  errc error() const noexcept { return error_; }

  /// The answer, once its head has arrived. A refusal has up to max_body_size octets of body.
  const hawser::response& response() const noexcept { return response_; }

  /// Whether the URI is a `wss:` one, so that output() may go over an encrypted stream only.
  bool wants_secure_stream() const noexcept { return wants_secure_stream_; }

  /// What was agreed, once done.
  const agreement& result() const noexcept { return agreed_; }

  Policy& policy() noexcept { return policy_; }

  /// Whether the server has refused: error() and response() stay, however the stream ends.
  bool refused() const noexcept { return error_ == errc::upgrade_refused; }

 private:
  void finish_head() {
    const auto code = head_.status_code();
    // Interim responses mean nothing here (RFC 9110 §15.2); one limit counts all heads together.
    if (code >= 100 && code < 200 && code != 101) {
      head_ = http_head{http_head::kind::response, limits_, head_.size()};
      return;
    }
    response_.status = code;
    response_.reason = head_.reason();
    const bool good_version = head_.is_http_1_1();
    response_.headers = head_.take_fields();
    if (code != 101) {
      error_ = errc::upgrade_refused;
      body_ = body_reader{code, response_.headers};
      bytes_view nothing;
      if (body_.next(nothing, response_.body)) state_ = status::failed;
      return;
    }
    const auto error = good_version ? check_answer() : errc::http_version;
    if (error != errc{}) {
      fail(error);
    } else {
      state_ = status::done;
    }
  }

  /// RFC 6455 §4.1: what a client must find in the answer, in the RFC's order.
  errc check_answer() {
    const auto& headers = response_.headers;
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
    const auto lines = response_.headers.values("Sec-WebSocket-Protocol");
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
  head_limits limits_;
  http_head head_;
  handshake_offer offer_;
  hawser::response response_;
  body_reader body_;
  agreement agreed_;
  std::string output_;
  std::size_t written_ = 0;
  errc error_{};
  status state_ = status::need_more;
  bool wants_secure_stream_;
};

}  // namespace hawser
