// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/decision.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/key.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/request_checks.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// The server's side of an opening handshake: RFC 6455 §4.2. Pass received bytes to next(), accept() or
/// reject() the request, and write output(). Has no clock: on a timeout the driver calls fail().
template <server_policy Policy = default_server_policy>
class server_handshake {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< The request is not complete
    request,    ///< The request is valid: accept() or reject() it, now or later
    done,       ///< Accepted: write output(), then frames follow in both directions
    failed,     ///< Write output(), a complete response, then end the stream
  };

  server_handshake() requires std::default_initializable<Policy> : server_handshake{Policy{}} {}

  /// `Policy` may be a reference to settings that many connections share; they must outlive this object.
  explicit server_handshake(Policy policy, head_limits limits = {}, arrival how = {})
      : policy_{std::forward<Policy>(policy)},
        head_{http_head::kind::request, limits},
        arrival_{how} {}

  /// For an HTTP/1.1 request that another HTTP server has parsed. See state() for the result.
  server_handshake(hawser::request asked, Policy policy)
      : policy_{std::forward<Policy>(policy)}, head_{http_head::kind::request} {
    take(std::move(asked));
  }

  /// Takes bytes of the request from the front of `input`. Bytes after the request are frames and
  /// stay in `input`.
  status next(bytes_view& input) {
    if (state_ != status::need_more) return state_;
    switch (head_.next(input)) {
      case http_head::status::need_more: break;
      case http_head::status::failed: return fail(head_.error());
      case http_head::status::done: {
        version_ = head_.is_http_1_1() ? http_version::http_1_1 : http_version::http_1_0;
        const bool good_version = head_.is_http_1();
        take(hawser::request{head_, arrival_}, good_version ? errc{} : errc::http_version);
      }
    }
    return state_;
  }

  /// Call this when the client has ended the stream.
  status receive_end() {
    return state_ == status::need_more ? fail(errc::truncated_handshake) : state_;
  }

  status state() const noexcept { return state_; }

  /// Marks the stream as encrypted. Call this before next(). Drivers do so for encrypted streams.
  void set_secure() noexcept { arrival_.secure = true; }

  /// The request: from the status `request` on, and after `failed` if its head was complete.
  const hawser::request& request() const noexcept { return request_; }

  /// The request's minor version of HTTP/1.
  http_version version() const noexcept { return version_; }

  /// Whether the handshake failed because the request is valid plain HTTP. The response is 426 to
  /// GET and HEAD and 405 to other methods, unless reject() replaces it.
  bool is_plain() const noexcept {
    return state_ == status::failed &&
           (error_ == errc::not_an_upgrade ||
            (error_ == errc::bad_method && request_.method() != "CONNECT"));
  }

  /// Whether no byte has arrived.
  bool is_untouched() const noexcept { return head_.size() == 0; }

  /// Moves the request out, and begins again for the connection's next request.
  hawser::request restart() {
    head_.restart();
    agreed_ = {};
    extensions_.clear();
    output_.clear();
    unsendable_.clear();
    written_ = 0;
    error_ = {};
    state_ = status::need_more;
    return std::exchange(request_, {});
  }

  /// Accepts the request, with the subprotocol and the extensions that the policy chooses, and adds
  /// `headers` to the response. Does nothing unless the status is `request`; check the returned
  /// status. If the policy or `headers` contain what must not be sent, the client gets 500.
  status accept(const header_fields& headers = {}) { return accept(headers, std::nullopt); }

  /// The same, with the choice of a subprotocol: `accept({.subprotocol = "chat"})`.
  status accept(const acceptance& how) { return accept(how.headers, how.subprotocol); }

  /// Responds without accepting; error() is then `upgrade_refused`. Also replaces the response to a
  /// request that is_plain(), as long as none of it is written; error() is then unchanged. Instead
  /// of a response that is not sendable, the client gets 500 and the error is `bad_header_value`.
  status reject(const response& answer) {
    const bool plain = is_plain() && written_ == 0;
    if (state_ != status::request && !plain) return state_;
    return refuse(answer, plain ? error_ : errc::upgrade_refused);
  }

  /// The same, with a status.
  status reject(unsigned code, std::string body = {}) {
    return reject(response{.status = code, .body = std::move(body)});
  }

  /// What an application has decided: accept() or reject().
  status decide(const upgrade_decision& decision) {
    const auto* const refusal = std::get_if<response>(&decision);
    return refusal != nullptr ? reject(*refusal) : accept(std::get<acceptance>(decision));
  }

  /// Ends the handshake for a reason outside of the request, such as `handshake_timeout` or
  /// `too_many_connections`, with a response. Does nothing after `done` or `failed`.
  status fail(errc error) {
    if (state_ == status::done || state_ == status::failed) return state_;
    error_ = error;
    write(response_for(error));
    return state_;
  }

  /// Bytes to write next. Valid until accept(), reject() or fail().
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// Removes `size` written bytes from output().
  void consume_output(std::size_t size) noexcept { written_ += size; }

  /// The reason of the failure, or no error.
  errc error() const noexcept { return error_; }

  /// After bad_header_value: the part that must not be sent, `header "X-Name"`, `status 99` or `reason`.
  const std::string& unsendable() const noexcept { return unsendable_; }

  /// The status of the response after `failed`, otherwise 0.
  unsigned response_status() const noexcept {
    return state_ == status::failed ? detail::status_in(output_) : 0;
  }

  /// The negotiated subprotocol and extensions, after `done`.
  const agreement& result() const noexcept { return agreed_; }

  Policy& policy() noexcept { return policy_; }

 private:
  status accept(const header_fields& headers, const std::optional<std::string>& subprotocol) {
    if (state_ != status::request) return state_;
    const auto error = agree(subprotocol);
    if (error != errc{}) return fail(error);
    const header_fields& more = policy_.extra_headers(request_);
    for (const auto* const all : {&more, &headers}) {
      const auto name = detail::find_not_addable(*all);
      if (!name) continue;
      unsendable_ = detail::quoted_header(*name);
      return fail(errc::bad_header_value);
    }
    write_acceptance();
    output_.append(more.text()).append(headers.text()).append("\r\n");
    state_ = status::done;
    return state_;
  }

  void take(hawser::request asked, errc error = {}) {
    request_ = std::move(asked);
    if (error == errc{}) error = detail::check_upgrade(request_, version_);
    state_ = status::request;  // If the policy throws, the request can still be refused.
    if (reaches_application(error) && !is_for_us()) error = errc::host_refused;
    if (error != errc{}) {
      fail(error);
    } else if (!policy_.allow_origin(request_)) {
      refuse(detail::refusal_of_origin(policy_, request_), errc::origin_refused);
    }
  }

  /// Responds with this, or with 500 if that is not sendable.
  status refuse(const response& answer, errc error) {
    const bool sendable = is_sendable(answer);
    error_ = sendable ? error : errc::bad_header_value;
    if (!sendable) unsendable_ = detail::not_sendable_part(answer);
    write(sendable ? answer : response_for(error_));
    return state_;
  }

  /// Whether the application may get the request: upgrades, and requests that a driver can pass on
  /// as plain HTTP.
  static bool reaches_application(errc error) noexcept {
    return error == errc{} || error == errc::not_an_upgrade || error == errc::bad_method;
  }

  /// Only an HTTP/1.0 request can lack a host, and browsers send none.
  bool is_for_us() { return request_.host().empty() || policy_.allow_host(request_); }

  /// Calls the policy, and checks its choices against the client's offer: RFC 6455 §4.2.2 (5) and §9.1.
  errc agree(const std::optional<std::string>& subprotocol) {
    agreed_.subprotocol = subprotocol ? *subprotocol : policy_.choose_subprotocol(request_);
    if (agreed_.subprotocol.empty() && detail::requires_subprotocol(policy_)) {
      return errc::no_subprotocol;
    }
    const auto names = request_.subprotocols();
    if (!agreed_.subprotocol.empty() &&
        std::find(names.begin(), names.end(), agreed_.subprotocol) == names.end()) {
      return errc::unexpected_subprotocol;
    }
    const auto offers = request_.extensions().value_or(extension_list{});
    extensions_ = policy_.accept_extensions(offers);
    const auto answer = decode_extensions(extensions_);
    if (!answer || !are_offered(*answer, offers)) return errc::unexpected_extension;
    agreed_.extensions = *answer;
    return errc{};
  }

  void write_acceptance() {
    const auto key = accept_key_for(*request_.header("Sec-WebSocket-Key"));
    output_ = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    output_.append("Sec-WebSocket-Accept: ").append(key.data(), key.size()).append("\r\n");
    if (!agreed_.subprotocol.empty()) {
      output_.append("Sec-WebSocket-Protocol: ").append(agreed_.subprotocol).append("\r\n");
    }
    if (!agreed_.extensions.empty()) {
      output_.append("Sec-WebSocket-Extensions: ").append(extensions_).append("\r\n");
    }
  }

  void write(const response& answer) {
    output_ = encode(answer, {.head_only = request_.method() == "HEAD"});
    state_ = status::failed;
  }

  Policy policy_;
  http_head head_;
  arrival arrival_;
  hawser::request request_;
  agreement agreed_;
  std::string extensions_;
  std::string output_;
  std::string unsendable_;
  std::size_t written_ = 0;
  errc error_{};
  http_version version_ = http_version::http_1_1;
  status state_ = status::need_more;
};

}  // namespace hawser
