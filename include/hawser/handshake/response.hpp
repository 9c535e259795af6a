// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/base/ascii.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser {

/// A response that does not switch protocols.
struct response {
  unsigned status = 200;
  std::string reason = {};  ///< Empty: the usual phrase of the status
  header_fields headers = {};
  std::string body = {};

  /// The value of the first field of this name.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const& noexcept {
    return headers.find(name);
  }
  void header(std::string_view) const&& = delete;  // The view would outlive a temporary response.
};

/// The phrase of RFC 9110 §15 for a status, or an empty text.
// NOLINTNEXTLINE(readability-function-size): it has a line for each status.
constexpr std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 205: return "Reset Content";
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
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
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

/// Whether a response with this status has a body: RFC 9112 §6.3.
constexpr bool has_body(unsigned status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

/// Whether the response can be sent: the status is final, and no text would break a line.
[[nodiscard]] inline bool is_sendable(const response& answer) noexcept {
  return answer.status >= 200 && answer.status <= 599 && answer.headers.valid() &&
         std::all_of(answer.reason.begin(), answer.reason.end(), is_field_value_char);
}

namespace detail {

/// The status of an encoded response, or 0.
inline unsigned status_in(std::string_view response) noexcept {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!response.starts_with(version)) return 0;
  unsigned status = 0;
  for (const char digit : response.substr(version.size(), 3)) {
    status = 10 * status + static_cast<unsigned>(digit - '0');
  }
  return status;
}

/// A header field that is not sendable, by its name.
inline std::string quoted_header(std::string_view name) {
  return "header \"" + std::string{name} + '"';
}

/// What makes a response not sendable: the status, the name of a header field, or the reason.
inline std::string not_sendable_part(const response& answer) {
  if (answer.status < 200 || answer.status > 599) {
    return "status " + std::to_string(answer.status);
  }
  if (answer.headers.valid()) return "reason";
  return quoted_header(answer.headers.refused());
}

}  // namespace detail

/// What happens to the connection after a response: RFC 9112 §9.3. `keep_announced` is for
/// HTTP/1.0, where the response must say that the connection stays open.
enum class persistence : std::uint8_t { close, keep, keep_announced };

/// What encode() adds to a response.
struct response_facts {
  persistence connection = persistence::close;
  std::string_view date = {};  ///< The value of Date; empty: only the response's own Date, if any
  bool head_only = false;      ///< Without the body, in answer to HEAD: RFC 9110 §9.3.2
};

namespace detail {

/// Whether encode() writes this field of a response itself.
inline bool is_written_by_encode(std::string_view name, const response_facts& facts) noexcept {
  return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding") ||
         iequals(name, "Connection") || (!facts.date.empty() && iequals(name, "Date"));
}

inline std::string_view connection_line(persistence connection, bool upgrade) noexcept {
  // A response with Upgrade also names it in Connection: RFC 9110 §7.8.
  switch (connection) {
    case persistence::close:
      return upgrade ? "Connection: close, Upgrade\r\n" : "Connection: close\r\n";
    case persistence::keep: return upgrade ? "Connection: Upgrade\r\n" : "";
    case persistence::keep_announced: break;
  }
  return upgrade ? "Connection: keep-alive, Upgrade\r\n" : "Connection: keep-alive\r\n";
}

}  // namespace detail

/// The encoded response, which must be sendable. Writes the fields for length and connection itself
/// and omits those of `answer`.
[[nodiscard]] inline std::string encode(const response& answer, const response_facts& facts = {}) {
  const auto phrase = answer.reason.empty() ? reason_phrase(answer.status) : answer.reason;
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
  text.append(phrase).append("\r\n");
  for (const auto field : answer.headers) {
    if (detail::is_written_by_encode(field.name, facts)) continue;
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!facts.date.empty()) text.append("Date: ").append(facts.date).append("\r\n");
  text += detail::connection_line(facts.connection, answer.header("Upgrade").has_value());
  if (!has_body(answer.status)) return text += "\r\n";
  // A 205 has no body: RFC 9110 §15.3.6.
  const auto body = answer.status == 205 ? std::string_view{} : std::string_view{answer.body};
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return facts.head_only ? text : text.append(body);
}

/// The HTTP status for an error. Every mapping from an error to a status is here.
constexpr unsigned status_for(errc error) noexcept {
  switch (error) {
    case errc::head_too_large:
    case errc::too_many_fields: return 431;
    case errc::target_too_long: return 414;
    case errc::body_too_large: return 413;
    case errc::unknown_expectation: return 417;
    case errc::unknown_coding: return 501;
    case errc::http_version: return 505;
    case errc::bad_method: return 405;
    case errc::not_an_upgrade:
    case errc::unsupported_version: return 426;
    case errc::host_refused: return 421;
    case errc::origin_refused:
    case errc::upgrade_refused: return 403;
    case errc::handshake_timeout: return 408;
    case errc::memory_exceeded:
    case errc::too_many_connections:
    case errc::aborted:
    case errc::closed: return 503;
    case errc::bad_start_line:
    case errc::bad_header_field:
    case errc::bad_host:
    case errc::bad_body:
    case errc::unexpected_body:
    case errc::bad_key:
    case errc::no_subprotocol:
    case errc::truncated_handshake: return 400;
    default: return 500;
  }
}

/// The response for an error, with the header fields that its status requires.
[[nodiscard]] inline response response_for(errc error) {
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
