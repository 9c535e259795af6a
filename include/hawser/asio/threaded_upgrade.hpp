// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/threaded_server_options.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A valid upgrade request, for the hook of a threaded server to accept() or refuse() before it
/// returns, and the properties of the connection.
class threaded_upgrade final
    : public server_handshake<negotiating_server_policy<const default_server_policy&>> {
  using base = server_handshake<negotiating_server_policy<const default_server_policy&>>;

 public:
  /// Made by the server for each connection. `options` and `listener` must outlive this object.
  threaded_upgrade(const threaded_server_options& options, const detail::listener_facts& listener,
                   std::string remote_address)
      : base{{options.handshake, options.extension}, options.limits, listener.how},
        listener_{listener},
        remote_address_{std::move(remote_address)} {}

  /// Address and port of the client, or the path of its Unix socket.
  const std::string& remote_address() const noexcept { return remote_address_; }

  /// Address and port of the server, or the path of its Unix socket.
  const std::string& listener() const noexcept { return listener_.address; }

  /// Whether the connection is encrypted.
  bool is_secure() const noexcept { return request().is_secure(); }

  /// What TLS has negotiated; null without TLS.
  std::shared_ptr<const tls_facts> tls() const noexcept { return tls_; }

  /// The client's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls_);
  }

  /// Called by the server after the TLS handshake.
  void set_tls(std::shared_ptr<const tls_facts> facts) noexcept { tls_ = std::move(facts); }

 private:
  const detail::listener_facts& listener_;
  const std::string remote_address_;
  std::shared_ptr<const tls_facts> tls_;
};

}  // namespace hawser
