// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/opening/opening_settings.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/handshake/request.hpp"

namespace hawser::detail {

/// The route of the current request of a connection, and what follows from it.
class chosen_route {
 public:
  explicit chosen_route(std::shared_ptr<const opening_settings> settings) noexcept
      : settings_{std::move(settings)} {}

  const opening_settings& settings() const noexcept { return *settings_; }

  /// The route, or null: no request has arrived yet, or none matches.
  const route* get() const noexcept { return route_; }

  /// For an upgrade, whose route the policy has found.
  void choose(const route* found) noexcept { route_ = found; }

  /// For a plain request: finds its route, the parameters, and the hook that answers it, or null.
  const http_hook* choose_hook(const request& asked, path_parameters& parameters) {
    route_ = settings_->find(asked.path(), parameters);
    return settings_->hook_for(asked, route_);
  }

  /// How long the client may take to read a refusal: the close timeout of the route's sessions.
  std::chrono::steady_clock::duration close_timeout() const noexcept {
    return route_ != nullptr ? route_->options().connection.close_timeout
                             : settings_->close_timeout;
  }

  /// Passes an exception to the route's on_error. An exception of that one is reported.
  passed_on pass_on(const std::exception_ptr& thrown) const {
    session none;
    if (route_ == nullptr || !route_->handlers()->on_error) return passed_on::no;
    return call_on_error(settings_->diagnostics.get(),
                         [&] { route_->handlers()->on_error(none, thrown); });
  }

 private:
  const std::shared_ptr<const opening_settings> settings_;
  const route* route_ = nullptr;
};

}  // namespace hawser::detail
