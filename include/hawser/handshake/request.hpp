// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/handshake/cookie.hpp"
#include "hawser/handshake/credentials.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/query.hpp"

namespace hawser {

/// How a request has reached the server. The checks of Host and Origin depend on it.
struct arrival {
  // One byte, because a session keeps its request.
  bool secure : 1 = false;         ///< Over TLS
  bool loopback : 1 = false;       ///< Through a listener with a loopback address
  bool trusted_proxy : 1 = false;  ///< From a trusted proxy: what its X-Forwarded fields say counts
};

/// An HTTP request, for an upgrade or another one, with its text as it was sent. Views are valid
/// until this object is changed, moved or destroyed.
class request {
 public:
  request() = default;

  /// Makes a request from a complete head, and takes the head's fields.
  explicit request(http_head& head, arrival how = {})
      : request{head.method(), head.target(), head.take_fields(), {}, how} {}

  /// Makes a request that another HTTP server has parsed.
  request(std::string_view method, std::string_view target, header_fields fields,
          std::string_view body = {}, arrival how = {})
      : headers{std::move(fields)},
        target_size_{clamped<std::uint32_t>(target.size())},
        method_size_{clamped<std::uint16_t>(method.size())},
        arrival_{how} {
    text_.reserve(std::size_t{method_size_} + target_size_ + body.size());
    text_.append(method.substr(0, method_size_)).append(target.substr(0, target_size_));
    text_.append(body);
  }

  std::string_view method() const& noexcept {
    return std::string_view{text_}.substr(0, method_size_);
  }

  /// The target of the request line: path and query, or an absolute URI (RFC 9112 §3.2.2).
  std::string_view target() const& noexcept {
    return std::string_view{text_}.substr(method_size_, target_size_);
  }

  /// The body without its transfer coding; empty in an opening handshake.
  std::string_view body() const& noexcept {
    return std::string_view{text_}.substr(std::size_t{method_size_} + target_size_);
  }

  void set_body(std::string_view body) {
    text_.resize(std::size_t{method_size_} + target_size_);
    text_.append(body);
  }

  /// Whether the target is a path or an absolute URI, without a fragment: the forms of RFC 9112
  /// §3.2 that a server accepts.
  bool has_good_target() const noexcept {
    return (target().starts_with('/') || authority_start() != 0) &&
           target().find('#') == std::string_view::npos;
  }

  /// The path of the target, still percent-encoded; `/` if an absolute URI has none.
  std::string_view path() const& noexcept {
    const auto rest = after_authority();
    const auto path = rest.substr(0, rest.find('?'));
    return path.empty() ? "/" : path;
  }

  /// The text after the target's `?`, percent-encoding kept, or empty.
  std::string_view query() const& noexcept {
    const auto rest = after_authority();
    const auto mark = rest.find('?');
    return mark == std::string_view::npos ? std::string_view{} : rest.substr(mark + 1);
  }

  /// The value of the first parameter of this name in the query, decoded: `7 8` for `id` in
  /// `/x?id=7+8`. Nothing if there is none, or if its percent-encoding is invalid: see find_in_query().
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const {
    return find_in_query(query(), name);
  }

  /// The same for all parameters of this name, in order: see find_all_in_query().
  [[nodiscard]] std::vector<std::string> queries(std::string_view name) const {
    return find_all_in_query(query(), name);
  }

  /// The header lines, as they were sent.
  header_fields headers;

  /// The value of the first field of this name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const& noexcept {
    return headers.find(name);
  }

  /// The requested host, with its port if there is one. The host of a target that is an absolute
  /// URI comes before the Host field (RFC 9112 §3.2.2).
  std::string_view host() const& noexcept {
    const auto start = authority_start();
    if (start == 0) return header("Host").value_or(std::string_view{});
    return target().substr(start, authority_end(start) - start);
  }

  /// Whether the request came over TLS to this server. False behind a proxy that terminates TLS: see
  /// client_scheme().
  bool is_secure() const noexcept { return arrival_.secure; }

  /// Whether the request came through a listener with a loopback address.
  bool is_from_loopback() const noexcept { return arrival_.loopback; }

