// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/system_entropy.hpp"
#include "hawser/credentials/crypto/envelope.hpp"
#include "hawser/credentials/crypto/sealed.hpp"
#include "hawser/credentials/crypto/text.hpp"
#include "hawser/credentials/errc.hpp"
#include "hawser/credentials/message_verifier.hpp"
#include "hawser/credentials/secret.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials {

/// How a Rails application makes the keys of its cookies.
struct rails_secret {
  std::string secret_key_base;

  /// Of the derivation of keys, `active_support.hash_digest_class`: sha1 up to the defaults of Rails 6.1.
  digest key_digest = digest::sha256;

  /// Of signed cookies, `action_dispatch.signed_cookie_digest`.
  digest signature_digest = digest::sha1;

  std::string encrypted_salt = "authenticated encrypted cookie";
  std::string signed_salt = "signed cookie";
};

/// Reads and writes the signed and the encrypted cookies of a Rails application: `cookies.signed[:user_id]` and
/// `cookies.encrypted[:user_id]`, with `cookies_serializer = :json`, and with AES-256-GCM, the default since Rails 5.2.
/// A cookie is only accepted under its own name and before its expiry. Unchanging, so any number of threads may use it.
class rails_cookies {
 public:
  using clock = std::chrono::system_clock;

  /// The keys are derived here, which takes some milliseconds for each secret. The first secret writes; the cookies of
  /// any of them are read, so that a new one can be put in front of the old one. `max_size` is the limit of a cookie's
  /// characters. Throws std::invalid_argument if there is no secret, or an empty one. The keys are overwritten when
  /// this object is destroyed.
  explicit rails_cookies(const std::vector<rails_secret>& secrets, std::size_t max_size = 8 * 1024)
      : max_size_{max_size} {
    if (secrets.empty()) throw std::invalid_argument{"hawser: rails_cookies has no secret"};
    for (const auto& one : secrets) {
      verifiers_.emplace_back(
          std::vector{rails_key(one.secret_key_base, one.signed_salt, one.key_digest)},
          one.signature_digest, max_size);
      keys_.push_back(rails_key(one.secret_key_base, one.encrypted_salt, one.key_digest,
                                detail::sealed::key_size));
    }
  }
  explicit rails_cookies(const rails_secret& secret)
      : rails_cookies{std::vector<rails_secret>{secret}} {}

  /// The value of an encrypted cookie of the request. Otherwise nothing, and `ec` says why. Throws only
  /// std::bad_alloc, for any request.
  [[nodiscard]] std::optional<json> decrypt(const request& asked, std::string_view name,
                                            std::error_code& ec,
                                            clock::time_point now = clock::now()) const {
    const auto value = cookie(asked, name, ec);
    return value ? decrypt(name, *value, ec, now) : std::nullopt;
  }

  /// The same of a cookie's percent-decoded value.
  [[nodiscard]] std::optional<json> decrypt(std::string_view name, std::string_view value,
                                            std::error_code& ec,
                                            clock::time_point now = clock::now()) const {
    std::optional<json> found{std::in_place};
    ec = read(name, value, now, *found);
    if (ec) found.reset();
    return found;
  }

  /// The value of a signed cookie of the request, which the browser's user can read, too.
  [[nodiscard]] std::optional<json> verified(const request& asked, std::string_view name,
                                             std::error_code& ec,
                                             clock::time_point now = clock::now()) const {
    const auto value = cookie(asked, name, ec);
    return value ? verified(name, *value, ec, now) : std::nullopt;
  }

  /// The same of a cookie's percent-decoded value.
  [[nodiscard]] std::optional<json> verified(std::string_view name, std::string_view value,
                                             std::error_code& ec,
                                             clock::time_point now = clock::now()) const {
    std::optional<json> found;
    for (const auto& verifier : verifiers_) {
      found = verifier.verified(value, purpose(name), ec, now);
      if (ec != errc::bad_signature) break;
    }
    return found;
  }

  /// An encrypted cookie, to be percent-encoded (encode_cookie()) for Set-Cookie. Valid until `expires`, or for ever.
  [[nodiscard]] std::string encrypt(std::string_view name, const json& value,
                                    std::optional<clock::time_point> expires = {}) const {
    std::string iv(detail::sealed::iv_size, '\0');
    fill_random(std::as_writable_bytes(std::span{iv}));
    const auto made = detail::seal(keys_.front(), detail::wrap(value, purpose(name), expires), iv);
    const auto encoded = [](std::string_view bytes) { return base64_encode(as_bytes(bytes)); };
    return encoded(made.encrypted) + "--" + encoded(made.iv) + "--" + encoded(made.tag);
  }

  /// A signed cookie.
  [[nodiscard]] std::string sign(std::string_view name, const json& value,
                                 std::optional<clock::time_point> expires = {}) const {
    return verifiers_.front().sign(value, purpose(name), expires);
  }

 private:
  static std::string purpose(std::string_view name) { return "cookie." + std::string{name}; }

  static std::optional<std::string> cookie(const request& asked, std::string_view name,
                                           std::error_code& ec) {
    auto value = asked.decoded_cookie(name);
    ec = value ? std::error_code{} : asked.cookie(name) ? errc::malformed : errc::missing;
    return value;
  }

  std::error_code read(std::string_view name, std::string_view text, clock::time_point now,
                       json& value) const {
    if (text.size() > max_size_) return errc::too_large;
    auto tag_text = text;
    const auto before_tag = detail::take_before_last(tag_text, "--");
    auto iv_text = before_tag.value_or(std::string_view{});
    const auto encrypted_text = detail::take_before_last(iv_text, "--");
    if (!encrypted_text) return errc::malformed;
    auto encrypted = detail::from_base64(*encrypted_text);
    auto iv = detail::from_base64(iv_text);
    auto tag = detail::from_base64(tag_text);
    if (!encrypted || !iv || !tag || iv->size() != detail::sealed::iv_size ||
        tag->size() != detail::sealed::tag_size) {
      return errc::malformed;
    }
    const detail::sealed from{std::move(*encrypted), std::move(*iv), std::move(*tag)};
    for (const auto& key : keys_) {
      const auto content = detail::unseal(key, from);
      if (content) return detail::unwrap(*content, purpose(name), max_size_, now, value);
    }
    return errc::bad_signature;
  }

  std::vector<message_verifier> verifiers_;
  std::vector<secret> keys_;
  std::size_t max_size_;
};

}  // namespace hawser::credentials
