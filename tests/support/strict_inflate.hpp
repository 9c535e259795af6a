// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hawser/base/bytes.hpp"
#include "support/wire.hpp"

namespace hawser::test {

/// An inflater after RFC 1951, independent of zlib, which reports what zlib does not: the longest
/// distance of a stream, and the kinds of its blocks.
class strict_inflate {
 public:
  /// Decodes a message with the previous ones as its context. False if it is malformed, or does not end
  /// with its last block.
  bool message(bytes_view payload) {
    input_.assign(payload.begin(), payload.end());
    for (const int byte : {0x00, 0x00, 0xFF, 0xFF}) input_.push_back(std::byte(byte));
    at_ = 0;
    begin_ = output_.size();
    good_ = true;
    while (good_ && 8 * input_.size() - at_ >= 8) block();
    return good_ && at_ == 8 * input_.size();
  }

  /// The last message.
  byte_vector output() const {
    return {output_.begin() + static_cast<std::ptrdiff_t>(begin_), output_.end()};
  }

  std::size_t longest_distance = 0;
  std::size_t stored_blocks = 0;  // only those that are not empty
  std::size_t compressed_blocks = 0;

 private:
  /// Codes built from their lengths: RFC 1951 §3.2.2.
  struct code_table {
    std::array<unsigned, 16> counts{};
    std::vector<unsigned> symbols;

    explicit code_table(const std::vector<unsigned>& lengths) {
      for (const auto length : lengths) ++counts[length];
      counts[0] = 0;
      for (unsigned length = 1; length < 16; ++length) {
        for (unsigned i = 0; i < lengths.size(); ++i) {
          if (lengths[i] == length) symbols.push_back(i);
        }
      }
    }
  };

  unsigned bits(unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (at_ == 8 * input_.size()) good_ = false;
      if (!good_) return 0;
      value |= (std::to_integer<unsigned>(input_[at_ / 8]) >> at_ % 8 & 1) << i;
      ++at_;
    }
    return value;
  }

  unsigned symbol(const code_table& codes) {
    unsigned code = 0, first = 0, index = 0;
    for (unsigned length = 1; length < 16 && good_; ++length) {
      code |= bits(1);
      const auto count = codes.counts[length];
      if (code < first + count) return codes.symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    good_ = false;
    return 256;
  }

  void block() {
    bits(1);  // BFINAL, which has no meaning here
    switch (bits(2)) {
      case 0: return stored();
      case 1: return fixed();
      case 2: return dynamic();
      default: good_ = false;
    }
  }

  void stored() {
    at_ = (at_ + 7) / 8 * 8;
    const auto size = bits(16);
    if ((bits(16) ^ size) != 0xFFFF) good_ = false;
    if (size != 0) ++stored_blocks;
    for (unsigned i = 0; i < size && good_; ++i) output_.push_back(std::byte(bits(8)));
  }

  void fixed() {
    std::vector<unsigned> lengths(288, 8);
    std::fill(lengths.begin() + 144, lengths.begin() + 256, 9U);
    std::fill(lengths.begin() + 256, lengths.begin() + 280, 7U);
    compressed(code_table{lengths}, code_table{std::vector<unsigned>(30, 5)});
  }

  void dynamic() {
    constexpr std::array order{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    const auto literals = bits(5) + 257;
    const auto all = literals + bits(5) + 1;
    const auto given = bits(4) + 4;
    std::vector<unsigned> lengths(19);
    for (unsigned i = 0; i < given; ++i) lengths[static_cast<unsigned>(order[i])] = bits(3);
    const code_table codes{lengths};
    lengths.clear();
    while (lengths.size() < all && good_) {
      const auto one = symbol(codes);
      if (one < 16) lengths.push_back(one);
      if (one == 16 && lengths.empty()) good_ = false;
      if (one == 16 && good_) lengths.insert(lengths.end(), 3 + bits(2), unsigned{lengths.back()});
      if (one == 17) lengths.insert(lengths.end(), 3 + bits(3), 0U);
      if (one == 18) lengths.insert(lengths.end(), 11 + bits(7), 0U);
    }
    if (lengths.size() != all) good_ = false;
    if (!good_) return;
    const auto middle = lengths.begin() + literals;
    compressed(code_table{{lengths.begin(), middle}}, code_table{{middle, lengths.end()}});
  }

  void compressed(const code_table& literals, const code_table& distances) {
    ++compressed_blocks;
    while (good_) {
      const auto one = symbol(literals);
      if (one < 256) output_.push_back(std::byte(one));
      if (one == 256) return;
      if (one > 256) copy(one - 257, distances);
    }
  }

  void copy(unsigned code, const code_table& distances) {
    unsigned length = code + 3;
    if (code == 28) {
      length = 258;
    } else if (code >= 8) {
      const auto extra = code / 4 - 1;
      length = ((4 + code % 4) << extra) + 3 + bits(extra);
    }
    const auto one = symbol(distances);
    std::size_t distance = one + 1;
    if (one >= 4) {
      const auto extra = one / 2 - 1;
      distance = ((2U + one % 2) << extra) + 1 + bits(extra);
    }
    if (code > 28 || one > 29 || distance > output_.size()) good_ = false;
    if (!good_) return;
    longest_distance = (std::max)(longest_distance, distance);
    for (unsigned i = 0; i < length; ++i) output_.push_back(output_[output_.size() - distance]);
  }

  byte_vector input_;
  byte_vector output_;
  std::size_t at_ = 0;  // in bits
  std::size_t begin_ = 0;
  bool good_ = true;
};

}  // namespace hawser::test
