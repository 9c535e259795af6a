// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/extension.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// Options that compress every message.
inline deflate_options without_threshold(deflate_options options = {}) {
  options.threshold = 0;
  return options;
}

/// A deflate_extension with the parameters that were negotiated for one side. A copy has contexts of its
/// own, which are empty.
class copied_deflate : public deflate_extension {
 public:
  explicit copied_deflate(deflate_options options = without_threshold(), deflate_direction own = {},
                          deflate_direction peer = {})
      : copied_deflate{std::make_shared<const deflate_options>(std::move(options)), own, peer} {}

  copied_deflate(const copied_deflate& other)
      : copied_deflate{other.options_, other.own_, other.peer_} {}
  copied_deflate(copied_deflate&&) = default;

 private:
  copied_deflate(std::shared_ptr<const deflate_options> options, deflate_direction own,
                 deflate_direction peer)
      : deflate_extension{own, peer, options},
        options_{std::move(options)},
        own_{own},
        peer_{peer} {}

  std::shared_ptr<const deflate_options> options_;
  deflate_direction own_;
  deflate_direction peer_;
};

/// A deflater with zlib's default settings.
inline std::unique_ptr<deflater> usual_deflater(int window_bits = 15) {
  return deflater::make({6, 8, window_bits});
}

inline byte_vector deflated(deflater& by, bytes_view message) {
  byte_vector encoded;
  by.encode(message, part::last, encoded);
  return encoded;
}

inline byte_vector deflated(bytes_view message) { return deflated(*usual_deflater(), message); }

/// A message decoded by an inflater with this much output memory in each call.
struct inflation {
  byte_vector output;
  errc error{};
};
inline inflation inflated(inflater& by, bytes_view payload, std::size_t room_size = 4096,
                          part position = part::last) {
  inflation result;
  byte_vector buffer(room_size);
  while (true) {
    mutable_bytes out{buffer};
    result.error = by.decode(payload, out, position);
    const auto written = buffer.size() - out.size();
    result.output.insert(result.output.end(), buffer.begin(),
                         buffer.begin() + static_cast<std::ptrdiff_t>(written));
    if (result.error != errc{} || (payload.empty() && !out.empty())) return result;
  }
}

/// Bytes with many, few or no repetitions, as in real messages.
inline byte_vector some_bytes(std::mt19937& random, std::size_t size) {
  byte_vector made;
  const auto kinds = 1 + random() % 64;
  while (made.size() < size) {
    const auto back = made.empty() ? 0 : random() % made.size();
    const auto length = 1 + random() % 40;
    if (back > 40 && random() % 3 != 0) {
      for (std::size_t i = 0; i < length; ++i) made.push_back(made[back - 40 + i]);
    } else {
      for (std::size_t i = 0; i < length; ++i) made.push_back(std::byte(random() % kinds * 4));
    }
  }
  made.resize(size);
  return made;
}

/// Text that compresses well.
inline std::string some_text(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) {
    text += "{\"id\":" + std::to_string(i * 7919 % 10'007) + ",\"name\":\"hawser\",\"on\":true},";
  }
  text.resize(size);
  return text;
}

}  // namespace hawser::test
