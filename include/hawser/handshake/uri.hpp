// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/base64.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/percent.hpp"

namespace hawser {

/// A host and an optional port, as in a URI or a Host field: RFC 3986 §3.2. Views of the parsed text.
struct authority {
  std::string_view host;  ///< Without the brackets of an IPv6 address
  bool brackets = false;
  std::optional<std::uint16_t> port = {};
};

namespace detail {

inline bool is_host_char(char c) noexcept {
  return is_letter(c) || is_digit(c) ||
         std::string_view{"-._~!$&'()*+,;=%"}.find(c) != std::string_view::npos;
}

inline bool is_ipv6_char(char c) noexcept {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f') || c == ':' || c == '.';
}

inline std::optional<std::uint16_t> decode_port(std::string_view digits) noexcept {
  std::uint16_t port = 0;
  const auto end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, port);
  if (error != std::errc{} || stop != end || port == 0) return std::nullopt;
  return port;
}

/// The percent-decoded host of an authority, or nothing if it is not valid: RFC 3986 §3.2.2.
inline std::optional<std::string> decode_host(const authority& parts) {
  if (parts.brackets) return std::string{parts.host};
  auto host = percent_decode(parts.host);
  const auto allowed = [](char c) { return c != '%' && is_host_char(c); };
  if (!host || !std::all_of(host->begin(), host->end(), allowed)) return std::nullopt;
  return host;
}

/// Whether the text is a valid, percent-encoded zone of an IPv6 address: RFC 6874 §2.
inline bool is_zone(std::string_view text) {
  const auto unreserved = [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view{"-._~%"}.find(c) != std::string_view::npos;
  };
  const auto zone = percent_decode(text);
  return zone && !text.empty() && std::all_of(text.begin(), text.end(), unreserved) &&
         std::all_of(zone->begin(), zone->end(),
                     [](char c) { return c > ' ' && c < '\x7F' && c != '%'; });
}

}  // namespace detail

