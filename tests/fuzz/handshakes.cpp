// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz.hpp"
#include "hawser/handshake/body.hpp"
#include "hawser/handshake/client.hpp"
#include "hawser/handshake/server.hpp"
#include "hawser/handshake/uri.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

constexpr std::array<std::byte, 16> key{};

std::string written(bytes_view output) {
  const auto text = shown(output);
  // The date in the response varies.
  const auto date = text.find("\r\nDate: ");
  if (date == std::string::npos) return text;
  return text.substr(0, date) + text.substr(text.find("\r\n", date + 2));
}

std::string serve(bytes_view asked, std::uint32_t seed) {
  server_handshake<> server{default_server_policy{}, {.size = 2048, .fields = 20, .target = 200}};
  using status = server_handshake<>::status;
  std::string left;
  in_pieces(asked, seed, [&](const byte_vector& piece) {
    bytes_view rest{piece};
    const auto state = server.next(rest);
    require(state != status::need_more || rest.empty(), "waits with input left");
    if (state == status::request) left += shown(rest);
    return state != status::failed;
  });
  if (server.state() == status::request) server.accept();
  if (server.state() == status::need_more) server.receive_end();
  require(server.state() == status::done || server.state() == status::failed, "undecided");
  const auto answer = written(server.output());
  const bool good = server.state() == status::done;
  require(good == answer.starts_with("HTTP/1.1 101 "), "another answer than the outcome");
  require(answer.find("\r\n\r\n") != std::string::npos, "half an answer");
  if (!good) return answer;

  // The client with that key would accept the response.
  require(server.request().headers.find("Sec-WebSocket-Key").has_value(), "accepted without a key");
  return answer + '|' + left;
}

std::string ask(bytes_view answer, std::uint32_t seed) {
  client_handshake<> client{*uri::decode("ws://a/"), key, {}, {.size = 2048, .fields = 20}};
  using status = client_handshake<>::status;
  std::string left;
  in_pieces(answer, seed, [&](const byte_vector& piece) {
    bytes_view rest{piece};
    const auto state = client.next(rest);
    require(state != status::need_more || rest.empty(), "waits with input left");
    if (state == status::done) left += shown(rest);
    return state != status::failed;
  });
  if (client.state() == status::need_more) client.receive_end();
  require(client.response().body.size() <= max_body_size, "a body larger than allowed");
  if (client.state() == status::done) {
    const auto accept = client.response().header("Sec-WebSocket-Accept");
    require(accept.has_value() && client.response().status == 101, "content with too little");
    return "done|" + left;
  }
  require(client.error() != errc{}, "failed without an error");
  return std::string{describe(client.error())} + '|' + client.response().body;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const bool server = (input.byte() & 1) != 0;
  const std::uint32_t seed = input.byte() + 1U;
  const auto wire = input.rest();
  if (server) {
    require(serve(wire, 0) == serve(wire, seed), "something else when cut");
  } else {
    require(ask(wire, 0) == ask(wire, seed), "something else when cut");
  }
  return 0;
}
