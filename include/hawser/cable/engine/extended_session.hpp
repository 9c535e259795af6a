// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/engine/kept_sessions.hpp"
#include "hawser/cable/engine/subprotocol.hpp"
#include "hawser/cable/extended_options.hpp"
#include "hawser/handshake/query.hpp"
#include "hawser/handshake/request.hpp"
#include "hawser/pubsub/session_store.hpp"

namespace hawser::cable::detail {

/// What a client of the extended protocol has chosen, and its session.
struct extended_session {
  extended_session(const request& asked, const extended_options& options) {
    const auto query = asked.query();
    wanted_sid = find_in_query(query, "sid").value_or("");
    if (const auto field = asked.header("X-ANYCABLE-RESTORE-SID"); wanted_sid.empty() && field) {
      wanted_sid = *field;
    }
    if (const auto chosen = find_in_query(query, "pi")) {
      std::int64_t seconds = 0;
      const auto* const end = chosen->data() + chosen->size();
      const auto parsed = std::from_chars(chosen->data(), end, seconds);
      if (parsed.ec == std::errc{} && parsed.ptr == end) {
        ping_interval =
            std::clamp(std::chrono::seconds{seconds}, options.min_ping_interval,
                       (std::max)(options.min_ping_interval, options.max_ping_interval));
      }
    }
    const auto precision = find_in_query(query, "ptp").value_or("s");
    if (precision == "ms") ticks_per_second = 1'000;
    if (precision == "ns") ticks_per_second = 1'000'000'000;
  }

  /// The time in the precision that the client has chosen.
  std::int64_t time_of(std::chrono::system_clock::time_point now) const {
    const auto time = std::chrono::floor<std::chrono::nanoseconds>(now.time_since_epoch());
    return time.count() / (1'000'000'000 / ticks_per_second);
  }

  std::string wanted_sid;
  std::string sid;  ///< From the welcome on
  std::optional<std::chrono::seconds> ping_interval;
  std::int64_t ticks_per_second = 1;
  std::optional<kept_session> restored;
  bool has_asked_store = false;
  std::optional<taken_session> found;  ///< By the store
  std::string saved_text;              ///< In the store
  std::chrono::steady_clock::time_point saved_at;
  std::vector<std::string> early_texts;  ///< Sent before the welcome, while it is restored
  bool is_restoring = false;
};

}  // namespace hawser::cable::detail
