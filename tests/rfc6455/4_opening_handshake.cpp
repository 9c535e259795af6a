// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/segments.hpp"

using namespace hawser::test;
using hawser::client_handshake;
using hawser::default_client_policy;
using hawser::default_server_policy;
using hawser::errc;
using hawser::extension_list;
using hawser::server_handshake;
using hawser::uri;

namespace {

/// Moves a machine's output to the other in the given segmentation, followed by `more`, and returns
/// the bytes that the other one left.
template <class From, class To, class Status>
std::string carry(From& from, To& to, Status waiting, std::size_t way, std::string_view more = {}) {
  const auto text = hawser::test::text(from.output()).append(more);
  from.consume_output(from.output().size());
  return feed(to, segmentations(text)[way], waiting);
}

template <class ClientPolicy, class ServerPolicy>
struct two_sides {
  client_handshake<ClientPolicy> client;
  server_handshake<ServerPolicy> server;

  /// Runs both to their ends, and checks that no frame is lost in either direction.
  void run(std::size_t way) {
    using asked = typename server_handshake<ServerPolicy>::status;
    using answered = typename client_handshake<ClientPolicy>::status;
    // A client must not send frames so early, but a server must not lose them.
    CHECK(carry(client, server, asked::need_more, way, "early") == "early");
    server.accept();
    const auto frames = server.state() == asked::done ? "frames" : "";
    CHECK(carry(server, client, answered::need_more, way, frames) == frames);
  }
};

constexpr std::size_t ways = 7;

TEST_CASE("a client and a server complete the handshake, wherever their bytes are cut", "[rfc-4]") {
  const auto way = GENERATE(range(std::size_t{0}, ways));
  const auto where = uri::decode("ws://[::1]:9001/chat?room=1");
  two_sides<default_client_policy, default_server_policy> sides{
      client_handshake{*where, default_client_policy{.origin = "http://[::1]:9001",
                                                     .subprotocols = {"v2", "v1"}}},
      server_handshake{default_server_policy{.subprotocols = {"v1"}}}};
  sides.run(way);
  CHECK(sides.server.error() == errc{});
  CHECK(sides.client.error() == errc{});
  CHECK(sides.client.state() == client_handshake<>::status::done);
  CHECK(sides.server.request().host() == "[::1]:9001");
  CHECK(sides.server.request().query() == "room=1");
  CHECK(sides.client.result().subprotocol == "v1");
  CHECK(sides.server.result().subprotocol == "v1");
}

TEST_CASE("without a common subprotocol none is negotiated, and the client decides",
          "[rfc-4.2.2]") {
  two_sides<default_client_policy, default_server_policy> sides{
      client_handshake{*uri::decode("ws://h"), default_client_policy{.subprotocols = {"v2"}}},
      server_handshake{default_server_policy{.subprotocols = {"v1"}}}};
  sides.run(0);
  CHECK(sides.client.state() == client_handshake<>::status::done);
  CHECK(sides.client.result().subprotocol.empty());
}

TEST_CASE("a client gets the reason of a server's refusal", "[rfc-4.2.2]") {
  const auto way = GENERATE(range(std::size_t{0}, ways));
  two_sides<default_client_policy, default_server_policy> sides{
      client_handshake{*uri::decode("ws://h"), default_client_policy{.origin = "http://evil.com"}},
      server_handshake<>{}};
  sides.run(way);
  CHECK(sides.server.error() == errc::origin_refused);
  CHECK(sides.client.state() == client_handshake<>::status::failed);
  CHECK(sides.client.error() == errc::upgrade_refused);
  CHECK(sides.client.response().status == 403);
  CHECK(sides.client.response().body == "the Origin is not allowed\n");
}

/// A server that knows one extension and accepts the first offer of it that it can fulfil.
struct numbered_server : default_server_policy {
  std::string accept_extensions(const extension_list& offers) const {
    for (const auto& offer : offers) {
      if (offer.name == "numbered" && offer.parameters.size() == 1 &&
          offer.parameters[0].value <= std::string{"3"}) {
        return "numbered; level=" + *offer.parameters[0].value;
      }
    }
    return {};
  }
};

struct numbered_client {
  std::string offers;

  hawser::handshake_offer make_offer() const { return {.extensions = offers}; }
  bool accept_extensions(const extension_list&) const { return true; }
};

TEST_CASE("the first acceptable offer of an extension wins", "[rfc-9.1]") {
  const std::pair<std::string, extension_list> table[] = {
      {"numbered; level=9, numbered; level=2, numbered; level=1", {{"numbered", {{"level", "2"}}}}},
      {"numbered; level=\"3\"", {{"numbered", {{"level", "3"}}}}},
      {"other, numbered; level=1", {{"numbered", {{"level", "1"}}}}},
      {"numbered; level=9", {}},
      {"other", {}},
      {"", {}},
  };
  for (const auto& [offers, agreed] : table) {
    CAPTURE(offers);
    two_sides<numbered_client, numbered_server> sides{
        client_handshake{*uri::decode("ws://h"), numbered_client{offers}},
        server_handshake{numbered_server{}}};
    sides.run(1);
    CHECK(sides.client.result().extensions == agreed);
    CHECK(sides.server.result().extensions == agreed);
  }
}

}  // namespace
