// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include "hawser/base/error.hpp"
#include "hawser/handshake/allowed_hosts.hpp"
#include "hawser/handshake/forwarded.hpp"
#include "hawser/handshake/ip_address.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser::detail {

/// The address of a TCP endpoint, or the path of a Unix one.
template <class Endpoint>
std::string address_of(const Endpoint& where) {
  if constexpr (requires { where.address(); }) {
    return where.address().to_string();
  } else {
    return where.path();
  }
}

/// The key of a limit per address: an IPv4 address, also if it is IPv4-mapped, the first 64 bits of
/// an IPv6 address, because one customer can choose the rest, or the path of a Unix socket.
template <class Endpoint>
std::string counted_address(const Endpoint& where) {
  if constexpr (requires { where.address(); }) {
    if (where.address().is_v4()) return address_of(where);
    const auto address = where.address().to_v6();
    if (address.is_v4_mapped()) {
      return asio::ip::make_address_v4(asio::ip::v4_mapped, address).to_string();
    }
    auto bytes = address.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return asio::ip::address_v6{bytes, address.scope_id()}.to_string() + "/64";
  } else {
    return address_of(where);
  }
}

/// Address and port of a TCP endpoint, or the path of a Unix one.
template <class Endpoint>
std::string text_of(const Endpoint& where) {
  if constexpr (requires { where.port(); }) {
    const auto address = address_of(where);
    const auto host = where.address().is_v6() ? "[" + address + "]" : address;
    return host + ":" + std::to_string(where.port());
  } else {
    return where.path();
  }
}

/// The TCP endpoint to listen on. Throws std::system_error, which names the address, if it is not an IP
/// address: a name such as `localhost` may mean several.
inline asio::ip::tcp::endpoint listen_endpoint(const std::string& address, std::uint16_t port) {
  std::error_code ec;
  const auto parsed = asio::ip::make_address(address, ec);
  if (ec) throw std::system_error{errc::bad_listen_address, "address \"" + address + '"'};
  return {parsed, port};
}

/// The same of a socket's remote endpoint; empty if it is not connected.
template <class Socket>
std::string remote_text_of(const Socket& socket) {
  std::error_code gone;
  const auto where = socket.remote_endpoint(gone);
  return gone ? std::string{} : text_of(where);
}

/// Whether a TCP endpoint can only be reached from this machine. False for Unix sockets, which
/// browsers cannot use.
template <class Endpoint>
bool is_loopback_endpoint(const Endpoint& where) {
  if constexpr (requires { where.address(); }) {
    const auto address = decode_ip_address(address_of(where));
    return address && is_loopback(*address);
  } else {
    return false;
  }
}

/// The properties of a server's listener, shared by all its connections.
struct listener_facts {
  std::string address = {};  ///< Address and port, or the path of a Unix socket
  arrival how = {};
  bool is_unix = false;  ///< Whether it is a Unix socket
};

template <class Endpoint>
listener_facts facts_of_listener(const Endpoint& where) {
  constexpr bool is_unix = !requires { where.address(); };
  return {text_of(where), {.loopback = is_loopback_endpoint(where)}, is_unix};
}

/// The address in the text of a TCP endpoint, without brackets and zone: `fe80::1` of `[fe80::1%eth0]:80`.
inline std::string_view address_in(std::string_view endpoint) noexcept {
  auto address = endpoint.substr(0, endpoint.rfind(':'));
  if (address.starts_with('[')) address = address.substr(1, address.find_first_of("%]") - 1);
  return address;
}

/// How the requests of a client of this listener have arrived. `proxies` are the trusted ones.
inline arrival arrival_from(std::string_view remote, const listener_facts& at,
                            const std::vector<std::string>& proxies) noexcept {
  auto how = at.how;
  how.trusted_proxy = is_listed_proxy(at.is_unix ? "unix" : address_in(remote), proxies);
  return how;
}

/// The list of trusted proxies. Throws std::invalid_argument if an entry is not valid.
inline std::vector<std::string> checked_proxies(std::vector<std::string> proxies) {
  for (const auto& entry : proxies) {
    if (is_proxy_entry(entry)) continue;
    throw std::invalid_argument{"hawser: trusted_proxies: \"" + entry +
                                R"(" is no address, no network and not "unix")"};
  }
  return proxies;
}

}  // namespace hawser::detail
