// SPDX-License-Identifier: BSL-1.0
#include "hawser/base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/fuzz.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

/// The size of the code point at the front, by the table of RFC 3629 §4; 0 if there is none.
std::size_t point_size(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  const auto first = at(0);
  if (first <= 0x7F) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool low = first != 0xE0 || at(1) >= 0xA0;
    const bool high = first != 0xED || at(1) <= 0x9F;
    return tail(1) && low && high && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool low = first != 0xF0 || at(1) >= 0x90;
    const bool high = first != 0xF4 || at(1) <= 0x8F;
    return tail(1) && low && high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// The number of bytes at the front that form complete code points.
std::size_t valid_size(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size()) {
    const auto next = point_size(text.substr(size));
    if (next == 0) break;
    size += next;
  }
  return size;
}

/// Whether more bytes can make the text valid.
bool can_become_valid(std::string_view text) {
  const auto rest = text.substr(valid_size(text));
  if (rest.empty()) return true;
  for (const char* more : {"\x80", "\x80\x80", "\x80\x80\x80", "\x9F\x80", "\xA0\x80", "\x90\x80",
                           "\x90\x80\x80", "\x8F\x80\x80", "\xBF\xBF\xBF", "\xBF", "\xBF\xBF"}) {
    const auto whole = std::string{rest} + more;
    if (rest.size() < 4 && valid_size(whole) == whole.size()) return true;
  }
  return false;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const std::uint32_t seed = input.byte();
  const auto whole = input.rest();
  const auto text = as_text(whole);
  const bool valid = valid_size(text) == text.size();
  require(is_valid_utf8(whole) == valid, "bytes: another opinion than the reference");
  require(is_valid_utf8(text) == valid, "text: another opinion than the reference");

  utf8_validator one;
  std::size_t fed = 0;
  bool good = true;
  in_pieces(whole, seed, [&](const byte_vector& piece) {
    fed += piece.size();
    good = one.feed(piece);
    require(good == can_become_valid(text.substr(0, fed)), "noticed too early or too late");
    return good;
  });
  require((good && one.complete()) == valid, "another opinion when cut");

  for (std::size_t most = 0; most <= text.size() && valid && most < 200; ++most) {
    const auto prefix = utf8_prefix(text, most);
    require(prefix.size() <= most && valid_size(prefix) == prefix.size(), "a prefix cut wrongly");
    require(prefix.size() + 4 > most, "a prefix too short");
  }
  return 0;
}
