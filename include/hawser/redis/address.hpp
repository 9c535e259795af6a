// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/base/percent.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/redis/errc.hpp"

namespace hawser {

/// Where a Redis server is, and how to log in.
struct redis_address {
  std::string host = {};  ///< A name or an IP address; empty with a path
  std::uint16_t port = 6379;
  std::string path = {};                  ///< Of a Unix socket, instead of host and port
  std::string user = {};                  ///< For AUTH; empty: that of `requirepass`
  std::string password = {};              ///< For AUTH; empty: no AUTH
  std::optional<unsigned> database = {};  ///< For SELECT; nothing: no SELECT
  bool is_secure = false;                 ///< With TLS

  /// Parses `redis://[[user]:password@]host[:port][/database]`, the same with `rediss:`, or
  /// `unix:[//[[user]:password@]]/path[?db=database]`. User, password and path may be percent-encoded. Otherwise returns
  /// nothing and sets `ec` to redis::errc::bad_url.
  [[nodiscard]] static std::optional<redis_address> decode(std::string_view url,
                                                           std::error_code& ec) {
    ec.clear();
    redis_address result;
    if (result.take(url)) return result;
    ec = redis::errc::bad_url;
    return std::nullopt;
  }

 private:
  bool take(std::string_view url) {
    is_secure = url.starts_with("rediss:");
    if (is_secure) return url.starts_with("rediss://") && take_server(url.substr(9));
    if (url.starts_with("redis://")) return take_server(url.substr(8));
    return url.starts_with("unix:") && take_path(url.substr(5));
  }

  bool take_server(std::string_view rest) {
    const auto slash = rest.find('/');
    auto server = rest.substr(0, slash);
    if (!take_user(server)) return false;
    const auto parts = decode_authority(server);
    if (!parts) return false;
    auto name = detail::decode_host(*parts);
    if (!name || name->empty()) return false;
    host = std::move(*name);
    port = parts->port.value_or(port);
    return slash == rest.npos || slash + 1 == rest.size() || take_database(rest.substr(slash + 1));
  }

  bool take_path(std::string_view rest) {
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      const auto slash = rest.find('/');
      if (slash == rest.npos) return false;
      auto before = rest.substr(0, slash);
      if (!take_user(before) || !before.empty()) return false;
      rest.remove_prefix(slash);
    }
    const auto query = rest.find('?');
    auto decoded = percent_decode(rest.substr(0, query));
    if (!decoded || !decoded->starts_with('/') || decoded->find('\0') != decoded->npos)
      return false;
    path = std::move(*decoded);
    if (query == rest.npos) return true;
    rest.remove_prefix(query + 1);
    return rest.starts_with("db=") && take_database(rest.substr(3));
  }

  /// Takes `user:password@` off the front. A user without a password cannot log in.
  bool take_user(std::string_view& rest) {
    const auto at = rest.rfind('@');
    if (at == rest.npos) return true;
    const auto pair = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    const auto colon = pair.find(':');
    if (colon == pair.npos) return false;
    auto name = percent_decode(pair.substr(0, colon));
    auto secret = percent_decode(pair.substr(colon + 1));
    if (!name || !secret || secret->empty()) return false;
    user = std::move(*name);
    password = std::move(*secret);
    return true;
  }

  bool take_database(std::string_view digits) {
    unsigned number = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stop != end) return false;
    database = number;
    return true;
  }
};

}  // namespace hawser
