// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/handshake/request_body.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// Limits of plain HTTP requests.
struct http_limits {
  /// The largest body of a request, in bytes; a larger one is answered with 413. 0: only empty bodies.
  std::size_t body = 64 * 1024;

  /// The number of plain requests per connection; the last response closes the connection. 1: the
  /// connection is closed after the first response. 0: no limit.
  std::size_t requests = 1000;
};

/// The server's side of the plain HTTP requests of one connection, each from the end of its head:
/// the body, the response, and whether the connection stays open. See http_conversation.
class http_exchange {
 public:
  enum class status : std::uint8_t {
    need_more,  ///< Write output(); the body is not complete
    request,    ///< The request is complete: answer() it, now or later
    answered,   ///< Write output(); then the next request can begin
    failed,     ///< Write output(), then end the stream
  };

  /// Begins with a request whose head has been read. The stream continues with its body.
  status begin(hawser::request asked, http_version http, const http_limits& limits) {
    request_ = std::move(asked);
    version_ = http;
    error_ = {};
    output_.clear();
    written_ = 0;
    state_ = status::need_more;
    persistent_ = ++count_ != limits.requests && wants_to_persist();

    const auto framing = request_framing(request_.headers, http);
    if (framing.error != errc{}) return fail(framing.error);
    if (framing.length > limits.body) return fail(errc::body_too_large);
    if (const auto error = check_expectation(); error != errc{}) return fail(error);
    if (framing.is_empty()) return state_ = status::request;
    reader_.emplace(framing, limits.body);
    if (expects_continue()) output_ = "HTTP/1.1 100 Continue\r\n\r\n";
    return state_;
  }

  /// Takes bytes of the body from the front of `input`, after output() is written.
  status next(bytes_view& input) {
    if (state_ != status::need_more || !output().empty()) return state_;
    switch (reader_->next(input, body_)) {
      case request_body_reader::status::need_more: break;
      case request_body_reader::status::failed: return fail(reader_->error());
      case request_body_reader::status::done:
        request_.set_body(std::exchange(body_, {}));
        state_ = status::request;
    }
    return state_;
  }

  /// Call this when the client has ended the stream. The client may still read a response.
  status receive_end() {
    return state_ == status::need_more ? fail(errc::truncated_handshake) : state_;
  }

  status state() const noexcept { return state_; }

  /// The request. It has no body until the status is `request`.
  const hawser::request& request() const noexcept { return request_; }

  /// Answers the complete request. Adds the fields for length and connection, and Date unless
  /// `date` is empty. A `Connection: close` in the response closes the connection. Instead of a
  /// response that is not sendable, the client gets 500 and the error is `bad_header_value`.
  status answer(const response& given, std::string_view date = {}) {
    if (state_ != status::request) return state_;
    persistent_ = persistent_ && !has_token(given.headers, "Connection", "close");
    if (!is_sendable(given)) {
      error_ = errc::bad_header_value;
      return write(response_for(error_), date);
    }
    return write(given, date);
  }

  /// Ends the exchange and the connection for a reason outside of the request, such as `handshake_timeout`,
  /// unless the request is answered. Must not be called while output() is being written.
  status fail(errc error, std::string_view date = {}) {
    if (state_ == status::answered || state_ == status::failed) return state_;
    error_ = error;
    persistent_ = false;
    // The client is not late if its request is complete: the application is.
    const bool late = state_ == status::request && error == errc::handshake_timeout;
    return write(late ? response{.status = 503} : response_for(error), date);
  }

  /// Bytes to write next. Valid until begin(), answer() or fail().
  bytes_view output() const noexcept { return as_bytes(output_).subspan(written_); }

  /// Removes `size` written bytes from output(), and frees its memory when all of it is written.
  void consume_output(std::size_t size) noexcept {
    written_ += size;
    if (written_ != output_.size()) return;
    release(output_);
    written_ = 0;
  }

  /// The reason of the failure, or no error.
  errc error() const noexcept { return error_; }

 private:
  /// RFC 9112 §9.3.
  bool wants_to_persist() const {
    const auto& headers = request_.headers;
    if (has_token(headers, "Connection", "close")) return false;
    return version_ == http_version::http_1_1 || has_token(headers, "Connection", "keep-alive");
  }

  bool expects_continue() const {
    return version_ == http_version::http_1_1 && request_.header("Expect");
  }

  /// RFC 9110 §10.1.1.
  errc check_expectation() const {
    bool known = true;
    for_each_element(request_.headers, "Expect", [&](std::string_view expectation) {
      known = known && iequals(expectation, "100-continue");
    });
    return known || !expects_continue() ? errc{} : errc::unknown_expectation;
  }

  /// Frees the memory of `held`, which an assignment would keep.
  template <class Held>
  static void release(Held& held) noexcept {
    const auto released = std::exchange(held, {});
  }

  status write(const response& answer, std::string_view date) {
    const auto kept =
        version_ == http_version::http_1_0 ? persistence::keep_announced : persistence::keep;
    output_ = encode(answer, {.connection = persistent_ ? kept : persistence::close,
                              .date = date,
                              .head_only = request_.method() == "HEAD"});
    written_ = 0;
    release(request_);
    release(body_);
    return state_ = persistent_ ? status::answered : status::failed;
  }

  hawser::request request_;
  std::optional<request_body_reader> reader_;
  std::string body_;
  std::string output_;
  std::size_t written_ = 0;
  std::size_t count_ = 0;
  http_version version_ = http_version::http_1_1;
  bool persistent_ = false;
  errc error_{};
  status state_ = status::answered;
};

}  // namespace hawser
