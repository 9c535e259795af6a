// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "hawser/asio/accepting/connection_places.hpp"
#include "hawser/asio/driver/session_driver.hpp"
#include "hawser/asio/opening/chosen_route.hpp"
#include "hawser/asio/opening/io_registries.hpp"
#include "hawser/asio/opening/opening_registry.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_facts.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/policy.hpp"

namespace hawser::detail {

/// The settings of a session of this route, which must exist. Makes the session's extension.
inline session_settings settings_of(const chosen_route& chosen, const agreement& agreed) {
  const auto& options = chosen.get()->options();
  return {options.connection, options.budget, chosen.get()->handlers(),
          options.extension.make(role::server, agreed.extensions), chosen.settings().memory};
}

/// Makes the session of an accepted upgrade, and registers it; it gets the content of `facts`. Returns null, after
/// `report(exception)`, if its extension could not be made: its client has the response already, so the connection
/// ends.
template <class Stream, class Report>
std::shared_ptr<session_driver<Stream>> make_session(Stream stream, session_facts& facts,
                                                     const chosen_route& chosen,
                                                     const io_registries& registries,
                                                     connection_places::place place,
                                                     Report report) {
  std::optional<session_settings> settings;
  try {
    settings.emplace(settings_of(chosen, facts.agreed));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    report(std::current_exception());
    return nullptr;
  }
  return std::make_shared<session_driver<Stream>>(role::server, std::move(stream), std::move(facts),
                                                  std::move(*settings), registries.sessions,
                                                  std::move(place));
}

/// Ends a session that has begun while its server was closing.
inline void end_if_closing(const session& begun, const opening_registry& openings) {
  switch (openings.now()) {
    case serving::all:
    case serving::sessions: return;
    case serving::none: {
      const auto& last = openings.close_frame();
      begun.close(last.code, last.reason);
      return;
    }
    case serving::cut: begun.close_now(); return;
  }
}

}  // namespace hawser::detail
