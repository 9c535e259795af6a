// SPDX-License-Identifier: BSL-1.0
// Replays data/transcript.json, which records a client and Rails 6.1 frame by frame, in virtual time: the client's frames
// go to our server at their times, and the answers are compared.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include "hawser/asio/server.hpp"
#include "hawser/cable.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/header_fields.hpp"
#include "hawser/pubsub/memory_broker.hpp"
#include "hawser/testing/peer.hpp"
#include "hawser/testing/received.hpp"
#include "hawser/testing/world.hpp"
#include "support/catch.hpp"
#include "support/recorded_cable.hpp"

using namespace hawser;
using cable::json;

namespace {

using milliseconds = std::chrono::milliseconds;

const json& transcript() {
  static const json read = [] {
    std::ifstream file{HAWSER_SOURCE_DIR "/tests/actioncable/data/transcript.json"};
    return json::parse(file);
  }();
  return read;
}

/// What the application did beside the client, which the recording has only as its effect.
struct deed {
  int at;  ///< Milliseconds from the beginning of the scenario
  std::function<void(cable::server&)> perform;
};

deed broadcast(int at, const std::string& stream, const json& message) {
  return {at, [=](cable::server& server) { server.broadcast(stream, message); }};
}

std::vector<deed> deeds_of(const std::string& scenario) {
  static const std::map<std::string, std::vector<deed>> all{
      {"subscribe_reject_after_stream", {broadcast(603, "leaky", {{"x", 1}})}},
      {"subscribe_duplicate", {broadcast(1006, "chat_1", {{"n", 1}})}},
      {"identifier_exact_string",
       {broadcast(811, "chat_1", {{"n", 1}}), broadcast(1420, "chat_1", {{"n", 2}})}},
      {"broadcast_values",
       {broadcast(513, "chat_1", {{"data", {{"user_id", 1}, {"meta", {{"t", "10s"}}}}}}),
        broadcast(637, "chat_1", "plain"), broadcast(761, "chat_1", R"({"a":1})"),
        broadcast(885, "chat_1", 42), broadcast(1011, "chat_1", nullptr),
        broadcast(1135, "chat_1", json::parse(R"([1,"x",{"y":null}])")),
        broadcast(1258, "chat_1", "<script>alert('M');</script> & \xE2\x80\xA8"),
        broadcast(1382, "chat_1", "\xC3\xA9\xE2\x98\x83\xF0\x9F\x98\x80"),
        broadcast(1506, "chat_1", true), broadcast(1631, "chat_1", 1e21),
        broadcast(1756, "chat_1", 0.1)}},
      {"broadcast_no_subscribers", {broadcast(205, "chat_1", "lost")}},
      {"two_streams", {broadcast(607, "two_a", "A"), broadcast(714, "two_b", "B")}},
      {"same_stream_twice", {broadcast(608, "same", "D")}},
      {"stream_control",
       {broadcast(811, "chat_1", 1), broadcast(814, "extra", 2), broadcast(1420, "chat_1", 3),
        broadcast(1424, "extra", 4), broadcast(2030, "chat_1", 5), broadcast(2033, "extra", 6)}},
      {"stream_callbacks_and_coder",
       {broadcast(607, "raw", {{"k", 1}}), broadcast(760, "decoded", {{"k", 2}})}},
      {"stream_for",
       {{813,
         [](cable::server& server) {
           server.broadcast(cable::broadcasting_for("object", recorded::named_object{"zed"}),
                            {{"hello", "zed"}});
         }}}},
      {"unsubscribe", {broadcast(808, "chat_1", "lost")}},
      {"remote_disconnect",
       {{520,
         [](cable::server& server) {
           server.disconnect({{"current_user", "kickme"}});
         }}}},
      {"remote_disconnect_noreconnect",
       {{507,
         [](cable::server& server) {
           server.disconnect({{"current_user", "kickme"}}, {.reconnect = false});
         }}}},
      {"server_restart",
       {{814, [](cable::server& server) { server.restart(); }},
        broadcast(2240, "chat_1", {{"after", "restart"}})}},
      {"subscribed_is_callable",
       {broadcast(808, "chat_31", "once?"), broadcast(1413, "chat_31", "after")}},
      {"reject_leak_frequency", {broadcast(1228, "leaky", {{"x", 1}})}},
  };
  const auto found = all.find(scenario);
  return found == all.end() ? std::vector<deed>{} : found->second;
}

/// The text of a frame. Of a long one the recording has the beginning and the size: it is filled with `x`.
std::string text_of(const json& event, std::string_view end) {
  auto text = event["payload"].get<std::string>();
  constexpr std::string_view cut = "\xE2\x80\xA6(";
  const auto at = text.find(cut);
  if (at == text.npos || !text.ends_with(" bytes)")) return text;
  const auto size = std::stoul(text.substr(at + cut.size()));
  text.resize(at);
  return text.append(size - at - end.size(), 'x').append(end);
}

/// What one connection has received, without pings. A data message is its JSON value.
using story = std::vector<json>;

/// Without what would make the report of a failure endless.
json shortened(json value) {
  if (value.is_structured()) {
    for (auto& part : value) part = shortened(std::move(part));
  } else if (value.is_string() && value.get_ref<const std::string&>().size() > 1'000) {
    const auto& text = value.get_ref<const std::string&>();
    return std::to_string(text.size()) + " bytes, " + text.substr(0, 10);
  }
  return value;
}

/// One event of the server as the recording has it; null for what is not compared.
json recorded_event(const json& event) {
  if (event.contains("http")) {
    const auto status = event["http"][0].get<std::string>().substr(9, 3);
    json shown{{"status", std::stoi(status)}};
    for (const auto& line : event["http"]) {
      const auto text = line.get<std::string>();
      constexpr std::string_view name = "Sec-WebSocket-Protocol: ";
      if (text.starts_with(name)) shown["subprotocol"] = text.substr(name.size());
    }
    return shown;
  }
  if (!event.contains("frame")) return nullptr;
  if (event["frame"] == "close") return {{"close", event["code"]}};
  if (event["frame"] == "pong") return {{"pong", event["payload"]}};
  return shortened(json::parse(text_of(event, R"(","action":"echo"}})")));
}

bool is_ping(const json& message) {
  return message.is_object() && message.value("type", "") == "ping";
}

/// A server with the channels that were recorded.
class replay {
 public:
  explicit replay(const cable::server_options& options) : cable_{broker_, options} {
    recorded::set_up(cable_);
    recorded::pause = [this](std::chrono::duration<double> time) { return wait(time); };
    recorded::mount(cable_, server_.route("/cable"));
    world_.serve(server_);
  }