  /// Whether the request came from a trusted proxy: see client_scheme() and client_host().
  bool is_from_trusted_proxy() const noexcept { return arrival_.trusted_proxy; }

  /// The origin of the page, as the browser states it: RFC 6454 §7. Other clients can omit it or
  /// send any value.
  [[nodiscard]] std::optional<std::string_view> origin() const& noexcept {
    return header("Origin");
  }

  /// The value of the first cookie of this name, as it was sent: RFC 6265 §4.2. Names are compared exactly.
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const& noexcept {
    std::optional<std::string_view> found;
    for_each_cookie(name, [&](std::string_view value) {
      found = value;
      return false;
    });
    return found;
  }

  /// The values of all cookies of this name, as they were sent. A browser sends the one with the longest path
  /// first, but a subdomain may have set it.
  [[nodiscard]] std::vector<std::string_view> cookies(std::string_view name) const& {
    std::vector<std::string_view> found;
    for_each_cookie(name, [&](std::string_view value) {
      found.push_back(value);
      return true;
    });
    return found;
  }

  /// The value of the first cookie of this name as the application set it: see decode_cookie().
  [[nodiscard]] std::optional<std::string> decoded_cookie(std::string_view name) const {
    const auto value = cookie(name);
    return value ? decode_cookie(*value) : std::nullopt;
  }

  /// The token of `Authorization: Bearer …`: see decode_bearer_token(). Nothing if there are several
  /// Authorization lines.
  [[nodiscard]] std::optional<std::string_view> bearer_token() const& noexcept {
    const auto value = headers.find_only("Authorization");
    return value ? decode_bearer_token(*value) : std::nullopt;
  }

  /// User and password of `Authorization: Basic …`, decoded: see decode_basic_credentials(). Nothing if
  /// there are several Authorization lines.
  [[nodiscard]] std::optional<hawser::basic_credentials> basic_credentials() const {
    const auto value = headers.find_only("Authorization");
    return value ? decode_basic_credentials(*value) : std::nullopt;
  }

  /// The offered subprotocols, the preferred one first: RFC 6455 §4.1 (10).
  std::vector<std::string_view> subprotocols() const& {
    std::vector<std::string_view> names;
    for_each_element(headers, "Sec-WebSocket-Protocol",
                     [&](std::string_view name) { names.push_back(name); });
    return names;
  }

  /// The offered extensions, the preferred one first, or nothing if their list is malformed.
  std::optional<extension_list> extensions() const { return decode_extensions(headers); }

  // The views would outlive a temporary request.
  void method() const&& = delete;
  void target() const&& = delete;
  void body() const&& = delete;
  void path() const&& = delete;
  void query() const&& = delete;
  void header(std::string_view) const&& = delete;
  void host() const&& = delete;
  void origin() const&& = delete;
  void cookie(std::string_view) const&& = delete;
  void cookies(std::string_view) const&& = delete;
  void bearer_token() const&& = delete;
  void subprotocols() const&& = delete;

 private:
  template <class Size>
  static Size clamped(std::size_t size) noexcept {
    return static_cast<Size>((std::min)(size, std::size_t{(std::numeric_limits<Size>::max)()}));
  }

  /// Until `visit(value)` returns false.
  template <class Visit>
  void for_each_cookie(std::string_view name, const Visit& visit) const {
    for (const auto field : headers) {
      if (!iequals(field.name, "Cookie")) continue;
      cookie_list list{field.value};
      while (const auto one = list.next()) {
        if (one->name == name && !visit(one->value)) return;
      }
    }
  }

  std::size_t authority_start() const noexcept {
    for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
      if (iequals(target().substr(0, scheme.size()), scheme)) return scheme.size();
    }
    return 0;
  }

  std::size_t authority_end(std::size_t start) const noexcept {
    return (std::min)(target().find_first_of("/?", start), target().size());
  }

  std::string_view after_authority() const noexcept {
    const auto start = authority_start();
    return target().substr(start == 0 ? 0 : authority_end(start));
  }

  std::string text_;  // method, target and body in one text, because a session keeps its request
  std::uint32_t target_size_ = 0;
  std::uint16_t method_size_ = 0;
  arrival arrival_;
};

}  // namespace hawser
