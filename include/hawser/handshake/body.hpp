// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// The most octets that a client keeps of a refusal's body.
inline constexpr std::size_t max_body_size = 64 * 1024;

/// Collects the body of a response, up to a limit: by its length, or until the stream ends (RFC
/// 9112 §6.3).
class body_reader {
 public:
  explicit body_reader(std::size_t left = 0) noexcept : left_{left} {}

  /// For the body that follows this head.
  body_reader(unsigned status, const header_fields& headers) noexcept : left_{max_body_size} {
    if (!has_body(status)) left_ = 0;
    const auto length = headers.find("Content-Length");
    if (length && !headers.find("Transfer-Encoding")) left_ = (std::min)(left_, decode(*length));
  }

  /// Moves what belongs to the body from `input` to the end of `body`. True when nothing more of it
  /// is wanted.
  bool next(bytes_view& input, std::string& body) {
    const auto size = (std::min)(left_, input.size());
    body.append(as_text(input.first(size)));
    input = input.subspan(size);
    left_ -= size;
    return left_ == 0;
  }

 private:
  static std::size_t decode(std::string_view length) noexcept {
    std::size_t value = 0;
    const auto end = length.data() + length.size();
    const auto [stop, error] = std::from_chars(length.data(), end, value);
    return error == std::errc{} && stop == end ? value : max_body_size;
  }

  std::size_t left_;
};

}  // namespace hawser
