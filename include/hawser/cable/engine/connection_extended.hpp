// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
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
#include "hawser/cable/engine/presence_registry.hpp"
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
    if (!extended_ || of.presence_stream.empty()) return;
    const auto number = begin_presence_request(of);
    const auto event = server_->presence->join(of.presence_stream, extended_->sid, id, info,
                                               answer_of_presence(number));
    if (event) presence_requests_.erase(number);
  }

  void leave_presence(subscription& of) override {
    if (extended_ && !of.presence_stream.empty()) {
      server_->presence->leave(of.presence_stream, extended_->sid);
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

  /// Ends the requests about presence that have waited for too long.
  void expire_presence_requests() {
    const auto now = server_->streams->history().clock().now();
    while (!presence_requests_.empty() &&
           presence_requests_.begin()->second.begun + presence_timeout <= now) {
      end_presence_request(presence_requests_.begin()->first, presence_error());
    }
  }

  std::unique_ptr<extended_session> extended_;

 private:
  static constexpr std::chrono::seconds presence_timeout{10};
  static constexpr std::size_t most_presence_requests = 100;

  /// A request that a presence_store has not answered.
  struct unanswered_request {
    std::string identifier;
    std::chrono::steady_clock::time_point begun;
  };

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
    if (of.presence_stream.empty() || chosen.empty() || !of.is_confirmed) return send_error(of);
    ask_presence(of, [&](const presence_registry::answer& later) {
      return server_->presence->join(of.presence_stream, extended_->sid, chosen,
                                     info == presence.end() ? json{} : *info, later);
    });
  }

  void send_presence(const subscription& of, const command& asked) {
    if (of.presence_stream.empty()) return send_error(of);
    const bool with_records =
        !asked.data.is_object() || !has_boolean(asked.data, "return_records", false);
    ask_presence(of, [&](const presence_registry::answer& later) {
      return server_->presence->find(of.presence_stream, with_records, later);
    });
  }

  template <class Ask>
  void ask_presence(const subscription& of, Ask ask) {
    if (presence_requests_.size() >= most_presence_requests) return send_error(of);
    const auto number = begin_presence_request(of);
    if (const auto event = ask(answer_of_presence(number))) end_presence_request(number, *event);
  }

  std::uint64_t begin_presence_request(const subscription& of) {
    const auto now = server_->streams->history().clock().now();
    presence_requests_.emplace(++last_presence_request_, unanswered_request{of.identifier(), now});
    return last_presence_request_;
  }

  presence_registry::answer answer_of_presence(std::uint64_t number) {
    return [to = handle(), number](const json& event) {
      to.post([number, event = std::make_shared<const json>(event)](connection_core& one) {
        static_cast<connection_extended&>(one).end_presence_request(number, *event);
      });
    };
  }

  void end_presence_request(std::uint64_t number, const json& event) {
    const auto ended = presence_requests_.extract(number);
    if (ended.empty() || event.is_null() || is_closing_) return;
    const auto& identifier = ended.mapped().identifier;
    if (find_subscription(identifier)) send(presence_message(identifier, event));
  }

  void send_error(const subscription& of) {
    send(presence_message(of.identifier(), presence_error()));
  }

  std::map<std::uint64_t, unanswered_request> presence_requests_;
  std::uint64_t last_presence_request_ = 0;
};

}  // namespace hawser::cable::detail
