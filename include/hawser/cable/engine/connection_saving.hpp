// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "hawser/asio/language.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "hawser/cable/engine/connection_extended.hpp"
#include "hawser/cable/engine/connection_subscriptions.hpp"
#include "hawser/cable/engine/kept_sessions.hpp"
#include "hawser/cable/engine/session_text.hpp"
#include "hawser/cable/identifiers.hpp"
#include "hawser/cable/json.hpp"
#include "hawser/frame/close_code.hpp"
#include "hawser/pubsub/session_store.hpp"

namespace hawser::cable::detail {

/// The part of a connection that keeps its session, in this process or in a session_store.
class connection_saving : public connection_extended {
 public:
  using connection_extended::connection_extended;

 protected:
  /// Asks a store for the session that the client names. Returns true once; then continue_connecting() is called.
  bool ask_session_store() {
    if (!has_to_ask_store()) return false;
    streams().gate().take_session(
        extended_->wanted_sid,
        [to = handle()](std::error_code, const std::optional<taken_session>& found) {
          to.post([found](connection_core& one) {
            auto& self = static_cast<connection_saving&>(one);
            self.extended_->found = found;
            self.continue_connecting();
          });
        });
    return true;
  }

  /// A session that the server ends does not continue.
  void end(std::optional<std::string_view> reason, bool reconnect, close_code code) override {
    if (!is_closing_ && may_store()) {
      attempt([this] { streams().gate().forget_session(extended_->sid); });
    }
    connection_extended::end(reason, reconnect, code);
  }

  /// What the next attempt to connect has waited for has happened.
  virtual void continue_connecting() = 0;

  /// Whether a store may have the session that the client names. Returns true once.
  bool has_to_ask_store() {
    return extended_ && !extended_->wanted_sid.empty() && extended_->wanted_sid.size() <= 256 &&
           server_->stores_sessions() && !std::exchange(extended_->has_asked_store, true);
  }

  /// What remains of the session that the client names.
  std::optional<kept_session> find_session() {
    const auto sid = std::exchange(extended_->wanted_sid, {});
    auto known = server_->sessions.take(sid, now());
    if (!server_->stores_sessions()) return known;
    const auto found = std::exchange(extended_->found, std::nullopt);
    if (!found) return std::nullopt;
    std::optional<kept_session> made;
    attempt([&] { made = from_store(sid, *found, std::move(known)); });
    return made;
  }

  /// The session has begun.
  void save_first() {
    if (may_store()) attempt([this] { store(session_store::save_kind::first); });
  }

  /// The store gets what has changed, also so that it does not forget the session.
  void save_if_changed() {
    if (may_store() && queue_.is_idle()) {
      attempt([this] { store(session_store::save_kind::again); });
    }
  }

  /// The connection is lost: what can be continued remains. Exceptions are reported.
  void keep_session(bool may_continue) {
    if (!extended_ || extended_->sid.empty()) return;
    attempt([this] { server_->presence->disconnect(extended_->sid); });
    if (may_continue && attempt([this] { save_session(); })) return;
    attempt([this] { server_->sessions.remove(extended_->sid); });
    if (may_store()) attempt([this] { streams().gate().forget_session(extended_->sid); });
  }

  std::chrono::steady_clock::time_point now() const {
    return server_->streams->history().clock().now();
  }

 private:
  bool may_store() const {
    return extended_ && !extended_->sid.empty() && server_->stores_sessions();
  }

  /// Returns whether the call has thrown nothing.
  template <class Call>
  bool attempt(Call call) {
    try {
      call();
      return true;
    } catch (...) {
      report({.exception = std::current_exception(), .handler = "save"});
      return false;
    }
  }

  void save_session() {
    kept_session made{extended_->sid, identifiers_, kept_subscriptions(), {}, {}};
    extended_->saved_text.clear();  // the time in the store begins now
    if (server_->stores_sessions())
      send_to_store(made.subscriptions, session_store::save_kind::again);
    watch_disconnects(made);
    server_->sessions.keep(std::move(made), now());
  }

  std::vector<kept_subscription> kept_subscriptions() {
    std::vector<kept_subscription> all;
    for (const auto& of : in_order()) keep(all, *of);
    return all;
  }

  /// A channel with callbacks continues only if it can make them again.
  static void keep(std::vector<kept_subscription>& all, subscription& of) {
    const auto& type = of.type();
    if (!of.is_confirmed || of.is_rejected || of.has_ended) return;
    kept_subscription made{of.identifier(), {}, {}};
    if (type.save) made.state = type.save(*of.instance);
    of.for_each_stream([&](const std::string& name, const stream_options& options, auto&) {
      auto& [_, kept] = made.streams.emplace_back(name, options);
      kept.whisper = of.whisper_stream == name;
      kept.presence = of.presence_stream == name;
    });
    all.push_back(std::move(made));
  }

  void store(session_store::save_kind kind) { send_to_store(kept_subscriptions(), kind); }

  void send_to_store(const std::vector<kept_subscription>& all, session_store::save_kind kind) {
    const auto ttl = server_->options.extended.sessions.ttl;
    auto text = encode_session(identifiers_.texts(), all);
    const bool is_old = now() - extended_->saved_at >= ttl / 3;
    if (text == extended_->saved_text && !is_old) return;
    streams().gate().save_session(extended_->sid, text, ttl, kind);
    extended_->saved_text = std::move(text);
    extended_->saved_at = now();
  }

  /// Connections that the application ends must not come back by their session.
  void watch_disconnects(kept_session& one) {
    auto revoked = std::make_shared<std::atomic<bool>>(false);
    if (!identifier().empty()) {
      stream_request wanted;
      wanted.listener = [revoked](const publication&) { revoked->store(true); };
      wanted.live = [](std::error_code) {};
      one.internal = streams().join(internal_topic(identifier()), std::move(wanted));
    }
    one.is_revoked = std::move(revoked);
  }

  /// A session of the store, or, if this process had its connection, what that has kept.
  std::optional<kept_session> from_store(const std::string& sid, const taken_session& found,
                                         std::optional<kept_session> known) {
    auto stored = decode_session(found.text);
    for (const auto& one : found.revocations) {
      if (revokes(json::parse(one), stored.who)) return std::nullopt;
    }
    if (known) return known;
    kept_session made{sid, identifiers{server_->identified_by}, {}, {}, {}};
    for (const auto& [name, text] : stored.who) {
      if (!text.empty()) made.who.set(name, text);
    }
    made.subscriptions = std::move(stored.subscriptions);
    return made;
  }

  /// Whether a remote disconnect is one of a connection with these identifiers.
  static bool revokes(const json& one, const identifier_texts& who) {
    if (const auto where = one.find("where"); where != one.end()) {
      return includes(who, where->get<identifier_texts>());
    }
    return one.at("identifier").get<std::string>() == joined_identifier(who);
  }
};

}  // namespace hawser::cable::detail
