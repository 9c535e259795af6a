// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/asio/diagnostics.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/route.hpp"
#include "hawser/asio/session.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/transport/memory_budget.hpp"

namespace hawser::detail {

/// The settings that all openings of a server share; constant while it runs.
struct opening_settings {
  head_limits limits = {};
  std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds{10};
  std::chrono::steady_clock::duration close_timeout =
      std::chrono::seconds{5};           ///< Of requests without a route
  default_server_policy handshake = {};  ///< For requests without a route
  std::vector<std::unique_ptr<route>> routes = {};
  std::vector<std::string> trusted_proxies = {};
  http_options http = {};
  http_hook on_http = {};
  std::shared_ptr<memory_budget> memory = std::make_shared<memory_budget>(0);
  std::shared_ptr<detail::diagnostics> diagnostics = std::make_shared<detail::diagnostics>();

  /// The first route that matches the path, and its parameters; or null.
  const route* find(std::string_view path, path_parameters& parameters) const {
    for (const auto& one : routes) {
      if (auto found = one->match(path)) {
        parameters = std::move(*found);
        return one.get();
      }
    }
    return nullptr;
  }

  /// Passes an exception that belongs to no connection to on_error of the route for all paths.
  passed_on report(const std::exception_ptr& thrown) const {
    for (const auto& one : routes) {
      const auto handlers = one->handlers();
      if (!one->is_for("/*") || !handlers->on_error) continue;
      session none;
      return call_on_error(handlers->diagnostics.get(), [&] { handlers->on_error(none, thrown); });
    }
    return passed_on::no;
  }

  /// The hook for a plain request of this route, or null. `OPTIONS *` concerns the server as a whole.
  const http_hook* hook_for(const request& asked, const route* found) const {
    const bool of_route = found != nullptr && found->http_hook() && asked.target() != "*";
    const auto& hook = of_route ? found->http_hook() : on_http;
    return hook ? &hook : nullptr;
  }

  /// Throws std::invalid_argument if a route is for these paths: a second one would never be used.
  void check_is_first(const std::string& pattern) const {
    for (const auto& one : routes) {
      if (one->is_for(pattern)) {
        throw std::invalid_argument{"hawser: two routes for '" + pattern + "'"};
      }
    }
  }

  /// Throws std::logic_error if nothing is set, so that every client would get 404. `function` begins the server.
  void check_has_work(const char* function) const {
    if (!routes.empty() || on_http) return;
    throw std::logic_error{"hawser::" + std::string{function} +
                           ": no handler is set; a server that only sends calls fallback()"};
  }
};

/// While `frozen`, other threads may read the settings. `flag` is that of the server itself.
inline void freeze(const opening_settings& all, std::atomic<bool>& flag, bool frozen) noexcept {
  flag = frozen;
  all.diagnostics->freeze(frozen);
  for (const auto& one : all.routes) one->freeze(frozen);
}

/// Freezes the settings as long as it exists. It may outlive the server.
class frozen_settings {
 public:
  frozen_settings(std::shared_ptr<opening_settings> all, std::shared_ptr<std::atomic<bool>> flag)
      : all_{std::move(all)}, flag_{std::move(flag)} {
    freeze(*all_, *flag_, true);
  }
  ~frozen_settings() { freeze(*all_, *flag_, false); }
  frozen_settings(const frozen_settings&) = delete;
  frozen_settings& operator=(const frozen_settings&) = delete;

 private:
  const std::shared_ptr<opening_settings> all_;
  const std::shared_ptr<std::atomic<bool>> flag_;
};

/// The policy of the route of a request. The handshake calls allow_host() first, which finds the route.
struct routed_policy {
  const opening_settings* settings;
  const route* chosen = nullptr;
  path_parameters parameters = {};

  bool allow_host(const request& asked) {
    chosen = settings->find(asked.path(), parameters);
    return (chosen != nullptr ? handshake() : settings->handshake).allow_host(asked);
  }
  /// Without a route the response is 404, whatever the Origin.
  bool allow_origin(const request& asked) const {
    return chosen == nullptr || handshake().allow_origin(asked);
  }
  response refuse_origin(const request& asked) const { return handshake().refuse_origin(asked); }
  std::string explain_origin(const request& asked) const {
    return chosen == nullptr ? std::string{} : handshake().explain_origin(asked);
  }
  std::string choose_subprotocol(const request& asked) const {
    return handshake().choose_subprotocol(asked);
  }
  bool requires_subprotocol() const { return handshake().requires_subprotocol(); }
  std::string accept_extensions(const extension_list& offers) const {
    return chosen->options().extension.answer(offers);
  }
  const header_fields& extra_headers(const request& asked) const {
    return handshake().extra_headers(asked);
  }

 private:
  const default_server_policy& handshake() const { return chosen->options().handshake; }
};

}  // namespace hawser::detail
