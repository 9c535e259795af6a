// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/session_handlers.hpp"

#include <string>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "support/catch.hpp"
#include "support/live_server.hpp"
#include "support/sockets.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

TEST_CASE("no handler is set by default") {
  const session_handlers none;
  CHECK_FALSE(none.on_open);
  CHECK_FALSE(none.on_message);
  CHECK_FALSE(none.on_part);
  CHECK_FALSE(none.on_ping);
  CHECK_FALSE(none.on_pong);
  CHECK_FALSE(none.on_session);
  CHECK_FALSE(none.on_close);
  CHECK_FALSE(none.on_error);
}

TEST_CASE("handlers are called in the order of a connection's life") {
  std::vector<std::string> story;
  {
    live_server far{[&](server& one) {
      one.on_open([&](session&) { story.emplace_back("open"); });
      one.on_ping([&](session&, const ping&) { story.emplace_back("ping"); });
      one.on_message([&](session& peer, message_view view) {
        story.emplace_back("message " + std::string{view.text()});
        peer.send(view);
      });
      one.on_close([&](session&, const closed&) { story.emplace_back("close"); });
    }};
    auto peer = connect(url_at((*far).port()));
    CHECK_FALSE(peer.ping());
    CHECK_FALSE(peer.write("x"));
    CHECK(peer.read());
    CHECK_FALSE(peer.close());
  }
  CHECK(story == std::vector<std::string>{"open", "ping", "message x", "close"});
}

}  // namespace
