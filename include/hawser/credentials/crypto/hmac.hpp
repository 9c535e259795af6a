// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <string_view>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "hawser/base/bytes.hpp"
#include "hawser/base/constant_time_equal.hpp"
#include "hawser/credentials/secret.hpp"

namespace hawser::credentials::detail {

/// The bytes of a hash function's result.
class hash_value {
 public:
  /// The HMAC of a text: RFC 2104. Throws std::bad_alloc if OpenSSL has no memory.
  hash_value(const secret& key, digest function, std::string_view text) {
    unsigned size = 0;
    const auto* const made =
        HMAC(function_of(function), key.bytes().data(), static_cast<int>(key.bytes().size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(),
             reinterpret_cast<unsigned char*>(bytes_.data()), &size);
    if (made == nullptr) throw std::bad_alloc{};
    size_ = size;
  }

  bytes_view bytes() const noexcept { return bytes_view{bytes_}.first(size_); }

 private:
  std::array<std::byte, EVP_MAX_MD_SIZE> bytes_{};
  std::size_t size_ = 0;
};

/// Whether this is the HMAC of the text with one of the keys. The time does not depend on how much of it is right.
inline bool is_signed_by(const std::vector<secret>& keys, digest function, std::string_view text,
                         bytes_view signature) {
  return std::any_of(keys.begin(), keys.end(), [&](const secret& key) {
    return constant_time_equal(hash_value{key, function, text}.bytes(), signature);
  });
}

}  // namespace hawser::credentials::detail
