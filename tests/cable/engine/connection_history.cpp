// SPDX-License-Identifier: BSL-1.0
#include "hawser/cable/engine/connection_history.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "hawser/cable/server.hpp"
#include "support/catch.hpp"
#include "support/memory_cable.hpp"
#include "support/scripted_history_store.hpp"

using namespace std::chrono_literals;
using namespace hawser::test;
namespace cable = hawser::cable;
using cable::json;

namespace {

const std::string chat_id = R"({"channel":"ChatChannel"})";

class stored_channel : public cable::channel {
 public:
  void subscribed() { stream_from("chat", {.history = cable::history_options{}}); }
};

struct store_first {
  scripted_history_store store;
};

/// Two cable servers with one broker and one store, as two processes with one Redis.
struct two_servers : store_first, memory_cable {
  two_servers() : memory_cable{enabled(store)}, other{broker, enabled(store)} {
    store.attach(broker);
    served.add_channel<stored_channel>("ChatChannel");
    other.add_channel<stored_channel>("ChatChannel");
    other.mount(http.route("/other"));
    mount();
  }

  static cable::server_options enabled(hawser::history_store& in) {
    cable::server_options options;
    options.extended = {.enabled = true, .store = &in};
    options.ping_interval = 3600s;
    return options;
  }

  hawser::testing::peer join(const std::string& path = "/cable") {
    auto peer = world::connect(path, {{"Sec-WebSocket-Protocol", "actioncable-v1-ext-json"}});
    peer.answers_pings();
    sid = json::parse(peer.expect_text()).at("sid");
    return peer;
  }

  hawser::testing::peer subscribe(const std::string& path = "/cable") {
    auto peer = join(path);
    peer.sends_text(cable::subscribe_command(chat_id));
    peer.expect_text(cable::confirmation_message(chat_id));
    return peer;
  }

