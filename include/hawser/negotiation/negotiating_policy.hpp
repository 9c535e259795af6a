// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/any_extension.hpp"

namespace hawser {

/// A server's policy that negotiates extensions with a negotiator, or with the policy itself if
/// there is none. `Policy` may be a reference: `negotiating_server_policy<const
/// default_server_policy&>`.
template <server_policy Policy>
class negotiating_server_policy {
 public:
  negotiating_server_policy(Policy policy, any_negotiator extension)
      : policy_{std::forward<Policy>(policy)}, extension_{std::move(extension)} {}

  bool allow_host(const request& asked) { return policy_.allow_host(asked); }
  bool allow_origin(const request& asked) { return policy_.allow_origin(asked); }
  response refuse_origin(const request& asked) { return detail::refusal_of_origin(policy_, asked); }
  std::string explain_origin(const request& asked) {
    return detail::explanation_of_origin(policy_, asked);
  }
  std::string choose_subprotocol(const request& asked) { return policy_.choose_subprotocol(asked); }
  bool requires_subprotocol() const { return detail::requires_subprotocol(policy_); }
  std::string accept_extensions(const extension_list& offers) {
    return extension_ ? extension_.answer(offers) : std::string{policy_.accept_extensions(offers)};
  }
  decltype(auto) extra_headers(const request& asked) { return policy_.extra_headers(asked); }

  /// The extension for a connection that this policy has accepted.
  any_extension make_extension(const extension_list& agreed) const {
    return extension_.make(role::server, agreed);
  }

 private:
  Policy policy_;
  any_negotiator extension_;
};

/// A client's policy that negotiates extensions with a negotiator, or with the policy itself if
/// there is none.
template <client_policy Policy>
class negotiating_client_policy {
 public:
  negotiating_client_policy(Policy policy, any_negotiator extension)
      : policy_{std::move(policy)}, extension_{std::move(extension)} {}

  handshake_offer make_offer() {
    handshake_offer made = policy_.make_offer();
    if (extension_) made.extensions = extension_.offer();
    return made;
  }
  bool accept_extensions(const extension_list& answer) {
    return extension_ ? extension_.accepts(answer) : policy_.accept_extensions(answer);
  }

  /// The extension for a connection that was accepted with this answer.
  any_extension make_extension(const extension_list& agreed) const {
    return extension_.make(role::client, agreed);
  }

 private:
  Policy policy_;
  any_negotiator extension_;
};

namespace detail {

/// The extension that a handshake has negotiated, made by its policy if the policy can make one.
template <class Handshake>
any_extension extension_of(Handshake& handshake) {
  if constexpr (requires { handshake.policy().make_extension(handshake.result().extensions); }) {
    return handshake.policy().make_extension(handshake.result().extensions);
  } else {
    return {};
  }
}

}  // namespace detail

}  // namespace hawser
