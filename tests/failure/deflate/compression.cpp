// SPDX-License-Identifier: BSL-1.0
// zlib allocates by operator new, so each of its allocations fails in turn, too.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>

#include "failure/failing.hpp"
#include "failure/talk.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/deflate/thread_streams.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/virtual_clock.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/peers.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// Options with contexts, and without.
any_extension some_extension(role own_role, bool contexts) {
  const permessage_deflate known{
      without_threshold({.own_context_takeover = contexts, .peer_context_takeover = contexts})};
  extension_element agreed{"permessage-deflate"};
  if (!contexts) {
    agreed.parameters = {{"server_no_context_takeover"}, {"client_no_context_takeover"}};
  }
  return known.make(own_role, {agreed});
}

/// Frees what is kept between connections, so that all attempts are equal.
void forget_memory() {
  buffer_pool::clear();
  thread_streams<deflater>::clear();
  thread_streams<inflater>::clear();
}

using peer_type = basic_connection<any_extension, fixed_mask_source>;

/// The messages of a side: short and long, in fragments, shared, and a last one that repeats all of them.
template <class Connection>
void say_all(Connection& from) {
  from.send(some_text(300));
  from.send(prepared_message{std::string_view{some_text(2000)}});
  from.send_part(message_kind::text, as_bytes("first "), part::more);
  from.send_part(message_kind::text, as_bytes(std::string(3000, 'x')), part::last);
  from.send(prepared_message{std::string_view{"once more"}});
  from.send(some_text(300));
}

std::vector<std::string> all_said() {
  return {some_text(300), some_text(2000), "first " + std::string(3000, 'x'), "once more",
          some_text(300)};
}

/// The messages that a connection has received.
struct reception {
  std::vector<std::string> messages;
  std::optional<closed> end;

  template <class Connection>
  void take(Connection& by, mutable_bytes input) {
    while (const auto happened = by.next(input)) {
      const auto* message = std::get_if<message_view>(&*happened);
      const sparing not_counted;
      if (message != nullptr) messages.emplace_back(message->text());
      if (const auto* how = std::get_if<closed>(&*happened)) end = *how;
    }
  }
};

