// SPDX-License-Identifier: BSL-1.0
#include "hawser/tls/certificate_error.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a valid certificate is no error") { CHECK_FALSE(make_certificate_error(X509_V_OK)); }

TEST_CASE("the errors of a certificate have readable messages") {
  const auto said = [](int result) { return make_certificate_error(result).message(); };
  CHECK(said(X509_V_ERR_HOSTNAME_MISMATCH) == "the certificate is not for this host");
  CHECK(said(X509_V_ERR_CERT_HAS_EXPIRED) == "the certificate has expired");
  CHECK(said(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY) ==
        "the certificate's authority is unknown or not trusted");
  CHECK(said(X509_V_ERR_CERT_REVOKED) == "the certificate is revoked");
  CHECK(said(X509_V_ERR_INVALID_PURPOSE) == "the certificate is not meant for this use");
  CHECK(said(X509_V_ERR_CRL_HAS_EXPIRED) == "CRL has expired");
}

TEST_CASE("the category distinguishes certificate errors") {
  const auto ec = make_certificate_error(X509_V_ERR_CERT_REVOKED);
  CHECK(ec.category() == certificate_category());
  CHECK(std::string{ec.category().name()} == "hawser.certificate");
  CHECK(ec.value() == X509_V_ERR_CERT_REVOKED);
}

TEST_CASE("OpenSSL's errors are taken once, and system errors keep their category") {
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);  // Loads the texts of the errors
  ERR_clear_error();
  CHECK(detail::take_tls_error() == asio::ssl::error::unspecified_system_error);
  ERR_raise(ERR_LIB_SSL, SSL_R_NO_CERTIFICATES_RETURNED);
  const auto first = detail::take_tls_error();
  CHECK(first.category() == asio::error::get_ssl_category());
  CHECK(first.message().find("no certificates returned") == 0);
  CHECK(detail::take_tls_error() == asio::ssl::error::unspecified_system_error);
  ERR_raise(ERR_LIB_SYS, ENOENT);
  CHECK(detail::take_tls_error() == std::errc::no_such_file_or_directory);
}

}  // namespace
