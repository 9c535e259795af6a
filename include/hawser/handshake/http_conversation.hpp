// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/decision.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_exchange.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"

namespace hawser {

/// The server's side of a connection until it becomes a WebSocket: any number of plain HTTP
/// requests, then possibly an opening handshake. A request is only parsed after the previous
/// response has been written, so pipelined requests are answered in order and use no more memory
/// than one. Has no clock: on a timeout the driver calls fail().
template <server_policy Policy = default_server_policy>
class http_conversation {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< Write output(); the request is not complete
    request,    ///< A valid request for a WebSocket: accept() or reject() it, now or later
    plain,      ///< The head of any other valid request: serve() or decline() it
    whole,      ///< That request with its body: answer() it, now or later
    done,       ///< Accepted: write output(), then frames follow in both directions
    failed,     ///< Write output(), then end the stream
  };

  http_conversation() requires std::default_initializable<Policy> : http_conversation{Policy{}} {}

  /// `Policy` may be a reference to settings that many connections share; they must outlive this object.
  explicit http_conversation(Policy policy, head_limits limits = {}, arrival how = {})
      : handshake_{std::forward<Policy>(policy), limits, how} {}

  /// Marks the stream as encrypted. Call this before next().
  void set_secure() noexcept { handshake_.set_secure(); }

  /// Takes bytes of one request from the front of `input`, after output() is written. Bytes of the
  /// next request stay in `input`.
  status next(bytes_view& input) {
    if (state_ != status::need_more || !output().empty()) return state_;
    if (in_body()) return take(exchange_->next(input));
    const request_kept guard{*this};
    return take(handshake_.next(input));
  }

  /// Call this when the client has ended the stream. Between two requests this ends the
  /// conversation without a response.
  status receive_end() {
    if (state_ != status::need_more) return state_;
    if (is_idle()) return state_ = status::failed;
    return in_body() ? take(exchange_->receive_end()) : take(handshake_.receive_end());
  }

  status state() const noexcept { return state_; }

  /// Whether a response has been written and no byte of the next request has arrived.
  bool is_idle() const noexcept {
    return state_ == status::need_more && exchange_ && !in_body() && handshake_.is_untouched();
  }

  /// The request, from the status `request` or `plain` until it is answered.
  const hawser::request& request() const noexcept {
    const bool served = state_ == status::whole || (state_ == status::need_more && in_body());
    return served ? exchange_->request() : handshake_.request();
  }

  /// See server_handshake::accept().
  status accept(const acceptance& how = {}) {
    return state_ == status::request ? take(handshake_.accept(how)) : state_;
  }

  /// See server_handshake::reject().
  status reject(const response& given) {
    return state_ == status::request ? take(handshake_.reject(given)) : state_;
  }

  /// Continues with the body of a plain request. A request for a WebSocket is then served as a
  /// plain one: its Upgrade is ignored, as RFC 9110 §7.8 allows.
  status serve(const http_limits& limits = {}) {
    if (state_ != status::plain && state_ != status::request) return state_;
    if (!exchange_) exchange_ = std::make_unique<http_exchange>();
    const auto http = handshake_.version();
    return take(exchange_->begin(handshake_.restart(), http, limits));
  }

  /// Answers a plain request without reading its body, with 426 or 405, as a server does that
  /// serves only WebSockets.
  status decline() noexcept { return state_ == status::plain ? state_ = status::failed : state_; }

  /// The same with another response.
  status decline(const response& given) {
    if (state_ == status::plain) handshake_.reject(given);
    return decline();
  }

  /// See http_exchange::answer().
  status answer(const response& given, std::string_view date = {}) {
    return state_ == status::whole ? take(exchange_->answer(given, date)) : state_;
  }

  /// Ends the conversation for a reason outside of the request, such as `handshake_timeout` or `closed`,
  /// with a response if a request is unanswered. Must not be called while output() is being written.
  status fail(errc error, std::string_view date = {}) {
    if (is_idle()) return state_ = status::failed;
    switch (state_) {
      case status::need_more:
        return in_body() ? take(exchange_->fail(error, date)) : take(handshake_.fail(error));
      case status::whole: return take(exchange_->fail(error, date));
      case status::request: return take(handshake_.fail(error));
      case status::plain: return decline(response_for(error));
      case status::done:
      case status::failed: break;
    }
    return state_;
  }

  /// Bytes to write next. Valid until serve(), accept(), reject(), decline(), answer() or fail().
  bytes_view output() const noexcept {
    if (state_ == status::plain) return {};
    return answers() ? exchange_->output() : handshake_.output();
  }

  /// Removes `size` written bytes from output().
  void consume_output(std::size_t size) noexcept {
    answers() ? exchange_->consume_output(size) : handshake_.consume_output(size);
  }

  /// The reason of the failure, or no error.
  errc error() const noexcept {
    const auto served = exchange_ ? exchange_->error() : errc{};
    return served != errc{} ? served : handshake_.error();
  }

  /// See server_handshake::unsendable().
  const std::string& unsendable() const noexcept { return handshake_.unsendable(); }

  /// The negotiated subprotocol and extensions, after `done`.
  const agreement& result() const noexcept { return handshake_.result(); }

  Policy& policy() noexcept { return handshake_.policy(); }

 private:
  using handshake = server_handshake<Policy>;

  /// If the policy throws, the request can still be refused.
  struct request_kept {
    http_conversation& conversation;
    ~request_kept() {
      if (conversation.handshake_.state() == handshake::status::request)
        conversation.state_ = status::request;
    }
  };

  bool in_body() const noexcept {
    return exchange_ && exchange_->state() == http_exchange::status::need_more;
  }

  /// Whether the output is that of the exchange: the handshake has none until the exchange's
  /// response is written.
  bool answers() const noexcept { return exchange_ && !exchange_->output().empty(); }

  status take(typename handshake::status now) noexcept {
    switch (now) {
      case handshake::status::need_more: break;
      case handshake::status::request: return state_ = status::request;
      case handshake::status::done: return state_ = status::done;
      case handshake::status::failed:
        return state_ = handshake_.is_plain() ? status::plain : status::failed;
    }
    return state_ = status::need_more;
  }

  status take(http_exchange::status now) noexcept {
    switch (now) {
      case http_exchange::status::need_more:
      case http_exchange::status::answered: break;
      case http_exchange::status::request: return state_ = status::whole;
      case http_exchange::status::failed: return state_ = status::failed;
    }
    return state_ = status::need_more;
  }

  handshake handshake_;
  std::unique_ptr<http_exchange> exchange_;  // null until the first plain request
  status state_ = status::need_more;
};

}  // namespace hawser
