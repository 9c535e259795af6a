// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

#include "hawser/base/ascii.hpp"
#include "hawser/base/error.hpp"

namespace hawser {

/// What has happened, as on_diagnostic reports it.
enum class incident_kind : std::uint8_t {
  refused,          ///< A valid request got another response than 101, or as a client: we got one
  bad_request,      ///< A request was malformed or incomplete
  tls_failed,       ///< The TLS handshake failed
  accept_failed,    ///< The listener could not accept a connection, or not serve it
  connect_failed,   ///< An attempt of a client failed for another reason than those above
  handler_threw,    ///< A handler threw an exception
  budget_exceeded,  ///< The memory budget, the send budget or a limit of messages was exceeded
};

/// The kind in words.
constexpr std::string_view describe(incident_kind kind) noexcept {
  switch (kind) {
    case incident_kind::refused: return "refused";
    case incident_kind::bad_request: return "bad request";
    case incident_kind::tls_failed: return "TLS failed";
    case incident_kind::accept_failed: return "accept failed";
    case incident_kind::connect_failed: return "connect failed";
    case incident_kind::handler_threw: return "handler threw";
    case incident_kind::budget_exceeded: return "budget exceeded";
  }
  return {};
}

namespace detail {

/// Appends a text of unknown origin, with `?` for control characters, so that a log keeps its lines.
inline void append_visible(std::string& to, std::string_view text) {
  for (const char c : text) to += is_field_value_char(c) ? c : '?';
}

/// The text of an exception, or an empty one.
inline std::string what_of(const std::exception_ptr& thrown) {
  if (!thrown) return {};
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace detail

/// What on_diagnostic reports about one connection, or about a listener. The views are valid until the hook
/// returns. What is not known is empty.
struct incident {
  incident_kind kind = incident_kind::refused;

  /// Why. For handler_threw it is set if the exception is a std::system_error or std::bad_alloc.
  std::error_code error = {};

  /// The status of the HTTP response that was sent, or, as a client, received. 0: none.
  unsigned status = 0;

  /// What the error is about: the handler, the header field, the refused Origin with those that are allowed,
  /// as a client the URL without user, password and query.
  std::string_view subject = {};

  /// Address and port of the peer, or the path of its Unix socket.
  std::string_view remote_address = {};

  /// The request line, as far as the request has been read. The target's query may contain secrets.
  std::string_view method = {};
  std::string_view target = {};

  std::exception_ptr exception = {};  ///< Of handler_threw and accept_failed

  /// All of it in one line, without the target's query and with `?` for control characters:
  /// `refused with 403: the Origin is not allowed (127.0.0.1:40000, GET /chat)`.
  std::string describe() const {
    std::string line{hawser::describe(kind)};
    if (status != 0) line.append(" with ").append(std::to_string(status));
    add(line, ": ", subject);
    auto why = detail::what_of(exception);
    if (why.empty() && error) why = error.message();
    add(line, ": ", why);
    const auto path = target.substr(0, target.find('?'));
    const bool asked = !method.empty() || !path.empty();
    if (remote_address.empty() && !asked) return line;
    line += " (";
    detail::append_visible(line, remote_address);
    if (asked) {
      if (!remote_address.empty()) line += ", ";
      detail::append_visible(line, method);
      add(line, " ", path);
    }
    return line += ')';
  }

 private:
  static void add(std::string& line, std::string_view separator, std::string_view text) {
    if (text.empty()) return;
    line += separator;
    detail::append_visible(line, text);
  }
};

namespace detail {

/// The kind of an incident of a server, or of a session, with this error.
inline incident_kind kind_of(std::error_code ec,
                             incident_kind otherwise = incident_kind::refused) noexcept {
  if (ec == errc::out_of_memory) return incident_kind::budget_exceeded;
  if (ec.category() != hawser::error_category()) return otherwise;
  switch (static_cast<errc>(ec.value())) {
    case errc::message_too_big:
    case errc::too_many_fragments:
    case errc::memory_exceeded:
    case errc::message_exceeds_budget:
    case errc::send_budget_exceeded: return incident_kind::budget_exceeded;
    case errc::bad_start_line:
    case errc::bad_header_field:
    case errc::head_too_large:
    case errc::too_many_fields:
    case errc::target_too_long:
    case errc::body_too_large:
    case errc::bad_body:
    case errc::unknown_coding:
    case errc::unknown_expectation:
    case errc::http_version:
    case errc::bad_host:
    case errc::unexpected_body:
    case errc::bad_key:
    case errc::unsupported_version:
    case errc::truncated_handshake: return incident_kind::bad_request;
    default: return otherwise;
  }
}

}  // namespace detail

}  // namespace hawser
