// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include "hawser/cable/json.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/testing/failure.hpp"
#include "hawser/testing/peer.hpp"
#include "support/catch.hpp"

namespace hawser::test {

/// A peer that speaks Action Cable. It skips pings.
class cable_client {
 public:
  using json = cable::json;

  explicit cable_client(testing::peer over) : over_{std::move(over)} {}

  testing::peer& peer() noexcept { return over_; }

  void sends(const json& command) { over_.sends_text(command.dump()); }
  void sends_subscribe(const std::string& identifier) {
    sends({{"command", "subscribe"}, {"identifier", identifier}});
  }
  void unsubscribes(const std::string& identifier) {
    sends({{"command", "unsubscribe"}, {"identifier", identifier}});
  }
  void performs(const std::string& identifier, const std::string& action,
                json data = json::object()) {
    data["action"] = action;
    sends({{"command", "message"}, {"identifier", identifier}, {"data", data.dump()}});
  }

  /// The next message; null if there is none.
  json next() {
    while (const auto got = over_.next()) {
      if (got->kind != opcode::text)
        throw testing::failure{"expected text, received " + describe(*got)};
      auto message = json::parse(got->text());
      if (message.value("type", "") != "ping") return message;
    }
    return nullptr;
  }

  void expects(const json& message) { REQUIRE(next() == message); }
  void expects_nothing() { REQUIRE(next() == json{}); }
  void expects_welcome() { expects({{"type", "welcome"}}); }
  void expects_confirmation(const std::string& identifier) {
    expects({{"identifier", identifier}, {"type", "confirm_subscription"}});
  }
  void expects_rejection(const std::string& identifier) {
    expects({{"identifier", identifier}, {"type", "reject_subscription"}});
  }
  void expects_data(const std::string& identifier, const json& data) {
    expects({{"identifier", identifier}, {"message", data}});
  }
  void expects_disconnect(const std::string& reason, bool reconnect) {
    expects({{"type", "disconnect"}, {"reason", reason}, {"reconnect", reconnect}});
  }

  /// Subscribes, and expects the confirmation.
  void subscribes(const std::string& identifier) {
    sends_subscribe(identifier);
    expects_confirmation(identifier);
  }

 private:
  testing::peer over_;
};

}  // namespace hawser::test
