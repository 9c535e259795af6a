// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

namespace detail {

/// A request that waits for an answer, shared by all handles. When the last one is gone without an
/// answer, that is an answer too.
class upgrade_state {
 public:
  /// `refusal` empty: accepted, with those headers more.
  struct answer {
    std::shared_ptr<const response> refusal = {};
    header_fields headers = {};
  };
  using receiver = std::function<void(answer)>;

  upgrade_state(session_facts facts, receiver tell)
      : facts_{std::move(facts)}, tell_{std::move(tell)} {}
  ~upgrade_state() { give(refusal_of({.status = 500})); }
  upgrade_state(const upgrade_state&) = delete;
  upgrade_state& operator=(const upgrade_state&) = delete;

  std::error_code give(answer given) {
    if (answered_.exchange(true)) return errc::closed;
    tell_(std::move(given));
    return {};
  }

  static answer refusal_of(response refused) {
    return {std::make_shared<const response>(std::move(refused)), {}};
  }

  bool answered() const noexcept { return answered_; }
  const session_facts& facts() const noexcept { return facts_; }

 private:
  const session_facts facts_;
  const receiver tell_;
  std::atomic<bool> answered_ = false;
};

}  // namespace detail

/// A good request to become a WebSocket, for the application to decide. A copy may be kept and answered
/// later, from any thread, while the handshake's time runs. Only the first answer counts; if all
/// copies are dropped without one, the client is told 500.
class upgrade {
 public:
  explicit upgrade(std::shared_ptr<detail::upgrade_state> state) : state_{std::move(state)} {}

  const hawser::request& request() const noexcept { return state_->facts().asked; }
  std::string_view remote_address() const noexcept { return state_->facts().remote_address; }

  /// The value of a parameter of the route, or an empty text.
  std::string_view parameter(std::string_view name) const noexcept {
    return state_->facts().parameter(name);
  }

  /// Accepts, as far as the route's options do (Origin, subprotocols), with `headers` more in the
  /// answer. Fails with errc::closed if it is answered already.
  std::error_code accept(header_fields headers = {}) const {
    return state_->give({nullptr, std::move(headers)});
  }

  /// Refuses with a response of your own.
  std::error_code reject(response answer) const {
    return state_->give(detail::upgrade_state::refusal_of(std::move(answer)));
  }

  /// Refuses with a status.
  std::error_code reject(unsigned status, std::string body = {}) const {
    return reject(response{.status = status, .body = std::move(body)});
  }

  bool answered() const noexcept { return state_->answered(); }

  /// Whether there are other copies.
  bool is_kept() const noexcept { return state_.use_count() > 1; }

 private:
  std::shared_ptr<detail::upgrade_state> state_;
};

}  // namespace hawser
