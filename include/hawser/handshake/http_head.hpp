// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// How much of a head is taken before it is refused.
struct head_limits {
  std::size_t size = 16 * 1024;   ///< Octets, the empty line included
  std::size_t fields = 100;       ///< Header lines
  std::size_t target = 8 * 1024;  ///< Octets of a request's target
};

/// Reads the head of one HTTP/1 message, however it is cut: RFC 9112 §2 to §5. Each octet is looked
/// at once. Lines end in CRLF and nothing else; a line that is folded, has white space before its
/// colon or holds a control character is refused.
class http_head {
 public:
  enum class kind : std::uint8_t { request, response };
  enum class status : std::uint8_t { need_more, done, failed };

  explicit http_head(kind of, head_limits limits = {}) noexcept
      : limits_{limits}, kind_{of}, state_{of == kind::request ? state::start : state::first} {}

  /// Takes the head's octets off the front of `input`, and none beyond its empty line. After
  /// `failed`, which comes as soon as the head cannot become good, error() says why.
  status next(bytes_view& input) {
    while (state_ != state::done && error_ == errc{} && !input.empty()) {
      if (size_ == limits_.size) {
        fail(errc::head_too_large);
        break;
      }
      const auto taken = take(as_text(input).substr(0, limits_.size - size_));
      size_ += taken;
      input = input.subspan(taken);
    }
    if (error_ != errc{}) return status::failed;
    return state_ == state::done ? status::done : status::need_more;
  }

  errc error() const noexcept { return error_; }

  /// How many octets were taken.
  std::size_t size() const noexcept { return size_; }

  /// The parts of a request's first line, once done. Views last until this object is moved.
  std::string_view method() const noexcept { return word(0); }
  std::string_view target() const noexcept { return word(1); }

  /// The parts of a response's first line, once done.
  unsigned status_code() const noexcept {
    unsigned code = 0;
    for (const char digit : word(1)) code = code * 10 + static_cast<unsigned>(digit - '0');
    return code;
  }
  std::string_view reason() const noexcept { return word(2); }

  /// Whether the message is HTTP/1.1, or a later 1.x that means the same: RFC 9110 §2.5.
  bool is_http_1_1() const noexcept {
    const auto version = word(kind_ == kind::request ? 2 : 0);
    return version[5] == '1' && version[7] != '0';
  }

  const header_fields& fields() const noexcept { return fields_; }

  /// Leaves this object without fields.
  header_fields take_fields() noexcept { return std::move(fields_); }

 private:
  // The words are those of the first line, three in both kinds; `…_end` waits for the LF.
  enum class state : std::uint8_t {
    start,
    empty_line_end,
    first,
    second,
    third,
    first_line_end,
    line,
    name,
    value,
    line_end,
    head_end,
    done,
  };

  /// Takes octets that belong together and returns how many; none if only the state changes.
  std::size_t take(std::string_view text) {
    switch (state_) {
      case state::start: return take_empty_line(text);
      case state::empty_line_end: return take_lf(text, state::first, errc::bad_start_line);
      case state::first:
        return take_word(text, kind_ == kind::request ? is_token_char : is_visible, ' ');
      case state::second: return take_word(text, is_visible, ' ');
      case state::third:
        return take_word(text, kind_ == kind::request ? is_visible : is_field_value_char, '\r');
      case state::first_line_end: return take_lf(text, state::line, errc::bad_start_line);
      case state::line: return start_line(text);
      case state::name: return take_name(text);
      case state::value:
        return take_run(text, is_field_value_char, '\r', line_, errc::bad_header_field);
      case state::line_end: return finish_line(text);
      case state::head_end:
      case state::done: break;  // This is not called then.
    }
    return take_lf(text, state::done, errc::bad_header_field);
  }

  static bool is_visible(char c) noexcept { return c > ' ' && c < '\x7F'; }

  std::size_t fail(errc error) noexcept {
    error_ = error;
    return 0;
  }

  void go_on() noexcept { state_ = static_cast<state>(static_cast<std::uint8_t>(state_) + 1); }

  /// Adds allowed characters to `out`; then `end`, which is none of them, leads to the next state.
  std::size_t take_run(std::string_view text, bool (*allowed)(char) noexcept, char end,
                       std::string& out, errc error) {
    const auto stop = std::find_if_not(text.begin(), text.end(), allowed);
    const auto size = static_cast<std::size_t>(stop - text.begin());
    out.append(text.substr(0, size));
    if (stop == text.end()) return size;
    if (*stop != end) {
      fail(error);
      return size;
    }
    go_on();
    return size + 1;
  }

  std::size_t take_lf(std::string_view text, state next, errc error) {
    if (text.front() != '\n') return fail(error);
    state_ = next;
    return 1;
  }

  /// One empty line before a request means nothing: RFC 9112 §2.2.
  std::size_t take_empty_line(std::string_view text) {
    const bool empty = text.front() == '\r';
    state_ = empty ? state::empty_line_end : state::first;
    return empty ? 1 : 0;
  }

  std::size_t take_word(std::string_view text, bool (*allowed)(char) noexcept, char end) {
    const auto index = static_cast<std::size_t>(state_) - static_cast<std::size_t>(state::first);
    const auto before = state_;
    const auto taken = take_run(text, allowed, end, words_, errc::bad_start_line);
    word_end_[index] = words_.size();
    if (index == 1 && kind_ == kind::request && word(1).size() > limits_.target) {
      error_ = errc::target_too_long;
    } else if (state_ != before && !is_good_word(index)) {
      fail(errc::bad_start_line);
    }
    return taken;
  }

  bool is_good_word(std::size_t index) const noexcept {
    const auto text = word(index);
    const bool request = kind_ == kind::request;
    if (index == (request ? 2 : 0)) {
      return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
             is_digit(text[7]);
    }
    if (request) return !text.empty();
    return index == 2 || (text.size() == 3 && std::all_of(text.begin(), text.end(), is_digit));
  }

  std::size_t start_line(std::string_view text) {
    if (text.front() == '\r') {
      state_ = state::head_end;
      return 1;
    }
    if (field_count_++ == limits_.fields) return fail(errc::too_many_fields);
    line_.clear();
    go_on();
    return 0;
  }

  std::size_t take_name(std::string_view text) {
    const auto taken = take_run(text, is_token_char, ':', line_, errc::bad_header_field);
    name_size_ = line_.size();
    return taken;
  }

  std::size_t finish_line(std::string_view text) {
    const std::string_view line{line_};
    const auto taken = take_lf(text, state::line, errc::bad_header_field);
    if (taken != 0 && !fields_.add(line.substr(0, name_size_), line.substr(name_size_))) {
      fail(errc::bad_header_field);
    }
    return taken;
  }

  std::string_view word(std::size_t index) const noexcept {
    const auto start = index == 0 ? 0 : word_end_[index - 1];
    return std::string_view{words_}.substr(start, word_end_[index] - start);
  }

  head_limits limits_;
  std::string words_;
  std::array<std::size_t, 3> word_end_{};
  std::string line_;
  std::size_t name_size_ = 0;
  header_fields fields_;
  std::size_t field_count_ = 0;  // fields_ would count its own anew for each line
  std::size_t size_ = 0;
  errc error_{};
  kind kind_;
  state state_;
};

}  // namespace hawser
