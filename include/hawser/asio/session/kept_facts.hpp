// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/asio/accepting/endpoint_text.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/base/never_destroyed.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser::detail {

/// The session_facts in the form in which a session keeps them, with little memory. Any thread may
/// read them, except the request, which may be forgotten.
class kept_facts {
 public:
  explicit kept_facts(session_facts facts)
      : asked_{std::move(facts.asked)},
        remote_address_{std::move(facts.remote_address)},
        listener_{std::move(facts.listener)} {
    const bool agreed = !facts.agreed.subprotocol.empty() || !facts.agreed.extensions.empty() ||
                        facts.agreed.answer;
    if (!agreed && facts.parameters.empty() && !facts.tls) return;
    details_ = std::make_unique<const details>(
        details{std::move(facts.agreed), std::move(facts.parameters), std::move(facts.tls)});
  }

  const request& asked() const noexcept { return asked_; }

  /// Call this on the session's thread. asked() is empty from then on, and views of it are invalid.
  void forget_request() noexcept { const auto forgotten = std::exchange(asked_, request{}); }

  std::string_view remote_address() const noexcept { return remote_address_; }
  std::string_view listener() const noexcept {
    return listener_ ? std::string_view{listener_->address} : std::string_view{};
  }
  std::shared_ptr<const tls_facts> tls() const noexcept {
    return details_ ? details_->tls : nullptr;
  }
  const agreement& agreed() const noexcept {
    static const never_destroyed<agreement> none;
    return details_ ? details_->agreed : none.get();
  }
  std::string_view parameter(std::string_view name) const noexcept {
    return details_ ? value_of(name, details_->parameters) : std::string_view{};
  }

 private:
  // Members that most sessions do not need.
  struct details {
    agreement agreed;
    path_parameters parameters;
    std::shared_ptr<const tls_facts> tls;
  };

  request asked_;
  const std::string remote_address_;
  const std::shared_ptr<const listener_facts> listener_;
  std::unique_ptr<const details> details_;
};

}  // namespace hawser::detail
