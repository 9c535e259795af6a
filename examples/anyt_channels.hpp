// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>

#include <hawser/cable.hpp>

// The channels and the authentication that the conformance tool anyt expects of a server under test.
namespace anyt {

namespace cable = hawser::cable;
using cable::json;

/// Streams from "a". `follow` streams from one more.
class single_stream : public cable::channel {
 public:
  static void define(cable::channel_definition<single_stream>& it) {
    it.on("follow", &single_stream::follow);
  }
  void subscribed() { stream_from("a"); }
  void follow(const json& data) { stream_from(data.at("name").get<std::string>()); }
};

class multiple_streams : public cable::channel {
 public:
  static void define(cable::channel_definition<multiple_streams>&) {}
  void subscribed() {
    stream_from("a");
    stream_from("b");
  }
};

class stop_streams : public cable::channel {
 public:
  static void define(cable::channel_definition<stop_streams>& it) {
    it.on("ping", &stop_streams::ping).on("unfollow", &stop_streams::unfollow);
  }
  void subscribed() {
    stream_from("a");
    stream_from("b");
  }
  void ping(const json& data) {
    broadcast(data.at("name").get<std::string>(), {{"reply", "pong"}});
  }
  void unfollow(const json& data) { stop_stream_from(data.at("name").get<std::string>()); }
};

/// Streams from "a". `speak` broadcasts to it.
class broadcasting : public cable::channel {
 public:
  static void define(cable::channel_definition<broadcasting>& it) {
    it.on("speak", &broadcasting::speak);
  }
  void subscribed() { stream_from("a"); }
  void speak(const json& data) { broadcast("a", {{"text", data.at("msg")}}); }
};

/// Streams with a function for the decoded message, with one for the text, and without one.
class intercepted : public cable::channel {
 public:
  static void define(cable::channel_definition<intercepted>&) {}
  void subscribed() {
    stream_from("a", [this](const json& message) {
      auto changed = message;
      changed["text"] = transformed(message.at("text").get<std::string>());
      transmit(changed);
    });
    stream_from(
        "b", [this](const std::string& text) { transmit(text); }, cable::as_text);
    stream_from("c");
  }

 private:
  std::string transformed(std::string text) const {
    if (params().at("transformer") == "reverse") {
      std::reverse(text.begin(), text.end());
    } else {
      for (char& one : text) one = static_cast<char>(std::toupper(static_cast<unsigned char>(one)));
    }
    return text;
  }
};

/// State that is kept from command to command, and used in unsubscribed().
class channel_state : public cable::channel {
 public:
  static void define(cable::channel_definition<channel_state>& it) {
    it.on("tick", &channel_state::tick);
  }
  void subscribed() {
    name_ = params().at("name").get<std::string>();
    count_ = 1;
    stream_from("state_counts");
  }
  void tick() {
    count_ += 2;
    transmit({{"count", count_}, {"name", name_}});
  }
  void unsubscribed() { broadcast("state_counts", {{"data", "user left: " + name_}}); }

 private:
  std::string name_;
  int count_ = 0;
};

/// Confirmed only if the URL of the connection has `token=secret`.
class request_reader : public cable::channel {
 public:
  static void define(cable::channel_definition<request_reader>&) {}
  void subscribed() {
    if (connection().request().query("token") != "secret") reject();
  }
};

/// Streams from "request_a", "request_b" or "request_c", where it broadcasts "user left" and its parameter `id`
/// when it ends.
template <char Letter>
class leaving : public cable::channel {
 public:
  static void define(cable::channel_definition<leaving>&) {}
  void subscribed() { stream_from(stream()); }
  void unsubscribed() {
    const auto id = params().value("id", json(""));
    broadcast(
        stream(),
        {{"data", "user left" + (id.is_string() ? id.template get<std::string>() : id.dump())}});
  }

 private:
  static std::string stream() { return std::string{"request_"} + Letter; }
};

class acknowledged : public cable::channel {
 public:
  static void define(cable::channel_definition<acknowledged>&) {}
};

class rejecting : public cable::channel {
 public:
  static void define(cable::channel_definition<rejecting>&) {}
  void subscribed() { reject(); }
};

class performing : public cable::channel {
 public:
  static void define(cable::channel_definition<performing>& it) {
    it.on("tick", &performing::tick).on("echo", &performing::echo);
  }
  void tick() { transmit("tock"); }
  void echo(const json& data) { transmit({{"response", data.at("text")}}); }
};

class transmitting : public cable::channel {
 public:
  static void define(cable::channel_definition<transmitting>&) {}
  void subscribed() {
    transmit("hello");
    transmit("world");
  }
};

class progressing : public cable::channel {
 public:
  static void define(cable::channel_definition<progressing>& it) {
    it.periodically(std::chrono::seconds{1}, &progressing::report);
  }
  void report() { transmit({{"progress", ++progress_}}); }

 private:
  int progress_ = 0;
};

/// What the connection must bring, by the parameter `test` of its URL.
inline void authenticate(cable::connection& peer) {
  const auto& request = peer.request();
  const auto test = request.query("test").value_or("");
  const auto refuse_unless = [&](bool accepted) {
    if (!accepted) peer.reject_unauthorized();
  };
  if (test == "uid") {
    const auto uid = request.query("uid").value_or("");
    if (uid.empty()) return peer.reject_unauthorized();
    peer.identify("uid", uid);
  } else if (test == "reasons") {
    refuse_unless(request.query("reason") != "unauthorized");
  } else if (test == "request_url") {
    refuse_unless(request.target().find("test=request_url") != std::string::npos);
  } else if (test == "cookies") {
    refuse_unless(request.cookie("username") == "john green");
  } else if (test == "headers") {
    refuse_unless(request.header("X-API-TOKEN") == "abc");
  }
}

inline void set_up(cable::server& server) {
  server.identified_by({"uid"});
  server.on_connect(authenticate);
  const auto name = [](const char* last) { return std::string{"Anyt::TestChannels::"} + last; };
  server.add_channel<single_stream>(name("SingleStreamChannel"));
  server.add_channel<multiple_streams>(name("MultipleStreamsChannel"));
  server.add_channel<stop_streams>(name("StopStreamsChannel"));
  server.add_channel<broadcasting>(name("StreamsWithManyClientsChannel"));
  server.add_channel<broadcasting>(name("BroadcastDataToStreamChannel"));
  server.add_channel<broadcasting>(name("BroadcastDataFromChannelChannel"));
  server.add_channel<intercepted>(name("StreamsChannel"));
  server.add_channel<channel_state>(name("ChannelStateChannel"));
  server.add_channel<request_reader>(name("RequestChannel"));
  server.add_channel<leaving<'a'>>(name("RequestAChannel"));
  server.add_channel<leaving<'b'>>(name("RequestBChannel"));
  server.add_channel<leaving<'c'>>(name("RequestCChannel"));
  server.add_channel<acknowledged>(name("SubscriptionAknowledgementChannel"));
  server.add_channel<rejecting>(name("SubscriptionAknowledgementRejectorChannel"));
  server.add_channel<acknowledged>(name("SubscriptionWithParamsChannel"));
  server.add_channel<performing>(name("SubscriptionPerformMethodsChannel"));
  server.add_channel<transmitting>(name("SubscriptionTransmissionsChannel"));
  server.add_channel<progressing>(name("SubscriptionsChannel"));
}

}  // namespace anyt
