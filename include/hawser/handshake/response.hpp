// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// An answer to a request that does not switch protocols.
struct response {
  unsigned status = 200;
  std::string reason = {};  ///< Empty: the usual phrase
  header_fields headers = {};
  std::string body = {};

  /// The value of the first line of this name.
  std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers.find(name);
  }
};

/// The phrase of RFC 9110 §15 for a status, or an empty one.
constexpr std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return {};
  }
}

/// Whether a response of this status has a body: RFC 9112 §6.3.
constexpr bool has_body(unsigned status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

/// Whether the response can stand on the wire: a final status, and nothing in its texts that would
/// break a line.
inline bool is_sendable(const response& answer) noexcept {
  return answer.status >= 200 && answer.status <= 599 && answer.headers.valid() &&
         std::all_of(answer.reason.begin(), answer.reason.end(), is_field_value_char);
}

/// The whole response on the wire, after which the stream ends. It must be sendable. Length and
/// connection are said here: lines of `answer` that speak of them are left out.
inline std::string encode(const response& answer) {
  const auto phrase = answer.reason.empty() ? reason_phrase(answer.status) : answer.reason;
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  text.append(phrase).append("\r\n");
  for (const auto field : answer.headers) {
    if (iequals(field.name, "Content-Length") || iequals(field.name, "Transfer-Encoding") ||
        iequals(field.name, "Connection")) {
      continue;
    }
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  // Who names a protocol to upgrade to says so in Connection too: RFC 9110 §7.8.
  text += answer.header("Upgrade") ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n";
  if (!has_body(answer.status)) return text += "\r\n";
  return text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body;
}

/// The status that tells a client of `error`: the only place where an error becomes a status.
constexpr unsigned status_for(errc error) noexcept {
  switch (error) {
    case errc::head_too_large:
    case errc::too_many_fields: return 431;
    case errc::target_too_long: return 414;
    case errc::http_version: return 505;
    case errc::bad_method: return 405;
    case errc::not_an_upgrade:
    case errc::unsupported_version: return 426;
    case errc::origin_refused:
    case errc::upgrade_refused: return 403;
    case errc::handshake_timeout: return 408;
    case errc::too_many_connections:
    case errc::aborted:
    case errc::closed: return 503;
    case errc::bad_start_line:
    case errc::bad_header_field:
    case errc::bad_host:
    case errc::unexpected_body:
    case errc::bad_key:
    case errc::truncated_handshake: return 400;
    default: return 500;
  }
}

/// The response that tells a client of `error`, with the headers that its status asks for.
inline response response_for(errc error) {
  response answer{.status = status_for(error)};
  if (answer.status == 405) answer.headers.add("Allow", "GET");
  if (answer.status == 426) {
    answer.headers.add("Upgrade", "websocket");
    answer.headers.add("Sec-WebSocket-Version", "13");
  }
  answer.headers.add("Content-Type", "text/plain");
  answer.body.append(describe(error)).append("\n");
  return answer;
}

}  // namespace hawser
