// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/client_step.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/response.hpp"

namespace hawser {

/// A step of a client that sends one HTTP request and reads the response. Of a refusal's body, up
/// to max_body_size bytes are read.
class http_client_step : public client_step {
 public:
  /// The response, once its head is complete.
  const hawser::response& response() const noexcept { return response_; }

  /// Whether the peer has refused; error() and response() are then final.
  bool refused() const noexcept { return refused_; }

 protected:
  explicit http_client_step(head_limits limits) noexcept
      : limits_{limits}, head_{http_head::kind::response, limits} {}

  /// Takes bytes of the response from the front of `input`. Calls `decide()` when the head is
  /// complete, which then calls complete(), refuse() or fail().
  template <class Decide>
  status next(bytes_view& input, Decide decide) {
    while (state() == status::need_more && !input.empty()) {
      if (refused_) {
        read_body(input);
        continue;
      }
      const auto progress = head_.next(input);
      if (progress == http_head::status::failed) return fail(head_.error());
      if (progress == http_head::status::done && take_head()) decide();
    }
    return state();
  }

  /// Fails with `error` when the body is complete, or at the end of the stream.
  void refuse(errc error) {
    set_error(error);
    refused_ = true;
    body_ = body_reader{response_.status, response_.headers};
    bytes_view nothing;
    read_body(nothing);
  }

  bool is_http_1_1() const noexcept { return head_.is_http_1_1(); }

 private:
  /// Returns false for an interim response, which is skipped (RFC 9110 §15.2). The size limit
  /// counts all heads together.
  bool take_head() {
    const auto code = head_.status_code();
    if (code >= 100 && code < 200 && code != 101) {
      head_ = http_head{http_head::kind::response, limits_, head_.size()};
      return false;
    }
    response_.status = code;
    response_.reason = head_.reason();
    response_.headers = head_.take_fields();
    return true;
  }

  void read_body(bytes_view& input) {
    if (body_.next(input, response_.body)) fail(error());
  }

  head_limits limits_;
  http_head head_;
  hawser::response response_;
  body_reader body_;
  bool refused_ = false;
};

}  // namespace hawser
