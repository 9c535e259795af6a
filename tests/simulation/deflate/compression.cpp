// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "hawser/base/bytes.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/frame/opcode.hpp"
#include "hawser/handshake/extensions.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/protocol/prepared_message.hpp"
#include "simulation/async_peers.hpp"
#include "simulation/deflate/watched_deflate.hpp"
#include "simulation/peer.hpp"
#include "simulation/simulate.hpp"
#include "support/catch.hpp"
#include "support/peers.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

deflate_options some_options(chance& random) {
  static constexpr std::array<std::size_t, 4> thresholds{0, 1, 30, 1024};
  static constexpr std::array levels{1, 1, 1, 2, 4, 9};
  deflate_options made;
  made.level = levels[random.below(levels.size())];
  made.memory_level = 1 + static_cast<int>(random.below(6));
  made.own_window_bits = 9 + static_cast<int>(random.below(7));
  if (random.once_in(3)) made.peer_window_bits = 9 + static_cast<int>(random.below(7));
  made.own_context_takeover = !random.once_in(3);
  made.peer_context_takeover = !random.once_in(3);
  made.threshold = thresholds[random.below(thresholds.size())];
  if (random.once_in(3)) {
    made.compress = [](message_kind kind, std::size_t size) {
      return kind == message_kind::text || size % 2 == 0;
    };
  }
  return made;
}

/// Another connection of the same server, whose user sometimes sends a broadcast first. Its client must
/// decode all messages, too.
class fellow {
 public:
  fellow(surroundings& around, const any_negotiator& server, const any_negotiator& client)
      : around_{around},
        server_{role::server, {}, server.make(role::server, around.agreed.extensions), {}},
        client_{role::client, {}, client.make(role::client, around.agreed.extensions), {}} {}

  void send(const prepared_message& broadcast) {
    if (!around_.random.once_in(2)) return;
    // A message that is only in this connection's context.
    if (around_.random.once_in(3)) send_one(broadcast.view(), broadcast.payload());
    send_one(broadcast, broadcast.payload());
  }

 private:
  using connection_type = basic_connection<any_extension, counting_mask_source>;

  template <class Message>
  void send_one(const Message& message, bytes_view payload) {
    around_.judge.require(!server_.send(message), "a broadcast refused");
    auto wire = written_by(server_);
    mutable_bytes input{wire};
    const auto happened = client_.next(input);
    const auto* got = happened ? std::get_if<message_view>(&*happened) : nullptr;
    const bool same =
        got != nullptr && got->payload.size() == payload.size() &&
        (payload.empty() || std::memcmp(got->payload.data(), payload.data(), payload.size()) == 0);
    around_.judge.require(same, "a broadcast altered on its way to another");
  }

  surroundings& around_;
  connection_type server_;
  connection_type client_;
};

/// Negotiates random parameters of compression for both sides.
void agree(surroundings& around) {
  const permessage_deflate client{some_options(around.random)};
  const permessage_deflate server{some_options(around.random)};
  const auto offers = decode_extensions(client.offer());
  const auto answer = decode_extensions(server.answer(*offers));
  around.judge.require(answer && !answer->empty() && client.accepts(*answer),
                       "no agreement on compression");
  around.agreed.extensions = *answer;
  around.extensions = {watched_negotiator{client, around.seen},
                       watched_negotiator{server, around.seen}};
  const auto other = std::make_shared<fellow>(around, server, client);
  around.broadcast = [other](const prepared_message& one) { other->send(one); };
}

template <class Peer>
std::unique_ptr<peer> client(role own_role, surroundings& around,
                             const connection_options& options) {
  agree(around);
  return std::make_unique<Peer>(own_role, 0, around, options);
}

template <class Peer>
std::unique_ptr<peer> server(role own_role, surroundings& around,
                             const connection_options& options) {
  return std::make_unique<Peer>(own_role, 1, around, options);
}

const expectations compressing{{scene::any, scene::compression}};

TEST_CASE("two connections that compress meet all requirements",
          "[rfc7692-7.2][simulation][compression]") {
  simulate("two connections that compress meet all requirements", 1'000, client<core_peer>,
           server<core_peer>, compressing);
}

TEST_CASE("an async_websocket that compresses with a connection meets all requirements",
          "[rfc7692-7.2][simulation][compression]") {
  simulate("an async_websocket that compresses with a connection meets all requirements", 2'000,
           client<core_peer>, server<websocket_peer<calling::waits>>, compressing);
}

TEST_CASE("a session that compresses with an async_websocket meets all requirements",
          "[rfc7692-7.2][simulation][compression]") {
  simulate("a session that compresses with an async_websocket meets all requirements", 1'000,
           client<websocket_peer<calling::direct>>, server<session_peer<calling::direct>>,
           compressing);
}

}  // namespace
