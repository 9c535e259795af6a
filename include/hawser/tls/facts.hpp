// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <asio/ip/address_v4.hpp>
#include <asio/ip/address_v6.hpp>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "hawser/base/hex.hpp"
#include "hawser/tls/pem.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

inline std::string name_text(const X509_NAME* name) {
  const bio_ptr memory{BIO_new(BIO_s_mem())};
  // Non-ASCII characters stay UTF-8 and are not escaped.
  constexpr unsigned long flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, flags) < 0) return {};
  char* first = nullptr;
  const auto size = BIO_get_mem_data(memory.get(), &first);
  return {first, static_cast<std::size_t>(size)};
}

inline std::string_view bytes_of(const ASN1_STRING* text) noexcept {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// An IPv4 or IPv6 address as text, or nothing.
inline std::string address_text(std::string_view bytes) {
  asio::ip::address_v4::bytes_type four;
  asio::ip::address_v6::bytes_type six;
  if (bytes.size() == four.size()) {
    std::memcpy(four.data(), bytes.data(), four.size());
    return asio::ip::address_v4{four}.to_string();
  }
  if (bytes.size() != six.size()) return {};
  std::memcpy(six.data(), bytes.data(), six.size());
  return asio::ip::address_v6{six}.to_string();
}

inline void add_name(const GENERAL_NAME& name, certificate_facts& facts) {
  const auto add = [](auto& names, const ASN1_STRING* text) {
    // Read as a C string, it would be a different name.
    const auto bytes = bytes_of(text);
    if (bytes.find('\0') == std::string_view::npos) names.emplace_back(bytes);
  };
  switch (name.type) {
    case GEN_DNS: return add(facts.dns_names, name.d.dNSName);
    case GEN_URI: return add(facts.uris, name.d.uniformResourceIdentifier);
    case GEN_EMAIL: return add(facts.emails, name.d.rfc822Name);
    case GEN_IPADD:
      if (auto address = address_text(bytes_of(name.d.iPAddress)); !address.empty()) {
        facts.ip_addresses.push_back(std::move(address));
      }
      return;
    default: return;
  }
}

inline std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return to_hex(std::as_bytes(std::span{digest}).first(size));
}

inline std::chrono::sys_seconds time_of(const ASN1_TIME* time) noexcept {
  using asn1_time_ptr = std::unique_ptr<ASN1_TIME, openssl_free<ASN1_TIME_free>>;
  const asn1_time_ptr epoch{ASN1_TIME_set(nullptr, 0)};
  int days = 0;
  int seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return {};
  return std::chrono::sys_seconds{std::chrono::days{days} + std::chrono::seconds{seconds}};
}

inline certificate_facts read_certificate(const X509* certificate) {
  using names_ptr = std::unique_ptr<GENERAL_NAMES, openssl_free<GENERAL_NAMES_free>>;
  certificate_facts facts{.subject = name_text(X509_get_subject_name(certificate)),
                          .issuer = name_text(X509_get_issuer_name(certificate)),
                          .sha256 = fingerprint_of(certificate),
                          .not_before = time_of(X509_get0_notBefore(certificate)),
                          .not_after = time_of(X509_get0_notAfter(certificate))};
  const names_ptr names{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    add_name(*sk_GENERAL_NAME_value(names.get(), i), facts);
  }
  return facts;
}

/// What a connection has negotiated, or null before its handshake is done. Leaves OpenSSL's error
/// queue empty.
inline std::shared_ptr<const tls_facts> read_facts(const SSL* ssl) {
  if (SSL_is_init_finished(ssl) != 1) return nullptr;
  auto facts = std::make_shared<tls_facts>();
  facts->version = SSL_get_version(ssl);
  if (const char* cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl))) {
    facts->cipher = cipher;
  }
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    facts->server_name = name;
  }
  if (const X509* certificate = SSL_get0_peer_certificate(ssl)) {
    facts->peer_certificate = read_certificate(certificate);
    facts->peer_certificate->verified = SSL_get_verify_result(ssl) == X509_V_OK;
    ERR_clear_error();
  }
  return facts;
}

}  // namespace hawser::detail
