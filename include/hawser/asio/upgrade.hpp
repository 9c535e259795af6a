// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <any>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>

#include "hawser/asio/driver/memory_guard.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/decision.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/transport/tls_facts.hpp"

namespace hawser {

namespace detail {

/// The answer to an upgrade: accepted as `how` says if `refusal` is empty and there is
/// no error.
struct upgrade_answer {
  std::shared_ptr<const response> refusal = {};
  acceptance how = {};
  errc error = {};
  std::shared_ptr<std::any> data = {};  // for the session, or null
  bool is_reported = false;             // the refusal, to on_error and on_diagnostic
};

inline upgrade_answer refusal_of(response refused) {
  return {.refusal = std::make_shared<const response>(std::move(refused))};
}

/// Accepts the first answer to a request, on any thread, while the connection waits for one.
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

  /// Accepts no answer from now on. Returns false if there is one already, which has been passed
  /// on. After this call, the execution context is not used, except by the work that is cancelled here.
  bool expire() {
    {
      const std::lock_guard guard{mutex_};
      if (answered_.exchange(true)) return false;
    }
    if (const auto cancel = std::exchange(cancel_, nullptr)) cancel();
    return true;
  }

  /// The executor of the connection, which is set only while the hook runs.
  const asio::any_io_executor* executor = nullptr;

  /// Sets the function that cancels the work for the answer, called on the executor of the connection.
  void cancel_by(std::function<void()> cancel) { cancel_ = std::move(cancel); }

  bool answered() const noexcept { return answered_; }

 private:
  const receiver tell_;
  std::function<void()> cancel_;
  std::mutex mutex_;
  std::atomic<bool> answered_ = false;
};

/// A request that waits for an answer, shared by all handles. If there is no answer, the destructor
/// of the last handle answers with an error.
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
  std::any& data() noexcept { return data_; }

 private:
  const session_facts facts_;
  std::any data_;
  const std::shared_ptr<answer_slot> slot_;
};

}  // namespace detail

/// A request that waits for its answer, as a hook sees it. A move is a copy. Views are valid as
/// long as any copy.
class pending_request {
 public:
  const hawser::request& request() const noexcept { return state_->facts().asked; }
  std::string_view remote_address() const noexcept { return state_->facts().remote_address; }

  /// The listener that accepted the connection: its address and port, or the path of a Unix socket.
  std::string_view listener() const noexcept { return state_->facts().listener->address; }

  /// Whether the connection is encrypted.
  bool is_secure() const noexcept { return request().is_secure(); }

  /// What TLS has negotiated; null without TLS.
  std::shared_ptr<const tls_facts> tls() const noexcept { return state_->facts().tls; }

  /// The client's certificate, or null.
  std::shared_ptr<const certificate_facts> peer_certificate() const noexcept {
    return detail::certificate_of(tls());
  }

  /// The value of a parameter of the route, percent-decoded: `/rooms/:id` has `id`. It may hold any byte.
  /// Empty if there is no such parameter.
  std::string_view parameter(std::string_view name) const noexcept {
    return detail::value_of(name, state_->facts().parameters);
  }

  /// Whether an answer would be too late.
  bool answered() const noexcept { return state_->slot().answered(); }

 protected:
  explicit pending_request(std::shared_ptr<detail::upgrade_state> state) noexcept
      : state_{std::move(state)} {}
  pending_request(const pending_request&) = default;
  pending_request& operator=(const pending_request&) = default;
  ~pending_request() = default;

  std::error_code give(detail::upgrade_answer given) const {
    return state_->slot().give(std::move(given));
  }

  detail::upgrade_state& state() const noexcept { return *state_; }

 private:
  std::shared_ptr<detail::upgrade_state> state_;
};

/// A valid request to become a WebSocket, for the application to accept or reject. A copy can be
/// stored and answered later, on any thread, until the handshake's deadline. A move is a copy. Only
/// the first answer counts. If the hook has returned and all copies are destroyed without an
/// answer, the client gets 500, and on_error gets a std::system_error with
/// errc::upgrade_unanswered.
class upgrade : public pending_request {
 public:
  explicit upgrade(std::shared_ptr<detail::upgrade_state> state)
      : pending_request{std::move(state)} {}

  /// Accepts, as far as the route's options allow (Origin, subprotocols), and adds `headers` to the
  /// response. Fails with errc::closed if the request is answered already, or the client has gone.
  std::error_code accept(header_fields headers = {}) const {
    return accept(acceptance{.headers = std::move(headers)});
  }

  /// The same, with the choice of a subprotocol: `accept({.subprotocol = "chat"})`.
  std::error_code accept(acceptance how) const {
    if (answered()) return errc::closed;
    std::shared_ptr<std::any> data;
    if (state().data().has_value()) data = std::make_shared<std::any>(std::move(state().data()));
    return give({.how = std::move(how), .data = std::move(data)});
  }

  /// Storage for the application's data of the connection, for example its user. accept() moves it to
  /// session::data(): `session.data<user>()` in on_open and later. The copies of an upgrade share it, so only
  /// one thread may use it at a time.
  std::any& data() const noexcept { return state().data(); }

  /// For hooks that continue after they have returned, to be called while the hook runs: returns the executor
  /// of the connection, where `cancel` is called when an answer would be too late. Empty at any other time.
  asio::any_io_executor begin_work(std::function<void()> cancel) const {
    state().slot().cancel_by(std::move(cancel));
    const auto* const executor = state().slot().executor;
    return executor != nullptr ? *executor : asio::any_io_executor{};
  }

  /// Rejects with a response of your own.
  std::error_code reject(response answer) const {
    return give(detail::refusal_of(std::move(answer)));
  }

  /// Rejects with 500 because of an exception that the caller reports.
  std::error_code reject_after_exception() const {
    auto answer = detail::refusal_of({.status = 500});
    answer.is_reported = true;
    return give(std::move(answer));
  }

  /// Rejects with a status.
  std::error_code reject(unsigned status, std::string body = {}) const {
    return reject(response{.status = status, .body = std::move(body)});
  }
};

}  // namespace hawser
