// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/credentials/crypto/hmac.hpp"
#include "hawser/credentials/crypto/text.hpp"
#include "hawser/credentials/errc.hpp"
#include "hawser/credentials/secret.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials {

/// The algorithm of a token's signature: RFC 7518 §3.2.
enum class jwt_algorithm : std::uint8_t { hs256, hs384, hs512 };

/// What a token must fulfil.
struct jwt_options {
  /// The keys: the first one signs, and a token of any of them is accepted, so that a new one can be put in front
  /// of the old one. A key should have as many random bytes as the hash: RFC 7518 §3.2.
  std::vector<std::string> secrets;

  /// A token that names another algorithm is refused, whatever its signature.
  jwt_algorithm algorithm = jwt_algorithm::hs256;

  std::optional<std::string> audience = {};  ///< One of the token's `aud`; not set: any token
  std::optional<std::string> issuer = {};    ///< The token's `iss`; not set: any token

  /// Whether a token without `exp` is refused: it would be valid for ever.
  bool require_expiry = true;

  /// How far the clocks of the signer and of this machine may differ.
  std::chrono::seconds leeway = std::chrono::seconds{0};

  std::size_t max_size = 8 * 1024;  ///< The limit of a token's characters
};

/// Verifies and signs JSON Web Tokens: RFC 7519, signed by HMAC (RFC 7515). Unchanging, so any number of threads
/// may use it.
class jwt {
 public:
  using clock = std::chrono::system_clock;

  /// Throws std::invalid_argument if there is no secret, or an empty one. The copies of the secrets are overwritten
  /// when this object is destroyed.
  explicit jwt(const jwt_options& options)
      : secrets_{options.secrets.begin(), options.secrets.end()},
        algorithm_{options.algorithm},
        audience_{options.audience},
        issuer_{options.issuer},
        require_expiry_{options.require_expiry},
        leeway_{options.leeway},
        max_size_{options.max_size} {
    if (secrets_.empty()) throw std::invalid_argument{"hawser: a jwt has no secret"};
  }

  /// The claims of a valid token. Otherwise nothing, and `ec` says why; the signature is checked before any claim.
  /// Takes the same time for every signature. Throws only std::bad_alloc, for any text.
  [[nodiscard]] std::optional<json> verified(std::string_view token, std::error_code& ec,
                                             clock::time_point now = clock::now()) const {
    std::optional<json> claims;
    ec = examine(token, claims, now);
    if (ec) claims.reset();
    return claims;
  }

  /// A token with these claims, which must be an object; for tests, for tools, and for servers that give out tokens
  /// themselves. Adds no claim: `{"exp", seconds}`.
  [[nodiscard]] std::string sign(const json& claims) const {
    const auto header = R"({"alg":")" + std::string{name()} + R"(","typ":"JWT"})";
    auto token = base64url_encode(as_bytes(header));
    token.append(".").append(base64url_encode(as_bytes(to_text(claims))));
    const detail::hash_value signature{secrets_.front(), function(), token};
    return token.append(".").append(base64url_encode(signature.bytes()));
  }

 private:
  std::string_view name() const noexcept {
    switch (algorithm_) {
      case jwt_algorithm::hs256: return "HS256";
      case jwt_algorithm::hs384: return "HS384";
      case jwt_algorithm::hs512: break;
    }
    return "HS512";
  }

  digest function() const noexcept {
    switch (algorithm_) {
      case jwt_algorithm::hs256: return digest::sha256;
      case jwt_algorithm::hs384: return digest::sha384;
      case jwt_algorithm::hs512: break;
    }
    return digest::sha512;
  }

  std::error_code examine(std::string_view token, std::optional<json>& claims,
                          clock::time_point now) const {
    if (token.size() > max_size_) return errc::too_large;
    auto signature_text = token;
    const auto signed_part = detail::take_before_last(signature_text, ".");
    if (!signed_part) return errc::malformed;
    auto payload_text = *signed_part;
    const auto header_text = detail::take_before_last(payload_text, ".");
    if (!header_text) return errc::malformed;

    const auto header = object(*header_text);
    const auto signature = detail::from_base64url(signature_text);
    if (!header || !signature) return errc::malformed;
    const auto algorithm = header->find("alg");
    if (algorithm == header->end() || !detail::is_text(*algorithm, name()))
      return errc::wrong_algorithm;
    if (header->contains("crit")) return errc::unknown_extension;  // RFC 7515 §4.1.11
    if (!detail::is_signed_by(secrets_, function(), *signed_part, as_bytes(*signature))) {
      return errc::bad_signature;
    }
    claims = object(payload_text);
    return claims ? examine(*claims, now) : errc::malformed;
  }

  std::optional<json> object(std::string_view encoded) const {
    const auto text = detail::from_base64url(encoded);
    auto parsed =
        text ? parse_json(*text, {.max_bytes = max_size_, .max_depth = 32}) : std::nullopt;
    return parsed && parsed->is_object() ? std::move(parsed) : std::nullopt;
  }

  std::error_code examine(const json& claims, clock::time_point now) const {
    using seconds = std::chrono::duration<double>;
    const auto at = std::chrono::duration_cast<seconds>(now.time_since_epoch());
    const auto expiry = claims.find("exp");
    const auto begin = claims.find("nbf");
    if (expiry == claims.end() && require_expiry_) return errc::missing_claim;
    if (expiry != claims.end()) {
      if (!expiry->is_number()) return errc::bad_claim;
      if (at >= seconds{expiry->get<double>()} + leeway_) return errc::expired;
    }
    if (begin != claims.end()) {
      if (!begin->is_number()) return errc::bad_claim;
      if (at + leeway_ < seconds{begin->get<double>()}) return errc::not_yet_valid;
    }
    return check_parties(claims);
  }

  std::error_code check_parties(const json& claims) const {
    if (issuer_) {
      const auto found = claims.find("iss");
      if (found == claims.end()) return errc::missing_claim;
      if (!detail::is_text(*found, *issuer_)) return errc::wrong_issuer;
    }
    if (audience_) {
      const auto found = claims.find("aud");
      if (found == claims.end()) return errc::missing_claim;
      const auto is_ours = [this](const json& one) { return detail::is_text(one, *audience_); };
      const bool listed =
          found->is_array() ? std::any_of(found->begin(), found->end(), is_ours) : is_ours(*found);
      if (!listed) return errc::wrong_audience;
    }
    return {};
  }

  std::vector<secret> secrets_;
  jwt_algorithm algorithm_;
  std::optional<std::string> audience_;
  std::optional<std::string> issuer_;
  bool require_expiry_;
  std::chrono::seconds leeway_;
  std::size_t max_size_;
};

}  // namespace hawser::credentials
