// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <string_view>

namespace hawser {

/// The errors that hawser itself reports, grouped by the clause that is broken. Errors of the
/// operating system or of a transport keep their own category.
enum class errc {
  // HTTP messages: RFC 9112 §2–7, RFC 9110 §10.1.1
  bad_start_line = 1,   ///< The request or status line is malformed
  bad_header_field,     ///< A header line is malformed
  head_too_large,       ///< The head is longer than the limit
  too_many_fields,      ///< The head has more header lines than the limit
  target_too_long,      ///< The request target is longer than the limit
  body_too_large,       ///< The body of a request is longer than the limit
  bad_body,             ///< The body of a request is malformed, or its length is ambiguous
  unknown_coding,       ///< The body of a request has a transfer coding other than chunked
  unknown_expectation,  ///< The Expect field of the request is not 100-continue
  no_response,          ///< The application did not respond to a request
  http_version,         ///< The major HTTP version is not 1, or a response is not HTTP/1.1

  // The opening handshake as a server: RFC 6455 §4.2.1
  bad_method,           ///< The request method is not GET or HEAD, and no handler serves it
  bad_host,             ///< Host is missing, empty or repeated
  unexpected_body,      ///< The request for an upgrade has a body
  not_an_upgrade,       ///< The request does not ask for an upgrade to websocket
  bad_key,              ///< Sec-WebSocket-Key is not the base64 of 16 bytes
  unsupported_version,  ///< Sec-WebSocket-Version is not 13
  host_refused,         ///< The server does not serve the host named in Host
  origin_refused,       ///< The Origin is not allowed
  upgrade_refused,      ///< The application or the remote server refused the upgrade
  upgrade_unanswered,   ///< The application neither accepted nor refused the upgrade
  upgrade_failed,       ///< The application threw an exception instead of deciding on the upgrade

  // The opening handshake as a client: RFC 6455 §3 and §4.1
  bad_uri_scheme,          ///< The URI does not begin with ws:// or wss://
  bad_uri_character,       ///< The URI has a character that is not visible ASCII
  bad_uri_fragment,        ///< The URI has a fragment
  user_info_refused,       ///< The URI has a user or a password, which the options do not allow
  bad_uri_user_info,       ///< The user or the password of a URI is malformed
  bad_uri_host,            ///< The host of a URI is missing or malformed
  bad_uri_port,            ///< The port of a URI is not a number from 1 to 65535
  bad_connect_to,          ///< The option connect_to is not a host, with or without a port
  unsupported_scheme,      ///< A wss: URI without TLS
  bad_header_value,        ///< A header from the application is not valid and cannot be sent
  bad_upgrade,             ///< The response switches to a protocol other than websocket
  bad_accept,              ///< Sec-WebSocket-Accept is wrong, missing or repeated
  unexpected_subprotocol,  ///< The server chose a subprotocol that was not offered
  no_subprotocol,          ///< No subprotocol was agreed on, and one is required
  unexpected_extension,    ///< The server chose an extension that was not offered
  truncated_handshake,     ///< The stream ended inside the opening handshake
  handshake_timeout,       ///< The opening handshake took too long

  // Proxies: RFC 9110 §9.3.6, RFC 1928 and RFC 1929
  bad_proxy,             ///< The proxy settings are not valid, or not usable for this host
  bad_proxy_scheme,      ///< The proxy's URL has a scheme other than http, socks5 and socks5h
  bad_proxy_path,        ///< The proxy's URL has a path, a query or a fragment
  proxy_authentication,  ///< The proxy requires credentials, or rejected those given
  proxy_refused,         ///< The proxy refused to connect
  proxy_unreachable,     ///< The proxy cannot reach the host
  bad_proxy_answer,      ///< The proxy's response breaks its protocol

  // Framing: RFC 6455 §5
  bad_reserved_bits,        ///< A reserved bit is set that no extension defines
  bad_opcode,               ///< The opcode is reserved
  unmasked_frame,           ///< A client sent a frame without a mask
  masked_frame,             ///< A server sent a frame with a mask
  length_not_minimal,       ///< The payload length is not in its shortest form
  length_too_large,         ///< The payload length has its top bit set
  control_too_long,         ///< The payload of a control frame is longer than 125 bytes
  control_fragmented,       ///< A control frame is fragmented
  unexpected_continuation,  ///< A continuation frame without an unfinished message
  expected_continuation,    ///< A new message begins before the last one is finished
  bad_extension_data,       ///< An extension cannot decode the payload

  // Closing and text: RFC 6455 §7.4 and §8.1
  bad_close_payload,  ///< The payload of the Close frame is one byte
  bad_close_code,     ///< The close code must not appear in a Close frame
  invalid_utf8,       ///< Text is not UTF-8

