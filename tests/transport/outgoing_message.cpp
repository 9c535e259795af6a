// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/outgoing_message.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/base/error.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/far_end.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using outgoing = websocket<memory_pipe>::outgoing;

TEST_CASE("each piece is sent at once, as a fragment, and finish ends the message", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  auto message = talk.near().begin_message(message_kind::text);
  CHECK(talk.far().frames().empty());
  CHECK_FALSE(message.write("one "));
  CHECK(talk.far().frames() == lines{"text unfinished \"one \""});
  CHECK_FALSE(talk.near().ping(as_bytes("?")));
  CHECK_FALSE(message.write(as_bytes("two ")));
  CHECK_FALSE(message.finish("three"));
  CHECK_FALSE(talk.near().write("next"));
  CHECK(talk.far().frames() == lines{"text unfinished \"one \"", "ping \"?\"",
                                     "continuation unfinished \"two \"", "continuation \"three\"",
                                     "text \"next\""});
}

TEST_CASE("a message in one piece, or in none, is one frame", "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  CHECK_FALSE(talk.near().begin_message(message_kind::text).finish("all"));
  CHECK_FALSE(talk.near().begin_message(message_kind::binary).finish());
  CHECK(talk.far().frames() == lines{"text \"all\"", "binary \"\""});
}

TEST_CASE("text may be cut inside a code point, and is checked as it is sent", "[rfc-8.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  auto message = talk.near().begin_message(message_kind::text);
  CHECK_FALSE(message.write("\xE2\x82"));
  CHECK(message.write("x") == errc::invalid_utf8);
  CHECK(message.finish() == errc::invalid_utf8);
  CHECK_FALSE(message.finish("\xAC"));
  CHECK(talk.far().frames() == lines{"text unfinished e282", "continuation ac"});
}

TEST_CASE("nothing can be written after finish") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  auto message = talk.near().begin_message(message_kind::text);
  CHECK_FALSE(message.finish("done"));
  CHECK(message.write("more") == errc::closed);
  CHECK(message.finish() == errc::closed);
  CHECK(talk.near().is_open());
  CHECK(talk.far().frames() == lines{"text \"done\""});
}

TEST_CASE("a message that is dropped before anything was sent has no effect") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  { const auto message = talk.near().begin_message(message_kind::text); }
  CHECK_FALSE(talk.near().write("on"));
  CHECK(talk.far().frames() == lines{"text \"on\""});
}

TEST_CASE("a message that is dropped unfinished closes the connection with 1011", "[rfc-7.4.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  talk.when_idle([&] {
    if (talk.elapsed().count() != 0) return;
    talk.far().send(close_from(peer_of(own_role), 1011));
    talk.far().hang_up();
  });
  {
    auto message = talk.near().begin_message(message_kind::text);
    CHECK_FALSE(message.write("half"));
  }
  CHECK(talk.far().frames() ==
        lines{"text unfinished \"half\"", "close 1011 \"a message was not finished\""});
  CHECK(talk.near().write("x") == errc::closed);
  CHECK(shown(talk.near().close_reason()) == "closed{1011, clean}");
}

TEST_CASE("a thread with an unfinished message cannot send another one before its end",
          "[rfc-5.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool begun = GENERATE(false, true);
  scripted_talk talk{own_role};
  auto message = talk.near().begin_message(message_kind::text);
  if (begun) CHECK_FALSE(message.write("a"));
  CHECK(talk.near().write("x") == errc::message_unfinished);
  CHECK(talk.near().write(bytes_view{}) == errc::message_unfinished);
  {
    auto another = talk.near().begin_message(message_kind::binary);
    CHECK(another.write("x") == errc::message_unfinished);
    auto moved = std::move(another);
    CHECK(moved.finish() == errc::message_unfinished);
  }
  CHECK_FALSE(talk.near().ping());
  CHECK_FALSE(message.finish("b"));
  CHECK_FALSE(talk.near().write("c"));
  const auto ping = std::string{"ping \"\""};
  CHECK(talk.far().frames() ==
        (begun ? lines{"text unfinished \"a\"", ping, "continuation \"b\"", "text \"c\""}
               : lines{ping, "text \"b\"", "text \"c\""}));
}

TEST_CASE("an unfinished message belongs to the thread that continues it", "[rfc-5.4]") {
  auto [here, there] = make_memory_pipe({.clock = nullptr});
  websocket<memory_pipe> near{role::server, std::move(here)};
  auto message = near.begin_message(message_kind::text);
  std::error_code on_its_thread;
  std::thread other{[&] {
    CHECK_FALSE(message.write("a"));
    on_its_thread = near.write("x");
  }};
  other.join();
  CHECK(on_its_thread == errc::message_unfinished);
  std::error_code here_now;
  std::thread third{[&] { here_now = near.write("behind"); }};
  CHECK_FALSE(message.finish("b"));
  third.join();
  CHECK_FALSE(here_now);
}

TEST_CASE("a message can be moved after a part of it was sent") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<outgoing>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<outgoing>);
  scripted_talk talk{role::server};
  auto first = talk.near().begin_message(message_kind::text);
  CHECK_FALSE(first.write("a"));
  auto second = std::move(first);
  CHECK(first.write("x") == errc::closed);
  CHECK_FALSE(second.finish("b"));
  CHECK(talk.far().frames() == lines{"text unfinished \"a\"", "continuation \"b\""});
}

TEST_CASE("a message to a peer that has gone returns the error") {
  const auto own_role = GENERATE(role::client, role::server);
  scripted_talk talk{own_role};
  auto message = talk.near().begin_message(message_kind::text);
  CHECK_FALSE(message.write("a"));
  talk.far().pipe().abort();
  CHECK(message.write("b") == std::errc::connection_reset);
  CHECK(message.finish("c") == errc::closed);
  CHECK_FALSE(talk.near().read());
}

TEST_CASE("a thread that waits behind an unfinished message gets closed when that is dropped") {
  for (int round = 0; round < 200; ++round) {
    auto [here, there] = make_memory_pipe({.clock = nullptr});
    websocket<memory_pipe> near{role::server, std::move(here)};
    scripted_end far{std::move(there)};
    std::vector<std::error_code> results(3);
    std::vector<std::thread> waiting;
    {
      auto message = near.begin_message(message_kind::text);
      CHECK_FALSE(message.write("half"));
      far.send(close_from(role::client, 1011));
      far.hang_up();
      for (auto& result : results) {
        waiting.emplace_back([&] { result = near.write("whole"); });
      }
    }
    for (auto& thread : waiting) thread.join();
    CHECK(results == std::vector<std::error_code>(3, errc::closed));
  }
}

}  // namespace