/// Parses an authority without user information. If it is malformed, returns nothing and sets `why`
/// to bad_uri_host or bad_uri_port.
inline std::optional<authority> decode_authority(std::string_view text, errc& why) noexcept {
  why = errc::bad_uri_host;
  authority result;
  result.brackets = text.starts_with('[');
  const auto end = result.brackets ? text.find(']') : (std::min)(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  result.host = result.brackets ? text.substr(1, end - 1) : text.substr(0, end);
  text.remove_prefix(result.brackets ? end + 1 : end);

  const auto allowed = result.brackets ? detail::is_ipv6_char : detail::is_host_char;
  if (result.host.empty() || !std::all_of(result.host.begin(), result.host.end(), allowed) ||
      (result.brackets && result.host.find(':') == std::string_view::npos)) {
    return std::nullopt;
  }
  if (!text.empty() && text.front() != ':') return std::nullopt;
  why = errc::bad_uri_port;
  if (text.size() > 1) {
    result.port = detail::decode_port(text.substr(1));
    if (!result.port) return std::nullopt;
  }
  why = errc{};
  return result;
}

/// Parses an authority without user information; returns nothing if malformed.
inline std::optional<authority> decode_authority(std::string_view text) noexcept {
  errc ignored{};
  return decode_authority(text, ignored);
}

/// A `ws:` or `wss:` URI: RFC 6455 §3.
class uri {
 public:
  /// Whether `user:password@` is allowed before the host.
  enum class user_info : std::uint8_t { refuse, allow };

  /// Parses a URI. If it is not valid, returns nothing and sets `ec` to what is wrong with it, which
  /// compares equal to condition::bad_uri; otherwise clears `ec`. See without_secrets() for a text of
  /// the URI to go with it.
  [[nodiscard]] static std::optional<uri> decode(std::string_view text, std::error_code& ec,
                                                 user_info rule = user_info::refuse) {
    uri result;
    const auto why = result.take(text, rule);
    ec = why == errc{} ? std::error_code{} : why;
    if (ec) return std::nullopt;
    return result;
  }

  /// Parses a URI. Returns nothing if it is not valid.
  [[nodiscard]] static std::optional<uri> decode(std::string_view text,
                                                 user_info rule = user_info::refuse) {
    uri result;
    if (result.take(text, rule) != errc{}) return std::nullopt;
    return result;
  }

  /// Whether the scheme is `wss`.
  bool secure() const noexcept { return secure_; }
  std::string_view scheme() const noexcept { return secure_ ? "wss" : "ws"; }

  /// The host, percent-decoded, without the brackets and the zone of an IPv6 address. Certificates
  /// are verified against it.
  const std::string& host() const noexcept { return host_; }

  /// The decoded zone of an IPv6 address, or empty: `eth0` in `ws://[fe80::1%25eth0]/`. Valid only
  /// on this machine, and never sent: RFC 6874 §4.
  std::string zone() const { return percent_decode(zone_).value_or(zone_); }

  /// The name to resolve: the host, with its zone as in `fe80::1%eth0`.
  std::string node() const { return zone_.empty() ? host_ : host_ + '%' + zone(); }

  /// The port; without one in the URI, that of the scheme: 80 or 443.
  std::uint16_t port() const noexcept { return port_.value_or(default_port()); }

  /// Path and query for the request line, still percent-encoded: RFC 6455 §3.
  const std::string& target() const noexcept { return target_; }

  /// The value of the Host field: with brackets, without the scheme's default port.
  std::string host_field() const { return host_text({}) + port_text(); }

  /// Host and port as in a URI: host_field(), with the zone.
  std::string authority() const {
    return host_text(zone_.empty() ? "" : "%25" + zone_) + port_text();
  }

  /// This URI with another host, or with another port of it, as in a URI: `127.0.0.1:9001`. Without
  /// a port, that of this URI. Returns nothing if `place` is malformed.
  std::optional<uri> at(std::string_view place) const {
    uri result{*this};
    result.zone_.clear();
    if (result.take_authority(place, user_info::refuse) != errc{}) return std::nullopt;
    if (!result.port_) result.port_ = port();
    return result;
  }

  /// `user:password`, still percent-encoded, or empty.
  const std::string& user() const noexcept { return user_; }

  /// The value of an Authorization field for user(): RFC 7617 §2.
  std::string basic_credentials() const {
    return "Basic " + base64_encode(as_bytes(percent_decode(user_).value_or(user_)));
  }

 private:
  bool take_scheme(std::string_view& text) {
    const auto end = text.find("://");
    if (end == std::string_view::npos) return false;
    const auto name = text.substr(0, end);
    secure_ = iequals(name, "wss");
    text.remove_prefix(end + 3);
    return secure_ || iequals(name, "ws");
  }

  errc take(std::string_view text, user_info rule) {
    const auto visible = [](char c) { return c > ' ' && c < '\x7F'; };
    if (!take_scheme(text)) return errc::bad_uri_scheme;
    if (!std::all_of(text.begin(), text.end(), visible)) return errc::bad_uri_character;
    if (text.find('#') != std::string_view::npos) return errc::bad_uri_fragment;
    const auto end = (std::min)(text.find_first_of("/?"), text.size());
    const auto why = take_authority(text.substr(0, end), rule);
    if (why != errc{}) return why;
    text.remove_prefix(end);
    if (!text.starts_with('/')) target_ = "/";
    target_ += text;
    return {};
  }

  errc take_authority(std::string_view text, user_info rule) {
    const auto at = text.find('@');
    if (at != std::string_view::npos) {
      if (rule == user_info::refuse) return errc::user_info_refused;
      user_ = text.substr(0, at);
      if (!percent_decode(user_)) return errc::bad_uri_user_info;
      text.remove_prefix(at + 1);
    }
    std::string without_zone{text};
    if (!take_zone(without_zone)) return errc::bad_uri_host;
    errc why{};
    const auto parts = decode_authority(without_zone, why);
    if (!parts) return why;
    auto host = detail::decode_host(*parts);
    if (!host) return errc::bad_uri_host;
    host_ = std::move(*host);
    brackets_ = parts->brackets;
    port_ = parts->port;
    return {};
  }

  /// Removes the zone from `[fe80::1%25eth0]`. Returns false if it is malformed.
  bool take_zone(std::string& text) {
    const auto start = text.find("%25");
    const auto end = text.find(']');
    if (!text.starts_with('[') || end == std::string::npos || start >= end) return true;
    zone_ = text.substr(start + 3, end - start - 3);
    text.erase(start, end - start);
    return detail::is_zone(zone_);
  }

  std::string host_text(const std::string& zone) const {
    return brackets_ ? '[' + host_ + zone + ']' : host_;
  }

  std::string port_text() const {
    return port() == default_port() ? std::string{} : ':' + std::to_string(port());
  }

  std::uint16_t default_port() const noexcept { return secure_ ? 443 : 80; }

  std::string host_;
  std::string zone_;  // percent-encoded
  std::string target_;
  std::string user_;
  std::optional<std::uint16_t> port_;
  bool secure_ = false;
  bool brackets_ = false;
};

/// The part of a URI that may be shown, for example in a log: scheme, host, port and path. User information
/// and query may contain secrets. Of a text that is not a `ws:` or `wss:` URI: the text before a query or a
/// control character; or only the scheme, if an `@` makes it unclear what is secret.
inline std::string without_secrets(std::string_view text) {
  if (const auto where = uri::decode(text, uri::user_info::allow)) {
    const auto target = std::string_view{where->target()};
    return std::string{where->scheme()}
        .append("://")
        .append(where->authority())
        .append(target.substr(0, target.find('?')));
  }
  if (text.find('@') == std::string_view::npos) {
    const auto hidden = [](char c) { return c == '?' || c == '#' || !is_field_value_char(c); };
    return std::string{text.begin(), std::find_if(text.begin(), text.end(), hidden)};
  }
  const auto end = text.find("://");
  const auto scheme = text.substr(0, end == std::string_view::npos ? 0 : end);
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c); };
  const bool good = std::all_of(scheme.begin(), scheme.end(), allowed);
  return std::string{good ? scheme : std::string_view{}}.append("://...");
}

}  // namespace hawser
