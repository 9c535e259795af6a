// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <system_error>

#include "hawser/asio.hpp"
#include "hawser/hawser.hpp"

/// Properties that must be the same in all translation units.
struct facts {
  const std::error_category* errors;
  const std::error_category* conditions;
  std::array<std::size_t, 6> sizes;

  bool operator==(const facts&) const = default;
};

/// The facts of the unit without assertions.
facts without_assertions();

namespace {

/// The facts of the unit that includes this.
facts facts_here() {
  return {&hawser::error_category(),
          &hawser::condition_category(),
          {sizeof(hawser::connection), sizeof(hawser::event), sizeof(hawser::connection_options),
           sizeof(hawser::detail::outbox), sizeof(hawser::client_websocket),
           sizeof(hawser::threaded_server)}};
}

}  // namespace
