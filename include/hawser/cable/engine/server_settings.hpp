// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/connection.hpp"
#include "hawser/cable/engine/channel_type.hpp"
#include "hawser/cable/engine/handler_result.hpp"
#include "hawser/cable/fault.hpp"
#include "hawser/cable/server_options.hpp"

namespace hawser::cable::detail {

/// The hooks of a server; empty if they are not set.
struct server_hooks {
  std::function<handler_result(connection&)> connect;
  std::function<handler_result(connection&)> disconnect;
  std::function<bool(connection&, const command&)> before_command;
  std::function<void(connection&, const command&)> after_command;
  std::function<void(connection&, const fault&)> fault;
};

/// What is set before mount(), and does not change afterwards.
struct server_settings {
  explicit server_settings(const server_options& chosen) : options{chosen} {}

  const server_options options;
  std::vector<std::string> identified_by;
  std::unordered_map<std::string, std::shared_ptr<const channel_type>> types;
  server_hooks hooks;
  bool is_mounted = false;
};

}  // namespace hawser::cable::detail