  /// The stories of the connections of a scenario, by their numbers.
  std::map<int, story> run(const std::string& scenario) {
    auto deeds = deeds_of(scenario);
    auto next = deeds.begin();
    for (const auto& event : transcript()["scenarios"][scenario]["events"]) {
      const int at = event["t_ms"];
      for (; next != deeds.end() && next->at <= at; ++next) {
        advance_to(next->at);
        next->perform(cable_);
      }
      advance_to(at);
      if (event.value("from", "") == "client") client_does(event["conn"], event);
    }
    collect();
    return std::move(stories_);
  }

 private:
  /// Ends at that virtual time. The answers of the recording took time, so that what is then due comes first.
  void advance_to(int at) {
    const auto wanted = start_ + milliseconds{at};
    while (!waits_.empty() && waits_.begin()->first <= wanted) {
      advance(waits_.begin()->first);
      const auto wake = std::move(waits_.begin()->second);
      waits_.erase(waits_.begin());
      wake();
      collect();
    }
    advance(wanted);
    collect();
  }

  void advance(testing::world::time_point wanted) {
    if (wanted > world_.now()) world_.advance(wanted - world_.now());
  }

  asio::awaitable<void> wait(std::chrono::duration<double> time) {
    const auto until = world_.now() + std::chrono::duration_cast<testing::world::duration>(time);
    co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(
        [this, until](auto handler) {
          const auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          waits_.emplace(until, [this, kept] { asio::post(world_.context(), std::move(*kept)); });
        },
        asio::use_awaitable);
  }

