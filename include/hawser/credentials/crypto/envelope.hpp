// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/credentials/crypto/text.hpp"
#include "hawser/credentials/errc.hpp"
#include "hawser/handshake/http_date.hpp"
#include "hawser/json/json.hpp"

namespace hawser::credentials::detail {

using system_time = std::chrono::system_clock::time_point;

/// Parses a time as Rails writes it, `2030-01-31T23:59:59.000Z`: RFC 3339, in UTC.
inline std::optional<system_time> decode_time(std::string_view text) noexcept {
  const auto to_seconds = text.substr(0, std::string_view{"2030-01-31T23:59:59"}.size());
  hawser::detail::date_reader reader{to_seconds};
  const auto next = [&](std::string_view before, std::size_t digits) {
    reader.take(before);
    return reader.take_number(digits);
  };
  const int year = next("", 4);
  const int month = next("-", 2);
  const int day = next("-", 2);
  const int hour = next("T", 2);
  const int minute = next(":", 2);
  const int second = next(":", 2);
  if (!reader.finished()) return std::nullopt;
  text.remove_prefix(to_seconds.size());
  std::chrono::milliseconds fraction{0};
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    for (int weight = 100; !text.empty() && is_digit(text.front()); weight /= 10) {
      fraction += std::chrono::milliseconds{weight * (text.front() - '0')};
      text.remove_prefix(1);
    }
  }
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (text != "Z" || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto since = chrono::sys_days{date}.time_since_epoch() + chrono::hours{hour} +
                     chrono::minutes{minute} + chrono::seconds{second};
  // The clock counts nanoseconds, which some years exceed.
  if (since >= chrono::duration_cast<chrono::seconds>((system_time::max)().time_since_epoch())) {
    return (system_time::max)();
  }
  if (since <= chrono::duration_cast<chrono::seconds>((system_time::min)().time_since_epoch())) {
    return (system_time::min)();
  }
  return system_time{since + fraction};
}

/// The time as Rails writes it.
inline std::string encode_time(system_time when) {
  namespace chrono = std::chrono;
  const auto day = chrono::floor<chrono::days>(when);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss time{chrono::floor<chrono::milliseconds>(when - day)};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

/// The value of a serialised text: JSON only, because to read Ruby's Marshal is to let the text choose objects.
inline std::error_code read_value(std::string_view text, std::size_t max_size, json& value) {
  if (text.starts_with("\x04\x08")) return errc::marshal_refused;
  auto parsed = parse_json(text, {.max_bytes = max_size, .max_depth = 100});
  if (!parsed) return errc::malformed;
  value = std::move(*parsed);
  return {};
}

/// What Rails wraps around a serialised value: its purpose and its expiry. The order of the members is that of
/// Rails, which compares the beginning of the text.
inline std::string wrap(const json& value, std::string_view purpose,
                        std::optional<system_time> expires) {
  std::string text = R"({"_rails":{"message":")";
  text += base64_encode(as_bytes(to_text(value)));
  text += R"(","exp":)";
  text += expires ? '"' + encode_time(*expires) + '"' : "null";
  return text.append(R"(,"pur":)").append(to_text(json(purpose))).append("}}");
}

inline std::error_code check_expiry(const json& envelope, system_time now) {
  const auto expiry = envelope.find("exp");
  if (expiry == envelope.end() || expiry->is_null()) return {};
  const auto* const text = expiry->get_ptr<const std::string*>();
  const auto when = text != nullptr ? decode_time(*text) : std::nullopt;
  if (!when) return errc::bad_claim;
  return now >= *when ? errc::expired : std::error_code{};
}

/// The value in the text that wrap() made, or that Rails made for this purpose.
inline std::error_code unwrap(std::string_view text, std::string_view purpose, std::size_t max_size,
                              system_time now, json& value) {
  json outer;
  if (const auto ec = read_value(text, max_size, outer)) return ec;
  const auto envelope = outer.is_object() ? outer.find("_rails") : outer.end();
  if (!outer.is_object() || envelope == outer.end()) return errc::wrong_purpose;
  if (!envelope->is_object()) return errc::malformed;
  const auto found = envelope->find("pur");
  if (found == envelope->end() || !is_text(*found, purpose)) return errc::wrong_purpose;
  if (const auto ec = check_expiry(*envelope, now)) return ec;
  // Since Rails 7.1 the value may stand in the envelope itself.
  if (const auto data = envelope->find("data"); data != envelope->end()) {
    value = std::move(*data);
    return {};
  }
  const auto message = envelope->find("message");
  if (message == envelope->end() || !message->is_string()) return errc::malformed;
  const auto inner = from_base64(message->get_ref<const std::string&>());
  return inner ? read_value(*inner, max_size, value) : errc::malformed;
}

}  // namespace hawser::credentials::detail
