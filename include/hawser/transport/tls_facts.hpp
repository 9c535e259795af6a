// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

/// The content of a certificate. Names with a NUL are omitted.
struct certificate_facts {
  std::string subject = {};  ///< In the form of RFC 4514: `CN=device 7,O=Example`
  std::string issuer = {};

  // The alternative names of the subject: RFC 5280 §4.2.1.6.
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  std::vector<std::string> uris = {};
  std::vector<std::string> emails = {};

  /// The SHA-256 fingerprint of the whole certificate: 64 lower-case hexadecimal digits.
  std::string sha256 = {};

  std::chrono::sys_seconds not_before = {};
  std::chrono::sys_seconds not_after = {};

  /// Whether a trusted authority vouches for it now and, for a server's certificate, whether it is
  /// valid for the host of the URL. False only if the context of this side does not require that.
  bool verified = false;
};

/// What TLS has negotiated for one connection.
struct tls_facts {
  std::string version = {};  ///< `TLSv1.2` or `TLSv1.3`
  std::string cipher = {};   ///< The IANA name of the cipher suite: `TLS_AES_256_GCM_SHA384`

  /// The host that the client requested (SNI, RFC 6066 §3); empty if it requested an address.
  std::string server_name = {};

  /// Empty if the peer has sent no certificate. A server requests one only if
  /// tls_server_options::clients says so.
  std::optional<certificate_facts> peer_certificate = {};
};

namespace detail {

/// The facts of a stream, from its `std::shared_ptr<const tls_facts> facts() const`, or null.
template <class Stream>
std::shared_ptr<const tls_facts> tls_facts_of(const Stream& stream) {
  if constexpr (requires { std::shared_ptr<const tls_facts>{stream.facts()}; }) {
    return stream.facts();
  } else {
    return nullptr;
  }
}

/// The peer's certificate in `facts`, or null.
inline std::shared_ptr<const certificate_facts> certificate_of(
    const std::shared_ptr<const tls_facts>& facts) noexcept {
  if (!facts || !facts->peer_certificate) return nullptr;
  return {facts, &*facts->peer_certificate};
}

}  // namespace detail

}  // namespace hawser
