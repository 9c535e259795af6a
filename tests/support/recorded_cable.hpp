// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include "hawser/asio/route.hpp"
#include "hawser/cable.hpp"

/// The application of which tests/actioncable/data/transcript.json records what Rails answers, with the same
/// channels and actions.
namespace recorded {

namespace cable = hawser::cable;
using cable::json;

/// How the action `slow` waits: set it before that is performed.
inline std::function<asio::awaitable<void>(std::chrono::duration<double>)> pause;

class user_channel : public cable::channel {
 protected:
  std::string user() { return connection().identifier<std::string>("current_user"); }
};

class chat_channel : public user_channel {
 public:
  static void define(cable::channel_definition<chat_channel>& it) {
    it.before_subscribe(&chat_channel::trace_before);
    it.after_subscribe(&chat_channel::trace_after);
    it.on("echo", &chat_channel::echo);
    it.on("away", &chat_channel::away);
    it.on("speak", &chat_channel::speak);
    it.on("boom", &chat_channel::boom);
    it.on("slow", &chat_channel::slow);
    it.on("late_reject", &chat_channel::late_reject);
    it.on("follow", &chat_channel::follow);
    it.on("unfollow", &chat_channel::unfollow);
    it.on("unfollow_all", &chat_channel::unfollow_all);
  }

  void subscribed() {
    if (!params().contains("room_id")) return reject();
    if (params().contains("greet")) transmit({{"greeting", "hi"}});
    stream_from(room());
  }
  void unsubscribed() {
    if (params().contains("room_id")) {
      broadcast("gone", {{"left", params()["room_id"]}, {"user", user()}});
    }
  }
  void receive(const json& data) { transmit({{"receive", data}}); }

  void echo(const json& data) { transmit(data); }
  void away() { transmit({{"away", true}}); }
  void speak(const json& data) {
    broadcast(room(), {{"message", data.at("message")}, {"user", user()}});
  }
  void boom() { throw std::runtime_error{"boom"}; }
  asio::awaitable<void> slow(const json& data) {
    const auto seconds = data.at("s").get<double>();
    const json answer{{"slow", data.at("n")}};
    if (seconds > 0) co_await pause(std::chrono::duration<double>{seconds});
    transmit(answer);
  }
  void late_reject() { reject(); }
  void follow(const json& data) { stream_from(data.at("stream").get<std::string>()); }
  void unfollow(const json& data) { stop_stream_from(data.at("stream").get<std::string>()); }
  void unfollow_all() { stop_all_streams(); }

 private:
  std::string room() { return "chat_" + params().at("room_id").dump(); }
  void trace_before() {
    if (params().contains("trace")) transmit({{"cb", "before_subscribe"}});
  }
  void trace_after() {
    if (params().contains("trace")) transmit({{"cb", "after_subscribe"}, {"rejected", false}});
  }
};

class gone_channel : public user_channel {
 public:
  static void define(cable::channel_definition<gone_channel>&) {}
  void subscribed() { stream_from("gone"); }
};

class reject_trace_channel : public user_channel {
 public:
  static void define(cable::channel_definition<reject_trace_channel>& it) {
    it.before_subscribe(&reject_trace_channel::reject_before);
    it.after_subscribe(&reject_trace_channel::trace_after);
  }
  void subscribed() {
    transmit({{"cb", "subscribed"}});
    reject();
  }
  void unsubscribed() { broadcast("gone", {{"rejected_unsubscribed", true}}); }

 private:
  void reject_before() {
    if (params().contains("before")) reject();
  }
  void trace_after() { transmit({{"cb", "after_subscribe"}, {"rejected", is_rejected()}}); }
};

class reject_after_stream_channel : public user_channel {
 public:
  static void define(cable::channel_definition<reject_after_stream_channel>&) {}
  void subscribed() {
    stream_from("leaky");
    reject();
  }
};

class two_streams_channel : public user_channel {
 public:
  static void define(cable::channel_definition<two_streams_channel>&) {}
  void subscribed() {
    stream_from("two_a");
    stream_from("two_b");
  }
};

class same_stream_twice_channel : public user_channel {
 public:
  static void define(cable::channel_definition<same_stream_twice_channel>&) {}
  void subscribed() {
    stream_from("same");
    stream_from("same");
  }
};

class raw_channel : public user_channel {
 public:
  static void define(cable::channel_definition<raw_channel>&) {}
  void subscribed() {
    stream_from(
        "raw", [this](const std::string& text) { transmit(text); }, cable::as_text);
    stream_from("decoded", [this](const json& message) {
      auto seen = message;
      seen["seen"] = true;
      transmit(seen);
    });
  }
};

/// An object that Rails can name: its parameter is "gid-" and its name.
struct named_object {
  std::string name;
  friend std::string to_broadcast_param(const named_object& it) { return "gid-" + it.name; }
};

class object_channel : public user_channel {
 public:
  static void define(cable::channel_definition<object_channel>& it) {
    it.on("names", &object_channel::names);
  }
  void subscribed() { stream_for(object()); }
  void names() {
    transmit({{"channel_name", cable::channel_name("ObjectChannel")},
              {"broadcasting", broadcasting(object())}});
  }

 private:
  named_object object() { return {params().at("name").get<std::string>()}; }
};

class timer_channel : public user_channel {
 public:
  static void define(cable::channel_definition<timer_channel>& it) {
    it.periodically(std::chrono::seconds{1}, &timer_channel::tick);
  }
  void tick() { transmit({{"tick", ++ticks_}}); }

 private:
  int ticks_ = 0;
};

class boom_channel : public user_channel {
 public:
  static void define(cable::channel_definition<boom_channel>& it) {
    it.on("echo", &boom_channel::echo);
  }
  void subscribed() { throw std::runtime_error{"boom"}; }
  void echo(const json& data) { transmit(data); }
};

/// The user whose encrypted cookie was recorded, or the one in the query.
inline void authenticate(cable::connection& peer) {
  const auto& request = peer.request();
  auto user = request.query("user").value_or("");
  if (user.empty() && request.cookie("user_id")) user = "alice";
  if (user.empty()) peer.reject_unauthorized();
  peer.identify("current_user", user);
  if (request.query("boom")) throw std::runtime_error{"boom"};
}

inline void set_up(cable::server& server) {
  server.identified_by({"current_user"});
  server.on_connect(authenticate);
  server.on_disconnect([&server](cable::connection& peer) {
    if (const auto* const user = peer.find_identifier<std::string>("current_user")) {
      server.broadcast("gone", {{"user", *user}});
    }
  });
  server.add_channel<chat_channel>("ChatChannel");
  server.add_channel<gone_channel>("GoneChannel");
  server.add_channel<reject_trace_channel>("RejectTraceChannel");
  server.add_channel<reject_after_stream_channel>("RejectAfterStreamChannel");
  server.add_channel<two_streams_channel>("TwoStreamsChannel");
  server.add_channel<same_stream_twice_channel>("SameStreamTwiceChannel");
  server.add_channel<raw_channel>("RawChannel");
  server.add_channel<object_channel>("ObjectChannel");
  server.add_channel<timer_channel>("TimerChannel");
  server.add_channel<boom_channel>("BoomChannel");
}

/// Serves the application at that route, for pages of the same origin and of those that were allowed.
inline void mount(cable::server& server, hawser::route& at) {
  at.options().handshake.allowed_origins = {"http://exact.example", "http://localhost:*"};
  at.options().handshake.allow_missing_origin = false;
  server.mount(at);
}

}  // namespace recorded
