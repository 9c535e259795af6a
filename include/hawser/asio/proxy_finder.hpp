// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "hawser/base/handler_function.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/proxy_choice.hpp"
#include "hawser/handshake/uri.hpp"

namespace hawser {

/// The proxy of a client's connections: a URL, a proxy, or a function that finds one for each connection.
///
///     connect_options{.proxy = "http://user:password@proxy:3128"}
///     connect_options{.proxy = proxy_from_environment}
///
/// A function gets the host and port to connect to. If it returns nothing, the connection fails with
/// errc::bad_proxy. connect() passes its exceptions on. A client reports them to on_error, and the attempt
/// fails: with the code of a std::system_error, otherwise with errc::aborted. async_connect() completes with
/// that code.
class proxy_finder : public handler_function<std::optional<proxy>(const uri&)> {
  using base = handler_function<std::optional<proxy>(const uri&)>;

 public:
  /// No proxy.
  proxy_finder() = default;
  proxy_finder(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): as std::function

  // The next ones are not explicit, so that `.proxy = …` takes all of them.

  /// The proxy of `url` for all connections: see proxy::decode(). Empty, or a null pointer: none. Throws
  /// std::system_error at once if the URL is not valid: code() says which part is wrong, and what()
  /// contains the URL without secrets.
  // NOLINTNEXTLINE(google-explicit-constructor)
  proxy_finder(const char* url) : base{of(url == nullptr ? std::string_view{} : url)} {}
  template <std::convertible_to<std::string_view> Text>
  // NOLINTNEXTLINE(google-explicit-constructor)
  proxy_finder(const Text& url) : base{of(url)} {}

  /// This proxy for all connections.
  // NOLINTNEXTLINE(google-explicit-constructor)
  proxy_finder(proxy via) : base{[via = std::move(via)](const uri&) { return via; }} {}

  /// A function, such as proxy_from_environment. It must be copyable.
  template <class F>
  requires(!std::convertible_to<const F&, std::string_view> &&
           !std::same_as<std::remove_cvref_t<F>, proxy> &&
           !std::derived_from<std::remove_cvref_t<F>, proxy_finder>)
      // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload): as std::function
      proxy_finder(F&& find)
      : base{std::forward<F>(find)} {}

 private:
  static base of(std::string_view url) {
    if (url.empty()) return {};
    std::error_code ec;
    auto found = proxy::decode(url, ec);
    if (!found) throw std::system_error{ec, "proxy " + without_secrets(url)};
    return [found = std::move(found)](const uri&) { return found; };
  }
};

/// The proxy that the environment variables name at the time of the call: see choose_proxy().
inline std::optional<proxy> proxy_from_environment(const uri& where) {
  return choose_proxy(where, [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  });
}

}  // namespace hawser
