// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/base/language.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "hawser/transport/backoff.hpp"

namespace hawser::cable::detail {

/// How long a consumer waits before its next attempt: as the monitor of the npm client, 6 s, each time 15 % more
/// and at most ten times, randomised by 15 %, the first time by 100 %. At once after a connection that has lasted
/// 10 s, and once after a connection at whose end the server asked to reconnect.
template <jitter_source Source = system_jitter>
class reconnect_waits {
 public:
  using duration = std::chrono::steady_clock::duration;

  static constexpr duration healthy_after = std::chrono::seconds{10};

  explicit reconnect_waits(Source source = {}) : source_{std::move(source)} {}

  /// The server has accepted a connection.
  void welcomed() noexcept { attempts_ = 0; }

  /// A connection has ended that lasted for `life`.
  void disconnected(duration life, bool server_asked) noexcept {
    if (life >= healthy_after) may_ask_ = true;
    at_once_ = life >= healthy_after || (server_asked && may_ask_);
    if (at_once_ && life < healthy_after) may_ask_ = false;
  }

  /// The wait before the next attempt.
  duration next() {
    const auto before = attempts_;
    attempts_ = (std::min)(attempts_ + 1, most_steps);
    if (std::exchange(at_once_, false)) return duration::zero();
    double seconds = 6;
    for (unsigned i = 0; i < before; ++i) seconds *= 1.15;
    const double spread = before == 0 ? 1.0 : 0.15;
    const double share = static_cast<double>(source_()) / 4294967296.0;
    return std::chrono::duration_cast<duration>(
        std::chrono::duration<double>{seconds * (1 + spread * share)});
  }

 private:
  static constexpr unsigned most_steps = 10;

  Source source_;
  unsigned attempts_ = 0;
  bool at_once_ = false;
  bool may_ask_ = true;  // so that a server that always asks is not asked in a loop
};

}  // namespace hawser::cable::detail
