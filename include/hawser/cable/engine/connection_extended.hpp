// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/cable/command.hpp"
#include "hawser/cable/engine/connection_history.hpp"
#include "hawser/cable/engine/connection_subscriptions.hpp"
#include "hawser/cable/engine/extended_session.hpp"
#include "hawser/cable/errc.hpp"
#include "hawser/cable/history_request.hpp"
#include "hawser/cable/server_message.hpp"

namespace hawser::cable::detail {

/// The part of a connection that executes the commands of the extended protocol. Without that, all of it has no effect.
class connection_extended : public connection_history {
 public:
  connection_extended(std::shared_ptr<server_state> of, const session& peer)
      : connection_history{std::move(of), peer} {
    const auto& options = server_->options.extended;
    if (options.enabled && peer.subprotocol() == extended_subprotocol) {
      extended_ = std::make_unique<extended_session>(peer.request(), options);
    }
  }

  bool is_extended() const override { return extended_ != nullptr; }

  bool pauses(const subscription& of, const stream_options& options) const override {
    return extended_ && (extended_->is_restoring || (of.wanted_history && options.history));
  }

  void join_presence(subscription& of, const std::string& id, const json& info) override {
    if (extended_ && !of.presence_stream.empty()) {
      server_->presence.join(of.presence_stream, extended_->sid, id, info);
    }
  }

  void leave_presence(subscription& of) override {
    if (extended_ && !of.presence_stream.empty()) {
      server_->presence.leave(of.presence_stream, extended_->sid);
    }
  }

 protected:
  void subscribe(const std::shared_ptr<const command>& asked) {
    const bool has_history = extended_ && !asked->history.is_null();
    auto history = has_history ? parse_history_request(asked->history) : std::nullopt;
    if (has_history && !history) return report_bad_data(*asked);
    connection_subscriptions::subscribe(asked->identifier, [&](subscription& made) {
      made.wanted_history = std::move(history);
      if (extended_ && !asked->presence.is_null()) made.wanted_presence = asked->presence;
    });
  }

  void execute_extended(const command& asked) {
    if (!extended_) {
      return report({.error = errc::unknown_command, .identifier = asked.identifier});
    }
    if (asked.type == command_type::ping) return send(pong_message());
    if (asked.type == command_type::pong) return;
    const auto of = find_subscription(asked.identifier);
    if (!of || of->is_rejected) {
      return report({.error = errc::unknown_subscription, .identifier = asked.identifier});
    }
    switch (asked.type) {
      case command_type::history: return replay(of, asked);
      case command_type::whisper: return whisper(*of, asked);
      case command_type::join: return join(*of, asked.presence);
      case command_type::leave: return leave_presence(*of);
      case command_type::presence: return send_presence(*of, asked);
      default: break;
    }
  }

  void confirmed(subscription& of) override {
    if (auto asked = std::exchange(of.wanted_history, std::nullopt)) {
      replay_in_order(of.shared_from_this(), std::move(*asked));
    }
    if (const auto presence = std::exchange(of.wanted_presence, std::nullopt)) join(of, *presence);
  }

  std::unique_ptr<extended_session> extended_;

 private:
  void report_bad_data(const command& asked) {
    report({.error = errc::bad_data, .identifier = asked.identifier});
  }

  void replay(const std::shared_ptr<subscription>& of, const command& asked) {
    auto request = parse_history_request(asked.history);
    if (!request) return report_bad_data(asked);
    if (!of->is_confirmed) return static_cast<void>(of->wanted_history = std::move(request));
    replay_in_order(of, std::move(*request));
  }

  void whisper(const subscription& of, const command& asked) {
    if (of.whisper_stream.empty()) {
      return report({.error = errc::unknown_command, .identifier = asked.identifier});
    }
    server_->streams->publish(topic_of(whisper_topics, of.whisper_stream), encode(asked.data),
                              {.except = id()});
  }

  /// An id that is missing is that of the connection.
  void join(subscription& of, const json& presence) {
    const auto* const given = presence.is_object() ? string_member(presence, "id") : nullptr;
    const auto& chosen = given == nullptr ? identifier() : *given;
    const auto info = presence.is_object() ? presence.find("info") : presence.end();
    auto status = presence_status::mismatch;
    if (!of.presence_stream.empty() && !chosen.empty() && of.is_confirmed) {
      status = server_->presence.join(of.presence_stream, extended_->sid, chosen,
                                      info == presence.end() ? json{} : *info);
    }
    if (status == presence_status::mismatch || status == presence_status::full) send_error(of);
  }

  void send_presence(const subscription& of, const command& asked) {
    if (of.presence_stream.empty()) return send_error(of);
    const bool with_records =
        !asked.data.is_object() || !has_boolean(asked.data, "return_records", false);
    send(presence_message(of.identifier(),
                          server_->presence.info(of.presence_stream, with_records)));
  }

  void send_error(const subscription& of) {
    send(presence_message(of.identifier(), {{"type", "error"}}));
  }
};

}  // namespace hawser::cable::detail
