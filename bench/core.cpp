// SPDX-License-Identifier: BSL-1.0
//
// What the parts of the core cost, without input and output. `bench_core --benchmark_repetitions=5` shows the spread.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "hawser/hawser.hpp"

namespace {

std::string repeated(std::string_view sample, std::size_t size) {
  std::string text;
  while (text.size() < size) text += sample;
  return text;
}

void set_bytes(benchmark::State& state, std::size_t size) {
  state.SetBytesProcessed(static_cast<std::int64_t>(size) * state.iterations());
}

std::size_t size_of(const benchmark::State& state) {
  return static_cast<std::size_t>(state.range(0));
}

void copy(benchmark::State& state) {
  const std::vector<std::byte> from(size_of(state));
  std::vector<std::byte> to(from.size());
  for ([[maybe_unused]] const auto round : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  set_bytes(state, from.size());
}

void mask(benchmark::State& state) {
  std::vector<std::byte> data(size_of(state));
  const hawser::mask_key key{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  for ([[maybe_unused]] const auto round : state) {
    hawser::apply_mask(data, key);
    benchmark::ClobberMemory();
  }
  set_bytes(state, data.size());
}

void utf8(benchmark::State& state, std::string_view sample) {
  const auto text = repeated(sample, size_of(state));
  for ([[maybe_unused]] const auto round : state) {
    benchmark::DoNotOptimize(hawser::is_valid_utf8(std::string_view{text}));
  }
  set_bytes(state, text.size());
}

/// A server's connection takes a masked message and queues it again.
void echo(benchmark::State& state, hawser::message_kind kind) {
  hawser::connection client{hawser::role::client};
  hawser::connection server{hawser::role::server};
  const auto text = repeated("h\xC3\xA9llo ", size_of(state));
  if (client.send(hawser::message_view{kind, hawser::as_bytes(text)})) {
    return state.SkipWithError("the client cannot send");
  }
  const std::vector<std::byte> frame{client.output().begin(), client.output().end()};
  std::vector<std::byte> input(frame.size());
  for ([[maybe_unused]] const auto round : state) {
    std::memcpy(input.data(), frame.data(), frame.size());  // reading unmasks it
    std::span<std::byte> rest{input};
    server.begin_turn();
    while (auto event = server.next(rest)) {
      if (const auto* message = std::get_if<hawser::message_view>(&*event)) {
        if (server.send(*message)) return state.SkipWithError("the server cannot send");
      }
    }
    const auto output = server.output();
    benchmark::DoNotOptimize(output.data());
    server.consume_output(output.size());
  }
  set_bytes(state, frame.size());
}

void handshake(benchmark::State& state) {
  constexpr std::string_view request =
      "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "Origin: http://example.com\r\nCookie: a=1; b=2\r\nUser-Agent: bench\r\n\r\n";
  for ([[maybe_unused]] const auto round : state) {
    hawser::server_handshake<> one;
    auto input = hawser::as_bytes(request);
    if (one.next(input) != hawser::server_handshake<>::status::request) {
      return state.SkipWithError("the request is refused");
    }
    one.accept();
    benchmark::DoNotOptimize(one.output().data());
  }
}

constexpr std::int64_t smallest = 64;
constexpr std::int64_t largest = 1 << 20;

BENCHMARK(copy)->Range(smallest, largest);
BENCHMARK(mask)->Range(smallest, largest);
BENCHMARK_CAPTURE(utf8, ascii, "word ")->Range(smallest, largest);
BENCHMARK_CAPTURE(utf8, some_two_bytes, "caf\xC3\xA9 au lait, tout de suite ")
    ->Range(smallest, largest);
BENCHMARK_CAPTURE(utf8, three_bytes, "\xE6\xBC\xA2\xE5\xAD\x97")->Range(smallest, largest);
BENCHMARK_CAPTURE(utf8, all_sizes, "a\xC3\xA9\xE6\xBC\xA2\xF0\x9F\x98\x80")
    ->Range(smallest, largest);
BENCHMARK_CAPTURE(echo, binary, hawser::message_kind::binary)->Range(smallest, largest / 2);
BENCHMARK_CAPTURE(echo, text, hawser::message_kind::text)->Range(smallest, largest / 2);
BENCHMARK(handshake);

}  // namespace

BENCHMARK_MAIN();
