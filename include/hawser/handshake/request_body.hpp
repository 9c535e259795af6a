// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/hex.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"

namespace hawser {

/// How the body of a request is delimited.
struct body_framing {
  std::uint64_t length = 0;  ///< Used unless it is chunked
  bool chunked = false;
  errc error{};  ///< If set, the request must be refused and the connection closed

  bool is_empty() const noexcept { return !chunked && length == 0; }
};

/// Determines the body of a request from its head: RFC 9112 §6.3. Ambiguous heads are an error, so
/// that no request can be smuggled past a proxy (RFC 9112 §11.2): Transfer-Encoding with
/// Content-Length or in HTTP/1.0, repeated lengths, and codings other than `chunked`.
inline body_framing request_framing(const header_fields& headers, http_version http) {
  const auto lengths = headers.values("Content-Length");
  const auto codings = headers.values("Transfer-Encoding");
  if (codings.empty()) {
    if (lengths.empty()) return {};
    const auto digits = lengths.front();
    const bool good = lengths.size() == 1 && !digits.empty() &&
                      std::all_of(digits.begin(), digits.end(), is_digit);
    if (!good) return {.error = errc::bad_body};
    body_framing framing;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), framing.length);
    if (read.ec != std::errc{}) framing.length = (std::numeric_limits<std::uint64_t>::max)();
    return framing;
  }
  if (!lengths.empty() || http == http_version::http_1_0) return {.error = errc::bad_body};
  if (codings.size() == 1 && iequals(codings.front(), "chunked")) return {.chunked = true};

  std::size_t others = 0;
  std::size_t chunked = 0;
  std::string_view last;
  for_each_element(headers, "Transfer-Encoding", [&](std::string_view coding) {
    ++(iequals(coding, "chunked") ? chunked : others);
    last = coding;
  });
  const bool understood = others != 0 && chunked == 1 && iequals(last, "chunked");
  return {.error = understood ? errc::unknown_coding : errc::bad_body};
}

/// Reads the body of one request, which may arrive in pieces: RFC 9112 §6.2 and §7.1. Lines must
/// end in CRLF. Chunk extensions and trailers are checked, bounded, and dropped.
class request_body_reader {
 public:
  enum class status : std::uint8_t { need_more, done, failed };

  /// For a body of at most `limit` bytes. `framing` must have no error.
  request_body_reader(const body_framing& framing, std::size_t limit) noexcept
      : left_{framing.length}, limit_{limit}, chunked_{framing.chunked} {
    state_ = chunked_ ? state::size : left_ == 0 ? state::done : state::data;
    if (left_ > limit_) fail(errc::body_too_large);
  }

  /// Moves bytes of the body from the front of `input` to the end of `body`, and none after its
  /// end. After `failed`, error() is the reason.
  status next(bytes_view& input, std::string& body) {
    while (!input.empty() && state_ != state::done && error_ == errc{}) {
      const auto text = as_text(input);
      std::size_t taken = 1;
      if (state_ == state::data) {
        taken = take_data(text, body);
      } else {
        take_framing(text.front());
      }
      input = input.subspan(taken);
    }
    if (error_ != errc{}) return status::failed;
    return state_ == state::done ? status::done : status::need_more;
  }

  errc error() const noexcept { return error_; }

 private:
  // The line with a chunk's size, its data, and the line end after the data; after the last chunk
  // the lines of the trailers, up to an empty one.
  enum class state : std::uint8_t {
    size,
    white_space,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done,
  };

  // The limits: bytes of extensions and trailers together, and digits of a size.
  static constexpr std::size_t most_extra = 4096;
  static constexpr unsigned most_digits = 16;

  void fail(errc error) noexcept { error_ = error; }

  std::size_t take_data(std::string_view text, std::string& body) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, text.size()));
    body.append(text.substr(0, size));
    left_ -= size;
    limit_ -= size;
    if (left_ == 0) state_ = chunked_ ? state::data_cr : state::done;
    return size;
  }

  void take_framing(char c) {
    switch (state_) {
      case state::size: return take_digit(c);
      case state::white_space: return take_extra(c, is_whitespace, ';', state::extension);
      case state::extension: return take_extra(c, is_field_value_char, '\r', state::size_lf);
      case state::size_lf: return c == '\n' ? begin_chunk() : fail(errc::bad_body);
      case state::data_cr: return take_only(c, '\r', state::data_lf);
      case state::data_lf: return take_only(c, '\n', state::size);
      case state::trailer:
        state_ = c == '\r' ? state::last_lf : state::trailer_name;
        if (c != '\r') take_extra(c, is_token_char, '\0', state::done);
        return;
      case state::trailer_name: return take_extra(c, is_token_char, ':', state::trailer_value);
      case state::trailer_value: return take_extra(c, is_field_value_char, '\r', state::trailer_lf);
      case state::trailer_lf: return take_only(c, '\n', state::trailer);
      case state::last_lf: return take_only(c, '\n', state::done);
      case state::data:
      case state::done: break;  // Not reached.
    }
  }

  void take_only(char c, char wanted, state next) noexcept {
    if (c != wanted) return fail(errc::bad_body);
    state_ = next;
  }

  /// Takes one more allowed character, or `end`, which is not allowed itself.
  void take_extra(char c, bool (*allowed)(char) noexcept, char end, state next) noexcept {
    if (++extra_ > most_extra) return fail(errc::body_too_large);
    if (!allowed(c)) take_only(c, end, next);
  }

  void take_digit(char c) noexcept {
    const auto digit = detail::decode_hex_digit(c);
    if (digit && digits_ < most_digits) {
      left_ = left_ << 4 | *digit;
      ++digits_;
      return;
    }
    if (digits_ == 0) return fail(errc::bad_body);
    if (c == ';') return void(state_ = state::extension);
    if (is_whitespace(c)) return void(state_ = state::white_space);
    take_only(c, '\r', state::size_lf);
  }

  void begin_chunk() noexcept {
    digits_ = 0;
    state_ = left_ == 0 ? state::trailer : state::data;
    if (left_ > limit_) fail(errc::body_too_large);
  }

  std::uint64_t left_;  // of the body, or of a chunk
  std::size_t limit_;
  std::size_t extra_ = 0;
  unsigned digits_ = 0;
  bool chunked_;
  state state_;
  errc error_{};
};

}  // namespace hawser
