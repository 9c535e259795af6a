// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/percent.hpp"
#include "hawser/cable/client/connection_request.hpp"

namespace hawser::cable::detail {

/// The session that the next connection asks the server to continue. Its name is a secret, which no other server gets.
class continued_session {
 public:
  /// The server has accepted a connection to `url`, and named its session, if it has one.
  void begin(std::optional<std::string> sid, std::string_view url) {
    sid_ = std::move(sid).value_or("");
    origin_ = origin_of(url);
  }

  /// The next connection begins a session of its own.
  void forget() noexcept { sid_.clear(); }

  /// The URL of the next attempt, which is at `url`.
  std::string url_of(std::string url) const {
    if (sid_.empty() || origin_of(url) != origin_) return url;
    url += url.find('?') == std::string::npos ? '?' : '&';
    return url.append("sid=").append(percent_encode(sid_));
  }

 private:
  std::string sid_;
  std::string origin_;
};

}  // namespace hawser::cable::detail
