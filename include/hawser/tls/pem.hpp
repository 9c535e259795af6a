// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509.h>

#include "hawser/asio/accepting/close_on_exec.hpp"
#include "hawser/tls/certificate_error.hpp"

namespace hawser {

/// PEM as text, which may contain several certificates.
struct pem_text {
  std::string text;
};

/// PEM in a file.
struct pem_file {
  std::string path;
};

/// The source of certificates or of a key; an empty text means none.
using pem = std::variant<pem_text, pem_file>;

/// The certificate and the key of one side.
struct tls_identity {
  pem certificate = {};         ///< Its own certificate, then the intermediate ones
  pem key = {};                 ///< The private key; may be in the same file
  std::string passphrase = {};  ///< Decrypts the key, if that is encrypted
};

namespace detail {

/// Frees an object of OpenSSL.
template <auto Free>
struct openssl_free {
  template <class Object>
  void operator()(Object* object) const noexcept {
    Free(object);
  }
};

struct certificate_stack_free {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};

using bio_ptr = std::unique_ptr<BIO, openssl_free<BIO_free>>;
using certificate_ptr = std::unique_ptr<X509, openssl_free<X509_free>>;
using certificate_stack_ptr = std::unique_ptr<STACK_OF(X509), certificate_stack_free>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_free<EVP_PKEY_free>>;

/// Throws OpenSSL's error, with `what` as context.
[[noreturn]] inline void throw_tls_error(const std::string& what) {
  throw std::system_error{take_tls_error(), what};
}

inline bool is_none(const pem& source) noexcept {
  const auto* text = std::get_if<pem_text>(&source);
  return text != nullptr && text->text.empty();
}

/// The name of `source` in error texts.
inline std::string name_of(const pem& source, const std::string& content) {
  const auto* file = std::get_if<pem_file>(&source);
  return file != nullptr ? content + " in " + file->path : content;
}

inline bio_ptr open_pem(const pem& source, const std::string& content) {
  ERR_clear_error();
  const auto* file = std::get_if<pem_file>(&source);
  bio_ptr opened;
  if (file != nullptr) {
    opened.reset(BIO_new_file(file->path.c_str(), read_mode));
  } else {
    const auto& text = std::get<pem_text>(source).text;
    const auto size = (std::min)(text.size(), std::size_t{INT_MAX});
    opened.reset(BIO_new_mem_buf(text.data(), static_cast<int>(size)));
  }
  if (!opened) throw_tls_error(name_of(source, content));
  return opened;
}

/// All certificates of `source`; throws if there is none.
inline std::vector<certificate_ptr> read_certificates(const pem& source) {
  const auto from = open_pem(source, "certificate");
  std::vector<certificate_ptr> found;
  while (auto* next = PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(next);
  }
  // OpenSSL reports the end of the input in this way.
  const bool over = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (found.empty() || !over) throw_tls_error(name_of(source, "certificate"));
  ERR_clear_error();
  return found;
}

/// A passphrase, and whether OpenSSL asked for it.
struct passphrase_request {
  const std::string& passphrase;
  bool asked = false;
};

inline int give_passphrase(char* buffer, int size, int /*writing*/, void* request) noexcept {
  auto& given = *static_cast<passphrase_request*>(request);
  given.asked = true;
  const auto& text = given.passphrase;
  // An error, because OpenSSL would otherwise ask on the terminal.
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

inline key_ptr read_key(const tls_identity& identity) {
  const auto from = open_pem(identity.key, "key");
  passphrase_request request{identity.passphrase};
  key_ptr found{PEM_read_bio_PrivateKey(from.get(), nullptr, give_passphrase, &request)};
  if (!found) {
    throw_tls_error(name_of(identity.key, request.asked ? "passphrase of the key" : "key"));
  }
  return found;
}

/// An identity that has been read.
struct loaded_identity {
  certificate_ptr certificate;
  certificate_stack_ptr chain;
  key_ptr key;
};

inline loaded_identity load(const tls_identity& identity) {
  loaded_identity loaded;
  loaded.chain.reset(sk_X509_new_null());
  for (auto& next : read_certificates(identity.certificate)) {
    if (!loaded.certificate) {
      loaded.certificate = std::move(next);
    } else if (loaded.chain && sk_X509_push(loaded.chain.get(), next.get()) > 0) {
      static_cast<void>(next.release());
    }
  }
  loaded.key = read_key(identity);
  if (X509_check_private_key(loaded.certificate.get(), loaded.key.get()) != 1) {
    throw_tls_error(name_of(identity.key, "key of another certificate"));
  }
  return loaded;
}

}  // namespace detail

}  // namespace hawser
