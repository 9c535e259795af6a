// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "hawser/base/bytes.hpp"

namespace hawser::credentials {

/// A hash function: of a signature, or of the derivation of a key.
enum class digest : std::uint8_t { sha1, sha256, sha384, sha512 };

namespace detail {

inline const EVP_MD* function_of(digest which) noexcept {
  switch (which) {
    case digest::sha1: return EVP_sha1();
    case digest::sha256: return EVP_sha256();
    case digest::sha384: return EVP_sha384();
    case digest::sha512: break;
  }
  return EVP_sha512();
}

}  // namespace detail

/// The bytes of a key. The destructor overwrites them; the texts that it was made of are the caller's.
class secret {
 public:
  /// Throws std::invalid_argument if `bytes` is empty, because with an empty key anyone can sign: an environment
  /// variable may not be set.
  explicit secret(bytes_view bytes) : bytes_{bytes.begin(), bytes.end()} {
    if (bytes_.empty()) throw std::invalid_argument{"hawser: a secret is empty"};
  }
  explicit secret(std::string_view text) : secret{as_bytes(text)} {}

  secret(const secret&) = default;
  secret(secret&&) noexcept = default;
  secret& operator=(secret other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  bytes_view bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// The key that Rails' key generator makes of a `secret_key_base` for a salt: PBKDF2, 1000 iterations. Takes
/// about a millisecond, so make it once. `function` is sha1 up to the defaults of Rails 6.1 and sha256 since 7.0.
/// For Turbo's signed stream names: `rails_key(secret_key_base, "turbo/signed_stream_verifier_key")`.
/// Throws std::invalid_argument if `secret_key_base` is empty.
inline secret rails_key(std::string_view secret_key_base, std::string_view salt,
                        digest function = digest::sha256, std::size_t size = 64) {
  constexpr int iterations = 1000;
  const secret base{secret_key_base};
  std::vector<std::byte> key(size);
  const auto* const password = reinterpret_cast<const char*>(base.bytes().data());
  const auto* const salting = reinterpret_cast<const unsigned char*>(salt.data());
  const int made =
      PKCS5_PBKDF2_HMAC(password, static_cast<int>(base.bytes().size()), salting,
                        static_cast<int>(salt.size()), iterations, detail::function_of(function),
                        static_cast<int>(size), reinterpret_cast<unsigned char*>(key.data()));
  if (made != 1) throw std::bad_alloc{};
  secret result{key};
  OPENSSL_cleanse(key.data(), key.size());
  return result;
}

}  // namespace hawser::credentials
