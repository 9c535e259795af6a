// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/http_tunnel.hpp"
#include "hawser/handshake/proxy.hpp"
#include "hawser/handshake/socks5_tunnel.hpp"
#include "hawser/handshake/uri.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

/// The result of a proxy's answers: the output, how the tunnel ends, and the rest of the input.
template <class Tunnel>
std::string story(Tunnel tunnel, bytes_view answers, std::uint32_t seed) {
  using status = typename Tunnel::status;
  std::string story;
  const auto write = [&] {
    story += shown(tunnel.output());
    tunnel.consume_output(tunnel.output().size());
  };
  write();
  std::string left;
  in_pieces(answers, seed, [&](const byte_vector& piece) {
    bytes_view rest{piece};
    const auto state = tunnel.next(rest);
    require(state != status::need_more || rest.empty(), "waits with input left");
    if (!tunnel.output().empty()) write();
    if (state == status::done) left += shown(rest);
    return state != status::failed;
  });
  const bool open = tunnel.state() == status::need_more;
  if (open) tunnel.receive_end();
  require(tunnel.state() != status::need_more, "goes on after the end");
  if (tunnel.state() == status::failed) {
    require(tunnel.error() != errc{}, "failed without an error");
    story += describe(tunnel.error());
  }
  if constexpr (requires { tunnel.response(); }) {
    require(tunnel.response().body.size() <= max_body_size, "a body larger than allowed");
    story += std::to_string(tunnel.response().status) + tunnel.response().body;
  }
  return story + '|' + left;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto first = input.byte();
  const std::uint32_t seed = input.byte() + 1U;
  const char* const hosts[] = {"ws://example.com/", "ws://[::1]:9/", "ws://127.0.0.1/"};
  const auto where = *uri::decode(hosts[first >> 2 & 1 ? 2 : first >> 1 & 1]);
  proxy via{.kind = proxy_kind::http, .host = "proxy", .port = 3128};
  if ((first & 8) != 0) via.user = via.password = "secret";
  const auto answers = input.rest();
  if ((first & 1) != 0) {
    const socks5_tunnel tunnel{where, via};
    require(story(tunnel, answers, 0) == story(tunnel, answers, seed), "something else when cut");
  } else {
    const http_tunnel tunnel{where, via, {}, {.size = 2048, .fields = 10, .target = 100}};
    require(story(tunnel, answers, 0) == story(tunnel, answers, seed), "something else when cut");
  }
  return 0;
}
