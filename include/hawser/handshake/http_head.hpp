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
#include "hawser/base/limit.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// Limits of the head of an HTTP message. Zero in a field: no limit.
struct head_limits {
  std::size_t size = 16 * 1024;   ///< Bytes, including the empty line
  std::size_t fields = 100;       ///< Header fields
  std::size_t target = 8 * 1024;  ///< Bytes of a request's target
};

/// The minor versions of HTTP/1: RFC 9110 §2.5. A later 1.x is treated as 1.1.
enum class http_version : std::uint8_t { http_1_0, http_1_1 };

/// Parses the head of one HTTP/1 message, which may arrive in pieces: RFC 9112 §2 to §5. Fails at the
/// first byte that makes the head invalid. Strict: lines must end in CRLF, and a field with white space
/// before its colon or with a control character is refused. A folded field is refused in a request; in
/// a response, a fold is replaced by one space (§5.2). A status line may end after the status code.
class http_head {
 public:
  enum class kind : std::uint8_t { request, response };
  enum class status : std::uint8_t { need_more, done, failed };

  /// `before` is the number of bytes that earlier heads had; they count for the size limit and in size().
  explicit http_head(kind of, head_limits limits = {}, std::size_t before = 0) noexcept
      : limits_{limit_of(limits.size), limit_of(limits.fields), limit_of(limits.target)},
        size_{before},
        kind_{of},
        state_{of == kind::request ? state::start : state::first} {}

  /// Takes bytes of the head from the front of `input`, and none after its empty line. After
  /// `failed`, error() is the reason.
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

  /// Begins a new head, with the same limits.
  void restart() noexcept { *this = http_head{kind_, limits_}; }

  errc error() const noexcept { return error_; }

  /// The number of bytes taken.
  std::size_t size() const noexcept { return size_; }

  /// The parts of a request's first line, after `done`. The views are valid until this object is moved.
  std::string_view method() const noexcept { return word(0); }
  std::string_view target() const noexcept { return word(1); }

  /// The parts of a response's first line, after `done`.
  unsigned status_code() const noexcept {
    unsigned code = 0;
    for (const char digit : word(1)) code = code * 10 + static_cast<unsigned>(digit - '0');
    return code;
  }
  std::string_view reason() const noexcept { return std::string_view{words_}.substr(word_end_[1]); }

  /// Whether the message is HTTP/1.1, or a later 1.x, which is treated the same: RFC 9110 §2.5.
  bool is_http_1_1() const noexcept { return is_http_1() && version()[7] != '0'; }

  /// Whether the major version is 1, after `done`: RFC 9110 §2.5.
  bool is_http_1() const noexcept { return version()[5] == '1'; }

  const header_fields& fields() const noexcept { return fields_; }

  /// Moves the fields out and leaves none.
  header_fields take_fields() noexcept { return std::move(fields_); }

