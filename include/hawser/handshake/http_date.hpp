// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"

namespace hawser {

namespace detail {

inline constexpr std::array<std::string_view, 7> day_names{
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

inline constexpr std::array<std::string_view, 12> month_names{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads the parts of a date in the order of the calls. After the first part that does not match,
/// nothing is read.
class date_reader {
 public:
  constexpr explicit date_reader(std::string_view text) noexcept : rest_{text} {}

  /// Whether the whole text has been read and all parts have matched.
  constexpr bool finished() const noexcept { return good_ && rest_.empty(); }

  constexpr void take(std::string_view text) noexcept {
    good_ = good_ && rest_.starts_with(text);
    if (good_) rest_.remove_prefix(text.size());
  }

  constexpr int take_number(std::size_t digits) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      good_ = good_ && i < rest_.size() && is_digit(rest_[i]);
      if (good_) value = value * 10 + (rest_[i] - '0');
    }
    if (good_) rest_.remove_prefix(digits);
    return value;
  }

  /// The number of the name that comes next, from 1. Compares only the first `size` characters.
  constexpr unsigned take_name(std::span<const std::string_view> names,
                               std::size_t size = std::string_view::npos) noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto name = names[i].substr(0, size);
      if (!good_ || !rest_.starts_with(name)) continue;
      rest_.remove_prefix(name.size());
      return static_cast<unsigned>(i + 1);
    }
    good_ = false;
    return 0;
  }

  constexpr void take_time() noexcept {
    const auto hour = take_number(2);
    take(":");
    const auto minute = take_number(2);
    take(":");
    const auto second = take_number(2);
    // A minute may have a leap second.
    good_ = good_ && hour < 24 && minute < 60 && second <= 60;
    time_ = std::chrono::seconds{(hour * 60 + minute) * 60 + second};
  }

  /// The point in time, if all parts are valid.
  constexpr std::optional<std::chrono::sys_seconds> finish(int year, unsigned month,
                                                           int day) const noexcept {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!finished() || !date.ok()) return std::nullopt;
    return std::chrono::sys_days{date} + time_;
  }

 private:
  std::string_view rest_;
  std::chrono::seconds time_{};
  bool good_ = true;
};

/// `Sun, 06 Nov 1994 08:49:37 GMT`
constexpr std::optional<std::chrono::sys_seconds> decode_fixed_date(
    std::string_view text) noexcept {
  date_reader reader{text};
  reader.take_name(day_names, 3);
  reader.take(", ");
  const auto day = reader.take_number(2);
  reader.take(" ");
  const auto month = reader.take_name(month_names);
  reader.take(" ");
  const auto year = reader.take_number(4);
  reader.take(" ");
  reader.take_time();
  reader.take(" GMT");
  return reader.finish(year, month, day);
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
constexpr std::optional<std::chrono::sys_seconds> decode_rfc850_date(
    std::string_view text, std::chrono::sys_seconds now) noexcept {
  date_reader reader{text};
  reader.take_name(day_names);
  reader.take(", ");
  const auto day = reader.take_number(2);
  reader.take("-");
  const auto month = reader.take_name(month_names);
  reader.take("-");
  auto year = reader.take_number(2);
  reader.take(" ");
  reader.take_time();
  reader.take(" GMT");
  // The latest year with these digits that is at most 50 years in the future: RFC 9110 §5.6.7.
  const auto today = std::chrono::floor<std::chrono::days>(now);
  const auto latest = static_cast<int>(std::chrono::year_month_day{today}.year()) + 50;
  year += latest / 100 * 100;
  if (year > latest) year -= 100;
  return reader.finish(year, month, day);
}

/// `Sun Nov  6 08:49:37 1994`
constexpr std::optional<std::chrono::sys_seconds> decode_asctime_date(
    std::string_view text) noexcept {
  date_reader reader{text};
  reader.take_name(day_names, 3);
  reader.take(" ");
  const auto month = reader.take_name(month_names);
  reader.take(" ");
  const bool one_digit = text.size() > 8 && text[8] == ' ';
  if (one_digit) reader.take(" ");
  const auto day = reader.take_number(one_digit ? 1 : 2);
  reader.take(" ");
  reader.take_time();
  reader.take(" ");
  const auto year = reader.take_number(4);
  return reader.finish(year, month, day);
}

}  // namespace detail

/// Parses a date in a field value: the form that senders must use, or one of its two obsolete
/// forms. Returns nothing if it is malformed: RFC 9110 §5.6.7. `now` determines the century of a
/// two-digit year. The name of the day is not compared with the date.
constexpr std::optional<std::chrono::sys_seconds> decode_http_date(
    std::string_view text, std::chrono::sys_seconds now) noexcept {
  if (const auto date = detail::decode_fixed_date(text)) return date;
  if (const auto date = detail::decode_rfc850_date(text, now)) return date;
  return detail::decode_asctime_date(text);
}

/// Formats a point in time of the years 0 to 9999 as a sender must: `Sun, 06 Nov 1994 08:49:37 GMT`.
inline std::string encode_http_date(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const auto number = [](auto value, std::size_t digits) {
    const auto text = std::to_string(value);
    return std::string(digits - (std::min)(digits, text.size()), '0') + text;
  };
  const auto weekday = std::chrono::weekday{day}.iso_encoding() - 1;
  std::string text{detail::day_names[weekday].substr(0, 3)};
  text.append(", ").append(number(static_cast<unsigned>(date.day()), 2)).append(" ");
  text.append(detail::month_names[static_cast<unsigned>(date.month()) - 1]).append(" ");
  text.append(number(static_cast<int>(date.year()), 4)).append(" ");
  text.append(number(clock.hours().count(), 2)).append(":");
  text.append(number(clock.minutes().count(), 2)).append(":");
  return text.append(number(clock.seconds().count(), 2)).append(" GMT");
}

}  // namespace hawser
