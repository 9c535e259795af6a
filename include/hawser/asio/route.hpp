// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/asio/handler_setters.hpp"
#include "hawser/asio/http_request.hpp"
#include "hawser/asio/opening/upgrade_coroutine.hpp"
#include "hawser/asio/session/handler_from.hpp"
#include "hawser/asio/session/session_handlers.hpp"
#include "hawser/asio/session/session_state.hpp"
#include "hawser/asio/upgrade.hpp"
#include "hawser/base/handler_function.hpp"
#include "hawser/base/percent.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/protocol/options.hpp"

namespace hawser {

/// How long a session keeps the request of its opening handshake, which uses as many bytes as the
/// request's head.
enum class request_lifetime : std::uint8_t {
  session,  ///< As long as the session has a handle
  opening,  ///< Until on_open has returned: session::request() is empty afterwards
};

/// The options of a route's sessions.
struct route_options {
  /// Which pages may connect (default: the same origin, and clients without an Origin), the
  /// subprotocols, and additional header fields of the response.
  default_server_policy handshake = {};
  connection_options connection = {};
  send_budget budget = {};

  /// With `opening`, request() may only be used in on_open and on the session's own thread; if a
  /// coroutine serves the session, on_open must copy what the coroutine needs. The remote address
  /// and the route's parameters stay valid.
  request_lifetime keep_request = request_lifetime::session;

  /// An extension that clients may negotiate, for example permessage_deflate. Empty: none.
  any_negotiator extension = {};
};

/// What a server does with requests for one path. Change the settings before the server starts: a setter
/// throws std::logic_error while it runs. The handlers are called on the thread of their session.
class route : public handler_setters<route> {
 public:
  /// `pattern` is a path. A segment may be a parameter, `/rooms/:id`, and the last one may be `*`,
  /// which matches the rest of the path. Other segments are compared without decoding. The value of a
  /// parameter is percent-decoded, so it may contain any byte, also `/` and NUL. A path with invalid
  /// percent-encoding in a parameter does not match.
  route(std::string pattern, route_options options)
      : pattern_{std::move(pattern)}, options_{std::move(options)} {}

  /// A function that reports the exceptions of a handler. It may outlive the route, and then does nothing.
  auto error_reporter() const {
    return [weak = std::weak_ptr{handlers_}](session& of, const incident& what) {
      if (const auto all = weak.lock()) detail::report_thrown(*all, of, what);
    };
  }

  /// Called before a session begins. The hook accepts or rejects the upgrade, or stores a copy of
  /// it and answers later. Otherwise the client gets 500, and on_error is called. Without a hook,
  /// the options decide. A second hook is a std::logic_error.
  template <class Handler>
  route& on_upgrade(Handler handler) {
    static_assert(detail::handler_fits<Handler, void(upgrade&)>,
                  "on_upgrade wants void(upgrade&), or a coroutine: "
                  "asio::awaitable<upgrade_decision>(upgrade)");
    return set_upgrade(
        detail::handler_from<void(upgrade&)>(std::move(handler), "route::on_upgrade()"));
  }

  /// The same with a coroutine, `asio::awaitable<upgrade_decision>(upgrade)`, on the executor of the
  /// connection, for example to ask a database. The handshake timeout runs meanwhile. When the decision
  /// would be too late, because the timeout has expired, the server shuts down or the connection has ended,
  /// the coroutine is cancelled (terminal). After an exception, the client gets 500, and on_error is
  /// called.
  template <detail::upgrade_coroutine Coroutine>
  route& on_upgrade(Coroutine coroutine) {
    return on_upgrade(detail::decided_by(std::move(coroutine), error_reporter()));
  }

  /// Called for plain HTTP requests to these paths: any method but CONNECT, with or without a body,
  /// and anything that is not an upgrade by RFC 6455 §4.1. The hook calls http_request::answer(),
  /// or stores a copy and answers later. On the thread of the connection. Without a hook here, the
  /// server's hook is called. If the route has only this hook and none for sessions, upgrades are
  /// served as plain requests: their Upgrade is ignored.
  ///
  /// The hook is a `void(http_request&)`, or a `response(const request&)`, which returns the answer. If the
  /// latter throws, the client gets 500 and the exception is reported. A second hook is a std::logic_error.
  template <class Handler>
  route& on_http(Handler handler) {
    static_assert(detail::answers_http<Handler>,
                  "on_http wants void(http_request&) or response(const request&), no coroutine");
    return set_http(detail::http_hook_from(std::move(handler), "route::on_http()"));
  }

  /// The handlers, to set them. Throws std::logic_error while the server runs.
  session_handlers& hooks() {
    check_settable();
    return *handlers_;
  }

  /// Called by the server: while it runs, its threads may read the settings.
  void freeze(bool frozen) noexcept { frozen_ = frozen; }

  /// Whether a request that matches `pattern` matches this route too, and the other way round: the patterns
  /// differ in the names of parameters at most.
  bool is_for(std::string_view pattern) const noexcept {
    std::string_view own = pattern_;
    while (!own.empty() && !pattern.empty()) {
      const auto left = take_segment(own);
      const auto right = take_segment(pattern);
      const bool are_parameters = left.starts_with(':') && right.starts_with(':');
      if (!are_parameters && left != right) return false;
    }
    return own.empty() && pattern.empty();
  }

  route_options& options() noexcept { return options_; }
  const route_options& options() const noexcept { return options_; }
  const handler_function<void(upgrade&)>& upgrade_hook() const noexcept { return on_upgrade_; }
  const hawser::http_hook& http_hook() const noexcept { return on_http_; }

  /// Whether no handler for sessions is set.
  bool is_http_only() const noexcept {
    return on_http_ && !on_upgrade_ && !handlers_->serve_sessions();
  }

  std::shared_ptr<const session_handlers> handlers() const noexcept { return handlers_; }

  /// The parameters, decoded, if `path` matches this route.
  std::optional<std::vector<std::pair<std::string, std::string>>> match(
      std::string_view path) const {
    std::vector<std::pair<std::string, std::string>> found;
    std::string_view pattern = pattern_;
    while (true) {
      const auto wanted = take_segment(pattern);
      if (wanted == "*" && pattern.empty()) return found;
      const auto given = take_segment(path);
      const bool is_parameter = wanted.starts_with(':');
      if (is_parameter ? given.empty() : wanted != given) return std::nullopt;
      if (is_parameter) {
        auto value = percent_decode(given);
        if (!value) return std::nullopt;
        found.emplace_back(wanted.substr(1), std::move(*value));
      }
      if (pattern.empty() || path.empty()) break;
    }
    if (pattern.empty() && path.empty()) return found;
    return std::nullopt;
  }

 private:
  void check_settable() const { detail::check_not_running(frozen_, "a route's settings"); }

  route& set_upgrade(handler_function<void(upgrade&)> hook) {
    check_settable();
    detail::set_once(on_upgrade_, std::move(hook), "route::on_upgrade()");
    return *this;
  }

  route& set_http(hawser::http_hook hook) {
    check_settable();
    detail::set_once(on_http_, std::move(hook), "route::on_http()");
    return *this;
  }

  /// Takes a segment and the slash before it.
  static std::string_view take_segment(std::string_view& path) noexcept {
    if (path.starts_with('/')) path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
  }

  std::string pattern_;
  route_options options_;
  handler_function<void(upgrade&)> on_upgrade_;
  hawser::http_hook on_http_;
  std::shared_ptr<session_handlers> handlers_ = std::make_shared<session_handlers>();
  std::atomic<bool> frozen_ = false;
};

}  // namespace hawser
