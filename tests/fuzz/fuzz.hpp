// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/base/bytes.hpp"

/// The function that a fuzzer calls, defined by each file here.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace hawser::fuzz {

using byte_vector = std::vector<std::byte>;

/// Ends the program unless `holds`, so that the fuzzer stores the input.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

/// The fuzzer's bytes as decisions. When all are used, zeros.
class decisions {
 public:
  decisions(const std::uint8_t* data, std::size_t size)
      : rest_{std::as_bytes(std::span{data, size})} {}

  bool empty() const noexcept { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return first;
  }

  /// A number below `limit`, at most 65536.
  std::size_t below(std::size_t limit) {
    const std::size_t high = limit > 256 ? byte() : 0U;
    return (high << 8 | byte()) % limit;
  }

  /// `size` bytes, or as many as there are left.
  bytes_view take(std::size_t size) {
    const auto some = rest_.first((std::min)(size, rest_.size()));
    rest_ = rest_.subspan(some.size());
    return some;
  }

  bytes_view rest() { return take(rest_.size()); }

 private:
  bytes_view rest_;
};

/// Passes a copy of `input` to `feed(piece)` in pieces, as long as that returns true. `seed` determines the
/// pieces; 0 means one piece. Each piece is in memory of its own.
template <class Feed>
void in_pieces(bytes_view input, std::uint32_t seed, Feed feed) {
  while (!input.empty()) {
    auto size = input.size();
    if (seed != 0) {
      seed = seed * 1'664'525 + 1'013'904'223;
      const std::size_t some = (seed >> 24) % 4 == 0 ? (seed >> 16) % 300 : (seed >> 16) % 5;
      size = (std::min)(size, some + 1);
    }
    byte_vector piece{input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size)};
    input = input.subspan(size);
    if (!feed(piece)) return;
  }
}

inline std::string shown(bytes_view some) { return std::string{as_text(some)}; }

}  // namespace hawser::fuzz
