// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// A function that returns the value of an environment variable, or of a substitute for it.
template <class Lookup>
concept variable_lookup = requires(Lookup& lookup, const char* name) {
  { lookup(name) } -> std::convertible_to<std::optional<std::string>>;
};

namespace detail {

constexpr std::string_view without_last_dot(std::string_view name) noexcept {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

/// Whether `host` is the domain or a subdomain. A leading dot or `*.` of the domain is ignored.
inline bool is_in_domain(std::string_view domain, std::string_view host) noexcept {
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  domain = without_last_dot(domain);
  host = without_last_dot(host);
  if (domain.empty() || host.size() < domain.size()) return false;
  const auto outside = host.size() - domain.size();
  return iequals(host.substr(outside), domain) && (outside == 0 || host[outside - 1] == '.');
}

inline bool is_exempted_by(std::string_view entry, std::string_view host,
                           std::uint16_t port) noexcept {
  const auto address = decode_ip_address(host);
  if (address && is_in_network(entry, *address)) return true;
  if (const auto colon = entry.rfind(':');
      colon != std::string_view::npos && !decode_ip_address(entry)) {
    if (decode_port(entry.substr(colon + 1)) != port) return false;
    entry = entry.substr(0, colon);
  }
  if (entry == "*") return true;
  // An address is never compared with a domain.
  return address ? is_in_network(entry, *address) : is_in_domain(entry, host);
}

/// The value of the first of these variables that is set and not empty.
template <variable_lookup Lookup>
std::string find_variable(Lookup& lookup, std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    std::optional<std::string> value = lookup(name);
    if (value && !value->empty()) return *value;
  }
  return {};
}

}  // namespace detail

/// Whether a `no_proxy` list contains this host. Entries are separated by commas or white space. An
/// entry is a domain, including its subdomains, an address, a network such as `10.0.0.0/8`, each
/// with or without a port (an IPv6 address with a port has brackets), or `*` for every host.
inline bool is_exempt(std::string_view no_proxy, std::string_view host,
                      std::uint16_t port) noexcept {
  while (!no_proxy.empty()) {
    const auto end = (std::min)(no_proxy.find_first_of(", \t"), no_proxy.size());
    if (end != 0 && detail::is_exempted_by(no_proxy.substr(0, end), host, port)) return true;
    no_proxy.remove_prefix((std::min)(end + 1, no_proxy.size()));
  }
  return false;
}

/// Chooses the proxy for a connection to `where` from the usual environment variables:
/// `https_proxy` for wss, `http_proxy` for ws, otherwise `all_proxy`, and none if `no_proxy`
/// contains the host. Lower-case names come before upper-case ones, and an empty value counts as
/// not set. Returns nothing (`errc::bad_proxy`) if the value is not a valid proxy, instead of
/// connecting without one.
///
/// The upper-case `HTTP_PROXY` is ignored: in a CGI program it is the Proxy field of a request,
/// which any client can send.
template <variable_lookup Lookup>
std::optional<proxy> choose_proxy(const uri& where, Lookup lookup) {
  auto url = where.secure() ? detail::find_variable(lookup, {"https_proxy", "HTTPS_PROXY"})
                            : detail::find_variable(lookup, {"http_proxy"});
  if (url.empty()) url = detail::find_variable(lookup, {"all_proxy", "ALL_PROXY"});
  if (url.empty()) return proxy{};
  const auto exempt = detail::find_variable(lookup, {"no_proxy", "NO_PROXY"});
  if (is_exempt(exempt, where.host(), where.port())) return proxy{};
  return proxy::decode(url);
}

}  // namespace hawser
