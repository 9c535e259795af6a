// SPDX-License-Identifier: BSL-1.0
// RFC 7692 §8 and other abuse of compression, each with a limit of memory; and messages far larger than
// the memory that they use.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "hawser/asio/connect.hpp"
#include "hawser/base/buffer_pool.hpp"
#include "hawser/deflate/deflater.hpp"
#include "hawser/deflate/inflater.hpp"
#include "hawser/deflate/negotiation.hpp"
#include "hawser/deflate/options.hpp"
#include "hawser/deflate/permessage_deflate.hpp"
#include "hawser/deflate/thread_streams.hpp"
#include "hawser/protocol/any_extension.hpp"
#include "hawser/protocol/connection.hpp"
#include "hawser/transport/memory_pipe.hpp"
#include "hawser/transport/websocket.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"
#include "support/deflate.hpp"
#include "support/echo_servers.hpp"
#include "support/heap.hpp"
#include "support/live_server.hpp"
#include "support/peers.hpp"
#include "support/sanitized.hpp"
#include "support/sockets.hpp"
#include "support/wire.hpp"

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;
constexpr int rsv1_bit = 4;

void append(byte_vector& to, const byte_vector& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// That many zeros, compressed to about a thousandth of their size.
byte_vector bomb(std::size_t size) {
  const byte_vector zeros(mebibyte);
  const auto with = usual_deflater();
  byte_vector encoded;
  for (; size > zeros.size(); size -= zeros.size()) with->encode(zeros, part::more, encoded);
  with->encode(bytes_view{zeros}.first(size), part::last, encoded);
  return encoded;
}

/// The result of input in pieces of that many bytes, and the memory that it uses.
struct outcome {
  std::optional<closed> end = {};
  std::size_t delivered = 0;
  std::size_t most = 0;
};

template <class Connection>
void take(Connection& peer, mutable_bytes input, outcome& result) {
  while (const auto happened = peer.next(input)) {
    if (const auto* end = std::get_if<closed>(&*happened)) result.end = *end;
    if (const auto* whole = std::get_if<message_view>(&*happened)) {
      result.delivered += whole->payload.size();
    }
    if (const auto* piece = std::get_if<message_part>(&*happened)) {
      result.delivered += piece->payload.size();
    }
  }
}

outcome outcome_of(role own_role, const byte_vector& input, const connection_options& options = {},
                   std::size_t piece = 16 * kibibyte) {
  buffer_pool::clear();
  thread_streams<inflater>::clear();
  byte_vector buffer(piece);
  outcome result;
  const heap_meter meter;
  test_connection<copied_deflate> peer{own_role, options, copied_deflate{}};
  for (std::size_t at = 0; at < input.size() && !result.end; at += piece) {
    const auto size = (std::min)(piece, input.size() - at);
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(at), size, buffer.begin());
    take(peer, mutable_bytes{buffer}.first(size), result);
  }
  result.most = meter.most();
  return result;
}

/// The memory of an inflater, its window and the connection.
constexpr std::size_t inflating = 48 * kibibyte;

TEST_CASE("a message that expands ends at the limit and uses no more memory",
          "[rfc7692-8][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto payload = bomb(64 * mebibyte);
  REQUIRE(payload.size() < 64 * mebibyte / 1000);
  connection_options options;
  options.max_message_size = mebibyte;
  const auto input = frame_from(peer_of(own_role), 2, payload, fin::yes, rsv1_bit);
  const auto result = outcome_of(own_role, input, options);
  REQUIRE(result.end);
  CHECK(result.end->code == close_code::message_too_big);
  CHECK(result.delivered == 0);
  // When the buffer grows by doubling, the old and the new memory exist at once.
  CHECK(result.most < 3 * mebibyte + 64 * kibibyte);
}

TEST_CASE("a message that expands over fragments ends at the limit", "[rfc7692-8][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto from = peer_of(own_role);
  const auto payload = bomb(8 * mebibyte);
  connection_options options;
  options.max_message_size = mebibyte;
  byte_vector input = frame_from(from, 2, {}, fin::no, rsv1_bit);
  for (std::size_t at = 0; at < payload.size(); at += 100) {
    const auto rest = bytes_view{payload}.subspan(at);
    const auto size = (std::min<std::size_t>)(100, rest.size());
    append(input, frame_from(from, 0, rest.first(size), fin::no));
  }
  const auto result = outcome_of(own_role, input, options);
  REQUIRE(result.end);
  CHECK(result.end->code == close_code::message_too_big);
  CHECK(result.most < 3 * mebibyte + 64 * kibibyte);
}

