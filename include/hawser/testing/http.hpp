// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/base/ascii.hpp"
#include "hawser/base/bytes.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/field_list.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/handshake/http_client_step.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/testing/peer.hpp"
#include "hawser/testing/received.hpp"
#include "hawser/testing/wire.hpp"

namespace hawser::testing {

/// A plain HTTP request, and its response with its body.
class http_exchange final : public http_client_step {
 public:
  http_exchange(std::string_view method, std::string_view target, const header_fields& headers,
                std::string_view body)
      : http_client_step{head_limits{}} {
    std::string head{method};
    head.append(" ").append(target).append(" HTTP/1.1\r\n");
    if (!headers.find("Host")) head.append("Host: localhost\r\n");
    head.append(headers.text());
    if (!body.empty()) head.append("Content-Length: " + std::to_string(body.size()) + "\r\n");
    send(head.append("\r\n").append(body));
  }

  // A "refusal" is a response that is read with its body.
  status next(bytes_view& input) {
    return http_client_step::next(input, [this] { refuse(errc::upgrade_refused); });
  }
};

/// The handshake of a client that wants a WebSocket. Host, Origin and Sec-WebSocket-Protocol of `headers`
/// replace those of the handshake.
inline client_handshake<> make_upgrade(std::string_view target, const header_fields& headers) {
  default_client_policy policy;
  std::string host{"localhost"};
  for (const auto field : headers) {
    if (iequals(field.name, "Host")) {
      host = field.value;
    } else if (iequals(field.name, "Origin")) {
      policy.origin = field.value;
    } else if (!iequals(field.name, "Sec-WebSocket-Protocol")) {
      policy.headers.add(field.name, field.value);
    }
  }
  for_each_element(headers, "Sec-WebSocket-Protocol",
                   [&](std::string_view name) { policy.subprotocols.emplace_back(name); });
  std::error_code ec;
  const auto where = uri::decode("ws://" + host + std::string{target}, ec);
  if (!where) throw failure{"no request target: " + detail::quoted(target)};
  client_handshake<> made{*where, policy};
  if (made.error() != errc{}) throw failure{"header fields that a client cannot send"};
  return made;
}

/// Performs one step of a client with the code under test. Returns the bytes after the response.
template <class Step>
std::vector<std::byte> perform_step(wire& over, Step& step) {
  over.write(step.output());
  step.consume_output(step.output().size());
  over.run();
  std::vector<std::byte> read;
  over.take(read, wire::no_limit);
  bytes_view input{read};
  step.next(input);
  if (step.state() == Step::status::need_more && over.has_ended()) step.receive_end();
  if (step.state() == Step::status::need_more) {
    throw failure{"expected a response, received " +
                  (read.empty() ? std::string{"nothing"} : "an incomplete one")};
  }
  if (step.response().status == 200 && !step.refused()) {
    throw failure{"expected a response, received the end of the stream"};
  }
  return {input.begin(), input.end()};
}

/// Performs the server's side of an opening handshake with a client under test. `decide(handshake)` accepts or
/// refuses the request. Returns the bytes after it.
template <class Decide>
std::vector<std::byte> perform_acceptance(wire& over, server_handshake<>& handshake,
                                          Decide decide) {
  using status = server_handshake<>::status;
  over.run();
  std::vector<std::byte> read;
  over.take(read, wire::no_limit);
  bytes_view input{read};
  if (handshake.next(input) == status::request) decide(handshake);
  if (handshake.state() == status::need_more) {
    throw failure{"expected a request, received " + detail::quoted(as_text(read))};
  }
  over.write(handshake.output());
  const auto error = handshake.error();
  if (error != errc{} && error != errc::upgrade_refused) {
    throw failure{"a handshake that fails: " + std::string{hawser::describe(error)}};
  }
  return {input.begin(), input.end()};
}

}  // namespace hawser::testing
