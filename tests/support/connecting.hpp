// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <system_error>
#include <utility>

#include "hawser/asio/async_connect.hpp"

namespace hawser::test {

/// What async_connect() has completed with.
struct connecting {
  std::optional<std::error_code> result;
  async_client_websocket peer;

  auto handler() {
    return [this](std::error_code ec, async_client_websocket connected) {
      result = ec;
      peer = std::move(connected);
    };
  }
};

}  // namespace hawser::test
