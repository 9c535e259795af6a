// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "hawser/tls/pem.hpp"

// Certificates that a test makes for itself, without files.

namespace hawser::test {

/// A certificate and its key.
struct issued {
  detail::certificate_ptr certificate;
  detail::key_ptr key;
  std::string certificate_text = {};
  std::string key_text = {};

  tls_identity identity() const {
    return {.certificate = pem_text{certificate_text}, .key = pem_text{key_text}};
  }
};

/// The contents of a certificate.
struct wish {
  std::string name = "hawser test";
  std::string alternatives = "DNS:localhost,IP:127.0.0.1";  ///< As OpenSSL writes subjectAltName
  const issued* issuer = nullptr;                           ///< Null: self-signed
  bool authority = false;
  int from_days = -1;
  int to_days = 1;
};

inline void require_good(bool good) {
  if (!good) throw std::runtime_error{"OpenSSL made no certificate"};
}

/// The common name in its subject.
inline std::string common_name(const X509* certificate) {
  if (certificate == nullptr) return "none";
  std::string name(64, '\0');
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             name.data(), static_cast<int>(name.size()));
  name.resize(static_cast<std::size_t>(size));
  return name;
}

template <class Write>
std::string text_of(Write write) {
  const detail::bio_ptr memory{BIO_new(BIO_s_mem())};
  require_good(write(memory.get()) == 1);
  char* first = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &first);
  return {first, static_cast<std::size_t>(size)};
}

inline void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require_good(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

inline issued issue(const wish& wanted) {
  static long serial = 1;
  issued made{detail::certificate_ptr{X509_new()}, detail::key_ptr{EVP_EC_gen("P-256")}};
  auto* certificate = made.certificate.get();
  require_good(certificate != nullptr && made.key);
  const auto& issuer = wanted.issuer != nullptr ? *wanted.issuer : made;

  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_time_adj_ex(X509_getm_notBefore(certificate), wanted.from_days, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), wanted.to_days, 0, nullptr);
  X509_set_pubkey(certificate, made.key.get());
  const auto* name = reinterpret_cast<const unsigned char*>(wanted.name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1,
                             0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  extend(certificate, issuer.certificate.get(), NID_basic_constraints,
         wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!wanted.alternatives.empty()) {
    extend(certificate, issuer.certificate.get(), NID_subject_alt_name, wanted.alternatives);
  }
  require_good(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0);

  made.certificate_text = text_of([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
  made.key_text = text_of([&](BIO* to) {
    return PEM_write_bio_PrivateKey(to, made.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

/// The authority that the tests' clients trust.
inline const issued& test_authority() {
  static const auto made =
      issue({.name = "hawser test authority", .alternatives = "", .authority = true});
  return made;
}

/// A certificate of that authority.
inline issued issue_for(const std::string& alternatives) {
  return issue({.alternatives = alternatives, .issuer = &test_authority()});
}

/// A certificate for localhost and 127.0.0.1.
inline const issued& test_server() {
  static const auto made = issue({.issuer = &test_authority()});
  return made;
}

}  // namespace hawser::test
