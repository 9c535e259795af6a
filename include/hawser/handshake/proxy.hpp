// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/error.hpp"
#include "hawser/base/percent.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

enum class proxy_kind : std::uint8_t {
  none,    ///< No proxy: connect to the server directly
  http,    ///< A tunnel by CONNECT: RFC 9110 §9.3.6
  socks5,  ///< RFC 1928
};

/// The proxy of a connection, or none.
struct proxy {
  proxy_kind kind = proxy_kind::none;
  std::string host = {};  ///< Not resolved; an IPv6 address has no brackets
  std::uint16_t port = 0;
  std::string user = {};  ///< If user and password are empty: no credentials
  std::string password = {};

  /// Parses `http://user:password@host:3128`, `socks5://host` or `socks5h://host`; a text without
  /// scheme is an HTTP proxy. The default port is 80, or 1080 for SOCKS. Host, user and password
  /// are percent-decoded. With both SOCKS schemes the proxy resolves the server's name. Returns
  /// nothing for another scheme, a path, or a host, port or text that is not valid.
  [[nodiscard]] static std::optional<proxy> decode(std::string_view text);

  /// The same. If the text is not valid, sets `ec` to what is wrong with it, which compares equal to
  /// condition::bad_uri; otherwise clears `ec`.
  [[nodiscard]] static std::optional<proxy> decode(std::string_view text, std::error_code& ec);

  bool has_credentials() const noexcept { return !user.empty() || !password.empty(); }

  friend bool operator==(const proxy&, const proxy&) = default;
};

namespace detail {

inline std::optional<proxy_kind> decode_proxy_scheme(std::string_view name) noexcept {
  if (iequals(name, "http")) return proxy_kind::http;
  if (iequals(name, "socks5") || iequals(name, "socks5h")) return proxy_kind::socks5;
  return std::nullopt;
}

/// Sets the credentials from the text before the last `@` of an authority: RFC 3986 §3.2.1. Returns
/// false if their percent-encoding is invalid, or if they contain a control character, which RFC 7617
/// §2 forbids.
inline bool set_credentials(proxy& result, std::string_view text) {
  const auto end = (std::min)(text.find(':'), text.size());
  auto user = percent_decode(text.substr(0, end));
  auto password = percent_decode(text.substr((std::min)(end + 1, text.size())));
  if (!user || !password) return false;
  result.user = std::move(*user);
  result.password = std::move(*password);
  const auto allowed = [](char c) { return c != '\t' && is_field_value_char(c); };
  return std::all_of(result.user.begin(), result.user.end(), allowed) &&
         std::all_of(result.password.begin(), result.password.end(), allowed);
}

/// Sets `result` to the proxy of a URL. Returns what is wrong with the URL, or no error.
inline errc decode_proxy(proxy& result, std::string_view text) {
  result.kind = proxy_kind::http;
  if (const auto end = text.find("://"); end != std::string_view::npos) {
    const auto kind = decode_proxy_scheme(text.substr(0, end));
    if (!kind) return errc::bad_proxy_scheme;
    result.kind = *kind;
    text.remove_prefix(end + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  // A path ends the authority, also with an `@` behind it.
  if (text.find_first_of("/?#") != std::string_view::npos) return errc::bad_proxy_path;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    if (!set_credentials(result, text.substr(0, at))) return errc::bad_uri_user_info;
    text.remove_prefix(at + 1);
  }
  errc why{};
  const auto where = decode_authority(text, why);
  if (!where) return why;
  auto host = decode_host(*where);
  if (!host) return errc::bad_uri_host;
  result.host = std::move(*host);
  result.port = where->port.value_or(result.kind == proxy_kind::http ? 80 : 1080);
  return {};
}

}  // namespace detail

inline std::optional<proxy> proxy::decode(std::string_view text, std::error_code& ec) {
  proxy result;
  const auto why = detail::decode_proxy(result, text);
  ec = why == errc{} ? std::error_code{} : why;
  if (ec) return std::nullopt;
  return result;
}

inline std::optional<proxy> proxy::decode(std::string_view text) {
  std::error_code ignored;
  return decode(text, ignored);
}

}  // namespace hawser
