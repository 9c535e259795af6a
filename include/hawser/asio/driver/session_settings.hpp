// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

#include "hawser/asio/send_budget.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/options.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// The settings of a session.
struct session_settings {
  connection_options connection = {};
  send_budget budget = {};
  std::shared_ptr<const session_handlers> handlers = {};
  any_extension extension = {};                // the negotiated one
  std::shared_ptr<memory_budget> memory = {};  // the server's, if there is one
};

}  // namespace hawser::detail
