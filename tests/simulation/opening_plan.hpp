// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "hawser/asio/executor/deadlines.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/response.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/negotiation/negotiator.hpp"
#include "hawser/transport/opening.hpp"
#include "simulation/network.hpp"
#include "simulation/user.hpp"
#include "support/run_length_negotiator.hpp"

namespace hawser::test {

/// The settings of both sides of an opening handshake, from which its outcome follows.
struct opening_plan {
  using client_policy = negotiating_client_policy<default_client_policy>;
  using server_policy = negotiating_server_policy<default_server_policy>;

  std::vector<std::string> offered;
  std::vector<std::string> spoken;
  std::array<any_negotiator, 2> extensions;
  bool foreign = false;  // the client is a page of another origin
  bool refuses = false;  // the application refuses
  duration decides_after{};
  duration timeout = std::chrono::seconds{3};

  explicit opening_plan(chance& random) {
    for (const auto* name : {"chat", "superchat", "v2.cable"}) {
      if (random.once_in(2)) offered.emplace_back(name);
      if (random.once_in(2)) spoken.emplace_back(name);
    }
    for (auto& side : extensions) {
      if (!random.once_in(3)) side = run_length_negotiator{};
    }
    foreign = random.once_in(12);
    refuses = random.once_in(12);
    if (random.once_in(6)) decides_after = random.time_below(100);
  }

  client_policy for_client() const {
    return {{.origin = foreign ? "http://elsewhere" : "", .subprotocols = offered}, extensions[0]};
  }
  default_server_policy serving() const { return {.subprotocols = spoken}; }
  server_policy for_server() const { return {serving(), extensions[1]}; }

  bool good() const { return !foreign && !refuses; }

  opening_options options(const connection_options& connection) const {
    return {timeout, connection};
  }

  /// The agreement that must be the result.
  agreement expected() const {
    agreement made;
    for (const auto& name : spoken) {
      const bool known = std::find(offered.begin(), offered.end(), name) != offered.end();
      if (made.subprotocol.empty() && known) made.subprotocol = name;
    }
    if (extensions[0] && extensions[1]) made.extensions = {{"run-length"}};
    return made;
  }

  void judge(verdict& judge, const agreement& agreed) const {
    judge.require(good(), "accepted what was to be refused");
    judge.require(agreed.subprotocol == expected().subprotocol, "another subprotocol than agreed");
    judge.require(agreed.extensions == expected().extensions, "another extension than agreed");
  }

  /// A client is refused only for a reason, such as the server's timeout.
  void judge(verdict& judge, const response& refusal) const {
    judge.require(!good() || refusal.status == 408, "a refusal without a cause");
  }
};

/// The handshake of a role with the policy of such a plan.
template <role Self>
using planned_handshake =
    std::conditional_t<Self == role::client, client_handshake<opening_plan::client_policy>,
                       server_handshake<opening_plan::server_policy>>;

template <role Self>
planned_handshake<Self> handshake_for(const opening_plan& plan) {
  if constexpr (Self == role::client) {
    return planned_handshake<Self>{*uri::decode("ws://example.com/"), plan.for_client()};
  } else {
    return planned_handshake<Self>{plan.for_server()};
  }
}

/// Checks how long an opening handshake takes: after its deadline, no longer than is needed to send a
/// refusal. If the clock jumps past both times, it may take a few more turns.
class opening_watch {
 public:
  opening_watch(time_point until, duration to_refuse)
      : until_{until + 2 * detail::deadlines::tick},
        to_refuse_{to_refuse + 4 * detail::deadlines::tick} {}

  void look(const user& one, time_point now, verdict& judge) {
    if (one.is_open() || one.over() || now < until_) return;
    if (!late_since_) late_since_ = now;
    if (now >= *late_since_ + to_refuse_) ++late_turns_;
    judge.require(late_turns_ < 3, "a handshake that takes longer than it may");
  }

 private:
  time_point until_;
  duration to_refuse_;
  std::optional<time_point> late_since_;
  int late_turns_ = 0;
};

}  // namespace hawser::test
