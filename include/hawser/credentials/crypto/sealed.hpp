// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include "hawser/base/bytes.hpp"
#include "hawser/credentials/secret.hpp"

namespace hawser::credentials::detail {

/// What AES-256-GCM makes of a text: NIST SP 800-38D.
struct sealed {
  static constexpr std::size_t key_size = 32;
  static constexpr std::size_t iv_size = 12;
  static constexpr std::size_t tag_size = 16;

  std::string encrypted;
  std::string iv;   ///< Of iv_size bytes; one that is used twice with a key reveals both texts
  std::string tag;  ///< Of tag_size bytes
};

struct free_cipher {
  void operator()(EVP_CIPHER_CTX* one) const noexcept { EVP_CIPHER_CTX_free(one); }
};
using cipher_ptr = std::unique_ptr<EVP_CIPHER_CTX, free_cipher>;

inline const unsigned char* unsigned_data(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

inline unsigned char* unsigned_data(std::string& text) noexcept {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// Encrypts and authenticates a text. Throws std::bad_alloc if OpenSSL has no memory.
inline sealed seal(const secret& key, std::string_view text, std::string_view iv) {
  sealed made{std::string(text.size(), '\0'), std::string{iv}, std::string(sealed::tag_size, '\0')};
  const cipher_ptr cipher{EVP_CIPHER_CTX_new()};
  const auto* const key_bytes = reinterpret_cast<const unsigned char*>(key.bytes().data());
  int size = 0;
  unsigned char rest[sealed::tag_size];
  const bool good =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_bytes, unsigned_data(iv)) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), unsigned_data(made.encrypted), &size, unsigned_data(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), rest, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(sealed::tag_size),
                          unsigned_data(made.tag)) == 1;
  if (!good) throw std::bad_alloc{};
  return made;
}

/// The text, or nothing if it was not sealed with this key, or is changed.
inline std::optional<std::string> unseal(const secret& key, const sealed& from) {
  if (from.iv.size() != sealed::iv_size || from.tag.size() != sealed::tag_size) return std::nullopt;
  std::string text(from.encrypted.size(), '\0');
  std::string tag = from.tag;
  const cipher_ptr cipher{EVP_CIPHER_CTX_new()};
  if (!cipher) throw std::bad_alloc{};
  const auto* const key_bytes = reinterpret_cast<const unsigned char*>(key.bytes().data());
  int size = 0;
  unsigned char rest[sealed::tag_size];
  const bool good =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_bytes,
                         unsigned_data(std::string_view{from.iv})) == 1 &&
      EVP_DecryptUpdate(cipher.get(), unsigned_data(text), &size,
                        unsigned_data(std::string_view{from.encrypted}),
                        static_cast<int>(from.encrypted.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(sealed::tag_size),
                          unsigned_data(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), rest, &size) == 1;
  if (!good) return std::nullopt;
  return text;
}

}  // namespace hawser::credentials::detail
