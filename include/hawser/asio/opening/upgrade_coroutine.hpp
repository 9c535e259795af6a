// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/executor/cancel.hpp"
#include "hawser/asio/incident.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/upgrade.hpp"

namespace hawser::detail {

/// A coroutine function that decides on an upgrade, which it takes by value.
template <class Coroutine>
concept upgrade_coroutine = requires(Coroutine& decide, upgrade asked) {
  { decide(std::move(asked)) } -> std::same_as<asio::awaitable<upgrade_decision>>;
};

/// Answers with the decision of a coroutine.
inline void answer(const upgrade& asked, upgrade_decision decision) {
  if (auto* const refusal = std::get_if<response>(&decision)) {
    asked.reject(std::move(*refusal));
  } else {
    asked.accept(std::get<acceptance>(std::move(decision)));
  }
}

/// A hook that spawns `coroutine` on the executor of the connection. It is cancelled when its decision would be
/// too late. `report(session, incident)` gets an exception in time.
template <upgrade_coroutine Coroutine, class Report>
auto decided_by(Coroutine coroutine, Report report) {
  // The coroutine uses the function's captures until it ends.
  const auto body = std::make_shared<Coroutine>(std::move(coroutine));
  return [body, report](upgrade& asked) {
    const auto signal = std::make_shared<asio::cancellation_signal>();
    auto ended = [body, asked, signal, report](const std::exception_ptr& thrown,
                                               upgrade_decision decision) {
      if (asked.answered()) return;
      if (!thrown) return answer(asked, std::move(decision));
      asked.reject_after_exception();
      incident what = thrown_by("on_upgrade", thrown);
      what.status = 500;
      what.remote_address = asked.remote_address();
      what.method = asked.request().method();
      what.target = asked.request().target();
      session none;
      report(none, what);
    };
    const auto executor = asked.begin_work([signal] { cancel(*signal); });
    asio::co_spawn(executor, (*body)(asked),
                   asio::bind_cancellation_slot(signal->slot(), std::move(ended)));
  };
}

}  // namespace hawser::detail