  void client_does(int connection, const json& event) {
    if (event.contains("http")) return request(connection, event["http"]);
    const auto found = peers_.find(connection);
    if (found == peers_.end()) return;
    auto& peer = found->second;
    if (event.contains("tcp")) {
      if (event["tcp"] == "fin") peer.ends_stream();
    } else if (event["frame"] == "close") {
      const auto code = event["code"];
      if (code.is_null()) return peer.sends_close_without_code();
      peer.sends_close(static_cast<close_code>(code.get<int>()),
                       event["reason"].get<std::string>());
    } else {
      send(peer, event);
    }
    collect();
  }

  static void send(testing::peer& peer, const json& event) {
    static const std::map<std::string, opcode> kinds{{"text", opcode::text},
                                                     {"binary", opcode::binary},
                                                     {"continuation", opcode::continuation},
                                                     {"ping", opcode::ping}};
    const auto payload = payload_of(event);
    peer.sends_frame({.op = kinds.at(event["frame"]), .fin = event.value("fin", true)},
                     as_bytes(payload));
  }

  static std::string payload_of(const json& event) {
    std::string payload;
    if (event.contains("hex")) {
      const auto hex = event["hex"].get<std::string>();
      for (std::size_t at = 0; at < hex.size(); at += 2) {
        payload += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
      }
      return payload;
    }
    return text_of(event, R"(\",\"action\":\"echo\"}"})");
  }

  void request(int connection, const json& lines) {
    const auto first = lines[0].get<std::string>();
    const auto method = first.substr(0, first.find(' '));
    const auto target = first.substr(method.size() + 1, first.rfind(' ') - method.size() - 1);
    header_fields fields;
    bool upgrades = false;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto line = lines[i].get<std::string>();
      const auto name = line.substr(0, line.find(": "));
      upgrades = upgrades || name == "Upgrade";
      if (name == "Upgrade" || name == "Connection" || name == "Content-Length" ||
          name == "Sec-WebSocket-Key" || name == "Sec-WebSocket-Version" ||
          name == "Sec-WebSocket-Extensions") {  // which the peer of a world cannot offer
        continue;
      }
      fields.add(name, line.substr(name.size() + 2));
    }
    if (!upgrades) return note(connection, world_.http(method, target, fields));
    try {
      auto peer = world_.connect(target, fields);
      note(connection, peer.response());
      peers_.insert_or_assign(connection, std::move(peer));
    } catch (const testing::failure&) {
      note(connection, world_.request(target, fields));
    }
    collect();
  }

  void note(int connection, const response& answer) {
    json shown{{"status", answer.status}};
    if (const auto chosen = answer.header("Sec-WebSocket-Protocol")) shown["subprotocol"] = *chosen;
    stories_[connection].push_back(shown);
  }

  void collect() {
    for (auto& [connection, peer] : peers_) {
      while (const auto got = peer.next()) {
        auto shown = shown_event(*got);
        if (!is_ping(shown)) stories_[connection].push_back(std::move(shown));
      }
    }
  }

  static json shown_event(const testing::received& got) {
    if (got.kind == opcode::close) {
      return {{"close", got.code() ? json(static_cast<int>(*got.code())) : json{}}};
    }
    if (got.kind == opcode::pong) return {{"pong", got.text()}};
    return shortened(json::parse(got.text()));
  }

  testing::world world_;
  memory_broker broker_;
  server server_{world_.context(),
                 {.listener = first_listener::none, .trusted_proxies = {"127.0.0.1"}}};
  cable::server cable_;
  std::multimap<testing::world::time_point, std::function<void()>> waits_;
  std::map<int, testing::peer> peers_;
  std::map<int, story> stories_;
  const testing::world::time_point start_ = world_.now();
};

std::map<int, story> recorded_stories(const std::string& scenario) {
  std::map<int, story> all;
  for (const auto& event : transcript()["scenarios"][scenario]["events"]) {
    if (event.value("from", "") != "server") continue;
    auto shown = recorded_event(event);
    if (!shown.is_null() && !is_ping(shown)) all[event["conn"]].push_back(std::move(shown));
  }
  return all;
}

}  // namespace

