// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>
#include <system_error>
#include <type_traits>

#include "hawser/base/error_category.hpp"
#include "hawser/base/never_destroyed.hpp"

namespace hawser::redis {

/// The errors of a redis_broker.
enum class errc {
  bad_url = 1,  ///< The URL of Redis is not valid
  no_tls,       ///< The URL asks for TLS, and the redis_broker was made without a TLS layer
  bad_options,  ///< An option has a value that it cannot have
  not_connected,  ///< There is no connection, and the options say that publications do not wait for one
  queue_full,       ///< As many bytes of publications wait as the options allow
  refused,          ///< Redis has refused a command, for example because of its access rules
  bad_credentials,  ///< Redis does not accept the user or the password, or asks for them
  not_ready,        ///< Redis is still reading its data, or has lost its master
  timeout,          ///< Redis did not answer in time
  bad_reply,        ///< What Redis sent is not a reply, or not one to the command
  reply_too_large,  ///< A reply of Redis is larger than the options allow
  ended,            ///< Redis has ended the connection
};

/// A description in one line, in plain words and without a full stop.
constexpr std::string_view describe(errc error) noexcept {
  switch (error) {
    case errc::bad_url: return "the URL of Redis is not valid";
    case errc::no_tls:
      return "the URL of Redis asks for TLS (rediss:), and the broker has no TLS layer";
    case errc::bad_options: return "an option has a value that it cannot have";
    case errc::not_connected: return "there is no connection to Redis";
    case errc::queue_full: return "too many bytes of publications wait for Redis";
    case errc::refused: return "Redis has refused a command";
    case errc::bad_credentials: return "Redis does not accept the user or the password";
    case errc::not_ready: return "Redis is not ready";
    case errc::timeout: return "Redis did not answer in time";
    case errc::bad_reply: return "what Redis sent is not a reply to the command";
    case errc::reply_too_large: return "a reply of Redis is too large";
    case errc::ended: return "Redis has ended the connection";
  }
  return {};
}

/// The category of `redis::errc`. Categories are compared by address, so the program has one object, shared
/// libraries included.
[[gnu::visibility("default")]] inline const std::error_category& error_category() noexcept {
  static const never_destroyed<hawser::detail::enum_category<errc>> category{"hawser.redis"};
  return category.get();
}

/// Makes `std::error_code ec = redis::errc::timeout` work.
inline std::error_code make_error_code(errc error) noexcept {
  return {static_cast<int>(error), error_category()};
}

}  // namespace hawser::redis

template <>
struct std::is_error_code_enum<hawser::redis::errc> : std::true_type {};
