// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/credentials/crypto/envelope.hpp"
#include "hawser/credentials/crypto/hmac.hpp"
#include "hawser/credentials/crypto/text.hpp"
#include "hawser/credentials/errc.hpp"
#include "hawser/credentials/secret.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials {

/// Verifies and signs values in the form of Rails' MessageVerifier with JSON: `base64(JSON)--hex(HMAC)`. The signed
/// stream names of Turbo and of AnyCable have it. Unchanging, so any number of threads may use it.
class message_verifier {
 public:
  using clock = std::chrono::system_clock;

  /// The first key signs; a text of any of them is accepted, with the same function. See rails_key() for keys that
  /// Rails derives. Throws std::invalid_argument if there is no key.
  explicit message_verifier(std::vector<secret> keys, digest function = digest::sha256,
                            std::size_t max_size = 8 * 1024)
      : keys_{std::move(keys)}, function_{function}, max_size_{max_size} {
    if (keys_.empty()) throw std::invalid_argument{"hawser: a message_verifier has no key"};
  }
  explicit message_verifier(secret key, digest function = digest::sha256)
      : message_verifier{std::vector<secret>{std::move(key)}, function} {}

  /// The signed value. Otherwise nothing, and `ec` says why. Takes the same time for every signature. Throws only
  /// std::bad_alloc, for any text.
  [[nodiscard]] std::optional<json> verified(std::string_view text, std::error_code& ec) const {
    return read(text, ec, [&](std::string_view content, json& value) {
      return detail::read_value(content, max_size_, value);
    });
  }

  /// The same for a value that was signed for a purpose and, possibly, with an expiry.
  [[nodiscard]] std::optional<json> verified(std::string_view text, std::string_view purpose,
                                             std::error_code& ec,
                                             clock::time_point now = clock::now()) const {
    return read(text, ec, [&](std::string_view content, json& value) {
      return detail::unwrap(content, purpose, max_size_, now, value);
    });
  }

  /// Signs a value.
  [[nodiscard]] std::string sign(const json& value) const { return signed_text(to_text(value)); }

  /// The same for a purpose, until `expires`, or for ever.
  [[nodiscard]] std::string sign(const json& value, std::string_view purpose,
                                 std::optional<clock::time_point> expires = {}) const {
    return signed_text(detail::wrap(value, purpose, expires));
  }

 private:
  template <class Decode>
  std::optional<json> read(std::string_view text, std::error_code& ec, const Decode& decode) const {
    std::optional<json> value{std::in_place};
    ec = examine(text, *value, decode);
    if (ec) value.reset();
    return value;
  }

  template <class Decode>
  std::error_code examine(std::string_view text, json& value, const Decode& decode) const {
    if (text.size() > max_size_) return errc::too_large;
    auto signature_text = text;
    const auto content = detail::take_before_last(signature_text, "--");
    const auto signature = detail::from_hex(signature_text);
    if (!content || !signature) return errc::malformed;
    if (!detail::is_signed_by(keys_, function_, *content, as_bytes(*signature))) {
      return errc::bad_signature;
    }
    const auto decoded = detail::from_base64(*content);
    return decoded ? decode(*decoded, value) : errc::malformed;
  }

  std::string signed_text(std::string_view content) const {
    auto text = base64_encode(as_bytes(content));
    const detail::hash_value signature{keys_.front(), function_, text};
    return text.append("--").append(hawser::detail::to_hex(signature.bytes()));
  }

  std::vector<secret> keys_;
  digest function_;
  std::size_t max_size_;
};

}  // namespace hawser::credentials
