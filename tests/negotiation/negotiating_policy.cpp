// SPDX-License-Identifier: BSL-1.0
#include "hawser/negotiation/negotiating_policy.hpp"

#include <string>
#include <system_error>
#include <thread>

#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/opening.hpp"
#include "support/archetypes.hpp"
#include "support/catch.hpp"
#include "support/run_length_negotiator.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

static_assert(server_policy<negotiating_server_policy<default_server_policy>>);
static_assert(server_policy<negotiating_server_policy<const default_server_policy&>>);
static_assert(server_policy<negotiating_server_policy<server_policy_archetype>>);
static_assert(client_policy<negotiating_client_policy<default_client_policy>>);
static_assert(client_policy<negotiating_client_policy<client_policy_archetype>>);

/// A policy that negotiates an extension without a negotiator.
struct old_server_policy : default_server_policy {
  std::string accept_extensions(const extension_list&) const { return "old"; }
};
struct old_client_policy : default_client_policy {
  handshake_offer make_offer() const { return {.extensions = "old"}; }
  bool accept_extensions(const extension_list&) const { return true; }
};

TEST_CASE("a policy negotiates its own extensions without a negotiator", "[rfc-9.1]") {
  negotiating_server_policy server{old_server_policy{}, {}};
  CHECK(server.accept_extensions({}) == "old");
  CHECK_FALSE(server.make_extension({{"run-length"}}));
  negotiating_client_policy client{old_client_policy{}, {}};
  CHECK(client.make_offer().extensions == "old");
  CHECK(client.accept_extensions({{"x"}}));
  CHECK_FALSE(client.make_extension({{"run-length"}}));
}

TEST_CASE("a negotiator replaces the extensions of a policy", "[rfc-9.1]") {
  negotiating_server_policy server{old_server_policy{}, run_length_negotiator{}};
  CHECK(server.accept_extensions({{"run-length"}}) == "run-length");
  CHECK(server.accept_extensions({}).empty());
  CHECK(server.make_extension({{"run-length"}}));
  negotiating_client_policy client{old_client_policy{}, run_length_negotiator{}};
  CHECK(client.make_offer().extensions == "run-length");
  CHECK_FALSE(client.accept_extensions({{"x"}}));
  CHECK(client.make_extension({{"run-length"}}));
}

TEST_CASE("everything else is decided by the policy itself", "[rfc-9.1]") {
  const default_server_policy inner{.origin = any_origin, .subprotocols = {"chat"}, .headers = {}};
  negotiating_server_policy<const default_server_policy&> server{inner, run_length_negotiator{}};
  CHECK(server.allow_origin({}));
  CHECK(&server.extra_headers({}) == &inner.headers);
  negotiating_client_policy client{default_client_policy{.subprotocols = {"chat"}},
                                   run_length_negotiator{}};
  CHECK(client.make_offer().subprotocols == std::vector<std::string>{"chat"});
}

TEST_CASE("what a policy says of a refused Origin is passed on, if it says anything",
          "[R-ORIGIN]") {
  const request asked{"GET", "/", {{"Host", "a"}, {"Origin", "https://b"}}};
  const default_server_policy inner{.origin_refusal = response{.status = 404}};
  negotiating_server_policy<const default_server_policy&> full{inner, {}};
  CHECK(full.refuse_origin(asked).status == 404);
  CHECK(full.explain_origin(asked) == "https://b (own origin: http://a)");
  negotiating_server_policy<server_policy_archetype> least{server_policy_archetype{1}, {}};
  CHECK(least.refuse_origin(asked).status == 403);
  CHECK(least.explain_origin(asked).empty());
}

TEST_CASE("accept() and connect() make the negotiated extension", "[rfc-9.1]") {
  const bool wanted = GENERATE(true, false);
  const any_negotiator extension =
      wanted ? any_negotiator{run_length_negotiator{}} : any_negotiator{};
  auto [near, far] = make_memory_pipe({.clock = nullptr});
  std::thread serving{[&, end = std::move(far)]() mutable {
    server_handshake handshake{negotiating_server_policy{default_server_policy{}, extension}};
    std::error_code ec;
    auto peer = accept(std::move(end), handshake, ec);
    if (!peer) return;
    while (const auto message = peer->read()) peer->write(*message);
  }};
  client_handshake handshake{uri::decode("ws://a/").value(),
                             negotiating_client_policy{default_client_policy{}, extension}};
  std::error_code ec;
  auto peer = connect(std::move(near), handshake, ec);
  CHECK(!ec);
  REQUIRE(peer);
  CHECK(peer->extensions() == (wanted ? extension_list{{"run-length"}} : extension_list{}));
  const std::string payload(500, 'x');
  CHECK(!peer->write(payload));
  const auto answer = peer->read();
  REQUIRE(answer);
  CHECK(answer->text() == payload);
  CHECK(!peer->close());
  serving.join();
}

}  // namespace