  cable::server other;
  std::string sid;
};

json after(std::uint64_t offset) {
  return {{"streams", {{"chat", {{"epoch", "e"}, {"offset", offset}}}}}};
}

void expect_message(hawser::testing::peer& peer, std::uint64_t offset) {
  peer.expect_text(cable::data_message(chat_id, std::to_string(offset), {"chat", "e", offset}));
}

TEST_CASE("a message has the same position on all servers of a store", "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  auto bob = world.subscribe("/other");
  world.served.broadcast("chat", 1);
  world.other.broadcast("chat", 2);
  for (auto* const peer : {&ann, &bob}) {
    for (std::uint64_t i = 1; i <= 2; ++i) expect_message(*peer, i);
  }
}

TEST_CASE("a client that moves to another server gets each message once, in order",
          "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  world.served.broadcast("chat", 1);
  expect_message(ann, 1);
  ann.resets_stream();
  world.run();
  // No server has a subscription: only the store has these.
  world.served.broadcast("chat", 2);
  world.other.broadcast("chat", 3);

  auto back = world.join("/other");
  world.store.holds_answers = true;
  back.sends_text(cable::subscribe_command(chat_id, after(1)));
  world.run();
  world.store.answer_all();
  back.expect_text(cable::confirmation_message(chat_id));
  world.run();
  world.served.broadcast("chat", 4);  // behind the mark, before the answer
  world.run();
  world.store.answer_all();
  for (std::uint64_t i = 2; i <= 4; ++i) expect_message(back, i);
  back.expect_text(cable::history_confirmation_message(chat_id));
  world.served.broadcast("chat", 5);
  expect_message(back, 5);
  back.expect_nothing();
}

TEST_CASE("a client that receives and asks for its history gets no message between both",
          "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  world.served.broadcast("chat", 1);
  expect_message(ann, 1);
  world.store.holds_answers = true;
  ann.sends_text(cable::history_command(chat_id, after(0)));
  ann.sends_text(cable::history_command(chat_id, {{"since", INT64_MAX}}));
  world.run();
  world.served.broadcast("chat", 2);
  ann.expect_nothing();
  world.store.answer_all();
  for (std::uint64_t i = 1; i <= 2; ++i) expect_message(ann, i);
  ann.expect_text(cable::history_confirmation_message(chat_id));
  world.store.answer_all();
  ann.expect_text(cable::history_confirmation_message(chat_id));
  ann.expect_nothing();
}

TEST_CASE("a history that a store does not have is rejected, and the messages go on",
          "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  world.store.holds_answers = true;
  ann.sends_text(cable::history_command(chat_id, after(7)));
  world.run();
  world.served.broadcast("chat", 1);
  world.store.answer_all();
  ann.expect_text(cable::history_rejection_message(chat_id));
  expect_message(ann, 1);
  ann.sends_text(cable::history_command(chat_id, json::object()));
  ann.expect_text(cable::history_confirmation_message(chat_id));
  world.served.broadcast("chat", 2);
  expect_message(ann, 2);
}

TEST_CASE("without its store, a server confirms, rejects histories and delivers",
          "[cable][R-EXT][R-REDIS]") {
  two_servers world;
  world.store.failure = std::make_error_code(std::errc::not_connected);
  auto ann = world.subscribe();
  ann.sends_text(cable::history_command(chat_id, after(0)));
  ann.expect_text(cable::history_rejection_message(chat_id));
  world.served.broadcast("chat", 1);
  ann.expect_text(cable::data_message(chat_id, "1"));
}

TEST_CASE("a transient message has no position on any server of a store", "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  world.broker.publish({"chat", hawser::prepared_message{"1"}});
  ann.expect_text(cable::data_message(chat_id, "1"));
  world.store.holds_answers = true;
  ann.sends_text(cable::history_command(chat_id, {{"since", 0}}));
  world.run();
  world.broker.publish({"chat", hawser::prepared_message{"2"}});
  world.store.answer_all();
  ann.expect_text(cable::data_message(chat_id, "2"));
  ann.expect_text(cable::history_confirmation_message(chat_id));
}

TEST_CASE("a search whose mark is lost is rejected in time, and more than ten do not wait",
          "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.join("/cable?pi=5");
  ann.sends_text(cable::subscribe_command(chat_id));
  ann.expect_text(cable::confirmation_message(chat_id));
  world.served.broadcast("chat", 1);
  expect_message(ann, 1);
  world.store.sends_marks = false;
  for (int i = 0; i < 12; ++i) ann.sends_text(cable::history_command(chat_id, after(0)));
  ann.expect_text(cable::history_rejection_message(chat_id));
  ann.expect_nothing();
  world.store.sends_marks = true;
  world.advance(9s);
  world.served.broadcast("chat", 2);
  std::size_t rejected = 0;
  std::size_t confirmed = 0;
  world.advance(10s);
  while (const auto got = ann.next()) {
    if (got->text() == cable::history_rejection_message(chat_id)) ++rejected;
    if (got->text() == cable::history_confirmation_message(chat_id)) ++confirmed;
  }
  CHECK(rejected == 1);
  CHECK(confirmed == 10);
}

TEST_CASE("a restored client that does not ask gets what came since it is back", "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.subscribe();
  ann.resets_stream();
  world.run();
  world.served.broadcast("chat", 1);
  auto back = world.join("/cable?pi=1&sid=" + world.sid);
  world.served.broadcast("chat", 2);
  back.expect_nothing();
  world.advance(3s);
  bool has_come = false;
  while (const auto got = back.next()) {
    has_come |= got->text() == cable::data_message(chat_id, "2", {"chat", "e", 2});
  }
  CHECK(has_come);
}

TEST_CASE("a stream is kept again each minute, because a store forgets", "[cable][R-EXT]") {
  two_servers world;
  auto ann = world.join("/cable?pi=1");
  ann.sends_text(cable::subscribe_command(chat_id));
  ann.expect_text(cable::confirmation_message(chat_id));
  CHECK(world.store.keeps == 1);
  for (int i = 0; i < 70; ++i) world.advance(1s);
  CHECK(world.store.keeps >= 2);
  CHECK(world.store.keeps <= 3);
}

}  // namespace