  // Limits
  message_too_big,         ///< The message is larger than the limit
  too_many_fragments,      ///< The message has more frames than the limit
  too_many_connections,    ///< The server has as many connections as its limit
  memory_exceeded,         ///< The server's connections store more than its memory budget
  message_exceeds_budget,  ///< The message alone is larger than the limit of the queued output
  send_budget_exceeded,    ///< The queued output exceeds its limit
  too_many_topics,         ///< The session has subscribed to as many topics as its limit

  // What a server is configured with
  bad_listen_address,  ///< The address to listen on is not an IP address

  // Topics
  bad_topic,  ///< The name of the topic is not valid, or longer than the limit

  // What the application cannot send
  close_reason_too_long,  ///< The close reason is longer than 123 bytes
  message_unfinished,     ///< A fragmented message must be finished before this
  closed,                 ///< The connection is closing or closed

  // How a connection ends without the closing handshake
  end_of_stream,       ///< The peer ended the stream without a Close frame
  truncated,           ///< The stream ended inside a frame or a fragmented message
  aborted,             ///< This side ended the connection without a closing handshake
  out_of_memory,       ///< Memory allocation failed in the connection
  keep_alive_timeout,  ///< The peer did not answer the keep-alive ping
  message_timeout,     ///< No byte of an unfinished message arrived for too long
  close_timeout,       ///< The peer did not finish the closing handshake in time
  write_timeout,       ///< The peer accepted no data for too long
  read_timeout,        ///< Nothing arrived within the given time
  connect_timeout,     ///< No connection was established within the given time
};

/// The kinds of error that callers distinguish: `if (ec == hawser::condition::timeout)`.
enum class condition {
  handshake_rejected = 1,  ///< The opening handshake failed, on either side
  protocol_violation,      ///< The peer broke RFC 6455 or the rules of an extension
  limit_exceeded,          ///< A limit of the options was exceeded
  closed,                  ///< The connection is closing or closed, for whatever reason
  timeout,                 ///< A timeout expired
  bad_uri,                 ///< The text is not a valid URI of a server or a proxy
};

/// A description in one line, in plain words and without a full stop.
// NOLINTNEXTLINE(readability-function-size): it has a line for each error.
constexpr std::string_view describe(errc error) noexcept {
  switch (error) {
    case errc::bad_start_line: return "the first line of the HTTP head is malformed";
    case errc::bad_header_field: return "a line of the HTTP head is malformed";
    case errc::head_too_large: return "the HTTP head is too large";
    case errc::too_many_fields: return "the HTTP head has too many lines";
    case errc::target_too_long: return "the request target is too long";
    case errc::body_too_large: return "the body of the request is too large";
    case errc::bad_body: return "the body of the request is malformed or its length is ambiguous";
    case errc::unknown_coding: return "the transfer coding of the body is not supported";
    case errc::unknown_expectation: return "the expectation of the request is not supported";
    case errc::no_response: return "the application did not answer the request";
    case errc::http_version: return "the HTTP version is not supported";
    case errc::bad_method: return "the request method is not supported";
    case errc::bad_host: return "the Host field is missing, empty or repeated";
    case errc::unexpected_body: return "the request for an upgrade has a body";
    case errc::not_an_upgrade: return "the request is not an upgrade to websocket";
    case errc::bad_key: return "Sec-WebSocket-Key is not the base64 of 16 bytes";
    case errc::unsupported_version: return "the WebSocket version is not 13";
    case errc::host_refused: return "the server does not answer for this host";
    case errc::origin_refused: return "the Origin is not allowed";
    case errc::upgrade_refused: return "the upgrade was refused";
    case errc::upgrade_unanswered: return "the upgrade was neither accepted nor refused";
    case errc::upgrade_failed: return "the application failed to decide on the upgrade";
    case errc::bad_uri_scheme: return "the URI does not begin with ws:// or wss://";
    case errc::bad_uri_character: return "the URI has a character that must be percent-encoded";
    case errc::bad_uri_fragment: return "the URI has a fragment (#)";
    case errc::user_info_refused:
      return "the URI has a user or a password, which the options do not allow";
    case errc::bad_uri_user_info: return "the user or the password of the URI is malformed";
    case errc::bad_uri_host: return "the host of the URI is missing or malformed";
    case errc::bad_uri_port: return "the port of the URI is not a number from 1 to 65535";
    case errc::bad_connect_to: return "connect_to is not a host or a host with a port";
    case errc::unsupported_scheme: return "a wss: URL needs TLS: include hawser/tls.hpp";
    case errc::bad_header_value: return "a header of the application cannot be sent";
    case errc::bad_upgrade: return "the server did not switch to websocket";
    case errc::bad_accept: return "Sec-WebSocket-Accept does not match the key";
    case errc::unexpected_subprotocol: return "the server chose a subprotocol that was not offered";
    case errc::no_subprotocol: return "no subprotocol was agreed on, and one is required";
    case errc::unexpected_extension: return "the server chose an extension that was not offered";
    case errc::truncated_handshake: return "the stream ended inside the opening handshake";
    case errc::handshake_timeout: return "the opening handshake took too long";
    case errc::bad_proxy: return "the proxy settings are not valid or not usable for this host";
    case errc::bad_proxy_scheme:
      return "the proxy's URL has a scheme other than http, socks5 and socks5h";
    case errc::bad_proxy_path: return "the proxy's URL has a path, a query or a fragment";
    case errc::proxy_authentication:
      return "the proxy requires credentials or rejected those given";
    case errc::proxy_refused: return "the proxy refused to connect";
    case errc::proxy_unreachable: return "the proxy cannot reach the host";
    case errc::bad_proxy_answer: return "the proxy's answer is malformed";
    case errc::bad_reserved_bits: return "a reserved bit is set";
    case errc::bad_opcode: return "the opcode is reserved";
    case errc::unmasked_frame: return "a frame of a client has no mask";
    case errc::masked_frame: return "a frame of a server has a mask";
    case errc::length_not_minimal: return "a payload length is not in its shortest form";
    case errc::length_too_large: return "a payload length has its top bit set";
    case errc::control_too_long: return "the payload of a control frame is longer than 125 bytes";
    case errc::control_fragmented: return "a control frame is fragmented";
    case errc::unexpected_continuation: return "a continuation frame without an unfinished message";
    case errc::expected_continuation: return "a new message began before the last one was finished";
    case errc::bad_extension_data: return "the payload cannot be decoded";
    case errc::bad_close_payload: return "the payload of a Close frame is one byte";
    case errc::bad_close_code: return "the close code must not be sent";
    case errc::invalid_utf8: return "text is not UTF-8";
    case errc::message_too_big: return "the message is too big";
    case errc::too_many_fragments: return "the message has too many frames";
    case errc::too_many_connections: return "the server has too many connections";
    case errc::memory_exceeded: return "the server stores too much";
    case errc::message_exceeds_budget:
      return "the message alone is larger than the limit of the queued output";
    case errc::send_budget_exceeded: return "too much output is queued";
    case errc::too_many_topics: return "the session has too many topics";
    case errc::bad_listen_address: return "the address to listen on is not an IP address";
    case errc::bad_topic: return "the name of the topic is malformed or too long";
    case errc::close_reason_too_long: return "the close reason is longer than 123 bytes";
    case errc::message_unfinished: return "a fragmented message is not finished";
    case errc::closed: return "the connection is closed";
    case errc::end_of_stream: return "the peer ended the stream without a Close frame";
    case errc::truncated: return "the stream ended inside a message";
    case errc::aborted: return "the connection was ended from this side";
    case errc::out_of_memory: return "there is no memory for the connection";
    case errc::keep_alive_timeout: return "the peer did not answer the keep-alive ping";
    case errc::message_timeout: return "a message made no progress";
    case errc::close_timeout: return "the peer did not finish the closing handshake in time";
    case errc::write_timeout: return "the peer took no data for too long";
    case errc::read_timeout: return "nothing arrived in time";
    case errc::connect_timeout: return "no connection was established in time";
  }
  return {};
}

/// Whether `error` belongs to `kind`.
constexpr bool is(errc error, condition kind) noexcept {
  switch (kind) {
    case condition::handshake_rejected:
      return error >= errc::bad_start_line && error <= errc::bad_proxy_answer;
    case condition::protocol_violation:
      return error >= errc::bad_reserved_bits && error <= errc::invalid_utf8;
    case condition::limit_exceeded:
      return (error >= errc::message_too_big && error <= errc::too_many_topics) ||
             (error >= errc::head_too_large && error <= errc::body_too_large);
    case condition::closed: return error >= errc::closed && error <= errc::write_timeout;
    case condition::timeout:
      return (error >= errc::keep_alive_timeout && error <= errc::connect_timeout) ||
             error == errc::handshake_timeout;
    case condition::bad_uri:
      return (error >= errc::bad_uri_scheme && error <= errc::bad_uri_port) ||
             error == errc::bad_proxy_scheme || error == errc::bad_proxy_path;
  }
  return false;
}

}  // namespace hawser