TEST_CASE("whichever allocation of a compressing sender fails, its output is valid",
          "[rfc7692-7.2.1][failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool contexts = GENERATE(true, false);
  const auto count = fail_each_allocation([&](std::size_t number) {
    forget_memory();
    bool thrown = false;
    byte_vector wire;
    {
      peer_type near{own_role, {}, some_extension(own_role, contexts)};
      const failing armed{number};
      try {
        say_all(near);
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      const sparing not_counted;
      wire = written_by(near);
    }
    peer_type far{peer_of(own_role), {}, some_extension(peer_of(own_role), contexts)};
    reception received;
    received.take(far, wire);
    auto expected = all_said();
    CHECK_FALSE(received.end);
    // Without memory for zlib's streams, messages are sent uncompressed.
    if (thrown) {
      CHECK(received.messages.size() <= expected.size());
      expected.resize((std::min)(expected.size(), received.messages.size()));
    }
    CHECK(received.messages == expected);
  });
  CHECK(count > 10);
}

TEST_CASE("whichever allocation of a receiver of compressed messages fails, it ends or continues",
          "[rfc7692-7.2.2][failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool contexts = GENERATE(true, false);
  peer_type far{peer_of(own_role), {}, some_extension(peer_of(own_role), contexts)};
  say_all(far);
  const auto wire = written_by(far);
  const auto count = fail_each_allocation([&](std::size_t number) {
    forget_memory();
    auto input = wire;
    reception received;
    bool thrown = false;
    {
      peer_type near{own_role, {}, some_extension(own_role, contexts)};
      const failing armed{number};
      try {
        for (std::size_t at = 0; at < input.size(); at += 100) {
          const auto size = (std::min)(std::size_t{100}, input.size() - at);
          received.take(near, mutable_bytes{input}.subspan(at, size));
        }
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      const sparing not_counted;
      const bool reported = received.end && received.end->error == errc::out_of_memory;
      CHECK((thrown || reported) == failing::happened());
      if (reported) CHECK(received.end->code == close_code::internal_error);
    }
    auto expected = all_said();
    if (failing::happened()) expected.resize((std::min)(expected.size(), received.messages.size()));
    CHECK(received.messages == expected);
  });
  CHECK(count > 3);
}

TEST_CASE("whichever allocation of a compressing websocket fails, it ends at once or works",
          "[rfc7692-7.2][failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool contexts = GENERATE(true, false);
  const auto count = fail_each_allocation([&](std::size_t number) {
    forget_memory();
    const auto clock = std::make_shared<virtual_clock>();
    auto pipe = make_memory_pipe({.clock = clock});
    peer_type far{peer_of(own_role), {}, some_extension(peer_of(own_role), contexts)};
    reception received;
    websocket<memory_pipe> near{
        own_role, std::move(pipe.first), {}, {}, {}, some_extension(own_role, contexts)};
    auto& there = pipe.second;
    say_all(far);
    near.stream().on_idle([&] {
      const sparing not_counted;
      byte_vector buffer(4096);
      std::error_code ec;
      for (auto out = far.output(); !out.empty() && !ec; out = far.output()) {
        far.consume_output(there.write_some(out, ec));
      }
      const auto size = there.read_some(buffer, ec);
      if (ec == std::errc::operation_would_block) return;
      if (ec || size == 0) far.receive_end(ec);
      received.take(far, mutable_bytes{buffer}.first(size));
      if (far.wants().end_stream) there.shutdown(ec), far.output_ended();
    });
    const auto text = some_text(300);
    const auto rest = std::string(3000, 'x');
    const prepared_message prepared{std::string_view{some_text(2000)}};
    const auto expected_count = all_said().size();
    std::vector<std::string> got;
    bool thrown = false;
    {
      const failing armed{number};
      try {
        near.write(text);
        auto parts = near.begin_message(message_kind::text);
        parts.write("first ");
        parts.finish(rest);
        near.write(prepared);
        while (got.size() < expected_count) {
          const auto message = near.read();
          const sparing not_counted;
          if (!message) break;
          got.emplace_back(message->text());
        }
        near.close();
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
    }
    // The exception has ended the connection; further calls are harmless.
    if (thrown) CHECK_FALSE(near.is_open());
    const auto ec = near.write("still?");
    CHECK((!thrown || ec == errc::closed));
    near.close();
    if (thrown) CHECK(near.close_reason().error == errc::out_of_memory);
    auto expected = all_said();
    expected.resize((std::min)(expected.size(), got.size()));
    CHECK(got == expected);
    const std::vector<std::string> written{text, "first " + rest,
                                           std::string{prepared.view().text()}};
    REQUIRE(received.messages.size() <= written.size());
    CHECK(std::equal(received.messages.begin(), received.messages.end(), written.begin()));
  });
  CHECK(count > 10);
}

TEST_CASE(
    "whichever allocation of a compressing async_websocket fails, its pending operations complete",
    "[rfc7692-7.2][failure]") {
  const auto own_role = GENERATE(role::client, role::server);
  const bool contexts = GENERATE(true, false);
  const auto count = fail_each_allocation([&](std::size_t number) {
    forget_memory();
    asio::io_context io{1};
    const auto state = std::make_shared<async_pipe_state>();
    async_far_end far{state};
    auto near = std::make_unique<async_websocket<async_pipe>>(
        own_role, async_pipe{io.get_executor(), state, 0}, connection_options{}, bytes_view{},
        agreement{}, some_extension(own_role, contexts));
    peer_type peer{peer_of(own_role), {}, some_extension(peer_of(own_role), contexts)};
    say_all(peer);
    far.send(written_by(peer));
    const auto text = some_text(300);
    std::vector<std::unique_ptr<outcome_of>> begun;
    std::vector<message> into(6);
    std::size_t thrown = 0;
    {
      const failing armed{number};
      const auto begin = [&](auto what) {
        std::optional<outcome_of> one;
        {
          const sparing not_counted;
          one = *begun.emplace_back(std::make_unique<outcome_of>());
        }
        try {
          what(one->handler());
        } catch (const std::bad_alloc&) {
          ++thrown;
        }
        run_ready(io);
      };
      begin([&](auto done) { near->async_write(std::string_view{text}, done); });
      begin([&](auto done) {
        near->async_write_part(message_kind::text, as_bytes("first "), part::more, done);
      });
      begin([&](auto done) {
        near->async_write_part(message_kind::text, as_bytes("last"), part::last, done);
      });
      for (auto& one : into) {
        begin([&](auto done) { near->async_read(one, done); });
      }
    }
    reception received;
    auto wire = far.seen();
    received.take(peer, wire);
    // The message whose call threw is not sent; all others are not affected.
    CHECK((!received.end || received.end->code == close_code::internal_error));
    for (const auto& one : received.messages) {
      CHECK((one == text || one == "first last" || (thrown != 0 && one == "last")));
    }
    far.hang_up();
    run_ready(io);
    near->close_now();
    run_ready(io);
    std::size_t pending = 0;
    for (const auto& one : begun) pending += one->pending() ? 1 : 0;
    CHECK(pending <= (failing::happened() ? 1U : 0U));
  });
  CHECK(count > 10);
}

}  // namespace
