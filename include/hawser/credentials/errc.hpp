// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string_view>
#include <system_error>
#include <type_traits>

#include "hawser/base/error_category.hpp"
#include "hawser/base/never_destroyed.hpp"

namespace hawser::credentials {

/// Why a token or a cookie is not accepted.
enum class errc {
  missing = 1,        ///< The request has no such token or cookie
  too_large,          ///< The text is larger than the limit
  malformed,          ///< The text is truncated, or has not the form of its kind
  wrong_algorithm,    ///< The token names another algorithm than the expected one, for example none
  unknown_extension,  ///< The token has a critical extension (crit), which is not supported
  bad_signature,      ///< The signature, or the tag of the encryption, is of no known key
  marshal_refused,    ///< The content is a Ruby object (Marshal), which is not read
  bad_claim,          ///< A claim or an expiry is not of its type
  missing_claim,      ///< A required claim is missing
  expired,            ///< The time of the expiry has come
  not_yet_valid,      ///< The time from which the token is valid (nbf) has not come
  wrong_audience,     ///< The token is for another audience
  wrong_issuer,       ///< The token is of another issuer
  wrong_purpose,  ///< The text was signed for another purpose, for example another cookie, or for none
};

/// A description in one line, in plain words and without a full stop.
constexpr std::string_view describe(errc error) noexcept {
  switch (error) {
    case errc::missing: return "there is no credential";
    case errc::too_large: return "the credential is too large";
    case errc::malformed: return "the credential is malformed";
    case errc::wrong_algorithm: return "the credential has another algorithm than the expected one";
    case errc::unknown_extension: return "the credential has an unknown critical extension";
    case errc::bad_signature: return "the signature is of no known key";
    case errc::marshal_refused: return "the content is a Ruby object";
    case errc::bad_claim: return "a claim is not of its type";
    case errc::missing_claim: return "a required claim is missing";
    case errc::expired: return "the credential has expired";
    case errc::not_yet_valid: return "the credential is not valid yet";
    case errc::wrong_audience: return "the credential is for another audience";
    case errc::wrong_issuer: return "the credential is of another issuer";
    case errc::wrong_purpose: return "the credential is for another purpose";
  }
  return {};
}

/// The category of `credentials::errc`. Categories are compared by address, so the program has one object,
/// shared libraries included.
[[gnu::visibility("default")]] inline const std::error_category& error_category() noexcept {
  static const never_destroyed<hawser::detail::enum_category<errc>> category{"hawser.credentials"};
  return category.get();
}

/// Makes `std::error_code ec = credentials::errc::expired` work.
inline std::error_code make_error_code(errc error) noexcept {
  return {static_cast<int>(error), error_category()};
}

}  // namespace hawser::credentials

template <>
struct std::is_error_code_enum<hawser::credentials::errc> : std::true_type {};