 private:
  // Three states for the three words of the first line, in both kinds. `…_end` expects the LF.
  // `line` is before a header field, `fold` inside the white space that continues one.
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
    fold,
    head_end,
    done,
  };

  /// Takes bytes that belong together and returns their number; 0 if only the state changes.
  std::size_t take(std::string_view text) {
    switch (state_) {
      case state::start: return take_empty_line(text);
      case state::empty_line_end: return take_lf(text, state::first, errc::bad_start_line);
      case state::first:
        return is_request() ? take_word(text, is_token_char) : take_version(text.front(), ' ');
      case state::second:
        return is_request() ? take_word(text, is_visible) : take_status(text.front());
      case state::third:
        if (is_request()) return take_version(text.front(), '\r');
        return take_run(text, is_field_value_char, '\r', words_, errc::bad_start_line);
      case state::first_line_end: return take_lf(text, state::line, errc::bad_start_line);
      case state::line: return start_line(text);
      case state::name: return take_name(text);
      case state::value:
        return take_run(text, is_field_value_char, '\r', line_, errc::bad_header_field);
      case state::line_end: return take_lf(text, state::line, errc::bad_header_field);
      case state::fold: return take_fold(text);
      case state::head_end:
      case state::done: break;  // Not reached.
    }
    return take_lf(text, state::done, errc::bad_header_field);
  }

  bool is_request() const noexcept { return kind_ == kind::request; }

  static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
  static bool is_visible(char c) noexcept { return c > ' ' && c < '\x7F'; }

  std::size_t fail(errc error) noexcept {
    error_ = error;
    return 0;
  }

  void go_on() noexcept { state_ = static_cast<state>(static_cast<std::uint8_t>(state_) + 1); }

  /// Appends allowed characters to `out`; then `end`, which is not allowed, leads to the next state.
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

  /// An empty line before a request is ignored: RFC 9112 §2.2.
  std::size_t take_empty_line(std::string_view text) {
    const bool empty = text.front() == '\r';
    state_ = empty ? state::empty_line_end : state::first;
    return empty ? 1 : 0;
  }

  /// Takes the method or the target; neither may be empty.
  std::size_t take_word(std::string_view text, bool (*allowed)(char) noexcept) {
    const auto before = state_;
    const bool empty = word_size() == 0;
    if (empty && text.front() == ' ') return fail(errc::bad_start_line);
    const auto taken = take_run(text, allowed, ' ', words_, errc::bad_start_line);
    end_word(before);
    if (before == state::second && word(1).size() > limits_.target) error_ = errc::target_too_long;
    return taken;
  }

  /// Takes a character of `HTTP/1.1`, with any digits, or the `end` after it: RFC 9112 §2.3.
  std::size_t take_version(char c, char end) {
    constexpr std::string_view pattern = "HTTP/0.0";
    const auto at = word_size();
    if (at == pattern.size()) return c == end ? leave_word() : fail(errc::bad_start_line);
    const bool fits = pattern[at] == '0' ? is_digit(c) : c == pattern[at];
    if (!fits) return fail(errc::bad_start_line);
    words_ += c;
    return 1;
  }

  /// Takes a digit of the status code, or the end after it. Servers often omit the space after the
  /// code together with the reason: RFC 9112 §4.
  std::size_t take_status(char c) {
    if (word_size() < 3) {
      if (!is_digit(c)) return fail(errc::bad_start_line);
      words_ += c;
      return 1;
    }
    if (c != ' ' && c != '\r') return fail(errc::bad_start_line);
    leave_word();
    return c == ' ' ? 1 : leave_word();
  }

  static std::size_t index_of(state word) noexcept {
    return static_cast<std::size_t>(word) - static_cast<std::size_t>(state::first);
  }

  /// The size of the word that is being read.
  std::size_t word_size() const noexcept {
    const auto index = index_of(state_);
    return words_.size() - (index == 0 ? 0 : word_end_[index - 1]);
  }

  void end_word(state word) noexcept { word_end_[index_of(word)] = words_.size(); }

  std::size_t leave_word() noexcept {
    end_word(state_);
    go_on();
    return 1;
  }

  std::size_t start_line(std::string_view text) {
    if (is_blank(text.front()) && !is_request() && field_count_ != 0) {
      state_ = state::fold;
      return 0;
    }
    add_line();
    if (text.front() == '\r') {
      state_ = state::head_end;
      return 1;
    }
    if (field_count_++ == limits_.fields) return fail(errc::too_many_fields);
    go_on();
    return 0;
  }

  std::size_t take_name(std::string_view text) {
    if (line_.empty() && text.front() == ':') return fail(errc::bad_header_field);
    const auto taken = take_run(text, is_token_char, ':', line_, errc::bad_header_field);
    name_size_ = line_.size();
    return taken;
  }

  /// Takes white space at the start of a line. Together with white space at the end of the previous
  /// line it becomes one space.
  std::size_t take_fold(std::string_view text) {
    const auto size = (std::min)(text.find_first_not_of(" \t"), text.size());
    if (size == text.size()) return size;
    while (line_.size() > name_size_ && is_blank(line_.back())) line_.pop_back();
    line_ += ' ';
    state_ = state::value;
    return size;
  }

  /// Called when the next line begins, because only then the field is known to be complete.
  void add_line() {
    const std::string_view line{line_};
    if (!line.empty()) fields_.add(line.substr(0, name_size_), line.substr(name_size_));
    line_.clear();
  }

  std::string_view version() const noexcept { return word(kind_ == kind::request ? 2 : 0); }

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
  std::size_t field_count_ = 0;  // fields_.size() would count all lines each time
  std::size_t size_;
  errc error_{};
  kind kind_;
  state state_;
};

}  // namespace hawser
