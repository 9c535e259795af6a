// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "hawser/handshake/allowed_hosts.hpp"
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

/// Whether only this machine reaches a TCP endpoint. A Unix one is not for browsers.
template <class Endpoint>
bool is_loopback_endpoint(const Endpoint& where) {
  if constexpr (requires { where.address(); }) {
    const auto address = decode_ip_address(address_of(where));
    return address && is_loopback(*address);
  } else {
    return false;
  }
}

/// Of a server's listener: all its connections share them.
struct listener_facts {
  std::string address = {};  ///< Address and port, or the path of a Unix socket
  arrival how = {};
};

template <class Endpoint>
listener_facts facts_of_listener(const Endpoint& where) {
  return {text_of(where), {.loopback = is_loopback_endpoint(where)}};
}

}  // namespace hawser::detail
