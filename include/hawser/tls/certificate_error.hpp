// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <system_error>

#include <asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "hawser/base/never_destroyed.hpp"

namespace hawser {

namespace detail {

class certificate_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "hawser.certificate"; }

  std::string message(int value) const override {
    switch (value) {
      case X509_V_ERR_HOSTNAME_MISMATCH: return "the certificate is not for this host";
      case X509_V_ERR_IP_ADDRESS_MISMATCH: return "the certificate is not for this address";
      case X509_V_ERR_CERT_HAS_EXPIRED: return "the certificate has expired";
      case X509_V_ERR_CERT_NOT_YET_VALID: return "the certificate is not valid yet";
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "the certificate is self-signed, and not one that is trusted";
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "the certificate's authority is unknown or not trusted";
      case X509_V_ERR_CERT_REVOKED: return "the certificate is revoked";
      case X509_V_ERR_INVALID_PURPOSE: return "the certificate is not meant for this use";
      default: return X509_verify_cert_error_string(value);
    }
  }
};

}  // namespace detail

/// The category of errors of a peer's certificate. The values are OpenSSL's `X509_V_ERR_…`.
/// connect_error names the host. All other TLS errors are in Asio's
/// `asio::error::get_ssl_category()`.
[[gnu::visibility("default")]] inline const std::error_category& certificate_category() noexcept {
  static const never_destroyed<detail::certificate_category> category;
  return category.get();
}

/// The error for a result of `SSL_get_verify_result`; none for X509_V_OK.
inline std::error_code make_certificate_error(long verify_result) noexcept {
  return {static_cast<int>(verify_result), certificate_category()};
}

namespace detail {

/// Returns the first error in OpenSSL's queue of this thread, and clears the queue.
inline std::error_code take_tls_error() noexcept {
  const auto error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return asio::ssl::error::unspecified_system_error;
  if (ERR_SYSTEM_ERROR(error)) return {ERR_GET_REASON(error), std::system_category()};
  return {static_cast<int>(error), asio::error::get_ssl_category()};
}

/// Replaces OpenSSL's error for a failed verification by the reason.
inline std::error_code explain(std::error_code ec, const SSL* ssl) noexcept {
  const auto error = static_cast<unsigned>(ec.value());
  const bool unverified = ec.category() == asio::error::get_ssl_category() &&
                          ERR_GET_LIB(error) == ERR_LIB_SSL &&
                          ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  return unverified ? make_certificate_error(SSL_get_verify_result(ssl)) : ec;
}

}  // namespace detail

}  // namespace hawser