TEST_CASE("a message that expands uses the memory of one part, in parts", "[rfc7692-8]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = 1024 * mebibyte;
  options.deliver = delivery::parts;
  const auto payload = bomb(16 * mebibyte);
  const auto result =
      outcome_of(own_role, frame_from(peer_of(own_role), 2, payload, fin::yes, rsv1_bit), options);
  CHECK_FALSE(result.end);
  CHECK(result.delivered == 16 * mebibyte);
  CHECK(result.most < inflating + 16 * kibibyte);
}

TEST_CASE("blocks without output end at a limit", "[rfc7692-8][rfc-10.4]") {
  const auto own_role = GENERATE(role::client, role::server);
  const auto block = GENERATE("00 00 00 ff ff", "02 08 20 80 00", "03 00");
  const auto from = peer_of(own_role);
  connection_options options;
  options.max_message_size = 10 * kibibyte;
  byte_vector payload;
  while (payload.size() < 100 * kibibyte) append(payload, from_hex(block));
  byte_vector input = frame_from(from, 2, payload, fin::no, rsv1_bit);
  const auto some = outcome_of(own_role, input, options);
  CHECK_FALSE(some.end);
  CHECK(some.most < inflating);
  for (int i = 0; i < 2; ++i) append(input, frame_from(from, 0, payload, fin::no));
  const auto result = outcome_of(own_role, input, options);
  REQUIRE(result.end);
  CHECK(result.end->code == close_code::message_too_big);
  CHECK(result.most < inflating);
}

TEST_CASE("small messages that are flushed after each byte are accepted", "[rfc7692-6.1]") {
  const auto own_role = GENERATE(role::client, role::server);
  connection_options options;
  options.max_message_size = 20 * kibibyte;
  byte_vector payload;
  const auto with = usual_deflater();
  for (unsigned i = 0; i < 20 * kibibyte; ++i) {
    if (i != 0) append(payload, "00 00 ff ff"_b);
    const std::byte byte{static_cast<unsigned char>(i * 101)};
    with->encode({&byte, 1}, part::last, payload);
  }
  const auto result =
      outcome_of(own_role, frame_from(peer_of(own_role), 2, payload, fin::yes, rsv1_bit), options);
  CHECK_FALSE(result.end);
  CHECK(result.delivered == 20 * kibibyte);
}

TEST_CASE("connections that send nothing compressed have no contexts", "[rfc7692-7.1]") {
  const auto preset = GENERATE(deflate_preset::low_memory, deflate_preset::balanced);
  using peer_type = basic_connection<any_extension, fixed_mask_source>;
  constexpr std::size_t count = 1000;
  const permessage_deflate known{preset};
  std::vector<std::unique_ptr<peer_type>> peers;
  peers.reserve(count);
  const heap_meter meter;
  for (std::size_t i = 0; i < count; ++i) {
    peers.push_back(std::make_unique<peer_type>(
        role::server, connection_options{}, known.make(role::server, {{"permessage-deflate"}})));
    outcome ignored;
    auto hello = frame_from(role::client, opcode::text, "hello");
    take(*peers.back(), hello, ignored);
  }
  const auto each = meter.held() / count;
  CHECK(each < sizeof(peer_type) + 200);
}

TEST_CASE("without contexts a connection frees the memory of a message", "[rfc7692-7.1.1]") {
  using peer_type = basic_connection<any_extension, fixed_mask_source>;
  constexpr std::size_t count = 200;
  const permessage_deflate known{deflate_preset::low_memory};
  const extension_list agreed{
      {"permessage-deflate", {{"server_no_context_takeover"}, {"client_no_context_takeover"}}}};
  const auto text = some_text(5000);
  const auto input = frame_from(role::client, 1, deflated(as_bytes(text)), fin::yes, rsv1_bit);
  std::vector<std::unique_ptr<peer_type>> peers;
  peers.reserve(count);
  const auto serve_one = [&] {
    peers.push_back(std::make_unique<peer_type>(role::server, connection_options{},
                                                known.make(role::server, agreed)));
    outcome result;
    auto copy = input;
    take(*peers.back(), copy, result);
    REQUIRE(result.delivered == text.size());
    REQUIRE(!peers.back()->send(text));
    REQUIRE(written_by(*peers.back()).size() < text.size() / 2);
    mutable_bytes nothing;
    peers.back()->next(nothing);
  };
  serve_one();
  const heap_meter meter;
  for (std::size_t i = 1; i < count; ++i) serve_one();
  const auto each = meter.held() / count;
  CHECK(each < sizeof(peer_type) + 300);
}

