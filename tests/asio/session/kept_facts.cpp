// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/session/kept_facts.hpp"

#include <memory>
#include <utility>

#include "support/catch.hpp"

using namespace hawser;

namespace {

TEST_CASE("a session keeps the facts of its opening, and may forget its request") {
  detail::session_facts facts;
  facts.asked.headers.add("X-One", "1");
  facts.agreed.subprotocol = "chat";
  facts.remote_address = "127.0.0.1:1";
  facts.parameters = {{"id", "7"}};
  facts.tls = std::make_shared<tls_facts>();
  detail::kept_facts kept{std::move(facts)};
  CHECK(kept.remote_address() == "127.0.0.1:1");
  CHECK(kept.agreed().subprotocol == "chat");
  CHECK(kept.parameter("id") == "7");
  CHECK(kept.parameter("other").empty());
  CHECK(kept.tls() != nullptr);
  CHECK(kept.listener().empty());
  CHECK_FALSE(kept.asked().headers.empty());
  kept.forget_request();
  CHECK(kept.asked().headers.empty());
}

TEST_CASE("a session without a subprotocol, an extension, a parameter or TLS has empty facts") {
  const detail::kept_facts kept{detail::session_facts{}};
  CHECK(kept.agreed().subprotocol.empty());
  CHECK(kept.agreed().extensions.empty());
  CHECK(kept.parameter("id").empty());
  CHECK(kept.tls() == nullptr);
}

}  // namespace
