// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>

#include "hawser/tls/connect.hpp"
#include "hawser/tls/server_context.hpp"
#include "support/catch.hpp"
#include "support/certificates.hpp"
#include "support/secure_pair.hpp"

namespace hawser::test {

/// Options with one certificate of the tests' authority, whose subject is `name`.
inline tls_server_options server_named(const std::string& name) {
  return {.identities = {issue({.name = name, .issuer = &test_authority()}).identity()}};
}

/// Reloads `context`, which has the certificate of server_named("first"), while the server at `url` uses it:
/// open connections keep the first certificate, new ones get the second.
inline void check_reload(tls_server_context& context, const std::string& url) {
  auto before = connect(url, trusting_client());
  context.reload(server_named("second"));
  auto after = connect(url, trusting_client());
  CHECK(before.peer_certificate()->subject == "CN=first");
  CHECK(after.peer_certificate()->subject == "CN=second");
  for (auto* peer : {&before, &after}) {
    CHECK_FALSE(peer->write("ahoy"));
    const auto answer = peer->read();
    REQUIRE(answer);
    CHECK(answer->text() == "ahoy");
    CHECK_FALSE(peer->close());
  }
}

}  // namespace hawser::test
