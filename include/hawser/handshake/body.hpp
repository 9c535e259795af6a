// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/base/bytes.hpp"
#include "hawser/base/hex.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// The largest part of a refusal's body that a client keeps, in bytes.
inline constexpr std::size_t max_body_size = 64 * 1024;

/// Reads the body of a response up to max_body_size bytes: chunked, by its length, or until the
/// stream ends (RFC 9112 §6.3). A malformed body ends at the malformed byte.
class body_reader {
 public:
  /// For a response without a body.
  body_reader() noexcept : state_{state::done} {}

  /// For the body of a response with this status and these header fields.
  body_reader(unsigned status, const header_fields& headers) noexcept {
    chunked_ = has_token(headers, "Transfer-Encoding", "chunked");
    if (chunked_) {
      state_ = state::size;
    } else {
      left_ = headers.find("Transfer-Encoding") ? max_body_size : decode_length(headers);
    }
    if (!has_body(status) || (!chunked_ && left_ == 0)) state_ = state::done;
  }

  /// Moves bytes of the body from `input` to the end of `body`. Returns true when the body is
  /// complete or has reached max_body_size.
  bool next(bytes_view& input, std::string& body) {
    while (!input.empty() && state_ != state::done) {
      const auto text = as_text(input);
      const auto taken = state_ == state::data ? take_data(text, body) : take_framing(text.front());
      input = input.subspan(taken);
    }
    return state_ == state::done;
  }

 private:
  // For chunks: the digits of the size, the rest of that line, the data, and the line end after the data.
  enum class state : std::uint8_t { size, size_line_end, data, data_line_end, done };

  static std::size_t decode_length(const header_fields& headers) noexcept {
    const auto digits = headers.find_only("Content-Length").value_or("");
    const auto end = digits.data() + digits.size();
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(digits.data(), end, length);
    return error == std::errc{} && stop == end ? length : max_body_size;
  }

  std::size_t take_data(std::string_view text, std::string& body) {
    const auto size = (std::min)({left_, limit_, text.size()});
    body.append(text.substr(0, size));
    left_ -= size;
    limit_ -= size;
    if (left_ == 0) state_ = chunked_ ? state::data_line_end : state::done;
    if (limit_ == 0) state_ = state::done;
    return size;
  }

  std::size_t take_framing(char c) noexcept {
    if (state_ == state::data_line_end) {
      if (c == '\n') state_ = state::size;
      return 1;
    }
    if (state_ == state::size && add_digit(c)) return 1;
    state_ = state::size_line_end;
    if (c == '\n') state_ = left_ == 0 ? state::done : state::data;
    return 1;
  }

  bool add_digit(char c) noexcept {
    const auto digit = detail::decode_hex_digit(c);
    if (!digit) return false;
    // All sizes above the limit have the same effect.
    left_ = (std::min)(left_ * 16 + *digit, max_body_size);
    return true;
  }

  std::size_t left_ = 0;  // of the body, or of a chunk
  std::size_t limit_ = max_body_size;
  bool chunked_ = false;
  state state_ = state::data;
};

}  // namespace hawser
