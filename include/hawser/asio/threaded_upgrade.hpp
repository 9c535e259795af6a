// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/decision.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

/// A valid upgrade request, for the hook of a threaded server to accept() or reject() before it returns, and
/// the properties of the connection. Only the first answer counts.
class threaded_upgrade {
 public:
  /// Made by the server for each connection. `asked` and `listener` must outlive this object.
  threaded_upgrade(const hawser::request& asked, const detail::listener_facts& listener,
                   std::string remote_address, std::shared_ptr<const tls_facts> tls)
      : asked_{asked},
        listener_{listener},
        remote_address_{std::move(remote_address)},
        tls_{std::move(tls)} {}
  threaded_upgrade(const threaded_upgrade&) = delete;
  threaded_upgrade& operator=(const threaded_upgrade&) = delete;

  const hawser::request& request() const noexcept { return asked_; }

  /// Address and port of the client, or the path of its Unix socket.
  const std::string& remote_address() const noexcept { return remote_address_; }

  /// Address and port of the server, or the path of its Unix socket.
  const std::string& listener() const noexcept { return listener_.address; }

  /// Whether the connection is encrypted.
  bool is_secure() const noexcept { return asked_.is_secure(); }

  /// What TLS has negotiated; null without TLS.
  std::shared_ptr<const tls_facts> tls() const noexcept { return tls_; }

  /// The client's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls_);
  }

  /// Whether a further answer has no effect.
  bool answered() const noexcept { return decision_.has_value(); }

  /// Accepts, as far as the server's options allow (subprotocols), and adds `headers` to the response. Fails
  /// with errc::closed if the request is answered already.
  std::error_code accept(header_fields headers = {}) {
    return accept(acceptance{.headers = std::move(headers)});
  }

  /// The same, with the choice of a subprotocol: `accept({.subprotocol = "chat"})`.
  std::error_code accept(acceptance how) { return decide(std::move(how)); }

  /// Rejects with a response of your own.
  std::error_code reject(response answer) { return decide(std::move(answer)); }

  /// Rejects with a status.
  std::error_code reject(unsigned status, std::string body = {}) {
    return reject(response{.status = status, .body = std::move(body)});
  }

  /// Storage for the application's data of the connection, for example its user: `peer.data<user>()` in the
  /// handler of run().
  std::any& data() noexcept { return data_; }

  /// The answer, or nothing.
  const std::optional<upgrade_decision>& decision() const noexcept { return decision_; }

 private:
  std::error_code decide(upgrade_decision decision) {
    if (answered()) return errc::closed;
    decision_ = std::move(decision);
    return {};
  }

  const hawser::request& asked_;
  const detail::listener_facts& listener_;
  const std::string remote_address_;
  const std::shared_ptr<const tls_facts> tls_;
  std::optional<upgrade_decision> decision_;
  std::any data_;
};

}  // namespace hawser
