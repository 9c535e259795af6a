// SPDX-License-Identifier: BSL-1.0
#include "hawser/asio/driver/async_websocket_driver.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include "hawser/frame/opcode.hpp"
#include "hawser/protocol/connection.hpp"
#include "support/archetypes.hpp"
#include "support/async_pipe.hpp"
#include "support/async_talk.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/printers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;
using tcp = asio::ip::tcp;

namespace {

/// A driver and the far end of its stream.
template <class Extension = no_extension>
struct driven {
  using connection_type = test_connection<Extension>;
  using driver = detail::async_websocket_driver<async_pipe, connection_type>;

  asio::io_context io{1};
  std::shared_ptr<async_pipe_state> state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  std::shared_ptr<driver> near;

  explicit driven(role own_role, Extension extension = {})
      : near{std::make_shared<driver>(async_pipe{io.get_executor(), state, 0},
                                      connection_type{own_role, {}, std::move(extension)},
                                      opening_options{})} {}
  ~driven() { near->drop(); }
};

TEST_CASE("a driver that has not begun refuses to work, and can be dropped") {
  driven<> talk{role::server};
  message into;
  outcome_of reading;
  outcome_of writing;
  talk.near->read(reading.handler(), into);
  talk.near->write(writing.handler(), [](auto& peer) { return peer.send("x"); });
  talk.near->drop();
  talk.near->drop();
  run_ready(talk.io);
  CHECK(reading.error() == asio::error::not_connected);
  CHECK(writing.error() == asio::error::not_connected);
  CHECK(talk.near->stream().is_closed());
  outcome_of late;
  talk.near->read(late.handler(), into);
  run_ready(talk.io);
  CHECK(late.error() == errc::closed);
}

TEST_CASE("the driver keeps the result of the handshake") {
  driven<> talk{role::server};
  talk.near->begin({}, agreement{"chat", {}});
  CHECK(talk.near->agreed().subprotocol == "chat");
  CHECK(talk.near->is_open());
}

TEST_CASE("an extension that can only be moved works", "[rfc-9.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  using connection_type = basic_connection<extension_archetype, mask_archetype>;
  using driver = detail::async_websocket_driver<async_pipe, connection_type>;
  asio::io_context io{1};
  const auto state = std::make_shared<async_pipe_state>();
  async_far_end far{state};
  const auto near = std::make_shared<driver>(
      async_pipe{io.get_executor(), state, 0},
      connection_type{own_role, {}, extension_archetype{}, mask_archetype{}}, opening_options{});
  near->begin({}, {});
  far.send(frame_from(peer_of(own_role), opcode::text, "Hello", fin::yes, 4));
  message into;
  outcome_of reading;
  outcome_of writing;
  near->read(reading.handler(), into);
  near->write(writing.handler(), [](auto& peer) { return peer.send("Hello"); });
  run_ready(io);
  CHECK(shown(into) == "text \"Hello\"");
  CHECK(far.frames() == std::vector<std::string>{"text rsv 4 \"Hello\""});
  near->drop();
}

TEST_CASE("many messages that arrive at once are moved once and not each time one is read") {
  // Over a socket, because its input is read into the shared buffer. If the rest was moved for each
  // message, this would take minutes.
  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
  tcp::socket far{io};
  far.connect(acceptor.local_endpoint());
  using driver = detail::async_websocket_driver<tcp::socket, connection>;
  const auto near =
      std::make_shared<driver>(acceptor.accept(), connection{role::client}, opening_options{});
  near->begin({}, {});
  constexpr int count = 200'000;
  byte_vector wire;
  const auto frame = frame_from(role::server, opcode::text, "a");
  for (int i = 0; i < count; ++i) wire.insert(wire.end(), frame.begin(), frame.end());
  asio::async_write(far, asio::buffer(wire), [](std::error_code, std::size_t) {});
  message into;
  int got = 0;
  std::function<void(std::error_code)> next = [&](std::error_code ec) {
    if (ec || ++got == count) return;
    near->read(next, into);
  };
  near->read(next, into);
  run_until(io, [&] { return got == count; });
  CHECK(into.text() == "a");
  near->drop();
}

}  // namespace
