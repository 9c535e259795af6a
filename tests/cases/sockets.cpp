// SPDX-License-Identifier: BSL-1.0
// The cases with servers and clients over TCP.
#include <cstdint>
#include <string>
#include <system_error>

#include "cases/links.hpp"
#include "cases/run.hpp"
#include "hawser/asio/client.hpp"
#include "hawser/asio/connect.hpp"
#include "support/catch.hpp"
#include "support/echo_servers.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

echo_options serving() {
  return {.connection = endpoint_options(), .extension = endpoint_deflate()};
}

void run_blocking(std::uint16_t port) {
  std::error_code ec;
  auto peer = connect(url_at(port), ec, connecting());
  if (peer) echo_all(*peer);
}

void run_on_events(std::uint16_t port) { run_client<client>(url_at(port)); }

TEST_CASE("a threaded_server passes all cases, over TCP", "[conformance]") {
  threaded_echo server{serving()};
  check_cases("threaded_server over TCP", role::server,
              [&](examiner& by) { examine_server(by, server.port(), plain); });
}

TEST_CASE("a server passes all cases, over TCP", "[conformance]") {
  event_echo server{serving()};
  check_cases("server over TCP", role::server,
              [&](examiner& by) { examine_server(by, server.port(), plain); });
}

TEST_CASE("a connection of connect() passes all cases, over TCP", "[conformance]") {
  check_cases("connect() over TCP", role::client,
              [](examiner& by) { examine_client(by, run_blocking, plain); });
}

TEST_CASE("a client passes all cases, over TCP", "[conformance]") {
  check_cases("client over TCP", role::client,
              [](examiner& by) { examine_client(by, run_on_events, plain); });
}

}  // namespace
