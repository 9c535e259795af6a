// SPDX-License-Identifier: BSL-1.0
#include "hawser/transport/concepts.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "hawser/base/error.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/archetypes.hpp"
#include "support/catch.hpp"
#include "support/printers.hpp"

using namespace hawser;
using namespace hawser::test;

// Explicit instantiation compiles every member.
template class hawser::websocket<blocking_archetype, extension_archetype, mask_archetype>;
template class hawser::websocket<timed_archetype, extension_archetype, mask_archetype>;
template class hawser::websocket<abortable_archetype, extension_archetype, mask_archetype>;
template class hawser::client_handshake<client_policy_archetype>;

namespace {

using time_point = std::chrono::steady_clock::time_point;

struct minimal {
  std::size_t read_some(std::span<std::byte>, std::error_code&);
  std::size_t write_some(std::span<const std::byte>, std::error_code&);
  void shutdown(std::error_code&);
};

struct reads_an_int : minimal {
  int read_some(std::span<std::byte>, std::error_code&);
};

struct writes_what_it_changes : minimal {
  std::size_t write_some(std::span<std::byte>, std::error_code&);
};

struct shuts_without_error : minimal {
  void shutdown();
};

struct with_waits : minimal {
  bool wait_readable(time_point, std::error_code&);
  bool wait_writable(time_point, std::error_code&);
  time_point now();
};

struct waits_for_a_while : with_waits {
  bool wait_readable(std::chrono::steady_clock::duration, std::error_code&);
};

struct of_another_clock : with_waits {
  std::chrono::system_clock::time_point now();
};

struct aborts_with_a_result : minimal {
  bool abort();
};

TEST_CASE("a blocking stream has three functions of the right types") {
  STATIC_REQUIRE(blocking_stream<minimal>);
  STATIC_REQUIRE(blocking_stream<minimal&>);
  STATIC_REQUIRE_FALSE(blocking_stream<const minimal>);
  STATIC_REQUIRE_FALSE(blocking_stream<reads_an_int>);
  STATIC_REQUIRE_FALSE(blocking_stream<writes_what_it_changes>);
  STATIC_REQUIRE_FALSE(blocking_stream<shuts_without_error>);
}

TEST_CASE("a timed stream waits until a time of its own clock") {
  STATIC_REQUIRE(timed_stream<with_waits>);
  STATIC_REQUIRE_FALSE(timed_stream<minimal>);
  STATIC_REQUIRE_FALSE(timed_stream<waits_for_a_while>);
  STATIC_REQUIRE_FALSE(timed_stream<of_another_clock>);
}

TEST_CASE("an abortable stream has abort()") {
  STATIC_REQUIRE(abortable_stream<abortable_archetype>);
  STATIC_REQUIRE_FALSE(abortable_stream<minimal>);
  STATIC_REQUIRE_FALSE(abortable_stream<aborts_with_a_result>);
}

TEST_CASE("each archetype models its own concept only") {
  STATIC_REQUIRE(blocking_stream<blocking_archetype>);
  STATIC_REQUIRE_FALSE(timed_stream<blocking_archetype>);
  STATIC_REQUIRE_FALSE(abortable_stream<blocking_archetype>);
  STATIC_REQUIRE(timed_stream<timed_archetype>);
  STATIC_REQUIRE_FALSE(abortable_stream<timed_archetype>);
  STATIC_REQUIRE_FALSE(timed_stream<abortable_archetype>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<blocking_archetype>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<client_policy_archetype>);
}

// The members that each concept requires suffice for a whole conversation with two threads.
TEMPLATE_TEST_CASE("two ends with only the required members open, talk and close", "",
                   blocking_archetype, timed_archetype, abortable_archetype) {
  auto [near, far] = make_memory_pipe({.clock = nullptr});
  std::error_code server_error;
  closed server_end;
  std::thread server{[&, end = std::make_shared<TestType>(std::move(far))] {
    server_handshake<server_policy_archetype> handshake{server_policy_archetype{0}};
    auto peer = accept(std::move(*end), handshake, server_error);
    if (!peer) return;
    while (const auto message = peer->read()) peer->write(*message);
    server_end = peer->close_reason();
  }};
  std::error_code ec;
  client_handshake<client_policy_archetype> handshake{*uri::decode("ws://localhost/"),
                                                      client_policy_archetype{0}};
  auto peer = connect(TestType{std::move(near)}, handshake, ec);
  CHECK_FALSE(ec);
  if (peer) {
    CHECK_FALSE(peer->write("Hello"));
    auto fragments = peer->begin_message(message_kind::text);
    CHECK_FALSE(fragments.write("in "));
    CHECK_FALSE(fragments.finish("pieces"));
    const auto whole = peer->read();
    CHECK((whole && whole->text() == "Hello"));
    std::string pieces;
    for (bool last = false; !last;) {
      const auto piece = peer->read_part();
      last = !piece || piece->last;
      if (piece) pieces += as_text(piece->payload);
    }
    CHECK(pieces == "in pieces");
    CHECK_FALSE(peer->ping());
    CHECK_FALSE(peer->close());
  }
  server.join();
  CHECK_FALSE(server_error);
  CHECK(shown(server_end) == "closed{1000, clean}");
}

}  // namespace