TEST_CASE("without memory to decompress the connection ends") {
  const auto own_role = GENERATE(role::client, role::server);
  test_connection<copied_deflate> peer{own_role, {}, copied_deflate{}};
  deflate_extension bare{{}, {}, std::make_shared<const deflate_options>(without_threshold())};
  thread_streams<inflater>::clear();
  byte_vector buffer(100);
  auto payload = "f2 48 cd c9 c9 07 00"_b;
  mutable_bytes out{buffer};
  bytes_view in{payload};
  errc error{};
  std::uint8_t bits = rsv1;
  {
    const heap_is_full full;
    error = bare.decode(in, out, part::last);
    bits = bare.begin_encoding(message_kind::text, 1000);
  }
  CHECK(error == errc::out_of_memory);
  CHECK(close_code_for(error) == close_code::internal_error);
  // The message that could not be compressed is sent uncompressed.
  CHECK(bits == 0);
}

TEST_CASE("if memory runs out inside a message the connection ends") {
  const auto encoded = deflated(as_bytes(some_text(100'000)));
  const auto by = inflater::make({15});
  byte_vector buffer(10'000);
  mutable_bytes out{buffer};
  bytes_view in{encoded};
  errc error{};
  {
    // The window is allocated when the first data is stored in it.
    const heap_is_full full;
    error = by->decode(in, out, part::more);
  }
  CHECK(error == errc::out_of_memory);
}

// Messages in parts that are far larger than the memory used, to a peer that echoes them

using piped_peer = websocket<memory_pipe>;

piped_peer make_peer(role own_role, memory_pipe end) {
  connection_options options;
  options.max_message_size = 4096 * mebibyte;
  deflate_options settings;
  settings.level = 1;
  const permessage_deflate known{settings};
  return {
      own_role, std::move(end), options, {}, {}, known.make(own_role, {{"permessage-deflate"}})};
}

/// Echoes each part as a part.
void send_back(piped_peer& server) {
  std::optional<piped_peer::outgoing> answer;
  while (const auto piece = server.read_part()) {
    if (piece->first) answer.emplace(server.begin_message(piece->kind));
    piece->last ? answer->finish(piece->payload) : answer->write(piece->payload);
  }
}

/// A checksum that depends on the order.
class fingerprint {
 public:
  void add(bytes_view data) {
    // Only every 61st byte, because hashing all would take longer than the rest of the test.
    for (; next_ < data.size(); next_ += 61) {
      value_ = (value_ ^ std::to_integer<std::uint64_t>(data[next_])) * 0x100000001b3;
    }
    next_ -= data.size();
    size_ += data.size();
  }

  bool operator==(const fingerprint&) const = default;
  std::uint64_t size() const noexcept { return size_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
  std::size_t next_ = 0;
  std::uint64_t size_ = 0;
};

struct passage {
  fingerprint sent;
  fingerprint received;
  std::size_t most = 0;
};

// The compressors, decompressors, pipes and buffers of both ends, and the larger buffer of 128 KiB that
// each takes while it reads much.
constexpr std::size_t most_held = mebibyte + 2 * std::size_t{128} * 1024;

/// `count` parts there and back, of which one in `random_one_in` consists of random bytes.
passage pass(std::size_t count, std::size_t random_one_in) {
  std::mt19937 random{1};
  byte_vector noise(64 * 1024);
  for (auto& byte : noise) byte = std::byte(random());
  byte_vector pattern(256 * 1024);
  for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = std::byte(i / 1000);
  const pipe_faults small{.capacity = 64 * 1024};
  auto ends = make_memory_pipe({.first = small, .second = small, .clock = nullptr});
  auto client = make_peer(role::client, std::move(ends.first));
  auto server = make_peer(role::server, std::move(ends.second));
  passage result;
  const heap_meter meter;
  std::thread serving{[&] { send_back(server); }};
  std::thread sending{[&] {
    auto message = client.begin_message(message_kind::binary);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& piece = random_one_in != 0 && i % random_one_in == 0 ? noise : pattern;
      result.sent.add(piece);
      if (message.write(bytes_view{piece})) break;
    }
    message.finish();
  }};
  while (const auto piece = client.read_part()) {
    result.received.add(piece->payload);
    if (piece->last) break;
  }
  result.most = meter.most();
  sending.join();
  client.close();
  serving.join();
  return result;
}

TEST_CASE("a gibibyte is sent compressed both ways in little memory", "[rfc7692-6.1]") {
  // Under a sanitizer it takes ten times as long and proves no more.
  const std::size_t count = sanitized ? 256 : 4096;
  const auto result = pass(count, 0);
  CHECK(result.sent.size() == count * 256 * 1024);
  CHECK(result.received == result.sent);
  CHECK(result.most < most_held);
}

TEST_CASE("bytes that cannot be compressed use no more memory either", "[rfc7692-6.1]") {
  const auto result = pass(64, 2);
  CHECK(result.received == result.sent);
  CHECK(result.most < most_held);
}

TEMPLATE_TEST_CASE("a message that expands uses a server's limit, and a flood of them no more",
                   "[rfc7692-8][abuse]", event_echo, threaded_echo) {
  echo_options options;
  options.extension = permessage_deflate{};
  options.connection.max_message_size = mebibyte;
  options.connection.close_timeout = std::chrono::milliseconds{200};
  TestType server{options};
  const auto payload = bomb(64 * mebibyte);
  const auto input = frame_from(role::client, 2, payload, fin::yes, rsv1_bit);
  const auto asked = upgrade_to("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  {
    const heap_meter meter;
    for (int times = 0; times < 5; ++times) {
      auto client = opened(server.port(), asked);
      client.send(input);
      const auto end = server.ends.take().value_or("nothing");
      CHECK(end == "closed{1009, " + shown(errc::message_too_big) + '}');
    }
    const auto most = meter.most();
    // The previous connection may still exist because its client has not ended yet.
    CHECK(most < 2 * 3 * mebibyte + mebibyte / 2);
  }
}

TEST_CASE("a flood of small bombs does not delay the other connections of its thread",
          "[rfc7692-8][abuse]") {
  mailbox<bool> at_work;
  mailbox<bool> go_on;
  mailbox<std::size_t> before_other;
  std::size_t decoded = 0;  // on the only io thread
  server_options options;
  options.extension = permessage_deflate{};
  live_server server{[&](hawser::server& made) {
                       made.on_message([&](session& from, message_view view) {
                         if (view.text() == "other") {
                           before_other.put(decoded);
                           from.send(view);
                         } else if ((decoded += view.payload.size()) == mebibyte) {
                           at_work.put(true);
                           go_on.take();
                         }
                       });
                     },
                     options};
  auto other = connect(server.url());
  const auto asked = upgrade_to("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  auto client = opened(server->port(), asked);
  std::thread flooder{[&] {
    const auto message = frame_from(role::client, 2, bomb(mebibyte), fin::yes, rsv1_bit);
    byte_vector some;
    for (int i = 0; i < 100; ++i) append(some, message);
    for (int i = 0; i < 3 && client.send(some); ++i) {
    }
  }};
  CHECK(at_work.take());
  // The thread is busy with the first bomb. The message arrives before the second one is read.
  CHECK_FALSE(other.write("other"));
  go_on.put(true);
  CHECK(other.read()->text() == "other");
  // At most the bombs of two turns are decoded first, of 300 that are queued.
  CHECK(before_other.take().value_or(300 * mebibyte) <= 4 * mebibyte);
  std::error_code ignored;
  client.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  flooder.join();
}

TEMPLATE_TEST_CASE(
    "each of many compressed connections uses the memory of its contexts and no more",
    "[rfc7692-7.1][abuse]", event_echo, threaded_echo) {
  constexpr std::size_t count = 50;
  echo_options options;
  options.extension = permessage_deflate{};
  TestType server{options};
  const auto asked = upgrade_to("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  const auto message = frame_from(role::client, 2, bomb(2000), fin::yes, rsv1_bit);
  std::vector<raw_socket> clients;
  const heap_meter meter;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(opened(server.port(), asked));
    clients.back().send(message);
    CHECK_FALSE(clients.back().receive().empty());
  }
  const auto most = meter.most();
  // The negotiated window in each direction, and the buffers of the test.
  CHECK(most < count * 160 * kibibyte + mebibyte);
}

}  // namespace
