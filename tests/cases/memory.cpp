// SPDX-License-Identifier: BSL-1.0
// The cases with a blocking websocket over a memory_pipe.
#include <array>
#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

#include "cases/run.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/policy.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"
#include "hawser/negotiation/negotiating_policy.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/opening.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/catch.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

/// The examiner at its end of the pipe. It acts whenever the endpoint waits.
class far_side {
 public:
  far_side(memory_pipe pipe, examiner& by) : pipe_{std::move(pipe)}, by_{by} {}

  void turn() {
    bool moved = listen();
    std::error_code ec;
    if (const auto some = by_.says(); !some.empty()) {
      pipe_.write_some(some, ec);
      moved = true;
    } else if (by_.ends_stream() && !hung_up_) {
      pipe_.shutdown(ec);
      hung_up_ = moved = true;
    }
    // Neither side can continue, so the endpoint would wait forever.
    if (!moved) pipe_.abort();
  }

  /// Reads all bytes that have arrived. Returns whether there were any.
  bool listen() {
    std::error_code ec;
    bool some = false;
    while (!over_) {
      const auto size = pipe_.read_some(buffer_, ec);
      if (ec) break;
      some = true;
      over_ = size == 0;
      over_ ? by_.receive_end(true) : by_.receive(bytes_view{buffer_}.first(size));
    }
    return some;
  }

 private:
  memory_pipe pipe_;
  examiner& by_;
  std::array<std::byte, 64 * 1024> buffer_;
  bool hung_up_ = false;
  bool over_ = false;
};

std::optional<websocket<memory_pipe>> opened(role own_role, memory_pipe stream,
                                             std::error_code& ec) {
  const opening_options options{.connection = endpoint_options()};
  if (own_role == role::server) {
    using policy = negotiating_server_policy<default_server_policy>;
    server_handshake<policy> handshake{policy{{}, endpoint_deflate()}};
    return accept(std::move(stream), handshake, ec, options);
  }
  using policy = negotiating_client_policy<default_client_policy>;
  client_handshake<policy> handshake{*uri::decode("ws://localhost/"),
                                     policy{{}, endpoint_deflate()}};
  return connect(std::move(stream), handshake, ec, options);
}

void examine_in_memory(role own_role, examiner& by) {
  const memory_pipe_options undisturbed;  // A temporary causes a false warning of g++ 12 at -O3
  auto [here, there] = make_memory_pipe(undisturbed);
  far_side far{std::move(there), by};
  here.on_idle([&] { far.turn(); });
  std::error_code ec;
  auto near = opened(own_role, std::move(here), ec);
  if (!near) return;
  echo_all(*near);
  far.listen();
}

TEST_CASE("a websocket passes all cases, over a memory_pipe", "[conformance]") {
  const auto own_role = GENERATE(role::server, role::client);
  check_cases("websocket over a memory_pipe", own_role,
              [own_role](examiner& by) { examine_in_memory(own_role, by); });
}

}  // namespace