namespace {

/// What the first connection of a scenario gets after welcome, where that is not what Rails does.
struct difference {
  const char* why;
  bool with_preset;  ///< Also with the preset of Rails
  std::vector<std::string> events;
};

std::string data(const std::string& identifier, const std::string& message) {
  return R"({"identifier":)" + json(identifier).dump() + R"(,"message":)" + message + '}';
}
std::string typed(const std::string& identifier, const std::string& type) {
  return json{{"identifier", identifier}, {"type", type}}.dump();
}
std::string confirmed(const std::string& identifier) {
  return typed(identifier, "confirm_subscription");
}
std::string rejected(const std::string& identifier) {
  return typed(identifier, "reject_subscription");
}
std::string disconnect(const std::string& reason, bool reconnect) {
  return json{{"type", "disconnect"}, {"reason", reason}, {"reconnect", reconnect}}.dump();
}

constexpr const char* closed = R"({"close":1000})";

std::string chat(int room) {
  return R"({"channel":"ChatChannel","room_id":)" + std::to_string(room) + '}';
}

std::vector<std::string> rejections_of_leaky_channels() {
  std::vector<std::string> all;
  for (int k = 0; k < 20; ++k) {
    all.push_back(
        rejected(R"({"channel":"RejectAfterStreamChannel","k":)" + std::to_string(k) + '}'));
  }
  all.emplace_back(closed);
  return all;
}

std::vector<std::string> answers_in_order() {
  std::vector<std::string> all;
  for (int k = 0; k < 20; ++k) {
    all.push_back(confirmed(chat(100 + k)));
    all.push_back(data(chat(100 + k), R"({"action":"echo","k":)" + std::to_string(k) + '}'));
  }
  all.emplace_back(closed);
  return all;
}

std::vector<std::string> rejections_of_malformed_identifiers() {
  std::vector<std::string> all;
  for (const auto* const identifier :
       {"ChatChannel", R"("ChatChannel")", R"(["ChatChannel"])", R"({"room_id":1})",
        R"({"channel":"NopeChannel"})", R"({"channel":"Object"})", R"({"channel":5})",
        R"({"channel":"chat_channel"})", R"({"channel":"ApplicationCable::Channel"})",
        R"({"channel":"ActionCable::Channel::Base"})"}) {
    all.push_back(rejected(identifier));
  }
  all.push_back(confirmed(chat(1)));
  for (int i = 0; i < 3; ++i) all.push_back(data(chat(1), R"({"away":true})"));
  all.emplace_back(R"({"pong":"abc"})");
  all.push_back(data(chat(1), R"({"away":true})"));
  all.emplace_back(closed);
  return all;
}

const std::map<std::string, difference>& differences() {
  const std::string gone = R"({"channel":"GoneChannel"})";
  const std::string traced = R"({"channel":"RejectTraceChannel"})";
  const std::string traced_before = R"({"channel":"RejectTraceChannel","before":true})";
  const std::string unsubscribed = data(gone, R"({"rejected_unsubscribed":true})");
  static const std::map<std::string, difference> all{
      {"connect_raises",
       {"the client is disconnected",
        false,
        {disconnect("server_error", true), R"({"close":1011})"}}},
      {"subscribe_reject_order",
       {"subscribed() is not called after a rejection in before_subscribe, as in Rails 8",
        true,
        {confirmed(gone), data(traced, R"({"cb":"subscribed"})"),
         data(traced, R"({"cb":"after_subscribe","rejected":true})"), unsubscribed,
         rejected(traced), data(traced_before, R"({"cb":"after_subscribe","rejected":true})"),
         unsubscribed, rejected(traced_before), closed}}},
      {"subscribe_reject_after_stream",
       {"a rejected subscription gets nothing",
        true,
        {rejected(R"({"channel":"RejectAfterStreamChannel"})"), closed}}},
      {"reject_leak_frequency", {"the same", true, rejections_of_leaky_channels()}},
      {"subscribe_duplicate",
       {"a duplicate is confirmed again",
        false,
        {confirmed(chat(1)), confirmed(chat(1)), data(chat(1), R"({"n":1})"), closed}}},
      {"same_stream_twice",
       {"a stream exists once",
        true,
        {confirmed(R"({"channel":"SameStreamTwiceChannel"})"),
         data(R"({"channel":"SameStreamTwiceChannel"})", R"("D")"), closed}}},
      {"subscribed_raises",
       {"the subscription is rejected and ends",
        false,
        {rejected(R"({"channel":"BoomChannel"})"), rejected(R"({"channel":"BoomChannel"})"),
         closed}}},
      {"subscribed_is_callable",
       {"hooks are no actions",
        true,
        {confirmed(chat(31)), data(chat(31), R"("once?")"), data(chat(31), R"("after")"),
         data(chat(31), R"({"away":true})"), closed}}},
      {"malformed",
       {"what is no channel is rejected", false, rejections_of_malformed_identifiers()}},
      {"perform_variants",
       {"a late rejection ends the subscription",
        false,
        {confirmed(chat(7)),
         data(
             chat(7),
             R"({"text":"hello","n":1.5,"u":"\u00e9\u2603\ud83d\ude00","a":[1,null,true],"action":"echo"})"),
         data(chat(7), R"({"away":true})"),
         data(chat(7), R"({"message":"hi <b>&","user":"alice"})"),
         data(chat(7), R"({"receive":{"plain":1}})"),
         data(chat(7), R"({"receive":{"plain":2,"action":""}})"),
         data(chat(7), R"({"alive":true,"action":"echo"})"), rejected(chat(7)), closed}}},
      {"pipelined_subscribe_perform", {"commands are in order", true, answers_in_order()}},
      {"commands_run_concurrently",
       {"the same",
        true,
        {confirmed(chat(41)), data(chat(41), R"({"slow":"first"})"),
         data(chat(41), R"({"slow":"second"})"), data(chat(41), R"({"slow":"third"})"), closed}}},
      {"origin_case", {"hosts are compared without regard to case", true, {}}},
      {"origin_forwarded_host",
       {"a trusted proxy says which host it serves, as in Rails 8", true, {}}},
      {"remote_disconnect",
       {"the reason is sent, as in Rails 7", true, {disconnect("remote", true), closed}}},
      {"remote_disconnect_noreconnect",
       {"the same, which Rails 6.1 does not have", true, {disconnect("remote", false), closed}}},
  };
  return all;
}

story parsed(const std::vector<std::string>& lines) {
  story all;
  for (const auto& line : lines) all.push_back(json::parse(line));
  return all;
}

/// What follows the response 101 and, if it comes, welcome.
story after_welcome(const story& all) {
  story rest = all;
  if (!rest.empty() && rest.front().value("status", 0) == 101) rest.erase(rest.begin());
  if (!rest.empty() && rest.front() == json{{"type", "welcome"}}) rest.erase(rest.begin());
  return rest;
}

cable::server_options rails() {
  auto options = cable::server_options::rails();
  options.max_command_size = 2 * 1024 * 1024;  // of big_message
  return options;
}

/// What Rails did, and the preset does, too. The base classes of Rails' channels can be subscribed there, which is a
/// defect. Rails' order of frames for different identifiers is that of threads: they are compared identifier by identifier.
std::map<int, story> comparable(const std::string& scenario, std::map<int, story> all) {
  for (auto& [connection, events] : all) {
    std::erase_if(events, [](const json& event) {
      return event.is_object() && event.value("identifier", "").find("::") != std::string::npos;
    });
    if (scenario != "identifier_exact_string") continue;
    std::stable_sort(events.begin(), events.end(), [](const json& left, const json& right) {
      return left.value("identifier", "") < right.value("identifier", "");
    });
  }
  return all;
}

}  // namespace

TEST_CASE("with the preset of Rails, a recorded scenario gives the frames of Rails",
          "[transcript]") {
  for (const auto& [name, recording] : transcript()["scenarios"].items()) {
    const auto different = differences().find(name);
    if (different != differences().end() && different->second.with_preset) continue;
    DYNAMIC_SECTION(name) {
      CHECK(comparable(name, replay{rails()}.run(name)) ==
            comparable(name, recorded_stories(name)));
    }
  }
}

TEST_CASE("where Rails has a defect, a recorded scenario gives the frames that we promise",
          "[transcript]") {
  for (const auto& [name, expected] : differences()) {
    DYNAMIC_SECTION(name << ": " << expected.why) {
      CHECK(after_welcome(replay{{}}.run(name)[1]) == parsed(expected.events));
    }
    if (!expected.with_preset) continue;
    DYNAMIC_SECTION(name << " with the preset of Rails") {
      CHECK(after_welcome(replay{rails()}.run(name)[1]) == parsed(expected.events));
    }
  }
}
