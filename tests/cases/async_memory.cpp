// SPDX-License-Identifier: BSL-1.0
// The cases with an async_websocket over a stream in memory.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "cases/run.hpp"
#include "hawser/asio/async_websocket.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/transport/opening.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

using peer_type = async_websocket<async_pipe>;

asio::awaitable<void> serve(role own_role, peer_type& peer) {
  std::error_code ec;
  auto token = asio::redirect_error(asio::use_awaitable, ec);
  // Named, because g++ 12 destroys temporaries of a co_await twice.
  const negotiating_server_policy<default_server_policy> serving{{}, endpoint_deflate()};
  const negotiating_client_policy<default_client_policy> asking{{}, endpoint_deflate()};
  const auto where = uri::decode("ws://localhost/");
  if (own_role == role::server) {
    co_await peer.async_accept(serving, token);
  } else {
    co_await peer.async_connect(*where, asking, token);
  }
  message got;
  while (!ec) {
    co_await peer.async_read(got, token);
    if (!ec) co_await peer.async_write(got, token);
  }
  for (ec.clear(); !ec;) co_await peer.async_read(got, token);
}

void examine_async(role own_role, examiner& by) {
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  peer_type near{async_pipe{io.get_executor(), state, 0},
                 opening_options{.connection = endpoint_options()}};
  asio::co_spawn(io, serve(own_role, near), asio::detached);
  async_far_end far{state};
  bool hung_up = false;
  for (bool moved = true; moved && !by.failed();) {
    run_ready(io);
    const auto received = std::exchange(state->ends[1].inbox, {});
    moved = !received.empty();
    if (moved) by.receive(received);
    state->move_all();
    if (auto some = by.says(); !some.empty()) {
      // The pipe moves the remaining bytes to the front after each read.
      for (; !some.empty(); run_ready(io)) {
        const auto part = some.first((std::min)(some.size(), std::size_t{64 * 1024}));
        far.send(byte_vector{part.begin(), part.end()});
        some = some.subspan(part.size());
      }
      moved = true;
    } else if (by.ends_stream() && !hung_up) {
      far.hang_up();
      hung_up = moved = true;
    }
  }
  if (far.over()) by.receive_end(true);
}

TEST_CASE("an async_websocket passes all cases, over memory", "[conformance]") {
  const auto own_role = GENERATE(role::server, role::client);
  check_cases("async_websocket over memory", own_role,
              [own_role](examiner& by) { examine_async(own_role, by); });
}

}  // namespace
