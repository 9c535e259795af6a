// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/fuzz.hpp"
#include "hawser/base/error.hpp"
#include "hawser/handshake/http_conversation.hpp"
#include "hawser/handshake/http_exchange.hpp"
#include "hawser/handshake/http_head.hpp"
#include "hawser/handshake/request_body.hpp"

using namespace hawser;
using namespace hawser::fuzz;

namespace {

constexpr std::size_t most_body = 50;

/// A server's result for the bytes of a connection: each plain request, and the output.
class served {
 public:
  bool take(bytes_view input) {
    while (true) {
      const auto before = input.size();
      const auto now = talk_.next(input);
      require(talk_.output().empty() || now != status::plain, "an answer before the decision");
      act(now);
      if (now == status::request) story_ += "upgrade ";
      if (now == status::done) story_ += shown(input);
      if (now == status::done || now == status::failed) return now == status::done;
      if (input.size() == before && talk_.output().empty()) break;
    }
    require(input.empty(), "waits with input left");
    return true;
  }

  std::string end() {
    if (talk_.receive_end() == status::whole) act(status::whole);
    require(talk_.state() == status::done || talk_.state() == status::failed, "no end");
    write();
    return story_;
  }

 private:
  using status = http_conversation<>::status;

  void act(status now) {
    if (now == status::request) talk_.accept();
    if (now == status::plain) now = talk_.serve({.body = most_body, .requests = 5});
    if (now == status::whole) {
      const auto& asked = talk_.request();
      require(asked.body().size() <= most_body, "a body larger than allowed");
      require(request_framing(asked.headers, http_version::http_1_1).error == errc{},
              "an ambiguous length");
      require(++count_ <= 5, "more requests than allowed");
      story_ += std::string{asked.method()} + ' ' + std::string{asked.target()} + ' ' +
                std::string{asked.body()} + '\n';
      talk_.answer({.body = "x"}, "now");
    }
    write();
  }

  void write() {
    story_ += shown(talk_.output());
    talk_.consume_output(talk_.output().size());
  }

  http_conversation<> talk_{default_server_policy{}, {.size = 2048, .fields = 20, .target = 200}};
  std::string story_;
  int count_ = 0;
};

std::string serve(bytes_view wire, std::uint32_t seed) {
  served one;
  in_pieces(wire, seed, [&](const byte_vector& piece) { return one.take(piece); });
  return one.end();
}

/// Reads only a body, and leaves the bytes after it.
std::string read(bytes_view wire, const body_framing& framing, std::uint32_t seed) {
  request_body_reader reader{framing, most_body};
  std::string body;
  std::string left;
  auto now = request_body_reader::status::need_more;
  in_pieces(wire, seed, [&](const byte_vector& piece) {
    bytes_view rest{piece};
    now = reader.next(rest, body);
    left += shown(rest);
    return now != request_body_reader::status::failed;
  });
  require(body.size() <= most_body, "a body larger than allowed");
  if (now == request_body_reader::status::failed) return "failed";
  return body + (now == request_body_reader::status::done ? '|' + left : std::string{});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  decisions input{data, size};
  const auto kind = input.below(3);
  const std::uint32_t seed = input.byte() + 1U;
  if (kind == 0) {
    const auto wire = input.rest();
    require(serve(wire, 0) == serve(wire, seed), "something else when cut");
    return 0;
  }
  const body_framing framing{.length = kind == 1 ? 0 : input.below(100), .chunked = kind == 1};
  const auto wire = input.rest();
  require(read(wire, framing, 0) == read(wire, framing, seed), "something else when cut");
  return 0;
}
