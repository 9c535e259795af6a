// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/cable/command.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/cable/server_message.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/handshake/header_fields.hpp"

namespace hawser::cable {

/// An expectation of a test_client was not met.
struct test_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A client for the tests of programs, which does what the test says and expects what the server sends. `World` is
/// hawser::testing::world. The names of streams and what is broadcast to them are seen with a recording_broker:
///
///     hawser::cable::test_client client{world, "/cable", {{"Cookie", "user=7"}}};
///     client.expect_welcome();
///     const auto room = client.subscribe({{"channel", "ChatChannel"}, {"room", 1}});
///     client.expect_confirmed(room);
///     client.perform(room, "speak", {{"text", "hi"}});
///     CHECK(broker.payloads("room_1").at(0) == R"("hi")");
///
/// Pings are skipped, apart from expect_ping(). An expectation that is not met throws `test_failure`.
template <class World>
class test_client {
 public:
  explicit test_client(World& in, std::string_view target = "/cable", header_fields headers = {})
      : peer_{in.connect(target, headers)} {}

  /// The peer, for frames that no client sends.
  auto& peer() noexcept { return peer_; }

  // Sending. Returns the identifier: the text of `params`, which has the member `channel`.

  std::string subscribe(const json& params) {
    auto identifier = to_text(params);
    subscribe_as(identifier);
    return identifier;
  }

  /// The same with a text as it is.
  void subscribe_as(std::string_view identifier) {
    peer_.sends_text(subscribe_command(identifier));
  }

  void unsubscribe(std::string_view identifier) {
    peer_.sends_text(unsubscribe_command(identifier));
  }

  /// Performs an action with the members of `data`, an object.
  void perform(std::string_view identifier, std::string_view action, json data = json::object()) {
    data["action"] = action;
    peer_.sends_text(message_command(identifier, data));
  }

  /// Sends a message without an action.
  void send(std::string_view identifier, const json& data) {
    peer_.sends_text(message_command(identifier, data));
  }

  void close() { peer_.sends_close(); }

  // Expecting.

  void expect_welcome() { expect(server_message_type::welcome, {}, "welcome"); }

  void expect_confirmed(std::string_view identifier) {
    expect(server_message_type::confirm_subscription, identifier, "confirm_subscription");
  }

  void expect_rejected(std::string_view identifier) {
    expect(server_message_type::reject_subscription, identifier, "reject_subscription");
  }

  /// A message of that subscription, which it returns.
  json expect_message(std::string_view identifier) {
    return expect(server_message_type::data, identifier, "a message").message;
  }

  /// The same with that value.
  void expect_message(std::string_view identifier, const json& value) {
    const auto got = expect_message(identifier);
    if (got != value) fail(to_text(value), to_text(got));
  }

  /// A ping with any time, which it returns.
  json expect_ping() {
    skips_pings_ = false;
    auto got = expect(server_message_type::ping, {}, "a ping").message;
    skips_pings_ = true;
    return got;
  }

  /// The `disconnect` before the server closes.
  void expect_disconnect(const std::optional<std::string>& reason, bool reconnect) {
    const auto got = expect(server_message_type::disconnect, {}, "disconnect");
    if (got.reason != reason || got.reconnect != reconnect) {
      fail(disconnect_message(reason, reconnect), disconnect_message(got.reason, got.reconnect));
    }
  }

  /// A Close frame with that code.
  void expect_closed(close_code code) {
    const auto got = next();
    if (!got || got->code() != code) {
      fail("a Close frame with " + std::to_string(static_cast<int>(code)),
           got ? describe(*got) : "nothing");
    }
  }

  /// That nothing has arrived, apart from pings.
  void expect_nothing() {
    if (const auto got = next()) fail("nothing", describe(*got));
  }

 private:
  [[noreturn]] static void fail(std::string_view wanted, std::string_view got) {
    std::string what{"expected "};
    throw test_failure{what.append(wanted).append(", received ").append(got)};
  }

  /// The next message or control frame, apart from pings of Action Cable.
  auto next() {
    auto got = peer_.next();
    while (got && skips_pings_ && is_ping(got->text())) got = peer_.next();
    return got;
  }

  static bool is_ping(std::string_view text) {
    const auto message = parse_server_message(text);
    return message && message->type == server_message_type::ping;
  }

  server_message expect(server_message_type type, std::string_view identifier,
                        std::string_view wanted) {
    const auto received = next();
    if (!received) fail(wanted, "nothing");
    auto got = parse_server_message(received->text());
    if (!got || got->type != type || got->identifier != identifier) {
      fail(wanted, describe(*received));
    }
    return std::move(*got);
  }

  decltype(std::declval<World&>().connect(std::string_view{}, header_fields{})) peer_;
  bool skips_pings_ = true;
};

}  // namespace hawser::cable
