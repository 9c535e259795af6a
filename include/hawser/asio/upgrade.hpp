// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hawser/asio/memory_guard.hpp"
#include "hawser/asio/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

namespace detail {

/// `refusal` empty and no error: accepted, with those headers more.
struct upgrade_answer {
  std::shared_ptr<const response> refusal = {};
  header_fields headers = {};
  errc error = {};
};

inline upgrade_answer refusal_of(response refused) {
  return {.refusal = std::make_shared<const response>(std::move(refused))};
}

/// Takes the first answer to a request, from any thread, as long as the connection waits for one.
class answer_slot {
 public:
  using receiver = std::function<void(upgrade_answer)>;

  explicit answer_slot(receiver tell) : tell_{std::move(tell)} {}

  std::error_code give(upgrade_answer given) {
    const std::lock_guard guard{mutex_};
    if (answered_.exchange(true)) return errc::closed;
    try {
      tell_(std::move(given));
    } catch (...) {
      answered_ = false;
      throw;
    }
    return {};
  }

  /// Takes no answer any more. False if there is one already, which has been told. Once this has
  /// returned, the execution context is not touched.
  bool expire() {
    const std::lock_guard guard{mutex_};
    return !answered_.exchange(true);
  }

  bool answered() const noexcept { return answered_; }

 private:
  const receiver tell_;
  std::mutex mutex_;
  std::atomic<bool> answered_ = false;
};

/// A request that waits for an answer, shared by all handles. The last handle answers with an error if
/// none has answered.
class upgrade_state {
 public:
  upgrade_state(session_facts facts, std::shared_ptr<answer_slot> slot)
      : facts_{std::move(facts)}, slot_{std::move(slot)} {}
  ~upgrade_state() {
    // Without memory for that, the handshake ends at its deadline.
    with_memory([this] { slot_->give({.error = errc::upgrade_unanswered}); }, [] {});
  }
  upgrade_state(const upgrade_state&) = delete;
  upgrade_state& operator=(const upgrade_state&) = delete;

  answer_slot& slot() const noexcept { return *slot_; }
  const session_facts& facts() const noexcept { return facts_; }

 private:
  const session_facts facts_;
  const std::shared_ptr<answer_slot> slot_;
};

}  // namespace detail

/// What a hook sees of a request that waits for its answer. To move a handle is to copy it; views last as
/// long as a copy does.
class pending_request {
 public:
  const hawser::request& request() const noexcept { return state_->facts().asked; }
  std::string_view remote_address() const noexcept { return state_->facts().remote_address; }

  /// The listener that the connection came by: its address and port, or the path of a Unix socket.
  std::string_view listener() const noexcept { return state_->facts().listener->address; }

  /// Whether the connection is encrypted.
  bool is_secure() const noexcept { return request().is_secure(); }

  /// What TLS has agreed on; null without TLS.
  std::shared_ptr<const tls_facts> tls() const noexcept { return state_->facts().tls; }

  /// The certificate that the client has shown, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls());
  }

  /// The value of a parameter of the route, or an empty text.
  std::string_view parameter(std::string_view name) const noexcept {
    return detail::value_of(name, state_->facts().parameters);
  }

  /// Whether an answer comes too late.
  bool answered() const noexcept { return state_->slot().answered(); }

 protected:
  explicit pending_request(std::shared_ptr<detail::upgrade_state> state)
      : state_{std::move(state)} {}
  pending_request(const pending_request&) = default;
  pending_request& operator=(const pending_request&) = default;
  ~pending_request() = default;

  std::error_code give(detail::upgrade_answer given) const {
    return state_->slot().give(std::move(given));
  }

 private:
  std::shared_ptr<detail::upgrade_state> state_;
};

/// A good request to become a WebSocket, for the application to accept or refuse. A copy may be kept and
/// answered later, from any thread, until the handshake's deadline; to move one is to copy it. Only the
/// first answer counts. If the hook has returned and all copies are destroyed without an answer, the
/// client gets 500 and on_error gets a std::system_error of errc::upgrade_unanswered.
class upgrade : public pending_request {
 public:
  explicit upgrade(std::shared_ptr<detail::upgrade_state> state)
      : pending_request{std::move(state)} {}

  /// Accepts, as far as the route's options do (Origin, subprotocols), with `headers` more in the
  /// answer. Fails with errc::closed if it is answered already or the client waits no longer.
  std::error_code accept(header_fields headers = {}) const {
    return give({.headers = std::move(headers)});
  }

  /// Refuses with a response of your own.
  std::error_code reject(response answer) const {
    return give(detail::refusal_of(std::move(answer)));
  }

  /// Refuses with a status.
  std::error_code reject(unsigned status, std::string body = {}) const {
    return reject(response{.status = status, .body = std::move(body)});
  }
};

}  // namespace hawser
